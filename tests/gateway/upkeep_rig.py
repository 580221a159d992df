"""A journal with its upkeep and no clock of its own, for the tests of what is let go."""

import asyncio

from gateway.parcels import parcel
from gateway.records import NOW_MS
from trygg_gateway.disk_guard import DiskGuard
from trygg_gateway.journal import Journal
from trygg_gateway.registry import Registry
from trygg_gateway.upkeep import Upkeep
from trygg_gateway.values import LANES, READER

DAY_MS = 86_400_000


class Rig:
    """`with Rig(path) as rig`: everybody's cursor is where the test moves it."""

    def __init__(self, path, days=30, max_bytes=0, reserve=1 << 20, now_ms=NOW_MS):
        self.now_ms = now_ms
        self.journal = Journal.open(path)
        self.guard = DiskGuard(self.journal.put, path, max_bytes, reserve)
        self.said = []
        self.sinks = {READER: LANES, "centre": LANES}
        self.upkeep = Upkeep(
            self.journal, self.guard, lambda: self.now_ms, days=days,
            sinks=lambda: self.sinks, written=self.said.extend,
        )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.journal.close()

    def keep(self, *entries):
        """Commit records; what the journal says of each is on disk on return."""
        self.journal.put(parcel(*entries))
        self.journal.write(lambda db: None).result(20)

    def register(self, *devices):
        for device in devices:
            Registry(self.journal, lambda: self.now_ms).add(device, "nord", device.title())

    def confirm(self, *sinks):
        """These sinks, or all, have confirmed everything."""
        ((newest,),) = self.journal.query("SELECT max(id) FROM records")
        for sink in sinks or (READER, "centre"):
            for lane in LANES:
                self.journal.move_cursor(sink, lane, newest).result(20)

    def held(self, device="astrid"):
        return [seq for (seq,) in self.journal.query(
            "SELECT seq FROM records WHERE device = ? ORDER BY boot, seq", (device,))]  # fmt: skip

    def lap(self):
        asyncio.run(self.upkeep.lap())

    def forget(self):
        async def all_of_it():
            while await self.upkeep.forget_some():
                pass

        asyncio.run(all_of_it())
