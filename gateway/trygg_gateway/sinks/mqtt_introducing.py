"""What sinks have in common that introduce each tracker to readers at a broker before its news.

A subclass gives `_messages(entry, seen)`: what an entry changes, with the introduction before it if
the device is neither in `_introduced` nor in `seen`, which then gets its name. Devices count as
introduced once the broker has confirmed the whole batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Sequence

from trygg_gateway.about import Lookup
from trygg_gateway.delivery import Delivery
from trygg_gateway.sinks.mqtt_line import MqttLine
from trygg_gateway.sinks.mqtt_outbound import Message
from trygg_gateway.sinks.port import Answer, SinkError


class IntroducingSink(ABC):
    """A sink over one MqttLine; `nothing` is the counter of entries that change nothing there."""

    confirms = Answer.ACCEPTED

    def __init__(self, line: MqttLine, about: Lookup, nothing: str) -> None:
        self._line = line
        self._about = about
        self._introduced: set[str] = set()
        self.counters = line.counters
        self.counters[nothing] = 0

    async def start(self) -> None:
        """Read the password and connect; Later if not."""
        await self._line.start()

    async def stop(self) -> None:
        """Be gone, which the broker says where we left it a will."""
        await self._line.stop()

    async def deliver(self, entries: Sequence[Delivery]) -> Answer:
        """Publish what each of them says and wait for every PUBACK."""
        said: list[Message] = []
        ends: list[int] = []  # of `said`, after each entry
        seen: set[str] = set()
        for entry in entries:
            said += await self._messages(entry, seen)
            ends.append(len(said))
        if any(entry.data["kind"] == "test" for entry in entries):
            await self._line.ping()
        try:
            await self._line.publish(said)
        except SinkError as error:
            error.confirmed = bisect_right(ends, error.confirmed)
            raise
        self._introduced |= seen
        return Answer.ACCEPTED

    @abstractmethod
    async def _messages(self, entry: Delivery, seen: set[str]) -> list[Message]:
        """Those of an entry; `seen` gets who is introduced by them."""
