"""Who wants to know that something changed, each with a stream of its own."""

import asyncio
from typing import Any

Json = dict[str, Any]


class Notices:
    """One subscriber's stream; a name told many times before it is read comes once."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._changed: dict[str, None] = {}
        self._wake = asyncio.Event()

    def tell(self, what: str) -> None:
        """`what` changed. From any thread."""
        try:
            self._loop.call_soon_threadsafe(self._mark, what)
        except RuntimeError:
            return  # its loop is closed, so nobody listens

    def _mark(self, what: str) -> None:
        self._changed[what] = None
        self._wake.set()

    def __aiter__(self) -> "Notices":
        return self

    async def __anext__(self) -> Json:
        while not self._changed:
            self._wake.clear()
            await self._wake.wait()
        what = next(iter(self._changed))
        del self._changed[what]
        return {"changed": what}
