"""The gateway's path from door to disk as a process of its own, for the `ingest` bench.

    python -m trygg_tools.bench.gateway_under_test listener FOLDER
    python -m trygg_tools.bench.gateway_under_test broker FOLDER --url mqtt://127.0.0.1:1883
    python -m trygg_tools.bench.gateway_under_test broker-uncommitted FOLDER --url ...

It prints `ready PORT` when trackers may come (PORT is 0 behind a broker), `done` when so many
records are acknowledged, and when its stdin ends one JSON line: the rate from the first publish to
the last PUBACK, and the parts' counters. Two doors commit nothing, to compare with:
`broker-read-only` reads and checks every record as the gateway does and acknowledges at once,
`broker-uncommitted` does not even look at it: what a broker gives at best.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from trygg_gateway.acks import Acks
from trygg_gateway.broker import Broker
from trygg_gateway.downlink import Downlink
from trygg_gateway.garbage import collect_rarely
from trygg_gateway.ingest import Ingest
from trygg_gateway.journal import Journal
from trygg_gateway.listener import Limits, Listener
from trygg_gateway.logs import start_logging
from trygg_gateway.order_book import OrderBook
from trygg_gateway.reader import Reader
from trygg_gateway.registry import Registry, hashed
from trygg_gateway.values import Incoming, Parcel
from trygg_tools.bench.generator import GROUP, device

DOORS = ("listener", "broker", "broker-read-only", "broker-uncommitted")


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def acknowledge(incoming: Incoming) -> None:
    """Confirm publishes unread."""
    incoming.confirm(incoming.token, len(incoming.messages))


def acknowledge_read(parcel: Parcel) -> bool:
    """Confirm records that were read and checked, and forget them: a journal that keeps nothing."""
    parcel.confirm(parcel.token, parcel.count)
    return True


class Uncommitted:
    """The broker door, every publish confirmed at once by `deliver`."""

    def __init__(self, url: str, deliver: Callable[[Incoming], None]) -> None:
        self.door = Broker(url=url, client_id="bench-uncommitted", deliver=deliver)

    async def run(self, records: int) -> dict[str, Any]:
        """Serve until stdin ends."""
        await self.door.start()
        await _until(lambda: self.door.connected, 0.02)
        figures = await _served(self.door, 0, records)
        await self.door.stop()
        return figures


class Committed:
    """Door, ingest, journal, reader and downlink, as the service puts them together."""

    def __init__(self, door: str, url: str, folder: Path, trackers: int) -> None:
        self.journal = Journal.open(folder / "journal.db")
        _register(self.journal, trackers)
        self.registry = Registry(self.journal, now_ms)
        self.ingest = Ingest(self.journal.put, self.registry, now_ms)
        self.door: Listener | Broker
        if door == "listener":
            self.door = Listener(
                host="127.0.0.1",
                port=0,
                deliver=self.ingest.deliver,
                check=self.registry.check,
                limits=Limits(rate_per_s=0),
            )
        else:
            self.door = Broker(url=url, client_id="bench", deliver=self.ingest.deliver)
        self.journal.on_pressure.append(self.door.paused)

    async def run(self, records: int) -> dict[str, Any]:
        """Serve until stdin ends, then wait for the reader to have folded everything."""
        book = OrderBook(self.journal, now_ms)
        acks = Acks(self.journal.highest_boot)
        downlink = Downlink([self.door], acks, book, self.registry, now_ms)
        reader = Reader(self.journal, now_ms, lambda what: None, downlink.nudge)
        self.journal.on_commit.append(downlink.on_commit)
        tasks = [asyncio.create_task(part.run()) for part in (downlink, reader)]
        await self.door.start()
        if isinstance(self.door, Broker):
            await _until(partial(getattr, self.door, "connected"), 0.02)
        port = self.door.port if isinstance(self.door, Listener) else 0
        figures = await _served(self.door, port, records)
        told = time.perf_counter()
        await _until(lambda: not any(reader.behind.values()), 0.05)
        figures["reader_seconds_after"] = round(time.perf_counter() - told, 3)
        figures |= self.journal.counters | reader.counters | acks.counters
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.door.stop()
        await asyncio.to_thread(self.journal.close)
        return figures


def _register(journal: Journal, trackers: int) -> None:
    password = hashed(b"bench")
    rows = [(device(n), GROUP, device(n), password, bytes(32), now_ms()) for n in range(trackers)]
    insert = "INSERT INTO trackers VALUES (?, ?, ?, ?, ?, ?, 0)"
    journal.write(lambda db: db.executemany(insert, rows)).result()


def _reading(folder: Path, trackers: int) -> Ingest:
    """Ingest as in service, before a journal that keeps nothing."""
    journal = Journal.open(folder / "journal.db")
    _register(journal, trackers)
    return Ingest(acknowledge_read, Registry(journal, now_ms), now_ms)


async def _until(what: Callable[[], bool], step_s: float) -> None:
    while not what():  # noqa: ASYNC110 - what is waited for is a figure and has no event
        await asyncio.sleep(step_s)


async def _served(door: Listener | Broker, port: int, records: int) -> dict[str, Any]:
    print(f"ready {port}", flush=True)
    await _until(lambda: door.counters["publishes"] > 0, 0.001)
    began = time.perf_counter()
    await _until(lambda: door.counters["pubacks"] >= records, 0.005)
    seconds = time.perf_counter() - began
    print("done", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    return {"records_per_s": round(records / seconds), "seconds": round(seconds, 3)}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("door", choices=DOORS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", default="")
    parser.add_argument("--trackers", type=int, default=50)
    parser.add_argument("--records", type=int, default=100_000)
    told = parser.parse_args()
    start_logging("console", "warning")
    collect_rarely()  # as the service does
    gateway: Committed | Uncommitted
    if told.door == "broker-uncommitted":
        gateway = Uncommitted(told.url, acknowledge)
    elif told.door == "broker-read-only":
        gateway = Uncommitted(told.url, _reading(told.folder, told.trackers).deliver)
    else:
        gateway = Committed(told.door, told.url, told.folder, told.trackers)
    print(json.dumps(asyncio.run(gateway.run(told.records))), flush=True)


if __name__ == "__main__":
    main()
