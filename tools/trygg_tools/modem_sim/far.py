"""What is behind the radio, as two ports: Mqtt (a broker for the modem's own client) and Sockets.

Each has an implementation in simulated time (far_memory.py, far_packets.py) and a real one
(far_paho.py, far_real.py); one contract test runs against all. Nothing here waits: what was asked
is answered through a Later or through the ears given, some time after. `sever` is what a lost radio
does: the far end is not told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from trygg_tools.modem_sim.dialogue import Later

OPEN, NO_HOST, REFUSED, NO_ROUTE, BAD_TLS = "open", "no host", "refused", "no route", "tls"
EXPIRED, LOST = "expired", "lost"  # certificate by the modem's clock; connection


@dataclass(frozen=True)
class Tls:
    """What a TLS connection is to use: PEM texts as uploaded, b"" for none."""

    ca: bytes = b""
    cert: bytes = b""
    key: bytes = b""
    psk: tuple[str, bytes] | None = None  # identity, key
    sni: str = ""
    checks_time: bool = True
    now_s: int | None = None  # the modem's own clock, seconds since 2020; None not set


class Ears(NamedTuple):
    """What a socket tells: bytes came; it was closed by the far end or lost."""

    received: Callable[[bytes], None]
    closed: Callable[[], None]


class Socket(Protocol):
    """One connection."""

    def send(self, data: bytes) -> None:
        """Send; what cannot be sent any more is lost, and `closed` tells so."""

    def close(self) -> None:
        """Close it in order; `closed` is not called."""

    def sever(self) -> None:
        """The radio is gone: nothing more goes or comes, the far end is not told."""


class Sockets(Protocol):
    """Opens connections."""

    def open(self, host: str, port: int, tls: Tls | None, ears: Ears) -> Later[Socket | str]:
        """A connection, or a word why not (NO_HOST, REFUSED, NO_ROUTE, BAD_TLS, EXPIRED)."""


class Message(NamedTuple):
    """What came on a subscription."""

    topic: str
    payload: bytes


@dataclass(frozen=True)
class Will:
    """The last will."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False


@dataclass(frozen=True)
class Session:
    """How the modem's own MQTT client wants to connect."""

    host: str
    port: int
    client_id: str
    keepalive_s: int = 60
    clean: bool = True
    username: str = ""
    password: bytes = b""
    will: Will | None = None
    tls: Tls | None = None


class Connected(NamedTuple):
    """The answer to a connect: `client` is None when it failed, `why` says how.

    `why` is OPEN, a word of Sockets.open, or the MQTT return code as text ("5").
    """

    client: Client | None
    session_present: bool
    why: str


class MqttEars(NamedTuple):
    """What a client tells: a message came; the connection is lost."""

    message: Callable[[Message], None]
    lost: Callable[[], None]


class Client(Protocol):
    """A connected MQTT client."""

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> Later[bool]:
        """True when it is acknowledged (QoS 1) or sent (QoS 0); never told when it is not."""

    def subscribe(self, topic: str, qos: int) -> Later[int]:
        """The granted quality, 128 refused."""

    def unsubscribe(self, topic: str) -> Later[int]:
        """0 when it is done."""

    def disconnect(self) -> None:
        """Say goodbye: no will."""

    def sever(self) -> None:
        """The radio is gone: nothing more goes or comes, the broker is not told."""


class Mqtt(Protocol):
    """Connects the modem's own client to a broker."""

    def connect(self, session: Session, ears: MqttEars) -> Later[Connected]:
        """Connect; told in any case, but perhaps after long."""
