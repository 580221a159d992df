"""What happens at a virtual time: a heap of (when, in order, what)."""

import heapq
from collections.abc import Callable

Action = Callable[[], None]


class Schedule:
    """Actions in the order of their time; equal times in the order they were added."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Action]] = []
        self._added = 0

    def add(self, at_us: int, action: Action) -> int:
        """Do `action` at `at_us`; the number by which `drop` knows it."""
        self._added += 1
        heapq.heappush(self._heap, (at_us, self._added, action))
        return self._added

    def drop(self, number: int) -> None:
        """Forget it, if it has not happened yet."""
        self._heap = [entry for entry in self._heap if entry[1] != number]
        heapq.heapify(self._heap)

    def next_us(self) -> int | None:
        """When the first action is due; None when there is none."""
        return self._heap[0][0] if self._heap else None

    def take(self, now_us: int) -> Action | None:
        """The first action that is due, removed; None when none is."""
        if self._heap and self._heap[0][0] <= now_us:
            return heapq.heappop(self._heap)[2]
        return None
