"""The alarms in the database: what trackers and sinks say of them, in a transaction.

What people do with an alarm is in alarm_steps.py, who is called in call_book.py.
"""

from typing import Protocol

from trygg_gateway import alarms
from trygg_gateway.alarms import Alarm, Event
from trygg_gateway.database import Database
from trygg_gateway.values import ALARM, CLASH_BOOT, READER
from trygg_wire import codec, layouts

_INSERT = (
    f"INSERT OR IGNORE INTO alarms ({', '.join(Alarm._fields)})"  # noqa: S608 - our own names
    f" VALUES ({', '.join('?' * len(Alarm._fields))})"
)
_EVENT = "INSERT INTO alarm_events (alarm_id, at_ms, event, who, text) VALUES (?, ?, ?, ?, ?)"
_OF_BOOT = """
    SELECT a.id, a.raised_s, a.stored_ms, r.received_ms, r.payload
    FROM alarms AS a JOIN records AS r USING (device, boot, seq)
    WHERE a.device = ? AND a.boot = ?
"""
_DATE_EVENT = """
    UPDATE alarm_events SET at_ms = ?, text = replace(text, ?, '') WHERE alarm_id = ? AND event = ?
"""
_OPEN_LEFT = """
    SELECT id FROM alarms
    WHERE device = ? AND fence_number = ? AND what = ? AND state <> 'closed'
      AND (boot, seq) < (?, ?)
    ORDER BY boot DESC, seq DESC LIMIT 1
"""
_BACK_ALONE = """
    SELECT id, raised_s FROM alarms
    WHERE device = ? AND fence_number = ? AND what = ? AND closed_cause = ?
      AND (boot, seq) > (?, ?) AND boot < ?
    ORDER BY boot, seq LIMIT 1
"""

_ALARM_OF = "SELECT id FROM alarms WHERE device = ? AND boot = ? AND seq = ?"
_CALL_OF = "SELECT alarm_id, kind, who FROM calls WHERE device = ? AND boot = ? AND seq = ?"
_KNOWN = "SELECT 1 FROM alarm_events WHERE alarm_id = ? AND event = ? AND who = ?"

_OF_CALL = {alarms.DELIVERED: alarms.CALL_DELIVERED, alarms.ACCEPTED: alarms.CALL_ACCEPTED}

CHANNEL_CALL, PERSON_CALL, CALL_OFF = "channel", "person", "call_off"  # calls.kind


class Outcome(Protocol):
    """What became of an alarm's record at a sink: "delivered", "accepted" or "refused"."""

    @property
    def row_id(self) -> int:
        """The record's row in the journal."""

    @property
    def device(self) -> str:
        """Whose it is."""

    @property
    def boot(self) -> int:
        """Its boot."""

    @property
    def seq(self) -> int:
        """Its number in that boot."""

    @property
    def sink(self) -> str:
        """The sink's name."""

    @property
    def event(self) -> str:
        """What it did."""

    @property
    def text(self) -> str:
        """A sentence about it."""

    @property
    def at_ms(self) -> int:
        """When."""


def add_event(db: Database, alarm_id: int, event: Event) -> None:
    """One more line in an alarm's timeline."""
    db.execute(_EVENT, (alarm_id, *event))


def raise_alarm(db: Database, alarm: Alarm, events: list[Event]) -> int | None:
    """Store a new alarm with its first events; None if it is there already.

    A BACK that overtook its LEFT is found and becomes an event of it.
    """
    made = db.execute(_INSERT, alarm)
    if not made.rowcount:
        return None
    alarm_id = made.lastrowid
    assert alarm_id is not None
    for event in events:
        add_event(db, alarm_id, event)
    if alarm.what == layouts.LEFT:
        _take_overtaken_back(db, alarm_id, alarm)
    return alarm_id


