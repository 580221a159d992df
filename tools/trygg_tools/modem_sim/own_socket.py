"""The modem's own TCP or TLS socket: a buffer that the host reads, and the radio under it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from trygg_tools.modem_sim.dialogue import Later
from trygg_tools.modem_sim.far import NO_ROUTE, OPEN, Ears, Socket, Tls

if TYPE_CHECKING:
    from trygg_tools.modem_sim.modem import Modem

AGAIN_MS = 1000


class OwnSocket:
    """One socket. `received()` is called when bytes came, `closed()` when the far end closed."""

    def __init__(
        self, modem: Modem, received: Callable[[], None], closed: Callable[[], None]
    ) -> None:
        self._modem = modem
        self._received = received
        self._closed = closed
        self._socket: Socket | None = None
        self._life = 0
        self._unread = bytearray()
        self.announced = False  # the host was told that there is something to read
        self.came = 0  # bytes since it was opened
        self.sent = 0
        modem.know(self)

    @property
    def connected(self) -> bool:
        """True until the loss is known."""
        return self._socket is not None

    @property
    def waiting(self) -> int:
        """Bytes that came and were not read."""
        return len(self._unread)

    @property
    def was_read(self) -> int:
        """Bytes that were read."""
        return self.came - len(self._unread)

    def open(self, host: str, port: int, tls: Tls | None) -> Later[str]:
        """Told OPEN or why not; without network at once, on a lost radio never."""
        later: Later[str] = Later()
        self.drop()
        self._unread.clear()
        self.came = self.sent = 0
        self.announced = False
        life, sockets = self._life, self._modem.world.sockets
        if sockets is None or not self._modem.network.usable:
            later.tell(NO_ROUTE)
            return later
        self._modem.network.touch()
        ears = Ears(
            lambda data: self._reach(life, lambda: self._take(data)),
            lambda: self._reach(life, self._end),
        )
        sockets.open(host, port, tls, ears).then(lambda end: self._answered(life, end, later))
        return later

    def _answered(self, life: int, end: Socket | str, later: Later[str]) -> None:
        if life != self._life:
            if not isinstance(end, str):
                end.sever()
            return
        self._modem.network.touch()
        if isinstance(end, str):
            later.tell(end)
        else:
            self._socket = end
            later.tell(OPEN)

    def _reach(self, life: int, arrive: Callable[[], None]) -> None:
        def arrives() -> None:
            if life == self._life:
                arrive()

        self._modem.network.down(arrives)

    def _take(self, data: bytes) -> None:
        self._unread += data
        self.came += len(data)
        self._received()

    def _end(self) -> None:
        self._socket = None
        self._life += 1
        self._closed()

    def send(self, data: bytes) -> None:
        """Into the modem's buffer; it goes as soon as data can go."""
        self.sent += len(data)
        life, network = self._life, self._modem.network

        def go() -> None:
            if life != self._life or self._socket is None:
                return
            if not network.usable:
                self._modem.schedule.after(AGAIN_MS, go)
                return
            network.touch()
            self._socket.send(data)

        go()

    def read(self, most: int) -> bytes:
        """Take at most so many of the bytes that came."""
        data = bytes(self._unread[:most])
        del self._unread[:most]
        return data

    def close(self) -> None:
        """In order when it can be said, else only here. What was not read is gone."""
        socket, self._socket = self._socket, None
        self._life += 1
        self._unread.clear()
        if socket is not None and self._modem.network.usable:
            self._modem.network.touch()
            socket.close()
        elif socket is not None:
            socket.sever()

    def cut_off(self) -> None:
        """The far end ended it: the modem learns of it when it can be reached."""
        if self._socket is not None:
            self._socket.sever()
            self._reach(self._life, self._end)

    def bring(self, topic: str, payload: bytes) -> None:
        """A raw socket knows no messages."""

    def drop(self) -> None:
        """The radio or the supply is gone, or an opening is given up."""
        socket, self._socket = self._socket, None
        self._life += 1
        if socket is not None:
            socket.sever()
