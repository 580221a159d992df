"""A socket read by us in large pieces, of which a client library gets only what is meant for it.

paho reads every packet in three system calls, each of which gives the interpreter away and has to
win it back from a busy thread, and makes an object and a callback of it. Here `fetch` takes what
has come in one call; the publishes in it are cut out by our own code (broker_inbound.py), and every
other packet is laid before paho by `give`, whole, so that it never waits for the second half of
one. paho lets a socket be wrapped where TLS is begun (`tls_set_context` takes whatever has
`wrap_socket`), so that is where `Wrapper` does it, with TLS or without.
"""

from __future__ import annotations

import socket
import ssl

CHUNK = 65_536


class BufferedLine:
    """What paho asks of a socket (its SocketLike, and a handshake)."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._given = b""
        self.ended = False  # the other end has closed, or the line broke

    def fetch(self, most: int) -> bytes:
        """What has come, up to `most` bytes; b"" for nothing and at the end, which sets `ended`."""
        try:
            data = self._line.recv(most)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return b""
        except OSError:
            data = b""
        self.ended = not data
        return data

    def give(self, packet: bytes) -> None:
        """Lay a whole packet before the client: its next reads are of that."""
        self._given += packet

    def recv(self, size: int) -> bytes:
        """1 to `size` bytes of what was given; b"" at the end; else BlockingIOError."""
        data, self._given = self._given[:size], self._given[size:]
        if not data and not self.ended:
            raise BlockingIOError
        return data

    def pending(self) -> bool:
        """TLS has bytes that poll() knows nothing of."""
        return isinstance(self._line, ssl.SSLSocket) and self._line.pending() > 0

    def send(self, data: bytes | bytearray) -> int:
        """How many of the bytes were taken; raises as a socket does if none were."""
        return self._line.send(data)

    def do_handshake(self) -> None:
        """TLS's, if there is TLS. A line that fails it is closed, which paho leaves undone."""
        if isinstance(self._line, ssl.SSLSocket):
            try:
                self._line.do_handshake()
            except OSError:
                self._line.close()
                raise

    def settimeout(self, seconds: float | None) -> None:
        """For the handshake."""
        self._line.settimeout(seconds)

    def setblocking(self, flag: bool) -> None:
        """False after the handshake."""
        self._line.setblocking(flag)

    def fileno(self) -> int:
        """For poll()."""
        return self._line.fileno()

    def shutdown(self, how: int) -> None:
        """Nothing more in that direction; what was given is let go."""
        self._given = b""
        self.ended = True
        self._line.shutdown(how)

    def close(self) -> None:
        """Let the socket go."""
        self._line.close()


class Wrapper:
    """Stands where paho expects a TLS context; `tls` None leaves the line as it is."""

    check_hostname = True  # by the context inside; paho then does not try to by itself

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls

    def wrap_socket(
        self, line: socket.socket, server_hostname: str, do_handshake_on_connect: bool
    ) -> BufferedLine:
        """The line behind a buffer; its handshake is still to be done."""
        if self._tls is None:
            return BufferedLine(line)
        return BufferedLine(
            self._tls.wrap_socket(
                line,
                server_hostname=server_hostname,
                do_handshake_on_connect=do_handshake_on_connect,
            )
        )
