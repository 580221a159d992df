"""TLS at the gateway's own door: between a plain connection and the session that knows nothing
of it.

asyncio's own TLS keeps 256 KiB of buffer for every connection, tells nobody of a handshake that
has begun, and does as many handshakes in one turn of the loop as there are. Here all connections
share the door's one buffer, a handshake is bounded in number, time and bytes like any stranger,
and at most SLICE_S of handshakes are done before the trackers that are logged in have their turn.

A certificate is asked for if the context has authorities for it, and none need be shown. What is
shown and does not verify ends the handshake.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from trygg_gateway.listener_line import address_of

if TYPE_CHECKING:
    from trygg_gateway.listener import Listener
    from trygg_gateway.listener_session import Session

SLICE_S = 0.002  # of handshakes in one turn of the loop, or one step if that takes longer
HANDSHAKE_BYTES = 16_384  # that a client may say before its handshake is done
RECORD = 16_384  # bytes of one TLS record


class Certificate(NamedTuple):
    """A client's certificate that our authority signed: the name it is for, and its SHA-256."""

    name: str
    sha256: bytes


class Handshakes:
    """Steps of handshakes that wait for their turn; those who wait are not read."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[TlsLine] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, line: TlsLine) -> None:
        """That one has heard something."""
        if not self._waiting:
            self._loop.call_soon(self._turn)
        self._waiting.append(line)

    def _turn(self) -> None:
        until = time.perf_counter() + SLICE_S
        while self._waiting:
            self._waiting.popleft().shake()
            if time.perf_counter() >= until:
                break
        if self._waiting:
            self._loop.call_soon(self._turn)  # after what has come meanwhile


class TlsLine(asyncio.BufferedProtocol):
    """The protocol of one plain connection, and the transport of the session behind it."""

    __slots__ = ("_door", "_heard", "_in", "_out", "_plain", "_session", "_since", "_timer", "_tls")

    def __init__(self, door: Listener, context: ssl.SSLContext) -> None:
        self._door = door
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._plain: asyncio.Transport | None = None
        self._session: Session | None = None  # once the handshake is done
        self._heard = 0  # bytes of the handshake
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # -- the plain connection's protocol ---------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands: the time for handshake and login begins."""
        self._plain = cast(asyncio.Transport, transport)
        loop = self._door.loop
        self._since = loop.time()
        self._timer = loop.call_later(self._door.limits.auth_seconds, self.abort, "too slow")
        self._door.stranger_came(self, address_of(transport))

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if self._timer is not None:
            self._timer.cancel()
        if self._session is not None:
            self._session.connection_lost(exc)
            self._session = None
        else:
            self._door.strangers.discard(self)
            self._door.counters["handshakes_failed"] += 1
        self._plain = None

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go: the listener's one buffer."""
        chunk = self._door.chunk
        return chunk if self._session is not None else chunk[:HANDSHAKE_BYTES]

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have come."""
        self._in.write(self._door.chunk[:nbytes])
        if self._session is not None:
            self._read()
        elif self._plain is not None:
            self._heard += nbytes
            self._plain.pause_reading()
            self._door.handshakes.add(self)

    def pause_writing(self) -> None:
        """More is waiting to be written than a client that reads leaves behind."""
        if self._session is not None:
            self._session.pause_writing()

    def resume_writing(self) -> None:
        """Of no meaning: who does not read is closed."""

    # -- TLS -------------------------------------------------------------------------------

    def shake(self) -> None:
        """One step of the handshake, with what has come."""
        if self._plain is None or self._plain.is_closing():
            return
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            if self._heard >= HANDSHAKE_BYTES:
                self.abort("a handshake that is too long")
            else:
                self._plain.resume_reading()
        except ssl.SSLError:  # no TLS, no trust: the reason has been written
            self._flush()
            self._plain.close()
        else:
            self._flush()
            self._begin()

    def _begin(self) -> None:
        """The handshake is done: a session takes over."""
        assert self._plain is not None
        if self._timer is not None:
            self._timer.cancel()
        self._door.strangers.discard(self)
        self._session = session = self._door.new_session()
        session.certificate = _certificate_of(self._tls)
        session.made(self, self._since)
        self._plain.resume_reading()
        self._read()  # what came right behind the handshake

    def _read(self) -> None:
        """Hand on what has come, decrypted."""
        pieces, ended = [], False
        try:
            while not ended:
                piece = self._tls.read(RECORD)
                pieces.append(piece)
                ended = not piece
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            ended = True  # what came before it was whole
        self._flush()
        if self._session is not None and any(pieces):
            self._session.received(b"".join(pieces))
        if ended:
            self.close()

    def _flush(self) -> None:
        """Send what TLS has to say."""
        if self._out.pending and self._plain is not None:
            self._plain.write(self._out.read())

    # -- the session's transport -----------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send that, encrypted."""
        at = 0
        try:
            while at < len(data):
                at += self._tls.write(data[at : at + RECORD])
        except ssl.SSLError:
            self.abort("TLS is over")
            return
        self._flush()

    def close(self) -> None:
        """Say goodbye, and close when all is written."""
        try:
            self._tls.unwrap()
        except (ssl.SSLError, ValueError):
            pass  # it need not answer
        self._flush()
        if self._plain is not None:
            self._plain.close()

    def abort(self, why: str = "") -> None:
        """Close at once."""
        if self._plain is not None:
            self._plain.abort()

    def pause_reading(self) -> None:
        """Read nothing more for now."""
        if self._plain is not None:
            self._plain.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        if self._plain is not None:
            self._plain.resume_reading()

    def get_write_buffer_size(self) -> int:
        """Bytes that wait for the other end to read."""
        return self._plain.get_write_buffer_size() if self._plain is not None else 0

    def set_write_buffer_limits(self, high: int) -> None:
        """More than that waiting is told to the session."""
        if self._plain is not None:
            self._plain.set_write_buffer_limits(high=high)

    def get_extra_info(self, name: str) -> Any:
        """As the plain connection has it."""
        return self._plain.get_extra_info(name) if self._plain is not None else None


def _certificate_of(tls: ssl.SSLObject) -> Certificate | None:
    data = tls.getpeercert(binary_form=True)
    if not data:
        return None
    subject = cast(dict[str, Any], tls.getpeercert() or {}).get("subject", ())
    names = [value for part in subject for key, value in part if key == "commonName"]
    return Certificate(names[0] if len(names) == 1 else "", hashlib.sha256(data).digest())


def server_tls(cert: Path, key: Path, client_ca: Path | None = None) -> ssl.SSLContext:
    """The TLS side of the door, 1.2 or later; `client_ca` signs what trackers may log in with.

    No renegotiation and no tickets: each is work that a stranger can ask for. Raises OSError or
    ssl.SSLError on unfit files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION
    context.num_tickets = 0
    context.load_cert_chain(cert, key)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
