"""The console's own web server: uvicorn in the gateway's event loop, which never hangs at the end.

`stop` ends the live streams first, then lets uvicorn finish what is being answered. Signals belong
to the gateway's service, not to uvicorn. The port is bound here, so a taken port is an error with a
sentence and not the end of the process.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

FINISH_S = 5


class ConsoleError(Exception):
    """The console cannot be served; the message says why and what to do."""


class ConsoleServer:
    """Serves the console on one address until stopped."""

    def __init__(
        self,
        app: Starlette,
        host: str,
        port: int,
        *,
        cert: Path | None = None,
        key: Path | None = None,
    ) -> None:
        self._app = app
        self._host, self._port = host, port
        self._server = _Server(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=FINISH_S,
                ssl_certfile=cert,
                ssl_keyfile=key,
            )
        )
        self._serving: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port being served, also where 0 was asked for."""
        return self._port

    async def start(self) -> None:
        """Bind and serve; returns when the first request would be answered. ConsoleError: taken."""
        bound = _bind(self._host, self._port)
        self._port = bound.getsockname()[1]
        self._serving = asyncio.create_task(self._server.serve(sockets=[bound]))
        ready = asyncio.create_task(self._server.ready.wait())
        await asyncio.wait([self._serving, ready], return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._serving.done():
            await self._serving

    def take_tls(self, context: ssl.SSLContext) -> None:
        """Connections that begin from now on are greeted with another certificate."""
        if self._server.config.ssl is not None:  # its own stays as it is: no file is read into it
            self._server.config.ssl.sni_callback = lambda tls, *_: setattr(tls, "context", context)

    async def stop(self) -> None:
        """End the live streams, finish the answers under way, close the port."""
        await self._app.state.live.close()
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving


def greeting(cert: Path, key: Path) -> ssl.SSLContext:
    """What the console's connections can be greeted with. Raises OSError on unfit files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def must_have_password(host: str) -> bool:
    """Whether a console bound to `host` can be reached from other machines."""
    if host == "localhost":
        return False
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return True


class _Server(uvicorn.Server):
    """uvicorn that says when it is ready and leaves the process's signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, proto)
    except OSError as error:
        raise ConsoleError(f"console: {host} is no address of this machine: {error}") from None
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise ConsoleError(
            f"console: cannot listen on {host} port {port}: {error.strerror}. "
            "Is another gateway running, or should [console] port be another?"
        ) from None
    return bound
