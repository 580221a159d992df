"""Sockets in simulated time: who listens where, how long bytes are under way, TLS as a decision.

`listen(host, port, accept)` gives each new connection's far end to `accept`: an object with `recv`,
`send`, `close` and `alive` as in rig/link.py, so that the rig's gateway can be behind the modem.
A listener that wants to be called when bytes have come gives `heard(far)`; one that polls gives
`after` (rig: `gateway.poll`), which is called whenever anything arrived.

TLS is not computed but judged, by what a handshake would find: the CA's text, the date by the
modem's own clock, the client's certificate, the key of a PSK.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trygg_tools.modem_sim.dialogue import Later
from trygg_tools.modem_sim.far import (
    BAD_TLS,
    EXPIRED,
    NO_HOST,
    NO_ROUTE,
    REFUSED,
    Ears,
    Socket,
    Tls,
)
from trygg_tools.modem_sim.schedule import Schedule

ANY = "*"  # a listener for every host
DELAY_MS = 120  # one way over Cat-M
HANDSHAKE_MS = 1500  # of TLS, beside its round trips
GIVE_UP_MS = 20000  # a host that does not answer


@dataclass(frozen=True)
class Guard:
    """What a listener with TLS asks for."""

    ca: bytes = b""  # the only CA that fits; b"" any
    wants_cert: bool = False
    psk: tuple[str, bytes] | None = None
    sni: str = ""  # the only name that is answered; "" any, and none
    from_s: int = 0  # the certificate is valid since, seconds since 2020
    until_s: int = 1 << 40

    def refuses(self, tls: Tls | None) -> str:
        """A word of far.py why the handshake fails; "" when it does not."""
        if tls is None:
            return BAD_TLS
        if self.sni and tls.sni != self.sni:
            return BAD_TLS
        if self.psk is not None:
            return "" if tls.psk == self.psk else BAD_TLS
        if self.ca and tls.ca and tls.ca.strip() != self.ca.strip():
            return BAD_TLS
        if self.wants_cert and not (tls.cert and tls.key):
            return BAD_TLS
        if tls.checks_time and tls.ca:
            known = tls.now_s is not None and self.from_s <= tls.now_s <= self.until_s
            return "" if known else EXPIRED
        return ""


class Far:
    """The far end of one connection; `tag` is the listener's to use."""

    def __init__(self, net: MemoryNet, ears: Ears, after: Callable[[Far], None]) -> None:
        self._net = net
        self._ears = ears
        self._after = after
        self._came: list[bytes] = []
        self._reachable = True  # what is sent still arrives
        self._alive = True
        self.near_closed = False

    def recv(self) -> bytes:
        """What has arrived since the last call."""
        data = b"".join(self._came)
        self._came.clear()
        return data

    def send(self, data: bytes) -> None:
        """Send towards the modem."""
        if self._alive:
            self._net.later(lambda: self._reachable and self._ears.received(bytes(data)))

    def close(self) -> None:
        """End the connection from this side; what was sent before still arrives."""
        if self._alive:
            self._alive = False
            self._net.later(lambda: self._reachable and self._ears.closed())

    def alive(self) -> bool:
        """True until either side ended it in order; a lost radio is not noticed here."""
        return self._alive

    # -- the modem's side --------------------------------------------------------------------

    def arrive(self, data: bytes) -> None:
        """Bytes of the modem have come."""
        if self._alive:
            self._came.append(data)
            self._after(self)

    def near_close(self) -> None:
        """The modem's goodbye has come."""
        if self._alive:
            self._alive = False
            self.near_closed = True
            self._after(self)

    def lose(self) -> None:
        """Nothing reaches the modem any more."""
        self._reachable = False


class MemorySocket:
    """The modem's end."""

    def __init__(self, net: MemoryNet, far: Far) -> None:
        self._net = net
        self._far = far
        self._up = True

    def send(self, data: bytes) -> None:
        """Port Socket."""
        if self._up:
            self._net.later(lambda: self._far.arrive(data))

    def close(self) -> None:
        """Port Socket."""
        if self._up:
            self._up = False
            self._far.lose()
            self._net.later(self._far.near_close)

    def sever(self) -> None:
        """Port Socket."""
        self._up = False
        self._far.lose()


Accept = Callable[[Far], object]


@dataclass
class Listener:
    """One who listens at a port."""

    accept: Accept
    after: Callable[[Far], None]
    guard: Guard | None


class MemoryNet:
    """Port Sockets. `listeners` may change at any time: who is not there refuses."""

    def __init__(self, schedule: Schedule, delay_ms: int = DELAY_MS) -> None:
        self._schedule = schedule
        self.delay_ms = delay_ms
        self.listeners: dict[tuple[str, int], Listener] = {}
        self.opens = 0
        self.down = False  # no route to anybody

    def listen(
        self,
        host: str,
        port: int,
        accept: Accept,
        heard: Callable[[Far], None] | None = None,
        after: Callable[[], None] | None = None,
        guard: Guard | None = None,
    ) -> None:
        """Answer at this address; see the file's words."""

        def arrived(far: Far) -> None:
            if heard is not None:
                heard(far)
            if after is not None:
                after()

        self.listeners[(host, port)] = Listener(accept, arrived, guard)

    def later(self, action: Callable[[], object]) -> None:
        """Do it after one way."""
        self._schedule.after(self.delay_ms, lambda: (action(), None)[1])

    def open(self, host: str, port: int, tls: Tls | None, ears: Ears) -> Later[Socket | str]:
        """Port Sockets."""
        self.opens += 1
        answer: Later[Socket | str] = Later()
        if self.down:
            self._schedule.after(GIVE_UP_MS, lambda: answer.tell(NO_ROUTE))
        elif not any(name in (host, ANY) for name, _ in self.listeners):
            self._schedule.after(self.delay_ms * 4, lambda: answer.tell(NO_HOST))
        else:
            wait_ms = self.delay_ms * 2 + (HANDSHAKE_MS + self.delay_ms * 2 if tls else 0)
            self._schedule.after(wait_ms, lambda: answer.tell(self._meet(host, port, tls, ears)))
        return answer

    def _meet(self, host: str, port: int, tls: Tls | None, ears: Ears) -> Socket | str:
        listener = self.listeners.get((host, port)) or self.listeners.get((ANY, port))
        if listener is None:
            return REFUSED
        if listener.guard is None and tls is not None:
            return BAD_TLS
        if listener.guard is not None:
            word = listener.guard.refuses(tls)
            if word:
                return word
        far = Far(self, ears, listener.after)
        listener.accept(far)
        return MemorySocket(self, far)
