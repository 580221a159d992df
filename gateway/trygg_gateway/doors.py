"""The front doors the settings ask for: our own listener, a foreign broker, or both."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from typing import Protocol

from trygg_gateway import config as settings
from trygg_gateway.broker import Broker, broker_tls
from trygg_gateway.config import Config
from trygg_gateway.config_errors import ConfigError
from trygg_gateway.listener import Limits, Listener, server_tls
from trygg_gateway.values import Incoming

Deliver = Callable[[Incoming], None]
Check = Callable[[str, bytes], Awaitable[str | None]]


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


def make_doors(config: Config, deliver: Deliver, check: Check) -> dict[str, Door]:
    """The doors by name, not started. Raises ConfigError for files that are not fit."""
    doors: dict[str, Door] = {}
    try:
        if config.listener.enabled:
            doors["listener"] = _listener(config.listener, deliver, check)
        if config.broker.url is not None:
            doors["broker"] = _broker(config.broker, config.broker.url, deliver)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"TLS: {error}. `trygg gateway check` names the file") from None
    return doors


def _listener(section: settings.Listener, deliver: Deliver, check: Check) -> Listener:
    tls = None
    if section.tls and section.cert and section.key:
        tls = server_tls(section.cert, section.key)
    limits = Limits(
        max_packet=section.max_packet,
        max_connections=section.max_connections,
        auth_seconds=section.auth_seconds,
        keepalive_s=section.keepalive,
    )
    return Listener(
        host=section.host, port=section.port, deliver=deliver, check=check, tls=tls, limits=limits
    )


def _broker(section: settings.Broker, url: str, deliver: Deliver) -> Broker:
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
    )
