"""The socket under paho: read in large pieces, its handshake bounded, closed when that fails.

paho asks for a packet's type, length and body in a system call each, gives a TLS handshake the
keepalive's time, and leaves the socket of a failed one open. PUBACKs never come to it: they are
answers to publishes that are not its own (mqtt_outbound.py), and go to `acked`. It lets a socket be
wrapped where TLS is begun (`tls_set_context` takes whatever has `wrap_socket`), so `Wrapper` stands
there, with TLS or without.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

CHUNK = 65_536
_PUBACK = 0x40  # the first byte of one; its length is a byte, as it has no more than a reason


class Line:
    """What paho asks of a socket (its SocketLike, and a handshake); reads ahead up to CHUNK."""

    def __init__(self, line: socket.socket, handshake_s: float) -> None:
        self._line = line
        self._handshake_s = handshake_s
        self._ahead = b""  # whole packets for paho
        self._rest = b""  # of a packet that has begun
        self.acked: Callable[[int, int], None] = lambda packet_id, code: None

    def recv(self, size: int) -> bytes:
        """1 to `size` bytes, b"" at the end; BlockingIOError or an ssl one if none have come."""
        if not self._ahead:
            data = self._line.recv(CHUNK)
            _acknowledge_at_once(self._line)
            if not data:
                return b""
            self._rest = self._cut(self._rest + data)
            if not self._ahead:
                raise BlockingIOError
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        return data

    def _cut(self, data: bytes) -> bytes:
        """Tell the PUBACKs, lay every other packet before paho; what has only begun comes back."""
        at, others = 0, list[bytes]()
        while end := _end(data, at):
            if data[at] == _PUBACK and end - at >= 4:
                packet_id = data[at + 2] << 8 | data[at + 3]
                self.acked(packet_id, data[at + 4] if end - at > 4 else 0)
            else:
                others.append(data[at:end])
            at = end
        self._ahead = b"".join(others)
        return data[at:]

    def pending(self) -> bool:
        """Bytes are here already, of which the event loop knows nothing."""
        if self._ahead:
            return True
        return isinstance(self._line, ssl.SSLSocket) and self._line.pending() > 0

    def send(self, data: bytes | bytearray) -> int:
        """How many of the bytes were taken; raises as a socket does if none were."""
        return self._line.send(data)

    def do_handshake(self) -> None:
        """TLS's, if there is TLS, in its time."""
        if isinstance(self._line, ssl.SSLSocket):
            self._line.settimeout(self._handshake_s)
            try:
                self._line.do_handshake()
            except OSError:
                self._line.close()
                raise

    def settimeout(self, seconds: float | None) -> None:
        """paho's wish for the handshake, which has a time of ours."""

    def setblocking(self, flag: bool) -> None:
        """False after the handshake."""
        self._line.setblocking(flag)

    def fileno(self) -> int:
        """For the event loop; -1 once closed."""
        return self._line.fileno()

    def close(self) -> None:
        """Let the socket go."""
        self._line.close()


def _acknowledge_at_once(line: socket.socket) -> None:
    """Mosquitto writes each PUBACK by itself and lets TCP hold back the second until the first is
    acknowledged (Nagle, RFC 896); we would do that after 40 ms (RFC 1122, 4.2.3.2). Linux only."""
    quick = getattr(socket, "TCP_QUICKACK", None)
    if quick is not None:
        with suppress(OSError):  # closed meanwhile
            line.setsockopt(socket.IPPROTO_TCP, quick, 1)


def _end(data: bytes, at: int) -> int:
    """Where the packet that begins at `at` ends; 0 while it is not whole. What has a length of
    more than four bytes is no packet: paho gets it, and says so."""
    size = shift = 0
    for place in range(at + 1, min(at + 5, len(data))):
        size |= (data[place] & 127) << shift
        shift += 7
        if data[place] < 128:
            end = place + 1 + size
            return end if end <= len(data) else 0
    return len(data) if shift == 28 else 0


class Wrapper:
    """Stands where paho expects a TLS context; `tls` None leaves the line as it is."""

    check_hostname = True  # by the context inside; paho then does not try to by itself

    def __init__(self, tls: ssl.SSLContext | None, handshake_s: float) -> None:
        self._tls = tls
        self._handshake_s = handshake_s

    def wrap_socket(
        self, line: socket.socket, server_hostname: str, do_handshake_on_connect: bool
    ) -> Line:
        """The line, read ahead; its handshake is still to be done."""
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            line = self._tls.wrap_socket(
                line, server_hostname=server_hostname, do_handshake_on_connect=False
            )
        return Line(line, self._handshake_s)
