"""The alarms in the database: each function is one step of an alarm's life in a transaction."""

from typing import NamedTuple, Protocol

from trygg_gateway import alarms
from trygg_gateway.alarms import Alarm, Event
from trygg_gateway.database import Database
from trygg_gateway.values import ALARM, CLASH_BOOT, READER, Refused
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
_CALLED = """
    SELECT a.id, a.boot, r.payload FROM alarms AS a LEFT JOIN records AS r USING (device, boot, seq)
    WHERE a.device = ? AND (a.boot = ? AND a.seq = ? OR a.boot = ?)
    ORDER BY EXISTS (SELECT 1 FROM alarm_events WHERE alarm_id = a.id AND event = ?),
        (SELECT min(id) FROM alarm_events WHERE alarm_id = a.id AND event = ?) NULLS LAST
"""


class Outcome(Protocol):
    """What became of an alarm's record at a sink; `event` is "delivered" or "refused"."""

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


class Subject(NamedTuple):
    """The record that raised an alarm, and whether it is only a test."""

    device: str
    boot: int
    seq: int


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
    reader has passed without making an alarm of it (BACK) has no timeline of its own.
    """
    found = db.execute(
        "SELECT id FROM alarms WHERE device = ? AND boot = ? AND seq = ?",
        (outcome.device, outcome.boot, outcome.seq),
    ).fetchone()
    if found is None:
        passed = "SELECT 1 FROM cursors WHERE sink = ? AND lane = ? AND id >= ?"
        return db.execute(passed, (READER, ALARM, outcome.row_id)).fetchone() is not None
    known = db.execute(
        "SELECT 1 FROM alarm_events WHERE alarm_id = ? AND event = ? AND who = ?",
        (found[0], outcome.event, outcome.sink),
    ).fetchone()
    if known is None:
        said = Event(outcome.at_ms, outcome.event, outcome.sink, outcome.text)
        add_event(db, found[0], said)
    return True


def take(db: Database, alarm_id: int, who: str, now_ms: int) -> Subject:
    """Write that a person took the alarm. Raises Refused."""
    state, taken_by, subject = _standing(db, alarm_id)
    event = alarms.taken(state, taken_by, who, now_ms)
    db.execute(
        "UPDATE alarms SET state = ?, taken_by = ? WHERE id = ?",
        (alarms.TAKEN, event.who, alarm_id),
    )
    add_event(db, alarm_id, event)
    return subject


def close(db: Database, alarm_id: int, who: str, cause: str, now_ms: int) -> Subject:
    """Write that a person closed the alarm, and why. Raises Refused."""
    state, _, subject = _standing(db, alarm_id)
    event = alarms.closed(state, who, cause, now_ms)
    db.execute(
        "UPDATE alarms SET state = ?, closed_cause = ? WHERE id = ?",
        (alarms.CLOSED, event.text, alarm_id),
    )
    add_event(db, alarm_id, event)
    return subject


def told(db: Database, device: str, boot: int, seq: int, at_ms: int) -> None:
    """Write that the tracker said it told its wearer that a person took the alarm."""
    for alarm_id in _called(db, device, boot, seq)[:1]:
        add_event(db, alarm_id, Event(at_ms, alarms.TOLD, device, "the wearer was told"))


def _called(db: Database, device: str, boot: int, seq: int) -> list[int]:
    """The alarms that their tracker calls (boot, seq): one, more where two lives have had it.

    Of those that were taken and not told yet the one first that was taken first.
    """
    values = (device, boot, seq, boot | CLASH_BOOT, alarms.TOLD, alarms.TAKEN)
    return [
        alarm_id
        for alarm_id, own_boot, payload in db.execute(_CALLED, values).fetchall()
        if own_boot == boot or (payload and codec.peek(payload)[2] == seq)
    ]


def as_sent(db: Database, subject: Subject) -> Subject:
    """The identity by which the tracker itself knows the alarm: of a clash the one it came with."""
    if subject.boot < CLASH_BOOT:
        return subject
    (payload,) = db.execute(
        "SELECT payload FROM records WHERE device = ? AND boot = ? AND seq = ?", subject
    ).fetchone()
    return Subject(subject.device, *codec.peek(payload)[1:3])


def _standing(db: Database, alarm_id: int) -> tuple[str, str | None, Subject]:
    found = db.execute(
        "SELECT state, taken_by, device, boot, seq FROM alarms WHERE id = ?", (alarm_id,)
    ).fetchone()
    if found is None:
        raise Refused(f"There is no alarm {alarm_id}.")
    return found[0], found[1], Subject(*found[2:])
