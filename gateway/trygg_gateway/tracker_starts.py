"""Whether a tracker keeps starting anew, and whether its clock is right. Pure.

Restarting: STARTS_MOST starts within STARTS_S (its boot's number has risen, or its count of starts
by the watchdog has), or safe mode. Over after STARTS_S without one, and out of safe mode.

The clock: a record from the future is proof at once. A clock that is slow looks like backlog, which
comes late too; so it takes OFFSETS records in a row, each the newest of its tracker and at least
APART_S after the one before, over OFFSETS_S, all of them older than OFF_S when they came. In an
outage's backlog the newest comes first and is not old. No clock at all is said after NO_CLOCK_S.
"""

from dataclasses import dataclass, field
from typing import Final

STARTS_MOST, STARTS_S = 4, 3600
OFF_S: Final = 150
OFFSETS, OFFSETS_S, APART_S = 8, 1800, 20
NO_CLOCK_S: Final = 7200


@dataclass
class Starts:
    """One tracker's; every field is JSON."""

    boot: int = 0
    watchdog: int = -1
    at_s: list[int] = field(default_factory=list)
    safe_mode: bool = False

    def record(self, boot: int, now_s: int) -> None:
        """A record of that boot came."""
        if boot > self.boot:
            if self.boot:
                self._start(now_s)
            self.boot = boot

    def health(self, watchdog: int, safe_mode: bool, now_s: int) -> None:
        """What a health record of now says: how often the watchdog has started it."""
        for _ in range(min(STARTS_MOST, watchdog - self.watchdog) if self.watchdog >= 0 else 0):
            self._start(now_s)
        self.watchdog, self.safe_mode = watchdog, safe_mode

    def _start(self, now_s: int) -> None:
        self.at_s = [*self.at_s, now_s][-STARTS_MOST:]

    def trouble(self, now_s: int) -> str:
        """What is wrong, in words; "" for nothing."""
        if self.safe_mode:
            return "it has crashed again and again and runs in safe mode"
        if len(self.at_s) == STARTS_MOST and now_s - self.at_s[0] <= STARTS_S:
            return f"it started {STARTS_MOST} times within {(now_s - self.at_s[0]) // 60} minutes"
        return ""

    def is_well(self, now_s: int) -> bool:
        """Whether a warning is over."""
        return not self.safe_mode and (not self.at_s or now_s - self.at_s[-1] > STARTS_S)


@dataclass
class TrackerClock:
    """One tracker's; offsets are seconds that its newest records were old when they came."""

    offsets: list[list[int]] = field(default_factory=list)  # [received, offset]
    no_clock_since_s: int = 0

    def record(self, made_s: int, received_s: int) -> None:
        """The newest record of this tracker; `made_s` 0: it has no clock."""
        if not made_s:
            self.no_clock_since_s = self.no_clock_since_s or received_s
            return
        self.no_clock_since_s = 0
        if self.offsets and received_s - self.offsets[-1][0] < APART_S:
            self.offsets[-1][1] = min(self.offsets[-1][1], received_s - made_s)
            return
        self.offsets = [*self.offsets, [received_s, received_s - made_s]][-OFFSETS:]

    def trouble(self, now_s: int) -> str:
        """What is wrong, in words; "" for nothing."""
        if self.no_clock_since_s and now_s - self.no_clock_since_s >= NO_CLOCK_S:
            return f"it has had no clock for {(now_s - self.no_clock_since_s) // 3600} h"
        if not self.offsets:
            return ""
        if self.offsets[-1][1] < -OFF_S:
            return f"its clock is {-self.offsets[-1][1]} s ahead"
        least_s = min(offset for _, offset in self.offsets)
        long_enough = self.offsets[-1][0] - self.offsets[0][0] >= OFFSETS_S
        if len(self.offsets) == OFFSETS and long_enough and least_s > OFF_S:
            return f"its clock is {least_s} s behind"
        return ""

    @property
    def is_well(self) -> bool:
        """Whether the last records say that it is right."""
        last = self.offsets[-3:]
        return (
            not self.no_clock_since_s
            and len(last) == 3
            and all(abs(offset) < OFF_S for _, offset in last)
        )
