"""Who is told of an alarm, in the database: each function inside a transaction.

A call, a copy for a further channel and a call-off are own records (own_records.py), committed
together with their row in `calls` and their line in the timeline: after a crash either all three
are there or none, and the forwarder does the rest as for any record.
"""

import json
from collections.abc import Sequence
from typing import Any

from trygg_gateway import alarms, own_book, own_records
from trygg_gateway.alarm_book import CALL_OFF, CHANNEL_CALL, add_event
from trygg_gateway.alarms import Event
from trygg_gateway.database import Database
from trygg_gateway.delivery import REASONS, rfc3339
from trygg_gateway.escalation import Call, Facts, Step
from trygg_gateway.own_delivery import what_name
from trygg_gateway.values import Row, Run

Json = dict[str, Any]

CALL_OFF_MS = 86_400_000  # older calls are called off no more

_FACTS = """
    SELECT a.id, coalesce(t.grp, ''), a.what, a.test, a.state, a.since_ms
    FROM alarms AS a LEFT JOIN trackers AS t USING (device)
"""
_RAISED = "SELECT id FROM alarms WHERE state = 'raised' AND test = 0"
_ONE = _FACTS + " WHERE a.id = ?"
_CALLS = """
    SELECT kind, step, at_ms FROM calls WHERE alarm_id = ? AND since_ms = ? ORDER BY kind, step
"""
_CONFIRMED = """
    SELECT who, max(event = 'delivered') FROM alarm_events
    WHERE alarm_id = ? AND event IN ('delivered', 'refused') GROUP BY who
"""
_PASSED_ON = """
    SELECT at_ms FROM alarm_events WHERE alarm_id = ? AND event = 'passed_on'
    ORDER BY id DESC LIMIT 1
"""
_PUT = """
    INSERT INTO calls (alarm_id, since_ms, kind, step, who, at_ms, device, boot, seq)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_RECORD = """
    SELECT r.id, r.device, r.boot, r.seq, r.kind, r.lane, r.time_s, r.received_ms, r.payload
    FROM alarms AS a JOIN records AS r USING (device, boot, seq) WHERE a.id = ?
"""
_ABOUT = """
    SELECT a.device, a.boot, a.seq, coalesce(t.name, a.device), a.what, a.reason, f.name,
           a.raised_s, a.late_by_s, a.lat_e6, a.lon_e6, a.accuracy_dm, a.fix_age_s, a.said
    FROM alarms AS a LEFT JOIN trackers AS t USING (device)
    LEFT JOIN fences AS f ON f.device = a.device AND f.version = a.fence_version
        AND f.number = a.fence_number
    WHERE a.id = ?
"""
_OFFS = """
    SELECT DISTINCT c.alarm_id, c.since_ms FROM calls AS c JOIN alarms AS a ON a.id = c.alarm_id
    WHERE c.kind = 'person' AND c.at_ms > ? AND (a.state <> 'raised' OR a.since_ms <> c.since_ms)
      AND NOT EXISTS (SELECT 1 FROM calls AS o WHERE o.alarm_id = c.alarm_id
                      AND o.since_ms = c.since_ms AND o.kind = 'call_off')
"""
_SINKS_CALLED = """
    SELECT r.payload FROM calls AS c JOIN records AS r USING (device, boot, seq)
    WHERE c.alarm_id = ? AND c.since_ms = ? AND c.kind = 'person'
