"""The gateway's own door, ingest and journal as a process of its own, for the `doors` bench.

    python -m trygg_tools.bench.doors_gateway FOLDER --trackers 10000 [--tls] [--scrypt]

Prints `ready PORT`, then one JSON line for every line on stdin: resident memory and the counters.
`--scrypt` registers passwords hashed as before they were: what a gateway that was upgraded has.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from trygg_gateway.descriptors import raise_limit
from trygg_gateway.garbage import collect_rarely
from trygg_gateway.handover import hand_over_soon
from trygg_gateway.ingest import Ingest
from trygg_gateway.journal import Journal
from trygg_gateway.listener import Limits, Listener, server_tls
from trygg_gateway.logs import start_logging
from trygg_gateway.registry import Registry, hashed, scrypted
from trygg_tools.bench.gateway_under_test import now_ms
from trygg_tools.bench.generator import GROUP, device


def resident_kib() -> int:
    """Resident memory of this process."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise OSError("/proc/self/status has no VmRSS: this bench needs Linux")


def register(journal: Journal, trackers: int, old_hashes: bool) -> None:
    """So many trackers, all with one password."""
    password = (scrypted if old_hashes else hashed)(b"bench")
    rows = [(device(n), GROUP, device(n), password, bytes(32), now_ms()) for n in range(trackers)]
    insert = "INSERT INTO trackers VALUES (?, ?, ?, ?, ?, ?, 0)"
    journal.write(lambda db: db.executemany(insert, rows)).result()


async def serve(folder: Path, trackers: int, with_tls: bool, old_hashes: bool) -> None:
    """Serve until stdin ends."""
    journal = Journal.open(folder / "journal.db")
    register(journal, trackers, old_hashes)
    registry = Registry(journal, now_ms)
    ingest = Ingest(journal.put, registry, now_ms)
    limits = Limits(rate_per_s=0)
    raise_limit(limits.descriptors, "the bench's door")
    tls = server_tls(folder / "server.crt", folder / "server.key") if with_tls else None
    door = Listener(
        host="127.0.0.1", port=0, deliver=ingest.deliver, check=registry.check, tls=tls,
        limits=limits,
    )  # fmt: skip
    journal.on_pressure.append(door.paused)
    await door.start()
    print(f"ready {door.port}", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        figures = {"resident_kib": resident_kib(), **door.counters, **registry.counters}
        print(json.dumps(figures), flush=True)
    await door.stop()
    await asyncio.to_thread(journal.close)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trackers", type=int, default=10_000)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--scrypt", action="store_true")
    told = parser.parse_args()
    start_logging("console", "error")
    collect_rarely()  # as the service does, both
    hand_over_soon()
    asyncio.run(serve(told.folder, told.trackers, told.tls, told.scrypt))


if __name__ == "__main__":
    main()
