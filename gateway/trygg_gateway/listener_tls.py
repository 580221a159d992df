"""A connection before its TLS handshake is done: bounded in number and time like any stranger.

asyncio's own TLS server tells nobody of a handshake that has begun, so it could not be counted.
Here the connection is accepted plain, joins the strangers, and is raised to TLS by `start_tls`;
then the session takes over. What the client sent right behind its handshake waits for that.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

from trygg_gateway.guesses import neighbourhood

if TYPE_CHECKING:
    from trygg_gateway.listener import Listener


class Handshake(asyncio.Protocol):
    """The protocol of one connection until its TLS stands."""

    def __init__(self, door: Listener, tls: ssl.SSLContext) -> None:
        self._door = door
        self._tls = tls
        self._plain: asyncio.Transport | None = None
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands: the time for the handshake begins."""
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()  # until there is somebody who understands it
        self._plain = transport
        self._door.stranger_came(self, address_of(transport))
        self._door.begin(self._shake(transport))

    def data_received(self, data: bytes) -> None:
        """The first bytes behind the handshake, decrypted."""
        self._early.append(data)

    def abort(self, why: str) -> None:
        """Close at once."""
        if self._plain is not None:
            self._plain.abort()

    async def _shake(self, plain: asyncio.Transport) -> None:
        loop, limits = self._door.loop, self._door.limits
        try:
            secure = await loop.start_tls(
                plain, self, self._tls, server_side=True, ssl_handshake_timeout=limits.auth_seconds
            )
        except OSError:  # no TLS, no trust, too slow, or gone
            secure = None
        finally:
            self._door.strangers.discard(self)
        if secure is None:
            self._door.counters["handshakes_failed"] += 1
            return
        session = self._door.new_session()
        secure.set_protocol(session)
        session.connection_made(secure)
        for data in self._early:
            session.received(data)


def address_of(transport: asyncio.BaseTransport) -> str:
    """Where a connection comes from, as guesses and crowds are counted."""
    peer = transport.get_extra_info("peername")
    return neighbourhood(str(peer[0])) if peer else ""