"""


def raised(db: Database) -> list[int]:
    """Every alarm that nobody has taken, tests left out."""
    return [alarm_id for (alarm_id,) in db.execute(_RAISED).fetchall()]


def facts_of(db: Database, alarm_id: int) -> Facts | None:
    """What is known of an alarm; None if it is no more."""
    row = db.execute(_ONE, (alarm_id,)).fetchone()
    return _facts(db, row) if row else None


def _facts(db: Database, row: Sequence[Any]) -> Facts:
    alarm_id, group, what, test, state, since_ms = row
    calls = [Call(*call) for call in db.execute(_CALLS, (alarm_id, since_ms)).fetchall()]
    confirmed = {who: bool(yes) for who, yes in db.execute(_CONFIRMED, (alarm_id,)).fetchall()}
    passed_on = db.execute(_PASSED_ON, (alarm_id,)).fetchone()
    return Facts(
        alarm_id,
        group,
        what,
        bool(test),
        state,
        since_ms,
        calls,
        confirmed,
        passed_on[0] if passed_on else 0,
    )


def call(db: Database, alarm_id: int, step: Step, now_ms: int) -> Run | None:
    """Tell who the step names; None if somebody took the alarm meanwhile, or it was done before."""
    facts = facts_of(db, alarm_id)
    if facts is None:
        return None
    done = [one for one in facts.calls if one.kind == step.kind]
    if facts.state != alarms.RAISED or len(done) != step.step - 1:
        return None
    device = db.execute("SELECT device FROM alarms WHERE id = ?", (alarm_id,)).fetchone()[0]
    if step.kind == CHANNEL_CALL:
        payload, event = _copy(db, alarm_id, step, now_ms), alarms.CHANNEL
    else:
        payload, event = _call(db, alarm_id, step, now_ms), alarms.CALLED
    run = own_book.add(db, device, payload, now_ms)
    values = (alarm_id, facts.since_ms, step.kind, step.step, step.who, now_ms)
    db.execute(_PUT, (*values, device, run.boot, run.first))
    add_event(db, alarm_id, Event(now_ms, event, step.who, step.why))
    return run


def owed_offs(db: Database, now_ms: int) -> list[tuple[int, int]]:
    """The (alarm, since_ms) whose called people have not been told that it is taken or over."""
    return [tuple(row) for row in db.execute(_OFFS, (now_ms - CALL_OFF_MS,)).fetchall()]


def call_off(db: Database, alarm_id: int, since_ms: int, now_ms: int) -> Run:
    """Tell those who were called that somebody has the alarm, or that it is closed."""
    device, boot, seq, state, taken_by, cause = db.execute(
        "SELECT device, boot, seq, state, taken_by, closed_cause FROM alarms WHERE id = ?",
        (alarm_id,),
    ).fetchone()
    text = f"closed: {cause}" if state == alarms.CLOSED else f"{taken_by} has taken it"
    text = "reopened: a new call follows" if state == alarms.RAISED else text
    sinks: dict[str, None] = {}
    for (payload,) in db.execute(_SINKS_CALLED, (alarm_id, since_ms)).fetchall():
        sinks.update(dict.fromkeys(own_records.read(payload).to or ()))
    said = {"alarm": f"{device}:{boot}:{seq}", "alarm_number": alarm_id, "text": text}
    payload = own_records.payload_of(own_records.CALL_OFF, "", said, list(sinks))
    run = own_book.add(db, device, payload, now_ms)
    values = (alarm_id, since_ms, CALL_OFF, 1, "", now_ms, device, run.boot, run.first)
    db.execute(_PUT, values)
    return run


def _copy(db: Database, alarm_id: int, step: Step, now_ms: int) -> bytes:
    """The alarm's own record; where that is lost (salvage.py), a call with what is known of it."""
    found = db.execute(_RECORD, (alarm_id,)).fetchone()
    if found is not None and found[-1]:
        return own_records.copy_payload(Row(*found), step.to)
    return _call(db, alarm_id, step, now_ms)


def _call(db: Database, alarm_id: int, step: Step, now_ms: int) -> bytes:
    (
        device, boot, seq, name, what, reason, fence, raised_s, late_by_s, lat_e6, lon_e6,
        accuracy_dm, fix_age_s, said,
    ) = db.execute(_ABOUT, (alarm_id,)).fetchone()  # fmt: skip
    own = json.loads(said) if said else {}
    position = None
    if lat_e6 is not None:
        position = {
            "lat": lat_e6 / 1e6,
            "lon": lon_e6 / 1e6,
            "accuracy_m": accuracy_dm / 10,
            "time": rfc3339(raised_s - fix_age_s),
            "age_s": max(0, now_ms // 1000 - (raised_s - fix_age_s)),
        }
    data = {
        "alarm": f"{device}:{boot}:{seq}",
        "alarm_number": alarm_id,
        "alarm_what": what_name(what),
        "alarm_reason": REASONS[reason] or None,
        "name": name,
        "fence_name": fence,
        "raised": rfc3339(raised_s),
        "raised_late_by_s": late_by_s,
        "unanswered_s": max(0, now_ms // 1000 - raised_s),
        "position": position,
        "person": step.who,
        "step": step.step,
        "text": step.why,
        "todo": own.get("todo", "Take the alarm, or say that you cannot."),
    }
    return own_records.payload_of(own_records.CALL, "", data, step.to)
