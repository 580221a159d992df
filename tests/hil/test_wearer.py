"""The bench's receiver: the same by a seed, in the board's time, and where the wearer is."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pynmea2

from hil.centre import until
from hil.rig import HOME
from hil.wearer import Act, Wearer
from trygg_tools.route import METRES_PER_DEGREE, moved

SPEED = 100  # the bench's world, times ours
BEGAN = 1_790_000_000
ERROR_M = 12.0  # six times the standard deviation of the receiver's errors


class Ear:
    """Where the sentences go."""

    name, dropped = "ear", 0

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def send(self, data: bytes) -> None:
        self.heard.append(data)

    def pulse(self, on: bool) -> None:
        raise AssertionError("nobody asked for a pulse")

    def close(self) -> None:
        self.heard.append(b"closed")


@contextmanager
def wearer(seed: int, script: tuple[Act, ...] = ()) -> Iterator[Wearer]:
    """One in a hurried world."""
    zero = time.monotonic()
    made = Wearer(
        Ear(), lambda: BEGAN + (time.monotonic() - zero) * SPEED, seed, HOME, script, SPEED
    )
    made.start()
    yield made
    made.end()
    assert made._target.heard[-1] == b"closed"


def said(made: Wearer, act: int, seconds: int) -> list[str]:
    """GGA of the first seconds of an act, once they have been said."""
    until(lambda: len(made.played) > act and len(made.played[act].said) >= seconds, "sentences")
    lines = [line for one in made.played[act].said[:seconds] for line in one.lines]
    return [line.strip() for line in lines if "GGA" in line]


def metres_north(line: str) -> float:
    """Of home, as GGA says it."""
    return (pynmea2.parse(line, check=True).latitude - HOME[0]) * METRES_PER_DEGREE


def where(line: str) -> str:
    """All of GGA but its time and checksum."""
    return line.split(",", 2)[2].partition("*")[0]


def test_the_same_seed_says_the_same_and_another_says_something_else() -> None:
    heard = []
    for seed in (1, 1, 2):
        with wearer(seed) as made:
            heard.append([where(line) for line in said(made, 0, 5)])
    assert heard[0] == heard[1]
    assert heard[0] != heard[2]


def test_who_walks_is_at_each_second_where_that_pace_takes_them_and_stands_at_the_end() -> None:
    with wearer(1) as made:
        made.walks(moved(*HOME, 100.0, 0.0), 10.0)
        north = [metres_north(line) for line in said(made, 1, 20)]
        after_s = [one.at_ms / 1000 for one in made.played[1].said[:20]]
    for there, seconds in zip(north, after_s, strict=True):
        assert abs(there - min(100.0, 10.0 * seconds)) < ERROR_M + 10.0  # a second is one step
    assert after_s[-1] > 10, "it went on after the arrival"


def test_indoors_the_receiver_speaks_and_says_that_it_knows_nothing() -> None:
    with wearer(1) as made:
        made.indoors()
        lines = said(made, 1, 3)
    assert {pynmea2.parse(line).gps_qual for line in lines} == {0}


def test_the_time_is_that_of_the_boards_world() -> None:
    with wearer(1) as made:
        said(made, 0, 10)
        seconds = [one.unix_s for one in made.played[0].said]
        times = [pynmea2.parse(line).timestamp for line in said(made, 0, 10)]
    assert seconds == sorted(set(seconds))
    assert seconds[0] > BEGAN
    first = time.gmtime(seconds[0])
    assert (times[0].hour, times[0].minute, times[0].second) == first[3:6]


def test_a_log_is_said_second_by_second_and_its_end_stays(tmp_path: Path) -> None:
    log = tmp_path / "log.nmea"
    with wearer(3) as made:
        lines = said(made, 0, 3)
    log.write_text("".join(f"{at} {line}\r\n" for at, line in enumerate(lines, BEGAN)))
    with wearer(4) as made:
        made.plays(log)
        again = said(made, 1, 6)
    wanted = [where(line) for line in lines]
    assert [where(line) for line in again] == [*wanted, *[wanted[-1]] * 3]


def test_the_acts_of_another_run_are_said_again_whatever_the_seed() -> None:
    with wearer(5) as made:
        made.walks(moved(*HOME, 50.0, 50.0), 5.0)
        lines = said(made, 1, 6)
        script = tuple(made.played)
    with wearer(6, script) as made:
        made.walks(HOME, 1.0)  # where to does not matter: the file says it
        again = said(made, 1, 6)
    assert [where(line) for line in again] == [where(line) for line in lines]
