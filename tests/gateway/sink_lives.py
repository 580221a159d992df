"""A sink's life in a test: made from settings as the gateway makes it, started, used, stopped."""

import asyncio
import time
from pathlib import Path

from trygg_gateway.about import nothing_known
from trygg_gateway.config import parse
from trygg_gateway.sink_makers import sink_of
from trygg_gateway.sinks.port import Later


def made(settings, folder=Path("/srv/trygg"), about=nothing_known):
    """The sink of a table [sinks.peer] with these lines."""
    text = f"[gateway]\nname = 'nord'\n[sinks.peer]\n{settings}\n"
    return sink_of(parse(text, Path(folder) / "gateway.toml").sinks["peer"], about)


async def patiently(call, *arguments, within_s=40):
    """What `call` gives once it no longer says Later: a peer may have much to do."""
    until = time.monotonic() + within_s
    while True:
        try:
            return await call(*arguments)
        except Later:
            assert time.monotonic() < until, "it said Later for too long"
            await asyncio.sleep(0.02)


def life(sink, *batches):
    """Start, deliver each batch, stop; the answers. Raises what it raised."""

    async def work():
        try:
            await sink.start()
            return [await sink.deliver(batch) for batch in batches]
        finally:
            await sink.stop()

    return asyncio.run(asyncio.wait_for(work(), 60))
