"""An alarm engine over a real journal with a clock of its own; sinks that say what a test wants."""

import asyncio

from gateway.parcels import put_one
from gateway.records import NOW_MS, alarm, entry
from trygg_gateway import alarm_book, own_records
from trygg_gateway.alarm_engine import AlarmEngine
from trygg_gateway.escalation import Duty, Person, Policy
from trygg_gateway.journal import Journal
from trygg_gateway.own_records import OWN_KIND, SILENT
from trygg_gateway.reader import Reader
from trygg_gateway.registry import Registry
from trygg_gateway.settlement import Outcome
from trygg_gateway.views import Views
from trygg_wire import layouts

PEOPLE = tuple(Person(name.lower(), name, (f"sms-{name.lower()}",)) for name in ("Ingrid", "Pål"))
POLICY = Policy(
    channels=("centre", "sms"),
    duties=(Duty(frozenset(), (), PEOPLE),),
    call_for=frozenset({layouts.LEFT, layouts.SOS, SILENT}),
)


class AlarmRig:
    """`go(seconds)` lets time pass and the engine work; `crash` loses all that is not on disk."""

    def __init__(self, path, policy=POLICY):
        self.path = path
        self.policy = policy
        self.now_ms = NOW_MS
        self.set_ms = 0  # how far the wall's clock was set from what it would be
        self.hops = []
        self.written = []
        self.seq = 0
        self._open()
        Registry(self.journal, self.clock).add("astrid", "nord", "Astrid")

    def _open(self):
        self.journal = Journal.open(self.path)
        self.views = Views(self.journal, self.clock, policy=self.policy)
        self.reader = Reader(self.journal, self.clock, lambda what: None, lambda device: None)
        self.engine = AlarmEngine(
            self.journal, self.policy, self.clock, self.written.extend, lambda: None,
            lambda hop, seconds: self.hops.append((hop, seconds)), lambda: self.now_ms,
        )  # fmt: skip
        self.engine.begin()

    def clock(self):
        return self.now_ms + self.set_ms

    def set_clock(self, seconds):
        """The wall's clock is set forward, or back; no time passes."""
        self.set_ms += round(seconds * 1000)

    def crash(self):
        """A kill between two commits: the journal is what is left."""
        self.journal.close()
        self._open()

    def close(self):
        self.journal.close()

    def raised(self, device="astrid", **values):
        """A tracker's alarm comes and is folded; its number."""
        self.seq += 1
        frame = alarm(1, self.seq, self.clock() // 1000, **values)
        put_one(self.journal, entry(frame, device=device, received_ms=self.clock()))
        self.journal.write(lambda db: None).result()
        asyncio.run(self._fold())
        self.step()
        return self.journal.query("SELECT max(id) FROM alarms")[0][0]

    async def _fold(self):
        while await self.reader.step():
            pass

    def step(self):
        """The engine looks, until nothing more is due now."""

        async def work():
            while (
                due_ms := await self.engine.step()
            ) is not None and due_ms <= self.engine.clock.now_ms():
                pass

        asyncio.run(work())

    def go(self, seconds):
        self.now_ms += round(seconds * 1000)
        self.step()

    def sink(self, name, alarm_id, event="delivered"):
        """A sink confirms or refuses the alarm's own record."""
        self._said("SELECT device, boot, seq FROM alarms WHERE id = ?", alarm_id, name, event)

    def call_sink(self, name, call_id, event="delivered"):
        """A sink confirms or refuses the record that carries a call."""
        self._said("SELECT device, boot, seq FROM calls WHERE id = ?", call_id, name, event)

    def _said(self, select, id_, name, event):
        def act(db):
            identity = db.execute(select, (id_,)).fetchone()
            return alarm_book.sink_said(db, Outcome(0, *identity, name, event, "ok", self.clock()))

        assert self.journal.write(act).result()
        self.step()

    def calls(self, alarm_id=None):
        """(kind, who, seconds after the rig began) of every call, in order."""
        rows = self.journal.query(
            "SELECT kind, who, at_ms FROM calls WHERE alarm_id = ? OR ? IS NULL ORDER BY id",
            (alarm_id, alarm_id),
        )
        return [(kind, who, (at_ms - NOW_MS) / 1000) for kind, who, at_ms in rows]

    def said(self):
        """Every own record, read."""
        rows = self.journal.query("SELECT payload FROM records WHERE kind = ? ORDER BY id",
                                  (OWN_KIND,))  # fmt: skip
        return [own_records.read(payload) for (payload,) in rows]

    def timeline(self, alarm_id):
        return [(line["event"], line["who"]) for line in self.views.alarm(alarm_id)["timeline"]]
