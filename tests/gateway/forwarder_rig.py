"""A forwarder over a real journal with sinks that are lists: for tests of the outgoing side."""

import asyncio
import time
from contextlib import asynccontextmanager

from gateway.parcels import put_one
from gateway.records import entry, report
from trygg_gateway import alarm_book
from trygg_gateway.forwarder import Forwarder, Outlet
from trygg_gateway.journal import set_cursor
from trygg_gateway.reader import Reader
from trygg_gateway.sinks.port import Answer
from trygg_gateway.values import LANES

WAIT_S = 40


class ListSink:
    """A sink that keeps what it gets in a list, and does before that what `script` says.

    `script` holds exceptions to raise (None: none), one a call; `gate` cleared makes it hang.
    """

    def __init__(self, script=(), batch=100, alarm_batch=1, confirms=Answer.STORED):
        self.batch, self.alarm_batch, self.confirms = batch, alarm_batch, confirms
        self.counters = {}
        self.got, self.calls = [], 0
        self.script = list(script)
        self.start_script = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def start(self):
        if self.start_script:
            raise self.start_script.pop(0)

    async def stop(self):
        self.gate.set()

    async def deliver(self, entries):
        self.calls += 1
        await self.gate.wait()
        error = self.script.pop(0) if self.script else None
        if error is None:
            self.got += [one.id for one in entries]
            return self.confirms
        self.got += [one.id for one in entries[: error.confirmed]]
        raise error


class Keeping(ListSink):
    """Keeps the entries whole."""

    def __init__(self, *more, **named_):
        super().__init__(*more, **named_)
        self.kept = []

    async def deliver(self, entries):
        answer = await super().deliver(entries)
        self.kept += entries
        return answer


@asynccontextmanager
async def forwarding(journal, sinks, lanes=LANES, tell=alarm_book.sink_said, begin_ms=0, **more):
    """A forwarder at work, with the reader beside it."""
    forwarder = Forwarder(
        journal,
        [Outlet(name, sink, lanes, begin_ms=begin_ms) for name, sink in sinks.items()],
        gateway="nord",
        set_cursor=set_cursor,
        tell=tell,
        **more,
    )
    journal.on_commit.append(forwarder.wake)
    reader = Reader(journal, lambda: time.time_ns() // 1_000_000, lambda _: None, lambda _: None)
    reading = asyncio.create_task(reader.run())
    await forwarder.start()
    try:
        yield forwarder
    finally:
        journal.on_commit.remove(forwarder.wake)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await forwarder.stop()


async def until(condition):
    """Return when the condition holds; fail after WAIT_S."""
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.005)


def put(journal, *frames, lane=None, device="astrid"):
    for frame in frames:
        now_ms = time.time_ns() // 1_000_000
        assert put_one(journal, entry(frame, device=device, lane=lane, received_ms=now_ms))


def reports(number, first=1):
    return [report(1, seq) for seq in range(first, first + number)]


def named(*seqs):
    return [f"astrid:1:{seq}" for seq in seqs]


def run(work):
    asyncio.run(asyncio.wait_for(work, 100))


def timeline(journal):
    return journal.query("SELECT event, who FROM alarm_events ORDER BY id")