def date(db: Database, device: str, boot: int, start_s: int) -> int:
    """Give the alarms that a boot raised without a clock their time, now that it is known.

    `start_s`: when that boot began. How many got another time than they had.
    """
    dated = 0
    for alarm_id, raised_s, stored_ms, received_ms, payload in db.execute(
        _OF_BOOT, (device, boot)
    ).fetchall():
        values = codec.decode(payload)[1]
        made_s = min(start_s + int(values["time_s"]), received_ms // 1000)
        if not values["time_is_uptime"] or made_s == raised_s:
            continue
        late_by_s = max(0, stored_ms // 1000 - made_s)
        db.execute(
            "UPDATE alarms SET raised_s = ?, late_by_s = ? WHERE id = ?",
            (made_s, late_by_s, alarm_id),
        )
        db.execute(_DATE_EVENT, (made_s * 1000, alarms.UNDATED, alarm_id, alarms.RAISED))
        dated += 1
    return dated


def come_back(db: Database, alarm: Alarm, event: Event) -> int | None:
    """Write a BACK record into the open alarm it belongs to; that alarm's id.

    Where no alarm of that fence is open the BACK is kept as an alarm closed from the start. So is
    one of another life (a clash): it is the return from none of this life's exits.
    """
    identity = (alarm.device, alarm.fence_number, layouts.LEFT, alarm.boot, alarm.seq)
    clashes = alarm.boot >= CLASH_BOOT
    found = None if clashes else db.execute(_OPEN_LEFT, identity).fetchone()
    if found is None:
        alone = alarm._replace(state=alarms.CLOSED, closed_cause=alarms.BACK_ALONE)
        return raise_alarm(db, alone, [event])
    add_event(db, found[0], event)
    return int(found[0])


def _take_overtaken_back(db: Database, alarm_id: int, left: Alarm) -> None:
    found = db.execute(
        _BACK_ALONE,
        (
            *(left.device, left.fence_number, layouts.BACK, alarms.BACK_ALONE),
            *(left.boot, left.seq, CLASH_BOOT),
        ),
    ).fetchone()
    if found is not None:
        db.execute("UPDATE alarm_events SET alarm_id = ? WHERE alarm_id = ?", (alarm_id, found[0]))
        db.execute("DELETE FROM alarms WHERE id = ?", (found[0],))


def sink_said(db: Database, outcome: Outcome) -> bool:
    """Write what a sink made of an alarm's record into the timeline, once.

    False if the reader has not come to that record yet: then ask again. A record that the
    reader has passed without making an alarm of it (BACK) has no timeline of its own. One that
    carries a call, or an alarm over a further channel, belongs to the alarm that it is about.
    """
    identity = (outcome.device, outcome.boot, outcome.seq)
    found = db.execute(_ALARM_OF, identity).fetchone()
    if found is not None:
        _sink_event(db, found[0], outcome.event, outcome)
        return True
    call = db.execute(_CALL_OF, identity).fetchone()
    if call is not None:
        _call_event(db, call[0], call[1], call[2], outcome)
        return True
    passed = "SELECT 1 FROM cursors WHERE sink = ? AND lane = ? AND id >= ?"
    return db.execute(passed, (READER, ALARM, outcome.row_id)).fetchone() is not None


def _call_event(db: Database, alarm_id: int, kind: str, who: str, outcome: Outcome) -> None:
    """A call is not the alarm: that a person's telephone has it says nothing of the centre."""
    if kind == CHANNEL_CALL:
        _sink_event(db, alarm_id, outcome.event, outcome)
    elif kind == PERSON_CALL:
        event = _OF_CALL.get(outcome.event, outcome.event)
        _sink_event(db, alarm_id, event, outcome, f"call to {who}: {outcome.text}")


def _sink_event(
    db: Database, alarm_id: int, event: str, outcome: Outcome, text: str | None = None
) -> None:
    said = Event(outcome.at_ms, event, outcome.sink, outcome.text if text is None else text)
    same_event = (alarm_id, event, outcome.sink)
    if event in _OF_CALL.values():  # one for each call, and each has its own second
        known = db.execute(_KNOWN + " AND text = ?", (*same_event, said.text)).fetchone()
    else:
        known = db.execute(_KNOWN, same_event).fetchone()
    if known is None:
        add_event(db, alarm_id, said)
