"""Says a recording again in its own time, or so many times faster.

    player = Player(target, clock)
    player.play(entries, speed, loops, on_line)

Time is kept from the beginning of a round, not from line to line: a line that was late makes none
after it late. With a pulse (--pps) the line goes up at each whole second of the recording and down
a tenth later, as a receiver's does.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from trygg_tools.replay.source import Entry
from trygg_tools.replay.target import Target

PULSE_MS = 100
LATE_MS = 50  # more than this behind the recording is counted
LOOK_S = 0.2  # whether it was stopped, in a gap of minutes


class Clock(Protocol):
    """Seconds that only go on, and waiting."""

    def now(self) -> float:
        """Seconds since some moment."""

    def wait(self, seconds: float) -> None:
        """Return after so long."""


class RealClock:
    """The machine's."""

    def now(self) -> float:
        """time.monotonic."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """time.sleep."""
        time.sleep(seconds)


class Played(NamedTuple):
    """What was said."""

    lines: int
    octets: int
    seconds: float  # of the clock
    late: int  # lines more than LATE_MS behind
    worst_late_ms: int


class Player:
    """Says entries to a target; `stop()` ends it at once, in the middle of a wait, too."""

    def __init__(self, target: Target, clock: Clock, *, pps: bool = False) -> None:
        self._target, self._clock, self._pps = target, clock, pps
        self._stopped = False

    def stop(self) -> None:
        """Say nothing more."""
        self._stopped = True

    def play(
        self,
        rounds: Iterable[Sequence[Entry]],
        speed: float,
        on_line: Callable[[int, int], None] = lambda at_ms, octets: None,
    ) -> Played:
        """Every round after the other; `speed` 0 is as fast as the target takes it."""
        began = self._clock.now()
        lines = octets = late = worst = 0
        for entries in rounds:
            if self._stopped:
                break
            start = self._clock.now()
            for at_ms, said in self._with_pulses(entries):
                behind_ms = self._wait_for(start, at_ms, speed)
                if self._stopped:
                    break
                if isinstance(said, bool):
                    self._target.pulse(said)
                    continue
                self._target.send(said)
                lines, octets = lines + 1, octets + len(said)
                late, worst = late + (behind_ms > LATE_MS), max(worst, behind_ms)
                on_line(at_ms, len(said))
        return Played(lines, octets, self._clock.now() - began, late, worst)

    def _wait_for(self, start: float, at_ms: int, speed: float) -> int:
        """Milliseconds by which this moment is past already; 0 if it was waited for."""
        if not speed:
            return 0
        due = start + at_ms / 1000 / speed
        left_s = due - self._clock.now()
        if left_s <= 0:
            return round(-left_s * 1000)
        while left_s > 0 and not self._stopped:
            self._clock.wait(min(left_s, LOOK_S))
            left_s = due - self._clock.now()
        return 0

    def _with_pulses(self, entries: Sequence[Entry]) -> Iterator[tuple[int, bytes | bool]]:
        """The lines, and True and False where the pulse goes up and down."""
        if not self._pps or not entries:
            return iter(entries)
        return heapq.merge(_edges(entries[-1][0]), entries, key=lambda entry: entry[0])


def _edges(last_ms: int) -> Iterator[tuple[int, bool]]:
    for second in range(0, last_ms + 1, 1000):
        yield second, True
        yield second + PULSE_MS, False
