"""One connection to an MQTT broker that publishes, served by the event loop; by paho-mqtt 2.2.

paho's traps, each with what this file does about it (see broker.py for those of receiving):
1. `publish()` while offline queues without a bound and sends later: each connection has a client of
   its own, and none is used before its CONNACK or after its end.
2. It neither sends nor honours Receive Maximum, and its publish() is slow: what we publish goes
   past it, from mqtt_outbound.py to the socket, and the PUBACKs past it to there.
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
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast
from urllib.parse import urlsplit

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from trygg_gateway.config_sinks_mqtt import BrokerSection
from trygg_gateway.sinks.mqtt_outbound import LOST, WINDOW, Message, Outbound, Sending
from trygg_gateway.sinks.mqtt_socket import Line, Wrapper

KEEPALIVE_S = 20


class Connection:
    """One connection and its client, served by the event loop that made it. `gone` says why it
    is no more; everything that waits for it ends then."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.loop = asyncio.get_running_loop()
        self.gone = ""
        self._outbound = Outbound(five=client.protocol == MQTTProtocolVersion.MQTTv5)
        self._begun = False  # a packet of ours that the line has taken in part
        self._pings: dict[int, asyncio.Future[int]] = {}
        self._welcome: asyncio.Future[int] = self.loop.create_future()
        self._fd = -1
        client.on_connect = self._on_connect
        client.on_disconnect = lambda _c, _d, _f, reason, _p: self._ended(f"closed: {reason}")
        client.on_unsubscribe = lambda _c, _d, mid, _r, _p: self._answered(mid)
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
        line.acked = self._outbound.acked
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

    def publish(self, messages: Sequence[Message]) -> Sending:
        """Hand the messages to the socket; the Sending has what the broker says of each."""
        sending = self._outbound.add(messages)
        if self.gone:
            self._outbound.lost()
        self._write()
        return sending

    def withdraw(self, sending: Sending) -> None:
        """Nobody waits for it any longer: what was not sent stays here."""
        self._outbound.withdraw(sending)

    async def ping(self) -> None:
        """An UNSUBSCRIBE from what nobody subscribed to, which a broker must answer."""
        _, mid = self.client.unsubscribe("trygg/ping")
        if mid is None or self.gone:
            return
        self._pings[mid] = self.loop.create_future()
        self._write()
        await self._pings[mid]

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

    def _on_connect(
        self, _client: Client, _data: Any, _f: ConnectFlags, reason: ReasonCode, properties: Any
    ) -> None:
        if reason.is_failure:
            self._ended(f"it does not let us in: {reason}")
            return
        self._outbound.room = min(WINDOW, getattr(properties, "ReceiveMaximum", WINDOW))
        self._outbound.most_bytes = getattr(properties, "MaximumPacketSize", 0)
        if not self._welcome.done():
            self._welcome.set_result(0)

    def _answered(self, mid: int) -> None:
        ping = self._pings.pop(mid, None)
        if ping is not None and not ping.done():
            ping.set_result(0)

    def _ended(self, why: str) -> None:
        if self.gone:
            return
        self.gone = why
        pings, self._pings = self._pings, {}
        for waiting in (*pings.values(), self._welcome):
            if not waiting.done():
                waiting.set_result(LOST)
        self._outbound.lost()

    def _readable(self) -> None:
        line = cast(Line, self.client.socket())
        self.client.loop_read()
        if line is not None and self.client.socket() is line and line.pending():
            self.loop.call_soon(self._readable)
        self._write()

    def _write(self) -> None:
        """Write what paho and we have, one whole packet after the other, until the line is full."""
        line = cast(Line | None, self.client.socket())
        if line is None or self.gone:
            return
        self._outbound.pack()
        while self._paho_has_written() and self._outbound.data:
            try:
                taken = line.send(self._outbound.data)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                taken = 0
            except OSError as error:
                self.drop(f"closed: {error}")
                return
            del self._outbound.data[:taken]
            self._begun = bool(self._outbound.data)
            if self._begun:
                break
        if self._fd >= 0 and (self._begun or self.client.want_write()):
            self.loop.add_writer(self._fd, self._write)
        elif self._fd >= 0:
            self.loop.remove_writer(self._fd)

    def _paho_has_written(self) -> bool:
        """All of its own, so that the next byte may be of a packet of ours; or one is begun."""
        if self._begun:
            return True
        self.client.loop_write()
        return not self.client.want_write() and not self.gone

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
