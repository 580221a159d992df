"""A gateway's middle on a clock of its own: journal, reader, watch, alarm engine, what sinks see.

`say(device, frame)` puts a record into the journal as a door does; `go_to(ms)` lets the time pass
in steps of the watch's own looks, at each of which everything that is due is done. `crash` loses
all that is not on the disk.
"""

import asyncio

from gateway.parcels import put_one
from gateway.records import entry
from trygg_gateway.alarm_engine import AlarmEngine
from trygg_gateway.escalation import Duty, Person, Policy
from trygg_gateway.gateway_health import Limits
from trygg_gateway.journal import Journal
from trygg_gateway.own_delivery import Address, delivery_for
from trygg_gateway.own_records import SILENT
from trygg_gateway.reader import Reader
from trygg_gateway.registry import Registry
from trygg_gateway.values import ALARM, lane_of
from trygg_gateway.views import Views
from trygg_gateway.watched import Rules
from trygg_gateway.watcher import LOOK_S, Watcher
from trygg_wire import codec, layouts

NIGHT_POLICY = Policy(
    duties=(Duty(frozenset(), (), (Person("ingrid", "Ingrid", ("sms",)),)),),
    call_for=frozenset({layouts.LEFT, layouts.OFF_CHARGER, SILENT}),
)


class WatchRig:
    def __init__(self, path, now_ms, rules=None, policy=NIGHT_POLICY, limits=None):
        self.path, self.rules, self.policy = path, rules or Rules(), policy
        self.limits = limits or Limits(commit_s=1e9, disk_free=0)  # this machine's are no matter
        self.now_ms = now_ms
        self.set_back_ms = 0  # how far the wall's clock was set back; the machine's own goes on
        self.lanes = []
        self.doors = {}
        self._open()
        self.registry = Registry(self.journal, self.clock)

    def _open(self):
        self.journal = Journal.open(self.path)
        self.views = Views(self.journal, self.clock, policy=self.policy)
        self.watcher = Watcher(
            self.journal, self.rules, self.limits, self.clock, written=lambda runs: None,
            lanes=lambda: self.lanes, doors=self.doors,
            counter=lambda: (self.now_ms + self.set_back_ms) / 1000,
        )  # fmt: skip
        self.reader = Reader(
            self.journal, self.clock, lambda what: None, lambda device: None, self.watcher.heard
        )
        self.engine = AlarmEngine(
            self.journal, self.policy, self.clock, lambda runs: None, lambda: None,
            counter_ms=lambda: self.now_ms + self.set_back_ms,
        )  # fmt: skip
        self.engine.begin()

    def clock(self):
        return self.now_ms

    def crash(self):
        self.journal.close()
        self._open()

    def close(self):
        self.journal.close()

    def put(self, device, frame):
        """A record comes and is committed; the reader has not seen it."""
        kind, _, _, time_s, is_uptime = codec.peek(frame)
        made_s = 0 if is_uptime else time_s + layouts.EPOCH
        lane = lane_of(kind == layouts.ALARM, made_s, self.now_ms)
        put_one(self.journal, entry(frame, device=device, received_ms=self.now_ms, lane=lane))
        self.journal.write(lambda db: None).result()

    def say(self, device, frame):
        self.put(device, frame)
        self.look()

    def look(self, read=True):
        """Everything that is due now is done."""

        async def work():
            while read and await self.reader.step():
                pass
            await self.watcher.look(self.reader)
            while (
                due_ms := await self.engine.step()
            ) is not None and due_ms <= self.engine.clock.now_ms():
                pass
            while read and await self.reader.step():
                pass

        asyncio.run(work())
        self.journal.write(lambda db: None).result()  # what was asked for is on the disk

    def go_to(self, until_ms, look_s=LOOK_S):
        while self.now_ms < until_ms:
            self.now_ms = min(until_ms, self.now_ms + round(look_s * 1000))
            self.look()

    def set_back(self, seconds):
        """The wall's clock is set back."""
        self.now_ms -= seconds * 1000
        self.set_back_ms += seconds * 1000

    def go(self, seconds, look_s=LOOK_S):
        self.go_to(self.now_ms + round(seconds * 1000), look_s)

    def events(self, address=None, since=0):
        """(CloudEvents type, data) of what a sink gets in the alarm lane, in order."""
        address = address or Address("centre")
        rows = self.journal.rows_after(since, ALARM, 10_000)
        found = [delivery_for(row, "nord", address) for row in rows]
        return [(one.attributes["type"], one.data) for one in found if one is not None]

    def types(self, address=None):
        return [type_.removeprefix("no.trygg.") for type_, _ in self.events(address)]

    def alarms(self):
        """name → the newest alarm of that name, as people see it."""
        return {one["what"]: one for one in reversed(self.views.alarms())}
