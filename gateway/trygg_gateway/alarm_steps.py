"""What people do with an alarm, in a transaction: take it, go, be there, pass on, close, reopen.

Each function is one step; whether it fits is decided in alarms.py. The tracker knows the alarm by
the identity that `as_sent` gives, and says by it that its wearer was told (`told`).
"""

from typing import NamedTuple

from trygg_gateway import alarms
from trygg_gateway.alarm_book import add_event
from trygg_gateway.alarms import Event, Standing
from trygg_gateway.database import Database
from trygg_gateway.values import CLASH_BOOT, Refused
from trygg_wire import codec

_NAMED = """
    SELECT a.id, a.boot, r.payload FROM alarms AS a LEFT JOIN records AS r USING (device, boot, seq)
    WHERE a.device = ? AND (a.boot = ? AND a.seq = ? OR a.boot = ?)
    ORDER BY EXISTS (SELECT 1 FROM alarm_events WHERE alarm_id = a.id AND event = ?),
        (SELECT min(id) FROM alarm_events WHERE alarm_id = a.id AND event = ?) NULLS LAST
"""
_TAKE = "UPDATE alarms SET state = ?, taken_by = ? WHERE id = ?"


class Subject(NamedTuple):
    """The record that raised an alarm, and whether it is only a test."""

    device: str
    boot: int
    seq: int


def take(db: Database, alarm_id: int, who: str, now_ms: int) -> Subject:
    """Write that a person took the alarm. Raises Refused."""
    standing, subject = _standing(db, alarm_id)
    event = alarms.taken(standing, who, now_ms)
    db.execute(_TAKE, (alarms.TAKEN, event.who, alarm_id))
    add_event(db, alarm_id, event)
    return subject


def move(db: Database, alarm_id: int, state: str, who: str, now_ms: int) -> tuple[Subject, bool]:
    """Write that a person is ON_THE_WAY or AT_THE_PERSON; True if they took it with that.

    Raises Refused. Who has taken it stays so, also when another is the first to be there.
    """
    standing, subject = _standing(db, alarm_id)
    events = alarms.moved(standing, state, who, now_ms)
    has_it = standing.taken_by or events[0].who
    db.execute(_TAKE, (state, has_it, alarm_id))
    for event in events:
        add_event(db, alarm_id, event)
    return subject, len(events) > 1


def pass_on(db: Database, alarm_id: int, who: str, now_ms: int) -> Subject:
    """Write that a person gives it to the next: nobody has it. Raises Refused."""
    standing, subject = _standing(db, alarm_id)
    add_event(db, alarm_id, alarms.passed_on(standing, who, now_ms))
    db.execute(_TAKE, (alarms.RAISED, None, alarm_id))
    return subject


def close(db: Database, alarm_id: int, who: str, cause: str, now_ms: int) -> Subject:
    """Write that a person closed the alarm, and why. Raises Refused."""
    standing, subject = _standing(db, alarm_id)
    event = alarms.closed(standing, who, cause, now_ms)
    db.execute(
        "UPDATE alarms SET state = ?, closed_cause = ? WHERE id = ?",
        (alarms.CLOSED, event.text, alarm_id),
    )
    add_event(db, alarm_id, event)
    return subject


def reopen(db: Database, alarm_id: int, who: str, cause: str, now_ms: int) -> Subject:
    """Write that a person opened it again, and why; people are called anew. Raises Refused."""
    standing, subject = _standing(db, alarm_id)
    add_event(db, alarm_id, alarms.reopened(standing, who, cause, now_ms))
    db.execute(
        "UPDATE alarms SET state = ?, taken_by = NULL, closed_cause = NULL, since_ms = ?"
        " WHERE id = ?",
        (alarms.RAISED, now_ms, alarm_id),
    )
    return subject


def told(db: Database, device: str, boot: int, seq: int, at_ms: int) -> None:
    """Write that the tracker said it told its wearer that a person took the alarm."""
    for alarm_id in _named(db, device, boot, seq)[:1]:
        add_event(db, alarm_id, Event(at_ms, alarms.TOLD, device, "the wearer was told"))


def _named(db: Database, device: str, boot: int, seq: int) -> list[int]:
    """The alarms that their tracker calls (boot, seq): one, more where two lives have had it.

    Of those that were taken and not told yet the one first that was taken first.
    """
    values = (device, boot, seq, boot | CLASH_BOOT, alarms.TOLD, alarms.TAKEN)
    return [
        alarm_id
        for alarm_id, own_boot, payload in db.execute(_NAMED, values).fetchall()
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


def _standing(db: Database, alarm_id: int) -> tuple[Standing, Subject]:
    found = db.execute(
        "SELECT state, taken_by, what, device, boot, seq FROM alarms WHERE id = ?", (alarm_id,)
    ).fetchone()
    if found is None:
        raise Refused(f"There is no alarm {alarm_id}.")
    return Standing(*found[:3]), Subject(*found[3:])
