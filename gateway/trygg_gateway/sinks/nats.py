"""The NATS sink: every event as CloudEvents JSON in a JetStream stream; by nats-py.

Each publish has the stream's own acknowledgement, and `Nats-Msg-Id` is the record's identity: what
comes again within the stream's duplicate window is not kept twice (an hour in a stream that we
make; two minutes is the server's own default). After that a double is one, known by its id.

STORED where the stream keeps files, as the server says that it has them; it says so before it
synchronizes them (sync_interval, two minutes by default), so a server alone can lose them with its
power, a stream of three replicas cannot. A stream in memory is only ever ACCEPTED.

When a person is forgotten what was received of them by then goes from the stream (nats_forget.py).

    larger than the server or stream takes   refused
    no stream, full, no right, no answer     later, on a new connection
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import MaxPayloadError
from nats.js import JetStreamContext
from nats.js.api import StorageType, StreamConfig
from nats.js.errors import APIError, NoStreamResponseError, NotFoundError

from trygg_gateway.config_sinks_store import NatsSink as Settings
from trygg_gateway.delivery import Delivery
from trygg_gateway.sinks.forgotten import forgotten_by
from trygg_gateway.sinks.nats_forget import RECEIVED, forget
from trygg_gateway.sinks.port import Answer, Later, Refused
from trygg_gateway.sinks.secret_file import read_line

TWICE_S = 3600.0  # duplicate window of a stream that we make
WINDOW = 100  # publishes without their answer
GOODBYE_S = 1.0
TOO_LARGE = 10054  # JetStream: message size exceeds maximum allowed
CONTENT = "application/cloudevents+json"


class NatsSink:
    """Events in a stream."""

    batch = 100
    alarm_batch = 1
    confirms = Answer.STORED

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._login: dict[str, Any] = {}
        self._client: Client | None = None
        self._stream: JetStreamContext | None = None
        self._why: Exception | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._connecting = asyncio.Lock()
        self._answer = Answer.STORED
        self.counters = {"connections": 0, "known_already": 0}

    async def start(self) -> None:
        """Read the secrets, connect, and make the stream if it is missing; Later if not."""
        self._login = self._read_login()
        await self._connected()

    async def stop(self) -> None:
        """Close the connection."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(TimeoutError, OSError, NatsError):  # it waits for the other side's TLS
                await asyncio.wait_for(client.close(), GOODBYE_S)

    async def deliver(self, entries: Sequence[Delivery]) -> Answer:
        """Publish them in their order and wait for every answer of the stream."""
        stream = await self._connected()
        for at in range(0, len(entries), WINDOW):
            await self._publish(stream, entries[at : at + WINDOW], at)
        return self._answer

    async def _publish(
        self, stream: JetStreamContext, entries: Sequence[Delivery], before: int
    ) -> None:
        """All at once, their answers in order; from the first no on they come again."""
        publishes = [asyncio.ensure_future(self._put(stream, entry)) for entry in entries]
        self._under_way.update(publishes)
        try:
            results = await asyncio.gather(*publishes, return_exceptions=True)
        finally:
            self._under_way.difference_update(publishes)
        for confirmed, result in enumerate(results, before):
            if isinstance(result, asyncio.CancelledError):
                raise Later(f"{self._place}: the connection was lost", confirmed=confirmed)
            if isinstance(result, BaseException):
                raise self._meaning(result, confirmed) from None

    async def _put(self, stream: JetStreamContext, entry: Delivery) -> None:
        settings = self._settings
        answer = await stream.publish(
            f"{settings.subject}.{entry.attributes['subject']}.{entry.data['kind']}",
            entry.json,
            timeout=settings.timeout_seconds,
            stream=settings.stream,
            headers={
                "Nats-Msg-Id": entry.id,
                "Content-Type": CONTENT,
                RECEIVED: str(entry.received_ms),
            },
        )
        self.counters["known_already"] += bool(answer.duplicate)
        forgotten = forgotten_by(entry)
        if forgotten is not None:
            theirs = f"{settings.subject}.{forgotten.device}.>"
            await forget(stream, settings.stream, theirs, forgotten.said_ms)

    def _meaning(self, error: BaseException, confirmed: int) -> BaseException:
        """What went wrong, as the forwarder hears it; what is no word of the server's stays."""
        if isinstance(error, MaxPayloadError):
            return Refused("it is larger than the server takes", confirmed)
        if isinstance(error, APIError):
            said = f"the stream does not take it: {error.description} ({error.err_code})"
            return (
                Refused(said, confirmed)
                if error.err_code == TOO_LARGE
                else Later(said, confirmed=confirmed)
            )
        if isinstance(error, NatsError | OSError | TimeoutError):
            return Later(f"{self._place}: {_words(error)}", confirmed=confirmed)
        return error

    @property
    def _place(self) -> str:
        place = urlsplit(self._settings.url)
        return f"the server {place.hostname} port {place.port or 4222}"

    def _read_login(self) -> dict[str, Any]:
        settings = self._settings
        login: dict[str, Any] = {"user": settings.username or None}
        login["password"] = read_line(settings.password_file)
        if settings.credentials_file is not None:
            if not settings.credentials_file.is_file():
                raise Later(f"the credentials file {settings.credentials_file} cannot be read")
            login = {"user_credentials": str(settings.credentials_file)}
        if settings.url.startswith("tls:"):
            try:
                login["tls"] = ssl.create_default_context(cafile=settings.ca)
            except OSError as error:
                raise Later(f"the CA {settings.ca} cannot be used: {error}") from None
        return login

    async def _connected(self) -> JetStreamContext:
        """The stream, over the connection there is or a new one."""
        async with self._connecting:
            client = self._client
            if client is not None and self._stream is not None and client.is_connected:
                return self._stream
            await self.stop()
            self._why = None
            self._client = client = Client()
            try:
                async with asyncio.timeout(self._settings.timeout_seconds):
                    self._stream = await self._connect(client)
            except (NatsError, OSError, TimeoutError) as error:
                await self.stop()
                raise Later(f"{self._place}: {_words(self._why or error)}") from None
            return self._stream

    async def _connect(self, client: Client) -> JetStreamContext:
        await client.connect(
            self._settings.url,
            name="trygg-gateway",
            allow_reconnect=False,  # what is not confirmed is the journal's to remember
            max_reconnect_attempts=1,  # and the forwarder's to try again
            reconnect_time_wait=0,
            connect_timeout=self._settings.timeout_seconds,
            error_cb=self._heard,
            closed_cb=self._closed,
            **self._login,
        )
        self.counters["connections"] += 1
        stream = client.jetstream(timeout=self._settings.timeout_seconds)
        await self._see_to_stream(stream)
        return stream

    async def _heard(self, error: Exception) -> None:
        """Keep why there is no connection: the library ends with "no servers" whatever it was."""
        self._why = error

    async def _closed(self) -> None:
        """End the waits for a connection that is no more, of which the library tells nobody."""
        for publish in self._under_way:
            publish.cancel()

    async def _see_to_stream(self, stream: JetStreamContext) -> None:
        name = self._settings.stream
        try:
            info = await stream.stream_info(name)
        except NotFoundError:
            subjects = [f"{self._settings.subject}.>"]
            wanted = StreamConfig(name=name, subjects=subjects, duplicate_window=TWICE_S)
            info = await stream.add_stream(wanted)
        in_files = info.config.storage == StorageType.FILE
        self._answer = Answer.STORED if in_files else Answer.ACCEPTED


def _words(error: BaseException) -> str:
    if isinstance(error, NoStreamResponseError):
        return "no stream listens there"
    return str(error).removeprefix("nats: ").strip() or type(error).__name__
