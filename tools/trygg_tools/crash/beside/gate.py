"""A door in front of the far broker that can be shut, so that a backlog stands before it."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Gate:
    """Passes bytes between `port` and the broker on `far_port` while it is open."""

    def __init__(self, port: int, far_port: int) -> None:
        self.port = port
        self._far_port = far_port
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        """Let callers in."""
        if self._server is None:
            self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)

    async def shut(self) -> None:
        """Cut every line, and let nobody in."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._lines):
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._far_port)
        both = {writer, far_writer}
        self._lines |= both
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        except asyncio.CancelledError:
            return  # the loop ends; asyncio's streams would complain of the rest
        finally:
            self._lines -= both
            for one in both:
                one.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()
