"""A subscriber at the far broker, with a session that the broker keeps for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from trygg_tools.crash.events import content
from trygg_wire import packets

_AGAIN_S = 0.1


class Collector:
    """Subscribed to `topics` at the broker on `port`; `take(topic, payload)` gets each message."""

    def __init__(self, port: int, topics: str, take: Callable[[str, bytes], None]) -> None:
        self._port = port
        self._topics = topics
        self._take = take
        self._listens = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return once it is subscribed."""
        self._task = asyncio.create_task(self._run())
        await self._listens.wait()

    async def stop(self) -> None:
        """Hang up; raise what it fell over with."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                await asyncio.sleep(_AGAIN_S)
                continue
            try:
                await self._listen(reader, writer)
            except OSError:
                pass
            finally:
                writer.transport.abort()

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(packets.connect("collector", None, None, 0, False))
        cutter = packets.Reader(1 << 20)
        while data := await reader.read(65_536):
            for kind, flags, body in cutter.feed(data):
                if kind == packets.CONNACK:
                    writer.write(packets.subscribe(1, [(self._topics, 1)]))
                elif kind == packets.SUBACK:
                    self._listens.set()
                elif kind == packets.PUBLISH:
                    topic, _, packet_id, payload, _, _ = packets.read_publish(flags, body)
                    self._take(topic, bytes(payload))
                    writer.write(packets.puback(packet_id))


class EventsKept:
    """Events by their id, each once, in the order in which they came first."""

    def __init__(self) -> None:
        self.events: dict[str, dict[str, Any]] = {}
        self.came_again = 0
        self.other_content: list[str] = []  # ids that came again and said something else

    def take(self, _topic: str, payload: bytes) -> None:
        """One event came."""
        event = json.loads(payload)
        first = self.events.setdefault(event["id"], event)
        if first is not event:
            self.came_again += 1
            if content(first) != content(event):
                self.other_content.append(event["id"])
