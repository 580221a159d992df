"""How long to wait before the next try: doubling, with jitter, up to a most.

Two classes. An alarm is tried again within seconds for as long as it takes, because the Standard
Webhooks schedule (5 s, 5 min, 30 min ...) is made for invoices. Telemetry may wait minutes.
A wait is between 3/4 and the whole of its step, so that sinks that failed together do not come
back together. A receiver that asks for more time (Retry-After) gets it, up to the class's limit:
an alarm does not wait an hour because somebody said so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Schedule(NamedTuple):
    """The first wait, the longest of our own, and the longest a receiver can ask for; seconds."""

    first_s: float
    most_s: float
    asked_most_s: float


ALARM = Schedule(0.5, 15.0, 60.0)
TELEMETRY = Schedule(1.0, 300.0, 3600.0)


class Backoff:
    """The waits of one row of failures; `chance` gives numbers from 0 up to 1."""

    def __init__(self, schedule: Schedule, chance: Callable[[], float]) -> None:
        self._schedule = schedule
        self._chance = chance
        self.failures = 0

    def failed(self, asked_s: float | None = None) -> float:
        """Seconds to wait now, after one more failure; `asked_s` is the receiver's own wish."""
        step_s = self._schedule.first_s * 2.0 ** min(self.failures, 30)
        self.failures += 1
        wait_s = min(step_s, self._schedule.most_s) * (0.75 + 0.25 * self._chance())
        return max(wait_s, min(asked_s or 0.0, self._schedule.asked_most_s))

    def worked(self) -> None:
        """The row of failures is over: the next one starts from the first wait."""
        self.failures = 0
