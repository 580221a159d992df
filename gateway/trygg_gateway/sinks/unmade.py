"""A sink that was at work and cannot be made again: it is still owed to, in trouble, and tried.

When new settings are refused, the old sinks come back. One of them may not: a file that it was made
of is gone. It stays among the sinks with what it had not got, and each start tries to make it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trygg_gateway.delivery import Delivery
from trygg_gateway.sinks.port import Answer, Later, Sink


class Unmade:
    """Stands for `was`; `make` raises whatever it likes until the sink can be made."""

    def __init__(self, was: Sink, make: Callable[[], Sink]) -> None:
        self.batch, self.alarm_batch, self.confirms = was.batch, was.alarm_batch, was.confirms
        self.counters = was.counters
        self._make = make
        self._made: Sink | None = None

    async def start(self) -> None:
        """Make it if that has not worked yet, and start it. Raises Later with the kind of fault."""
        if self._made is None:
            try:
                self._made = self._make()
            except Exception as error:  # noqa: BLE001 - whatever it is, the sink is in trouble
                fault = type(error).__name__
                raise Later(f"it cannot be made again ({fault}): `trygg gateway check`") from None
            self.counters = self._made.counters
        await self._made.start()

    async def deliver(self, entries: Sequence[Delivery]) -> Answer:
        """As the sink does it."""
        assert self._made is not None, "deliver before start"
        return await self._made.deliver(entries)

    async def stop(self) -> None:
        """Let go of it, if there is one."""
        if self._made is not None:
            await self._made.stop()
