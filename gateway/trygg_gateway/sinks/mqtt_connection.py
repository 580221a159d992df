"""One connection to an MQTT broker that publishes, served by the event loop; by paho-mqtt 2.2.

paho's traps, each with what this file does about it (see broker.py for those of receiving):
1. `publish()` while offline queues without a bound and sends later: each connection has a client of
   its own, and none is used before its CONNACK or after its end.
2. It neither sends nor honours Receive Maximum: `room` lets no more through than the broker said.
3. Its loops use select(), which fails for descriptors past 1023: the event loop reads and writes.
4. An exception in a callback leaves a dead client that says it is connected: ours only note.
5. A failed TLS handshake leaves its socket open, and reading costs three system calls a packet:
   mqtt_socket.py.
6. It reconnects in step with everybody, and to MQTT 3.1: reconnect_on_failure=False.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from trygg_gateway.config_sinks_mqtt import BrokerSection
from trygg_gateway.sinks.mqtt_socket import Line, Wrapper

KEEPALIVE_S = 20
WINDOW = 100  # most unacknowledged publishes; fewer if the broker says so
LOST = -1  # in the place of a reason code: the connection ended before there was one
TOO_LARGE = 0x95  # MQTT 5, 2.4: packet too large


class Message(NamedTuple):
    """One publish; `content` is its MQTT 5 content type."""

    topic: str
    payload: bytes
    retain: bool = False
    content: str = "application/json"


class Connection:
    """One connection and its client, served by the event loop that made it. `gone` says why it
    is no more; everything that waits for it ends then."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.loop = asyncio.get_running_loop()
        self.gone = ""
        self.room = asyncio.Semaphore(WINDOW)
        self._most_bytes = 0
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._welcome: asyncio.Future[int] = self.loop.create_future()
        self._fd = -1
        client.on_connect = self._on_connect
        client.on_disconnect = lambda _c, _d, _f, reason, _p: self._ended(f"closed: {reason}")
        client.on_publish = lambda _c, _d, mid, reason, _p: self._acked(mid, reason.value)
        client.on_unsubscribe = lambda _c, _d, mid, _r, _p: self._acked(mid, 0)
        client.on_socket_close = lambda _c, _d, _s: self._unwatch()
        # set, paho writes only when it is told to
        client.on_socket_register_write = lambda _c, _d, _s: None

    async def open(self, thread: ThreadPoolExecutor) -> None:
        """Connect and be welcomed; `gone` tells if not."""
        reaching = self.loop.run_in_executor(thread, self._reach)
        try:
            error = await asyncio.shield(reaching)
        except asyncio.CancelledError:
            reaching.add_done_callback(lambda _: self.drop("given up"))
            raise
        if error:
            self._ended(error)
            return
        line = cast(Line, self.client.socket())
        self._fd = line.fileno()
        self.loop.add_reader(self._fd, self._readable)
        self._write()
        await self._welcome

    def _reach(self) -> str:
        """The TCP connection, TLS and CONNECT, in a thread; why not, or nothing."""
        try:
            self.client.reconnect()
        except (OSError, ValueError) as error:
            return f"no connection: {error}"
        return ""

    async def publish(self, message: Message) -> asyncio.Future[int]:
        """Hand the message to the socket; the future has its reason code, or LOST."""
        ack: asyncio.Future[int] = self.loop.create_future()
        too_long = self._most_bytes and len(message.payload) + 512 > self._most_bytes
        if self.gone or too_long:
            ack.set_result(LOST if self.gone else TOO_LARGE)
            return ack
        await self.room.acquire()
        if self.gone:
            ack.set_result(LOST)
            return ack
        sent = self.client.publish(
            message.topic, message.payload, 1, message.retain, self._properties(message)
        )
        self._waiting[sent.mid] = ack
        self._write()
        return ack

    async def ping(self) -> None:
        """An UNSUBSCRIBE from what nobody subscribed to, which a broker must answer."""
        _, mid = self.client.unsubscribe("trygg/ping")
        if mid is None or self.gone:
            return
        await self.room.acquire()
        self._waiting[mid] = self.loop.create_future()
        self._write()
        await self._waiting[mid]

    def goodbye(self) -> None:
        """DISCONNECT: the will is not to be spoken."""
        if not self.gone:
            self.client.disconnect()
            self.client.loop_write()

    def drop(self, why: str) -> None:
        """Close it as it is."""
        self._ended(why)
        self._unwatch()
        line = self.client.socket()
        if line is not None:
            line.close()

    def _properties(self, message: Message) -> Properties | None:
        if self.client.protocol != MQTTProtocolVersion.MQTTv5:
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = message.content
        properties.PayloadFormatIndicator = 1  # UTF-8
        return properties

    def _on_connect(
        self, _client: Client, _data: Any, _f: ConnectFlags, reason: ReasonCode, properties: Any
    ) -> None:
        if reason.is_failure:
            self._ended(f"it does not let us in: {reason}")
            return
        window = min(WINDOW, getattr(properties, "ReceiveMaximum", WINDOW))
        self.room = asyncio.Semaphore(window)
        self._most_bytes = getattr(properties, "MaximumPacketSize", 0)
        if not self._welcome.done():
            self._welcome.set_result(0)

    def _acked(self, mid: int, code: int) -> None:
        ack = self._waiting.pop(mid, None)
        if ack is not None:
            self.room.release()
            if not ack.done():
                ack.set_result(code)

    def _ended(self, why: str) -> None:
        if self.gone:
            return
        self.gone = why
        waiting, self._waiting = self._waiting, {}
        for ack in (*waiting.values(), self._welcome):
            if not ack.done():
                ack.set_result(LOST)
        for _ in range(2 * WINDOW):  # who waits for room waits no more
            self.room.release()

    def _readable(self) -> None:
        line = cast(Line, self.client.socket())
        self.client.loop_read()
        if line is not None and self.client.socket() is line and line.pending():
            self.loop.call_soon(self._readable)
        self._write()

    def _write(self) -> None:
        if self.client.socket() is None or self.gone:
            return
        self.client.loop_write()
        if self.client.want_write() and self._fd >= 0:
            self.loop.add_writer(self._fd, self._write)
        elif self._fd >= 0:
            self.loop.remove_writer(self._fd)

    def _unwatch(self) -> None:
        if self._fd >= 0 and not self.loop.is_closed():
            self.loop.remove_reader(self._fd)
            self.loop.remove_writer(self._fd)
            self._fd = -1


def client_of(
    section: BrokerSection, password: str | None, tls: ssl.SSLContext | None, will: Message | None
) -> Client:
    """A client for one connection, which is not begun."""
    five = section.version == "5"
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=section.client_id or f"trygg-{secrets.token_hex(8)}",
        clean_session=None if five else True,
        protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
    )
    client.username_pw_set(section.username, password)
    client.max_inflight_messages_set(65_535)  # `room` bounds them
    client.connect_timeout = section.timeout_seconds
    client.tls_set_context(cast(ssl.SSLContext, Wrapper(tls, section.timeout_seconds)))
    if will is not None:
        client.will_set(will.topic, will.payload, 1, will.retain)
    place = urlsplit(section.url)
    port = place.port or (8883 if tls else 1883)
    if five:
        client.connect_async(place.hostname or "", port, KEEPALIVE_S, clean_start=True)
    else:
        client.connect_async(place.hostname or "", port, KEEPALIVE_S)
    return client
