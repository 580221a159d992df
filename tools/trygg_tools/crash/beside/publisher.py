"""Any MQTT client at QoS 1, as peers have them: what got its PUBACK is forgotten.

There is no other acknowledgement between a client and a broker, so this is the ledger of systems
that do not know ours: `acknowledged` numbers are promised, all else is still with its sender and
is said again on the next connection.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable

from trygg_wire import packets

WINDOW = 20
STEP_S = 0.01
AGAIN_S = 0.05


class PlainPublisher:
    """Publishes `payload(number)` on `topic`, number after number, as far as `allowed` goes."""

    def __init__(self, port: int, topic: str, name: str, payload: Callable[[int], bytes]) -> None:
        self.allowed = 0
        self.acknowledged: set[int] = set()
        self._port = port
        self._topic = topic
        self._name = name
        self._payload = payload
        self._kept: dict[int, bytes] = {}
        self._made = 0
        self._flight: dict[int, int] = {}

    @property
    def is_done(self) -> bool:
        """Everything allowed was said and acknowledged."""
        return self._made >= self.allowed and not self._kept

    async def run(self) -> None:
        """Be connected, again and again, until cancelled."""
        while True:
            writer = None
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                await self._talk(reader, writer)
            except OSError:
                pass
            finally:
                if writer is not None:
                    writer.transport.abort()
            await asyncio.sleep(AGAIN_S)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(packets.connect(self._name, None, None, 0, True))
        self._flight.clear()
        cutter = packets.Reader(1 << 16)
        speaking = asyncio.create_task(self._speak(writer))
        try:
            while data := await reader.read(65_536):
                for kind, _flags, body in cutter.feed(data):
                    if kind == packets.PUBACK:
                        self._forget(packets.read_puback(body))
        finally:
            speaking.cancel()

    def _forget(self, packet_id: int) -> None:
        number = self._flight.pop(packet_id, 0)
        if self._kept.pop(number, None) is not None:
            self.acknowledged.add(number)

    async def _speak(self, writer: asyncio.StreamWriter) -> None:
        said: set[int] = set()
        packet_id = 0
        while not writer.is_closing():
            while self._made < self.allowed and len(self._kept) < 2 * WINDOW:
                self._made += 1
                self._kept[self._made] = self._payload(self._made)
            for number in [one for one in self._kept if one not in said][:1]:  # one at a time
                if len(self._flight) >= WINDOW:
                    break
                packet_id = packet_id % 65_535 + 1
                self._flight[packet_id] = number
                said.add(number)
                writer.write(packets.publish(self._topic, self._kept[number], 1, packet_id))
            await asyncio.sleep(STEP_S)


class Pace:
    """Lets publishers go on in turns, `per_s` records a second all together."""

    def __init__(self, publishers: list[PlainPublisher], per_s: float) -> None:
        self._turns = itertools.cycle(publishers)
        self._per_s = per_s
        self._owed = 0.0

    async def run(self, seconds: float) -> None:
        """For so long."""
        before_s = time.monotonic()
        until_s = before_s + seconds
        while (now_s := time.monotonic()) < until_s:
            self._owed += (now_s - before_s) * self._per_s
            before_s = now_s
            for _ in range(int(self._owed)):
                next(self._turns).allowed += 1
            self._owed %= 1
            await asyncio.sleep(STEP_S)
