"""A socket that is read in large pieces, for a client library that asks for one byte at a time.

paho reads every packet in three system calls: its type, its length, its body. Each of them gives
the interpreter away and has to win it back from a busy thread. Here one call fetches what has
come, and the library's are answered from memory. paho lets a socket be wrapped where TLS is
begun (`tls_set_context` takes whatever has `wrap_socket`), so that is where `Wrapper` does it,
with TLS or without.
"""

from __future__ import annotations

import socket
import ssl

CHUNK = 65_536


class BufferedLine:
    """What paho asks of a socket (its SocketLike, and a handshake); reads ahead up to CHUNK."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._ahead = b""
        self._at = 0

    def recv(self, size: int) -> bytes:
        """1 to `size` bytes, b"" at the end; BlockingIOError or an ssl one if none have come."""
        at = self._at
        if at >= len(self._ahead):
            self._ahead = self._line.recv(CHUNK)
            at = 0
        data = self._ahead[at : at + size]
        self._at = at + len(data)
        return data

    def pending(self) -> bool:
        """Bytes have been read already, of which poll() knows nothing."""
        if self._at < len(self._ahead):
            return True
        return isinstance(self._line, ssl.SSLSocket) and self._line.pending() > 0

    def send(self, data: bytes | bytearray) -> int:
        """How many of the bytes were taken; raises like recv if none were."""
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
        """Nothing more in that direction; what is read ahead is let go."""
        self._ahead = b""
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
