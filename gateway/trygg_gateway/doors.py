"""The front doors the settings ask for: our own listener, a foreign broker, or both."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from trygg_gateway import config as settings
from trygg_gateway.broker import Broker, broker_tls
from trygg_gateway.config import Config
from trygg_gateway.config_errors import ConfigError
from trygg_gateway.descriptors import raise_limit
from trygg_gateway.listener import Limits, Listener, server_tls
from trygg_gateway.values import Incoming

Deliver = Callable[[Incoming], None]


class Who(Protocol):
    """What our own door asks of the registry."""

    def check(self, username: str, password: bytes) -> Awaitable[str | None]:
        """The group of the tracker by its password."""

    def recognise(self, username: str, sha256: bytes) -> str | None:
        """The group of the tracker by its certificate."""


class Sessions(Protocol):
    """What outlives a connection at our own door."""

    def remembered(self) -> dict[str, int]:
        """Device → granted quality of service of every session that is kept."""

    def keep(self, device: str, qos: int | None) -> None:
        """That session is kept like that; None: it is not."""


class Door(Protocol):
    """What the service asks of a door."""

    counters: dict[str, int]

    async def start(self) -> None:
        """Begin to hand in what trackers say."""

    async def stop(self) -> None:
        """Hand in nothing more; what is confirmed is acknowledged."""

    def send(self, group: str, device: str, payload: bytes) -> bool:
        """Hand a payload to a tracker's down topic."""

    def close_tracker(self, device: str) -> bool:
        """Cut the connection of a tracker that was revoked; True if there was one to cut."""

    def paused(self, on: bool) -> None:
        """Hold back everything, or go on."""


class BrokerSessions(Protocol):
    """What outlives a connection to a foreign broker."""

    def known(self, url: str, client_id: str) -> bool:
        """There was a session there."""

    def begun(self, url: str, client_id: str) -> None:
        """There is one from now on."""


def make_doors(
    config: Config, deliver: Deliver, who: Who, sessions: Sessions, at_broker: BrokerSessions
) -> dict[str, Door]:
    """The doors by name, not started. Raises ConfigError for files that are not fit, and for more
    trackers than this process may have open files."""
    doors: dict[str, Door] = {}
    try:
        if config.listener.enabled:
            doors["listener"] = _listener(config.listener, deliver, who, sessions)
        if config.broker.url is not None:
            doors["broker"] = _broker(config.broker, config.broker.url, deliver, at_broker)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"TLS: {error}. `trygg gateway check` names the file") from None
    return doors


def listener_tls(config: Config) -> ssl.SSLContext | None:
    """Our own door's TLS, of the files as they are now; None without. Raises ConfigError."""
    try:
        return _server_tls(config.listener)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"TLS: {error}. `trygg gateway check` names the file") from None


def _server_tls(section: settings.Listener) -> ssl.SSLContext | None:
    if not (section.tls and section.cert and section.key):
        return None
    return server_tls(section.cert, section.key, section.client_ca)


def _listener(
    section: settings.Listener, deliver: Deliver, who: Who, sessions: Sessions
) -> Listener:
    tls = _server_tls(section)
    limits = Limits(
        max_packet=section.max_packet,
        max_connections=section.max_connections,
        auth_seconds=section.auth_seconds,
        keepalive_s=section.keepalive,
    )
    raise_limit(limits.descriptors, f"listener.max_connections = {section.max_connections}")
    return Listener(
        host=section.host,
        port=section.port,
        deliver=deliver,
        check=who.check,
        recognise=who.recognise,
        tls=tls,
        limits=limits,
        remembered=sessions.remembered(),
        keep=sessions.keep,
    )


def _broker(
    section: settings.Broker, url: str, deliver: Deliver, sessions: BrokerSessions
) -> Broker:
    password = None
    if section.password_file is not None:
        password = section.password_file.read_text("utf-8").strip()
    tls = None
    if url.startswith("mqtts:"):
        tls = broker_tls(section.ca, section.cert, section.key)
    return Broker(
        url=url,
        deliver=deliver,
        client_id=section.client_id,
        username=section.username,
        password=password,
        tls=tls,
        version=section.version,
        known=sessions.known(url, section.client_id),
        begun=partial(sessions.begun, url, section.client_id),
    )
