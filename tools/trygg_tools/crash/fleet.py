"""Many light trackers in one event loop: they speak MQTT, make records, keep them until acked.

What they leave out is everything in front of the line (receiver, fences, flash): that is the
firmware's, which tests/journey has. So a few hundred records a second cost a tenth of a core, and
what is measured is the gateway.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Callable, Iterable

from trygg_tools.crash import said
from trygg_tools.crash.outbox import Outbox
from trygg_tools.crash.said import Identity
from trygg_wire import codec, layouts, packets, topics

AGAIN_S = (0.02, 0.08)  # after a line was lost, until it is tried again
STEP_S = 0.02
ALARMS = 0.08  # of the records
BACKLOG = 0.2
KEPT_MAX = 25  # of one tracker: a gateway that is slow to come back meets no flood


class LightTracker:
    """One tracker's line and records. `heard` is called at what the gateway acknowledges."""

    def __init__(
        self,
        group: str,
        device: str,
        password: str | None,
        port: int,
        heard: Callable[[], None],
        *,
        forgets_at_puback: bool,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.device = device
        self.boot, self.seq = 1, 0
        self.outbox = Outbox(topics.up(group, device), forgets_at_puback=forgets_at_puback)
        self._down = topics.down(group, device)
        self._password = password
        self._port = port
        self._tls = tls
        self._heard = heard
        self._writer: asyncio.StreamWriter | None = None
        self._listens = False

    def make(self, unix_s: int, *, is_alarm: bool) -> None:
        """A new record, kept from now on."""
        self.seq += 1
        frame = (said.alarm if is_alarm else said.report)(self.boot, self.seq, unix_s)
        self.outbox.add((self.boot, self.seq), frame, is_alarm=is_alarm)

    def restart(self) -> None:
        """The next boot: numbers begin anew, what is kept stays kept."""
        self.boot, self.seq = self.boot + 1, 0

    def speak(self) -> None:
        """Send what may be sent."""
        if not self._listens or self._writer is None:
            return
        for packet in self.outbox.packets(time.monotonic()):
            if self._writer.is_closing():
                return
            self._writer.write(packet)

    async def run(self, dice: random.Random) -> None:
        """Be connected, again and again, until cancelled."""
        while True:
            try:
                name = None if self._tls is None else "localhost"
                reader, self._writer = await asyncio.open_connection(
                    "127.0.0.1", self._port, ssl=self._tls, server_hostname=name
                )
                await self._talk(reader, self._writer)
            except (OSError, packets.PacketError):
                pass
            finally:
                self._hang_up()
            await asyncio.sleep(dice.uniform(*AGAIN_S))

    def _hang_up(self) -> None:
        self._listens = False
        if self._writer is not None:
            self._writer.transport.abort()
            self._writer = None

    async def _talk(self, line: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.outbox.connected()
        user = None if self._password is None else self.device
        secret = None if self._password is None else self._password.encode()
        writer.write(packets.connect(self.device, user, secret, 60, True))
        cutter = packets.Reader(1 << 16)
        while data := await line.read(65_536):
            for kind, flags, body in cutter.feed(data):
                self._take(kind, flags, body, writer)
            self.speak()

    def _take(self, kind: int, flags: int, body: bytes, writer: asyncio.StreamWriter) -> None:
        if kind == packets.CONNACK:
            if packets.read_connack(body)[1]:
                raise ConnectionError("not let in")
            writer.write(packets.subscribe(1, [(self._down, 1)]))
        elif kind == packets.SUBACK:
            self._listens = True
        elif kind == packets.PUBACK:
            known = self.outbox.puback(packets.read_puback(body))
            if known and self._password is not None:  # else it is a broker's, and says nothing
                self._heard()
        elif kind == packets.PUBLISH:
            _, _, packet_id, payload, _, _ = packets.read_publish(flags, body)
            writer.write(packets.puback(packet_id))
            found, values = codec.decode(bytes(payload))
            if found == layouts.ACK:
                self.outbox.ack(values)
                self._heard()


class Fleet:
    """The trackers, and the pace at which they make records."""

    def __init__(self, trackers: Iterable[LightTracker], dice: random.Random) -> None:
        self.trackers = list(trackers)
        self.pace_s = 0.0  # between two records of one tracker; 0: they make none
        self.past: dict[Identity, bool] = {}  # acknowledged before the round; True for an alarm
        self._dice = dice
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Connect, and make records at the pace."""
        self._tasks = [asyncio.create_task(one.run(self._dice)) for one in self.trackers]
        self._tasks.append(asyncio.create_task(self._live()))

    async def stop(self) -> None:
        """Cut every line."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def kept(self) -> int:
        """Records that no ack has covered yet."""
        return sum(len(one.outbox) for one in self.trackers)

    @property
    def said(self) -> dict[Identity, bool]:
        """Every record that was made; True for an alarm."""
        return self.past | {
            Identity(one.device, *key): is_alarm
            for one in self.trackers
            for key, is_alarm in one.outbox.said.items()
        }

    @property
    def covered(self) -> set[Identity]:
        """Every record that a tracker was told to forget."""
        return set(self.past) | {
            Identity(one.device, *key) for one in self.trackers for key in one.outbox.covered
        }

    @property
    def never_sent(self) -> set[Identity]:
        """Acknowledged, and nobody had said it."""
        return {
            Identity(one.device, *key) for one in self.trackers for key in one.outbox.never_sent
        }

    def burst(self, records: int, alarms: int) -> None:
        """So many records of each tracker at once, the alarms last."""
        now_s = int(time.time())
        for one in self.trackers:
            for number in range(records):
                one.make(now_s, is_alarm=number >= records - alarms)
            one.speak()

    async def _live(self) -> None:
        owed = 0.0
        while True:
            await asyncio.sleep(STEP_S)
            if self.pace_s:
                owed += STEP_S / self.pace_s
            whole, owed = int(owed), owed % 1
            for one in self.trackers:
                for _ in range(min(whole, KEPT_MAX - len(one.outbox))):
                    self._make(one)
                one.speak()

    def _make(self, one: LightTracker) -> None:
        if self._dice.random() < 0.002:
            one.restart()
        is_alarm = self._dice.random() < ALARMS
        is_old = not is_alarm and self._dice.random() < BACKLOG
        one.make(int(time.time()) - (said.LATE_S if is_old else 0), is_alarm=is_alarm)
