"""The webhook of the campaign: keeps each id once, can be shut, and springs a trap in mid-delivery.

It is the receiver of `trygg webhook`, served in the campaign's own loop, so that a kill can be put
exactly between what the receiver did and what the gateway learned of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from trygg_tools.crash.events import content
from trygg_tools.webhook import Receiver, receiver_app

Trap = Callable[[], None]


class Hook(Receiver):
    """`shut`: everything is answered 503. `trap`: called once, in `trap_after` more deliveries."""

    def __init__(self, secret: str, out: Path) -> None:
        super().__init__(secret, out)
        self.shut = False
        self.other_content: list[str] = []  # ids that came again and said something else
        self._contents: dict[str, str] = {}
        self._trap: Trap | None = None
        self._springs_in = 0
        self._before = False

    @property
    def came_again(self) -> int:
        """How often it got what it had."""
        return sum(self._times.values()) - len(self._kept)

    def set_trap(self, trap: Trap | None, springs_in: int = 0, *, before: bool = False) -> None:
        """Call `trap` in that many deliveries: `before` the record is kept, or the answer given."""
        self._trap, self._springs_in, self._before = trap, springs_in, before

    async def hook(self, request: Request) -> Response:
        """POST /hook."""
        if self.shut:
            return JSONResponse({"error": "shut"}, 503)
        self._springs_in -= 1
        if self._before:
            self._spring()
        try:
            answer = await super().hook(request)
        except ClientDisconnect:  # killed in the middle of its request
            return Response()
        self._spring()
        return answer

    def _keep(self, key: str, event: dict[str, Any]) -> None:
        if self._contents.setdefault(key, content(event)) != content(event):
            self.other_content.append(key)
        super()._keep(key, event)

    def _spring(self) -> None:
        if self._trap is not None and self._springs_in < 0:
            trap, self._trap = self._trap, None
            trap()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave Ctrl-C to the campaign."""
        yield


class Served:
    """A Hook on a free port of loopback."""

    def __init__(self, hook: Hook) -> None:
        self.hook = hook
        # asyncio sets TCP_NODELAY only on a socket that says it is TCP
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen()
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            receiver_app(hook), log_config=None, lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Serve from now on."""
        self._task = asyncio.create_task(self._server.serve([self._socket]))

    async def stop(self) -> None:
        """End; what it has kept stays in its file."""
        self._server.should_exit = self._server.force_exit = True
        if self._task is not None:
            await self._task
        self._socket.close()
        self.hook.close()
