"""Many PUBACKs in one piece on a socket that a client library writes to as well.

Through the library each acknowledgement is a packet of its own in its queue, a wake-up and a
system call. Written here they are one `send`, as long as nobody begins in the middle of another's
packet: whoever has one half written goes first. (With TLS, a write that was refused must be
repeated before any other, so acknowledgements that the socket did not take count as half written.)
"""

import ssl
from typing import Any, Protocol


class Client(Protocol):
    """What is asked of the client library."""

    def want_write(self) -> bool:
        """It has something to say."""

    def loop_write(self) -> Any:
        """Say it, or as much of it as the socket takes."""


class AckWriter:
    """Writes `acks` (add to it) and what the client has to say, in turns, to one connection."""

    def __init__(self, client: Client, sock: Any) -> None:
        self.acks = b""
        self.client_first = True  # it may have a packet half written; set it when it may
        self._client = client
        self._socket = sock

    @property
    def waiting(self) -> bool:
        """Something is left to write: wait for room."""
        return bool(self.acks) or self._client.want_write()

    def write(self) -> None:
        """Write as much as the socket takes."""
        if self.client_first and not self._write_clients():
            return
        if self.acks and not self._write_acks():
            return
        self._write_clients()

    def _write_clients(self) -> bool:
        if self._client.want_write():
            self._client.loop_write()
        self.client_first = self._client.want_write()
        return not self.client_first

    def _write_acks(self) -> bool:
        try:
            self.acks = self.acks[self._socket.send(self.acks) :]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass  # there will be room
        except OSError:
            self.acks = b""  # lost: the client's next read finds out
        return not self.acks
