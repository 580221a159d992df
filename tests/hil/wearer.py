"""Where the wearer is, told to the board by its receiver's sentences: `trygg replay` in a thread.

    wearer.stands(HOME)          from now on
    wearer.walks(there, 15.0)    straight there, metres a second, then stands
    wearer.indoors()             no reception
    wearer.plays(log)            what a receiver's log says, then stands where it ends

Once a second the sentences of that second go to the board's GPS port, whether it listens or not,
with the time of the board's world. Each call begins a new act; what was said stands in `played`,
act by act. Given the acts of an earlier run (`--replay`) the same calls say those sentences again,
with today's times: a failure is seen again with the very errors its receiver had.
"""

import itertools
import math
import random
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from trygg_tools.replay import source
from trygg_tools.replay.play import Player, RealClock
from trygg_tools.replay.source import Entry
from trygg_tools.replay.target import Target
from trygg_tools.retime import retimed
from trygg_tools.route import METRES_PER_DEGREE, Sky, Step, burst

BAUD = 9600
LATENCY_MS = 80  # from the second to the first byte about it
LOOK_S = 0.02
WANDER_M = 2.0

Place = tuple[float, float]


class Said(NamedTuple):
    """What was said about one second: at_ms since the act began, unix second, lines."""

    at_ms: int
    unix_s: int
    lines: list[str]


class Act(NamedTuple):
    """One call, and all that was said until the next."""

    name: str
    said: list[Said]


class Wearer:
    """`utc` gives the unix seconds of the board's world; `script` are the acts of another run."""

    def __init__(self, target: Target, utc: Any, seed: int, home: Place,
                 script: Sequence[Act] = (), speed: int = 1) -> None:  # fmt: skip
        self._target, self._utc, self._script = target, utc, script
        self._speed = speed
        self._dice = random.Random(seed)
        self._sky = Sky(WANDER_M, self._dice)
        self._here, self._goal, self._pace, self._cover = home, home, 0.0, 0.0
        self._at, self._told = 0.0, 0  # when the act began; the last second that was told
        self._log: list[list[bytes]] = []
        self.played: list[Act] = []
        self._lock = threading.Lock()
        self._player = Player(target, RealClock())
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._play, name="receiver", daemon=True)

    def start(self) -> None:
        """The receiver speaks from now on."""
        self.stands(self._here)
        self._thread.start()

    def stands(self, place: Place) -> None:
        """There, at once."""
        self._begin("stands", place, place, 0.0, 0.0)

    def walks(self, there: Place, pace_m_s: float) -> None:
        """From where they are."""
        self._begin("walks", None, there, pace_m_s, 0.0)

    def indoors(self) -> None:
        """Where they are, without reception."""
        self._begin("indoors", None, None, 0.0, 1.0)

    def plays(self, log: Path) -> None:
        """A receiver's log in its own time, with today's: any file that `trygg replay` reads."""
        seconds = _seconds_of(source.read(log, BAUD).entries)
        with self._lock:
            self._at, self._log = self._utc(), seconds
            self.played.append(Act("plays", []))

    def end(self) -> None:
        """No word more."""
        self._ended.set()
        self._player.stop()
        if self._thread.is_alive():
            self._thread.join(10)
        self._target.close()

    def _begin(self, name: str, here: Place | None, goal: Place | None, pace: float,
               cover: float) -> None:  # fmt: skip
        with self._lock:
            self._here = here or self._here
            self._goal = goal or self._here
            self._pace, self._cover, self._log = pace, cover, []
            self._at = self._utc()
            self._told = math.floor(self._at)
            self.played.append(Act(name, []))

    # -- in the receiver's thread ---------------------------------------------------------

    def _play(self) -> None:
        self._player.play(self._seconds(), self._speed)

    def _seconds(self) -> Iterator[Sequence[Entry]]:
        """A round of `trygg replay` for each second as it comes; one that is past is not said."""
        while True:
            second = math.floor(self._utc()) + 1
            while (left := second - self._utc()) > 0:
                if self._ended.is_set():
                    return
                time.sleep(min(LOOK_S, left / self._speed))
            with self._lock:
                lines = self._lines(second)
                act = self.played[-1]
                at_ms = max(0, round((second - self._at) * 1000))
                act.said.append(Said(at_ms, second, [line.decode("latin-1") for line in lines]))
            yield _paced(lines)

    def _lines(self, second: int) -> list[bytes]:
        known = self._known()
        if known:
            lines = known[min(len(self.played[-1].said), len(known) - 1)]
            return [retimed(line, second * 1000) for line in lines]
        step = self._step(second - self._told)
        self._told = second
        return list(burst(self._sky.look(step, second), self._sky))

    def _known(self) -> list[list[bytes]]:
        """The seconds of this act, if they were said before: in a run that failed, or a log."""
        act = len(self.played) - 1
        if act < len(self._script) and self._script[act].said:
            said = self._script[act].said
            return [[line.encode("latin-1") for line in one.lines] for one in said]
        return self._log

    def _step(self, seconds: int) -> Step:
        """Where they are so much later."""
        (lat, lon), goal = self._here, self._goal
        north = (goal[0] - lat) * METRES_PER_DEGREE
        east = (goal[1] - lon) * METRES_PER_DEGREE * math.cos(math.radians(lat))
        left = math.hypot(north, east)
        share = min(1.0, self._pace * seconds / left) if left else 1.0
        self._here = (lat + (goal[0] - lat) * share, lon + (goal[1] - lon) * share)
        course = math.degrees(math.atan2(east, north)) % 360
        return Step(*self._here, min(self._pace, left), course, self._cover)


def _seconds_of(entries: Sequence[Entry]) -> list[list[bytes]]:
    """What a log says, second by second; one in which it says nothing is left out."""
    groups = itertools.groupby(entries, lambda entry: entry[0] // 1000)
    return [[line for _, line in group] for _, group in groups]


def _paced(lines: Sequence[bytes]) -> list[Entry]:
    """The lines of one burst as the cable would carry them."""
    at_ms, entries = float(LATENCY_MS), []
    for line in lines:
        entries.append((round(at_ms), line))
        at_ms += len(line) * 10_000 / BAUD
    return entries
