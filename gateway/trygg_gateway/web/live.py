"""Server-Sent Events: every open page hears within moments that something changed.

One task listens to the gateway's notices and marks every open page; each page's own stream sends
what is marked, then waits a moment, so that a burst of a thousand records is one notice and not
a thousand. A page holds nothing but a set of names, so a stuck browser costs no memory. A beat goes
out every few seconds: a page that hears none knows that its connection is dead, even where the
network forgot to say so.

A stream ends at once when the browser goes (`http.disconnect`), when the console stops (`close`),
or when a write fails. Nothing here waits for a client, so the server's shutdown cannot hang.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from trygg_gateway.web.port import Json, Views

MAX_PAGES = 200
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class Page:
    """One open page: the names changed since it was last told, and whether it has gone."""

    def __init__(self) -> None:
        self.changed: set[str] = set()
        self.gone = False
        self._wake = asyncio.Event()

    def mark(self, name: str) -> None:
        """Remember that `name` changed; a name marked twice is told once."""
        self.changed.add(name)
        self._wake.set()

    def leave(self) -> None:
        """End the stream at its next step, which comes now."""
        self.gone = True
        self._wake.set()

    def take(self) -> list[str]:
        """The names changed since the last call, in a fixed order."""
        names, self.changed = sorted(self.changed), set()
        if not self.gone:
            self._wake.clear()
        return names

    async def woken(self, timeout_s: float) -> None:
        """Return when something is marked, the page leaves, or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._wake.wait()


class Live:
    """The open pages and the one task that listens for them. Used from one event loop."""

    def __init__(self, views: Views, *, beat_s: float = 4.0, gap_s: float = 0.25) -> None:
        self._views = views
        self._beat_s = beat_s
        self._gap_s = gap_s
        self._pages: set[Page] = set()
        self._pump: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def pages(self) -> int:
        """How many pages are listening now."""
        return len(self._pages)

    async def answer(self, request: Request) -> _Stream:
        """The handler of GET /api/live."""
        return _Stream(self)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one page; returns when the page or the console has gone."""
        if self._closed or len(self._pages) >= MAX_PAGES:
            busy = "The gateway is stopping." if self._closed else "Too many pages are open."
            await JSONResponse({"error": busy}, 503)(scope, receive, send)
            return
        page = self._enter()
        gone = asyncio.create_task(_until_disconnect(receive, page.leave))
        try:
            await self._stream(page, send)
        finally:
            gone.cancel()
            self._pages.discard(page)

    async def close(self) -> None:
        """End every stream and the listening task. Call it before the server is told to stop."""
        self._closed = True
        for page in self._pages:
            page.leave()
        if self._pump is not None:
            self._pump.cancel()
            with suppress(asyncio.CancelledError):
                await self._pump

    def _enter(self) -> Page:
        page = Page()
        self._pages.add(page)
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._listen())
        return page

    async def _listen(self) -> None:
        try:
            async for notice in self._views.subscribe():
                for page in self._pages:
                    page.mark(str(notice["changed"]))
        finally:  # nobody listens any more: the pages must ask again, and start a new listener
            for page in self._pages:
                page.leave()

    async def _stream(self, page: Page, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        async for event in self._events(page):
            try:
                await send({"type": "http.response.body", "body": event, "more_body": True})
            except OSError:
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _events(self, page: Page) -> AsyncIterator[bytes]:
        yield _event("hello", {"beat_s": self._beat_s})
        while not page.gone:
            await page.woken(self._beat_s)
            names = page.take()
            if page.gone:
                return
            yield _event("changed", {"names": names}) if names else _event("beat", {})
            if names:
                await asyncio.sleep(self._gap_s)


class _Stream(Response):
    """A response that is the page's stream."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._live.serve(scope, receive, send)


def _event(name: str, data: Json) -> bytes:
    """One event as bytes; `now_ms` lets the page count ages by the gateway's clock."""
    body = json.dumps({**data, "now_ms": time.time_ns() // 1_000_000})
    return f"event: {name}\ndata: {body}\n\n".encode()


async def _until_disconnect(receive: Receive, leave: Callable[[], None]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    leave()
