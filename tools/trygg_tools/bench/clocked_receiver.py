"""The webhook receiver with a clock: when each event was confirmed, for the `alarm` bench.

It is the receiver of `trygg webhook`, checks and all, served by a thread of this process. The time
is taken when the answer is written, on the monotonic clock, which all processes of one machine
share.
"""

import asyncio
import socket
import threading
import time
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trygg_tools.webhook import Receiver

CONFIRMED = 200


class ClockedReceiver:
    """A context in which events are received at `url`; `confirmed_ns` is event id → when."""

    def __init__(self, secret: str, out: Path) -> None:
        self.confirmed_ns: dict[str, int] = {}
        self.doubles = 0
        self._receiver = Receiver(secret, out)
        # asyncio sets TCP_NODELAY only on a socket that says it is TCP
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/hook"
        app = Starlette(routes=[Route("/hook", self._hook, methods=["POST"])])
        self._server = uvicorn.Server(
            uvicorn.Config(
                app, log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=1
            )
        )
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> "ClockedReceiver":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()
        self._socket.close()
        self._receiver.close()

    def _serve(self) -> None:
        asyncio.run(self._server.serve([self._socket]))

    async def _hook(self, request: Request) -> Response:
        answer = await self._receiver.hook(request)
        if answer.status_code == CONFIRMED:
            answer.background = BackgroundTask(self._note, request.headers["webhook-id"])
        return answer

    async def _note(self, key: str) -> None:
        """The answer has been written: the event is confirmed now."""
        if key in self.confirmed_ns:
            self.doubles += 1
        self.confirmed_ns.setdefault(key, time.monotonic_ns())
