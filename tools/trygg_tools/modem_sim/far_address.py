"""Every connection to one address, whatever host was asked for: `--broker mqtt://host:port`."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple
from urllib.parse import urlsplit

from trygg_tools.modem_sim.dialogue import Later
from trygg_tools.modem_sim.far import Connected, Ears, Mqtt, MqttEars, Session, Socket, Sockets, Tls

PORTS = {"mqtt": 1883, "mqtts": 8883}


class Address(NamedTuple):
    """Where the broker is."""

    host: str
    port: int


def address_of(url: str) -> Address:
    """`mqtt://host[:port]` or mqtts; ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError(f"broker: wanted mqtt://host:port or mqtts://host:port, got {url!r}")
    return Address(parts.hostname, parts.port or PORTS[parts.scheme])


class SocketsTo:
    """Port Sockets."""

    def __init__(self, sockets: Sockets, address: Address) -> None:
        self._sockets = sockets
        self._address = address

    def open(self, host: str, port: int, tls: Tls | None, ears: Ears) -> Later[Socket | str]:
        """Port Sockets; the name that the certificate must have stays the one asked for."""
        named = replace(tls, sni=tls.sni or host) if tls is not None else None
        return self._sockets.open(*self._address, named, ears)


class MqttTo:
    """Port Mqtt."""

    def __init__(self, mqtt: Mqtt, address: Address) -> None:
        self._mqtt = mqtt
        self._address = address

    def connect(self, session: Session, ears: MqttEars) -> Later[Connected]:
        """Port Mqtt."""
        host, port = self._address
        return self._mqtt.connect(replace(session, host=host, port=port), ears)
