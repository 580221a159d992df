"""Ports of a tracker that runs here and now: this machine's clock, real sockets, bytes handed in.

With them the simulated tracker meets a real gateway: in the demo where the virtual board has no
interpreter, in the journey tests where processes are killed, in the bench of alarm latency. The
clock can run K times as fast as the world, so that an hour of a tracker's day passes in minutes.
"""

import errno
import socket
import ssl
import time
from pathlib import Path

from trygg_tools.rig.power import Power

TICKS_WRAP = 1 << 30
CLOSED, OPENING, OPEN = 0, 1, 2
_AGAIN = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EINPROGRESS)


class Clock:
    """Port Clock on this machine's time, `speed` times as fast; ticks wrap at 2^30."""

    def __init__(self, speed: int = 1) -> None:
        self.speed = speed
        self._start_s = self._world_s()
        self._utc_less_world_s: float | None = None

    def restart(self) -> None:
        """A new start of the chip: ticks begin again, the time of day goes on."""
        self._start_s = self._world_s()

    def ticks_ms(self) -> int:
        """Milliseconds since the start, wrapping as on the chip."""
        return int((self._world_s() - self._start_s) * 1000) % TICKS_WRAP

    def utc(self) -> int:
        """Seconds since 2020 as last set; 0 while nobody has set it."""
        if self._utc_less_world_s is None:
            return 0
        return int(self._utc_less_world_s + self._world_s())

    def set_utc(self, seconds: int) -> None:
        """Set the clock to `seconds` since 2020."""
        self._utc_less_world_s = seconds - self._world_s()

    def _world_s(self) -> float:
        return time.monotonic() * self.speed

    def sleep_ms(self, ms: int) -> None:
        """Wait `ms` of the tracker's milliseconds."""
        time.sleep(ms / 1000 / self.speed)


class Link:
    """Port Link over a real TCP socket that never blocks; TLS when a CA file is given."""

    def __init__(self, signal: int = 20) -> None:
        self._socket: socket.socket | None = None
        self._state = CLOSED
        self._signal = signal

    def open(self, host: str, port: int, tls: str | None) -> None:
        """Begin to connect; OSError when the world says no at once."""
        self.close()
        plain = socket.socket()
        plain.setblocking(False)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        failed = plain.connect_ex((host, port))
        if failed and failed not in _AGAIN:
            plain.close()
            raise OSError(failed, "connect")
        self._socket = _wrapped(plain, tls, host) if tls else plain
        self._state = OPENING

    def state(self) -> int:
        """0 closed, 1 opening, 2 open."""
        if self._state == OPENING and self._socket is not None:
            self._advance(self._socket)
        return self._state

    def _advance(self, link: socket.socket) -> None:
        failed = link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failed:
            self.close()
            return
        try:
            link.getpeername()
            if isinstance(link, ssl.SSLSocket):
                link.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError as error:
            if error.errno != errno.ENOTCONN:
                self.close()
            return
        self._state = OPEN

    def send(self, data: bytes) -> int:
        """Send what fits now; the number of bytes that went."""
        if self._socket is None:
            raise OSError(errno.ENOTCONN, "send")
        try:
            return self._socket.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return 0

    def recv(self) -> bytes:
        """What has come; b"" for nothing. The far end's close closes the link."""
        if self._socket is None:
            return b""
        try:
            data = self._socket.recv(2048)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return b""
        if not data:
            self.close()
        return data

    def close(self) -> None:
        """Let go of the socket; closing a closed link is nothing."""
        self._state = CLOSED
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def signal(self) -> int:
        """Received power as in a report: 1..31."""
        return self._signal


def _wrapped(plain: socket.socket, ca: str, host: str) -> socket.socket:
    """The socket under TLS; `ca` is the authority's DER file, as on the board."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=Path(ca).read_bytes())
    return context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)


class Uart:
    """Port Uart for bytes that somebody hands in; they are lost while the receiver is off."""

    def __init__(self, power: Power, rxbuf: int = 2048) -> None:
        self._power = power
        self._rxbuf = rxbuf
        self._data = b""
        self._overruns = 0

    def feed(self, data: bytes) -> None:
        """The receiver says `data`."""
        if not self._power.rails.get("gnss"):
            return
        self._data += data
        if len(self._data) > self._rxbuf:
            self._data = self._data[: self._rxbuf]
            self._overruns += 1

    def read(self) -> bytes:
        """All that has come since the last read."""
        data, self._data = self._data, b""
        return data

    def write(self, data: bytes) -> int:
        """Take bytes for the receiver, which ignores them."""
        return len(data)

    def baud(self, rate: int) -> None:
        """Whoever hands the bytes in has no rate."""

    def overruns(self) -> int:
        """How often bytes were dropped because nobody read."""
        return self._overruns
