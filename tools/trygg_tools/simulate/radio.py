"""A network's model on the Link port: time to connect, outages, bytes; and what they cost.

Connecting takes the figures' median, log-normal. Coverage goes for a while now and then (noise by
time alone, so every policy meets the same). Bytes are those of MQTT plus, for each connection, a
TLS handshake and for each piece sent or received the headers of TCP/IP and TLS.
"""

import math
import random
from typing import NamedTuple

from trygg_tools.rig.link import EHOSTUNREACH, OPENING, Link
from trygg_tools.simulate import noise

TLS_HANDSHAKE = (700, 3300)  # bytes up and down: TLS 1.2, ECDSA, a chain of two
PIECE = 40 + 29  # IPv4 and TCP headers; a TLS record's head, nonce and tag
SPREAD = 0.4


class Network(NamedTuple):
    """connect_s: median until the connection stands. Outages: so many a day, so long on average.

    The figures are estimates: Wi-Fi association and TLS on an ESP32 take 2 to 4 s, LTE-M from
    power saving 2 to 10 s.
    """

    connect_s: float = 4.0
    outages_a_day: float = 2.0
    outage_s: float = 300.0
    delay_ms: int = 60


class Radio(Link):
    """Port Link; counts `bytes_up`, `bytes_down`, `refusals` (no coverage)."""

    def __init__(self, clock, accept, network: Network, seed: int) -> None:  # type: ignore[no-untyped-def]
        super().__init__(clock, accept, network.delay_ms)
        self._now = clock
        self._network = network
        self._seed = seed
        self._dice = random.Random(seed)  # noqa: S311
        self._ready_ms = 0
        self.bytes_up = self.bytes_down = self.refusals = 0

    def connecting(self) -> bool:
        """On its way, not there yet."""
        return self._pipe is not None and self._now.now_ms < self._ready_ms

    def up(self) -> bool:
        """Whether the radio is on."""
        return self._pipe is not None

    def out_of_reach(self) -> bool:
        """Whether there is no coverage now."""
        slot_s = int(self._network.outage_s)
        share = self._network.outages_a_day * slot_s / noise.DAY_S
        return noise.chance(self._seed, slot_s, self._now.world_s()) < share

    def open(self, host: str, port: int, tls: str | None) -> None:
        """Begin to connect."""
        if self.out_of_reach():
            self.refusals += 1
            self.close()
            raise OSError(EHOSTUNREACH, "no coverage")
        super().open(host, port, tls)
        took_s = self._network.connect_s * math.exp(self._dice.gauss(0, SPREAD))
        self._ready_ms = self._now.now_ms + round(took_s * 1000)
        self.bytes_up += TLS_HANDSHAKE[0]
        self.bytes_down += TLS_HANDSHAKE[1]

    def coming_ms(self) -> tuple[int, int]:
        """The ms until something arrives, or the connection stands."""
        if self.connecting():
            return self._ready_ms - self._now.now_ms, -1
        return super().coming_ms()

    def state(self) -> int:
        """0 closed, 1 opening, 2 open."""
        if self.up() and self.out_of_reach():
            self.drop()
        return OPENING if self.connecting() else super().state()

    def send(self, data: bytes) -> int:
        """Send and count."""
        sent = super().send(data)
        self.bytes_up += sent + PIECE if sent else 0
        return sent

    def recv(self) -> bytes:
        """Receive and count."""
        data = super().recv()
        self.bytes_down += len(data) + PIECE if data else 0
        return data
