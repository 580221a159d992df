"""The kill test: what a tracker has kept arrives, once, whoever is killed on the way.

Eight trackers (the firmware's core, each a process) walk in and out of four fences, the gateway
brings what they say to a webhook and to a file, and all the while one of them is killed with -9 at
a random moment and started again after a random pause: a tracker (its power cut) or the gateway.
Now and then the webhook's answer is lost as well. This goes on until there are 400 records and
both kinds were killed often enough. Then the kills end, and what every tracker had written down as
safe in its flash must come out at both sinks: none missing, none twice, every alarm among it, the
alarms of each start of a tracker in their order.

This is the whole way, from receiver to sink, over TLS. The gateway itself is killed a dozen times
with every kind of load and a broker in front of it in test_crash_score.py, and a thousand times
by `make crash`.

What this cannot show: the trackers' clocks run 20 times as fast as the world and their flash does
not tear (tests/tools/test_virtual_board_flash.py and the simulated faults have that).

A fixed seed for the kills and the walks; the moments themselves are the machine's, so no two runs
are the same. A run prints one line of figures.
"""

import random
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from journey.town import Town, ids_of
from journey.victim import Hunt, until

RECORDS = 400
ALARMS = 30
KILLS = {"tracker": 8, "gateway": 4}  # at least, and at most three times as many
LOST_ANSWERS = 0.05  # chance of one in each fifth of a second
HUNT_S = 150  # for a machine that has much else to do
DRAIN_S = 60


@pytest.mark.timeout(280)
def test_what_trackers_kept_arrives_once_when_any_is_killed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Town.on_own_door(tmp_path, seed=1902) as town:
        line = survive(town, seed=1902)
        demand_alarms_in_order(town)
    show(line, capfd)


def survive(town: Town, seed: int) -> str:
    """Hunt, let everything drain, and give the verdict; the line of figures."""
    began = time.monotonic()
    dice = random.Random(seed)
    hunts = {
        "tracker": Hunt(list(town.trackers), 1.5, 1.0, 3 * KILLS["tracker"], dice),
        "gateway": Hunt([town.gateway], 3.0, 1.0, 3 * KILLS["gateway"], dice),
    }
    hunt_all(town, hunts, dice)
    hunted_s = time.monotonic() - began
    wanted, alarms = let_drain(town)
    came_again = town.came_again()
    judge(town, wanted, alarms, hunts["tracker"].kills)
    figures = {
        "seed": seed,
        "records": len(wanted),
        "alarms": len(alarms),
        **{f"{kind}_kills": hunt.kills for kind, hunt in hunts.items()},
        "came_again": came_again,
        "hunted_s": round(hunted_s),
        "seconds": round(time.monotonic() - began),
    }
    return "kill test: " + " ".join(f"{name}={value}" for name, value in figures.items())


def hunt_all(town: Town, hunts: dict[str, Hunt], dice: random.Random) -> None:
    """Kill and revive until there is enough of everything; then all are up again."""
    until_s = time.monotonic() + HUNT_S
    while not enough(town, hunts):
        assert time.monotonic() < until_s, f"too slow: {len(town.kept.all)} records, {kills(hunts)}"
        if dice.random() < LOST_ANSWERS:
            town.lose_an_answer()
        for _ in range(10):
            for hunt in hunts.values():
                hunt.step()
            time.sleep(0.02)
    for hunt in hunts.values():
        hunt.end()


def enough(town: Town, hunts: dict[str, Hunt]) -> bool:
    """Whether this run has been what was promised."""
    town.kept.read_on()
    often = all(hunt.kills >= KILLS[kind] for kind, hunt in hunts.items())
    return often and len(town.kept.all) >= RECORDS and len(town.kept.alarms) >= ALARMS


def kills(hunts: dict[str, Hunt]) -> dict[str, int]:
    """How often each kind was killed."""
    return {kind: hunt.kills for kind, hunt in hunts.items()}


def let_drain(town: Town) -> tuple[set[str], set[str]]:
    """(records, alarms) that were kept by now, once both sinks have them; then all have ended.

    The trackers go on walking meanwhile, and what they say after now is not asked for."""
    town.kept.read_on()
    wanted, alarms = set(town.kept.all), set(town.kept.alarms)

    def everywhere() -> bool:
        for one in (*town.trackers, town.gateway):
            one.demand_alive()
        return wanted <= (town.delivered() or set()) and wanted <= set(ids_of(town.archive))

    try:
        until(everywhere, DRAIN_S, "everything that was kept is at both sinks", 0.5)
    except AssertionError:
        pass  # the verdict names what is missing
    for tracker in town.trackers:
        tracker.kill()
    assert town.gateway.stop() == 0, town.gateway.last_lines()
    return wanted, alarms


def judge(town: Town, wanted: set[str], alarms: set[str], power_cuts: int) -> None:
    """Nothing lost, nothing double, nothing invented, nothing set aside, no tracker the dumber."""
    town.kept.read_on()
    assert not town.kept.twice, f"a tracker used a number twice: {some(town.kept.twice)}"
    for name, file in (("webhook", town.received), ("file", town.archive)):
        ids = ids_of(file)
        doubles = {one for one, times in Counter(ids).items() if times > 1}
        assert not alarms - set(ids), f"alarms lost at the {name}: {some(alarms - set(ids))}"
        assert not wanted - set(ids), f"lost at the {name}: {some(wanted - set(ids))}"
        assert not doubles, f"double at the {name}: {some(doubles)}"
        # in flash, and killed before it could be written down
        unknown = set(ids) - town.kept.all
        assert len(unknown) <= power_cuts + len(town.trackers), f"nobody said {some(unknown)}"
    assert town.quarantine() == []
    for tracker in town.trackers:
        said = tracker.log.read_text("utf-8")
        assert "is damaged" not in said, f"{tracker.log.stem} lost settings, fences or orders"


def demand_alarms_in_order(town: Town) -> None:
    """At each sink the alarms of one tracker and boot stand in the order they were made in."""
    town.kept.read_on()
    for file in (town.archive, town.received):
        newest: dict[str, int] = {}
        for one in ids_of(file):
            start, _, seq = one.rpartition(":")
            if one in town.kept.alarms:
                assert int(seq) > newest.get(start, 0), f"{one} after {newest[start]} in {file}"
                newest[start] = int(seq)


def some(ids: set[str]) -> str:
    """How many, and the first of them."""
    return f"{len(ids)}, such as {', '.join(sorted(ids)[:12])}"


def show(line: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Print a line although pytest holds back what is printed; standard error passes xdist too."""
    with capfd.disabled():
        print(f"\n{line}", file=sys.stderr)
