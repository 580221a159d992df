"""A line to an MQTT broker that publishes and says what the broker has confirmed.

`publish(messages)` returns when every one has its PUBACK, or raises Later or Refused with how many
at the front have theirs. The journal is the memory: nothing waits here or at the broker, the
session is clean, and after any trouble the forwarder hands in again what was not confirmed.

A lost connection is sought again also while there is nothing to say, after pauses that double up
to RETRY_MOST_S, so that whoever reads the broker sees that we are there.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from trygg_gateway.config_sinks_mqtt import BrokerSection
from trygg_gateway.sinks.mqtt_connection import Connection, client_of
from trygg_gateway.sinks.mqtt_outbound import LOST, Message, Sending
from trygg_gateway.sinks.port import Later, Refused
from trygg_gateway.sinks.secret_file import read_line

RETRY_FIRST_S, RETRY_MOST_S = 1.0, 30.0
NO_SUBSCRIBERS = 0x10  # MQTT 5, 3.4.2.1: taken, and nobody listens
BAD = 0x80  # from here on a reason code is a refusal
WORDS = {  # MQTT 5, 3.4.2.1, and 2.4 for what we say ourselves
    0x80: "unspecified error",
    0x83: "implementation specific error",
    0x87: "not authorized",
    0x90: "topic name invalid",
    0x91: "packet identifier in use",
    0x95: "packet too large",
    0x97: "quota exceeded",
    0x99: "payload format invalid",
}
NEVER = (0x90, 0x95, 0x99)


class MqttLine:
    """The line. `will` is what the broker says when we are gone for whatever reason, `greeting`
    what we say when we come."""

    def __init__(
        self,
        section: BrokerSection,
        *,
        will: Message | None = None,
        greeting: Sequence[Message] = (),
    ) -> None:
        self._section = section
        self._will = will
        self._greeting = greeting
        self._connection: Connection | None = None
        self._connecting = asyncio.Lock()
        self._tending: asyncio.Task[None] | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._tls: ssl.SSLContext | None = None
        self._password: str | None = None
        self.counters = {"connections": 0, "nobody_listens": 0}

    async def start(self) -> None:
        """Read the files and connect; Later if either cannot be done."""
        section = self._section
        self._password = read_line(section.password_file)
        self._tls = broker_trust(section) if section.url.startswith("mqtts:") else None
        self._thread = self._thread or ThreadPoolExecutor(1, "mqtt-sink")
        await self._connected()
        self._tending = self._tending or asyncio.create_task(self._tend())

    async def stop(self) -> None:
        """Say goodbye and let go; where there is a will only let go, so that it is spoken."""
        if self._tending is not None:
            self._tending.cancel()
            self._tending = None
        if self._connection is not None:
            if self._will is None:
                self._connection.goodbye()
            self._connection.drop("stopped")
            self._connection = None
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._thread = None

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return once each has its PUBACK; Later or Refused with how many at the front have."""
        connection = await self._connected()
        sending = connection.publish(messages)
        seconds = self._section.timeout_seconds
        try:
            async with asyncio.timeout(seconds) as limit:
                while await sending.more():
                    limit.reschedule(connection.loop.time() + seconds)
        except TimeoutError:
            connection.drop(f"no acknowledgement in {seconds} s")
        finally:
            connection.withdraw(sending)
        self._judge(connection, sending)

    async def ping(self) -> None:
        """Return once the broker has answered something that has no effect."""
        connection = await self._connected()
        seconds = self._section.timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                await connection.ping()
        except TimeoutError:
            connection.drop(f"no answer in {seconds} s")
        if connection.gone:
            raise Later(f"{self._place}: {connection.gone}")

    def _judge(self, connection: Connection, sending: Sending) -> None:
        """Count what the broker said; raise for the first message that it did not take."""
        answered = zip(sending.messages, sending.codes, strict=True)
        for confirmed, (message, code) in enumerate(answered):
            if code is None or code == LOST:
                raise Later(f"{self._place}: {connection.gone}", confirmed=confirmed)
            if code >= BAD:
                why = f"{self._place} does not take it: {WORDS.get(code, f'reason {code:#x}')}"
                raise Refused(why, confirmed) if code in NEVER else Later(why, confirmed=confirmed)
            self.counters["nobody_listens"] += code == NO_SUBSCRIBERS and not message.retain

    @property
    def _place(self) -> str:
        place = urlsplit(self._section.url)
        return f"the broker {place.hostname} port {place.port or (8883 if self._tls else 1883)}"

    async def _connected(self) -> Connection:
        """The connection there is, or a new one; Later if there cannot be one."""
        async with self._connecting:
            if self._connection is not None and not self._connection.gone:
                return self._connection
            if self._thread is None:
                raise Later(f"{self._place}: not started")
            self._connection = None
            client = client_of(self._section, self._password, self._tls, self._will)
            connection = Connection(client)
            try:
                async with asyncio.timeout(self._section.timeout_seconds):
                    await connection.open(self._thread)
                    greeting = connection.publish(self._greeting)
                    while await greeting.more():
                        pass
            except TimeoutError:
                connection.drop(f"no answer in {self._section.timeout_seconds} s")
            except BaseException:
                connection.drop("given up")
                raise
            if connection.gone:
                raise Later(f"{self._place}: {connection.gone}")
            self._connection = connection
            self.counters["connections"] += 1
            return connection

    async def _tend(self) -> None:
        """Keep the connection alive, and a lost one sought, also while there is nothing to say."""
        wait_s = RETRY_FIRST_S
        while True:
            await asyncio.sleep(wait_s * random.uniform(0.75, 1.0))  # noqa: S311 - it spreads
            try:
                (await self._connected()).client.loop_misc()
                wait_s = RETRY_FIRST_S
            except Later:
                wait_s = min(2 * wait_s, RETRY_MOST_S)


def broker_trust(section: BrokerSection) -> ssl.SSLContext:
    """The TLS side towards the broker. Later if a file cannot be used."""
    try:
        context = ssl.create_default_context(cafile=section.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if section.cert is not None:
            context.load_cert_chain(section.cert, section.key)
    except OSError as error:
        raise Later(f"the CA or certificate for the broker cannot be used: {error}") from None
    return context
