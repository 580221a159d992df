"""What is due when: the one clock of a simulated modem, its network and its far ends.

Time is an integer of milliseconds that only the host moves (`run(now_ms)`); nothing here waits or
reads a clock, so an hour costs what happens in it. Things due at the same millisecond come in the
order in which they were planned: the same calls give the same life.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

NEVER = 1 << 60


class Plan:
    """One thing that is due; `cancel()` takes it back."""

    __slots__ = ("action", "at_ms")

    def __init__(self, at_ms: int, action: Callable[[], None]) -> None:
        self.at_ms = at_ms
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Take it back; harmless when it has happened."""
        self.action = None


class Schedule:
    """A heap of plans. `now_ms` is where the simulation stands."""

    def __init__(self) -> None:
        self.now_ms = 0
        self._heap: list[tuple[int, int, Plan]] = []
        self._number = 0

    def after(self, ms: int, action: Callable[[], None]) -> Plan:
        """Call `action()` in `ms` milliseconds, at the earliest in this one."""
        plan = Plan(self.now_ms + max(0, ms), action)
        self._number += 1
        heapq.heappush(self._heap, (plan.at_ms, self._number, plan))
        return plan

    def run(self, now_ms: int) -> None:
        """Let time pass until `now_ms`; an earlier time changes nothing."""
        heap = self._heap
        while heap and heap[0][0] <= now_ms:
            at_ms, _, plan = heapq.heappop(heap)
            action, plan.action = plan.action, None
            if action is not None:
                self.now_ms = max(self.now_ms, at_ms)
                action()
        self.now_ms = max(self.now_ms, now_ms)

    def next_ms(self) -> int:
        """When the next thing is due; NEVER when nothing is."""
        heap = self._heap
        while heap and heap[0][2].action is None:
            heapq.heappop(heap)
        return heap[0][0] if heap else NEVER
