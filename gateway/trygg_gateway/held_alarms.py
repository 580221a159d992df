"""Alarms of one tracker that a sink does not take while it takes others': tried apart, in turn.

What is held is a row's number and no record: each is read again from the journal for its try, so
one tracker costs little memory however many it has, and what is forgotten meanwhile goes nowhere.
One try at a time, with one row of waits for all of a tracker's. An alarm that comes is tried at
once, and then in turn with the others: one that fails for ever stops neither the others of its
tracker nor anybody else's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from trygg_gateway.delivery import Delivery
from trygg_gateway.lane_reading import marked
from trygg_gateway.sending import Passed, Sending
from trygg_gateway.values import Row

OVERTAKEN: Final = "overtaken"


@dataclass(slots=True)
class Held:
    """One alarm that others may overtake."""

    row_id: int
    received_ms: int
    overtaken: bool
    faults: int = 0


# a row and what the sink is to get of it, None if there is no such thing any more
Read = Callable[[int], Awaitable[tuple[Row, Delivery] | None]]
# what became of a row; (None, None): it is gone
Settle = Callable[[Row | None, Passed | None], Awaitable[None]]


class HeldTracker:
    """One tracker's. `run` works until nothing is held; `task` is whoever runs it."""

    task: asyncio.Task[None]

    def __init__(
        self, sending: Sending, read: Read, settle: Settle, failed: Callable[[], None]
    ) -> None:
        """`failed()` is told of each alarm's first failure here."""
        self.sending = sending
        self._read = read
        self._settle = settle
        self._failed = failed
        self._new: deque[Held] = deque()  # never tried here
        self._again: deque[Held] = deque()

    def add(self, row: Row, entry: Delivery, *, tried: bool) -> None:
        """Hold one more; `tried`: it has failed already."""
        overtaken = tried or OVERTAKEN in entry.data
        queue = self._again if tried else self._new
        queue.append(Held(row.id, row.received_ms, overtaken))
        if not tried:
            self.sending.hurry.set()

    def __bool__(self) -> bool:
        return bool(self._new or self._again)

    @property
    def first(self) -> int:
        """The lowest row held."""
        return min(one.row_id for queue in (self._new, self._again) for one in queue)

    @property
    def oldest_ms(self) -> int:
        """When the oldest of them was received."""
        return min(one.received_ms for queue in (self._new, self._again) for one in queue)

    async def run(self) -> None:
        """Try until nothing is held."""
        while self:
            if self._new:
                self.sending.hasten()
            await self.sending.pause()
            await self._try(self._new or self._again)

    async def _try(self, queue: deque[Held]) -> None:
        one = queue[0]
        found = await self._read(one.row_id)
        if found is None:
            queue.popleft()
            await self._settle(None, None)
            return
        row, entry = found
        failures = self.sending.failures
        passed = await self._once(one, entry)
        queue.popleft()
        if passed is None:
            if queue is self._new:
                self._failed()
            one.overtaken = True
            self._again.append(one)
            return
        if failures >= len(self._again):  # all of them had failed: from here on in their order
            self._again = deque(sorted(self._again, key=lambda held: held.row_id))
        await self._settle(row, passed)

    async def _once(self, one: Held, entry: Delivery) -> Passed | None:
        self.sending.faults = one.faults
        passed = await self.sending.once(marked(entry, OVERTAKEN) if one.overtaken else entry)
        one.faults = self.sending.faults
        return passed
