"""An HTTP receiver for a test: keeps what comes in, and answers as it is told."""

import asyncio
import socket
import threading
from contextlib import contextmanager

import uvicorn

from gateway.mosquitto import free_port


class HttpEnd:
    """`requests` are (path with query, headers, body) that were answered with 2xx; `answers` are
    statuses for the next requests, `judge(path, headers, body)` gives a status for any other."""

    def __init__(self, judge=lambda path, headers, body: 200):
        self.port = free_port()
        self.requests = []
        self.answers = []
        self._judge = judge
        self._server = None
        self._thread = None
        self._bound = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    async def __call__(self, scope, receive, send):
        """The ASGI application."""
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        query = scope["query_string"].decode()
        path = scope["path"] + ("?" + query if query else "")
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        status = self.answers.pop(0) if self.answers else self._judge(path, headers, body)
        if 200 <= status < 300:
            self.requests.append((path, headers, body))
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"[]"})

    def up(self):
        """Listen, on the port it always has."""
        self._bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._bound.bind(("127.0.0.1", self.port))
        self._bound.listen()
        settings = uvicorn.Config(
            self, log_config=None, lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(settings)
        work = self._server.serve([self._bound])
        self._thread = threading.Thread(target=lambda: asyncio.run(work))
        self._thread.start()

    def down(self):
        """Listen no more."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()
        self._bound.close()


@contextmanager
def http_end(judge=lambda path, headers, body: 200):
    """A receiver that runs."""
    end = HttpEnd(judge)
    end.up()
    try:
        yield end
    finally:
        end.down()
