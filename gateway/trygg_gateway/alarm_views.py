"""Alarms as people see them, JSON-ready, each with its timeline and who is called next.

id device name what form reason fence_number fence_name test state raised_s stored_s late_by_s
position fix_age_s taken_by closed_cause timeline [at_ms event who text]
delivered [sink] accepted [sink]       who has said that it keeps it; who has only taken it on
text todo battery_percent hours_left    of what the gateway itself says, else "" or None
called [who at_ms]  next_call None or {who at_ms}    who has been called in this round, and next
"""

import json
from typing import Any

from trygg_gateway import call_book, escalation, own_records
from trygg_gateway.alarms import CLOSED
from trygg_gateway.database import Database
from trygg_gateway.escalation import PERSON, Policy
from trygg_gateway.shown import shown_alarm

Json = dict[str, Any]

_ALARMS = """
    SELECT a.id, a.device, coalesce(t.name, a.device), a.what, a.reason, a.fence_number,
           f.name, a.test, a.state, a.raised_s, a.stored_ms, a.late_by_s, a.fix_age_s,
           a.lat_e6, a.lon_e6, a.accuracy_dm, a.speed_dm_s, a.course_deg, a.taken_by,
           a.closed_cause, a.said, a.since_ms
    FROM alarms AS a LEFT JOIN trackers AS t USING (device)
    LEFT JOIN fences AS f ON f.device = a.device AND f.version = a.fence_version
        AND f.number = a.fence_number
"""
# open ones first, and of those what wants a person: a limit never cuts off an alarm that nobody has
# taken for warnings, tests or silences, of which one outage makes hundreds
_NEWEST = f"""
    ORDER BY a.state = 'closed', CASE WHEN a.state = 'closed' THEN 0
        ELSE 8 * (a.test OR a.what > {own_records.SILENT}) + 4 * (a.state <> 'raised')
            + (a.what = {own_records.SILENT}) END,
        a.raised_s DESC, a.id DESC LIMIT ?
"""
_EVENTS = """
    SELECT at_ms, event, who, text FROM alarm_events WHERE alarm_id = ? ORDER BY at_ms, id
"""
_CALLED = """
    SELECT who, at_ms FROM calls WHERE alarm_id = ? AND since_ms = ? AND kind = 'person'
    ORDER BY step
"""


def newest(db: Database, open_only: bool, limit: int, policy: Policy, now_ms: int) -> list[Json]:
    """The newest alarms, open ones first, and of those whatever nobody has taken."""
    where = " WHERE a.state <> 'closed'" if open_only else ""
    rows = db.execute(_ALARMS + where + _NEWEST, (limit,)).fetchall()
    return [_alarm(db, row, policy, now_ms) for row in rows]


def one(db: Database, alarm_id: int, policy: Policy, now_ms: int) -> Json:
    """That alarm."""
    row = db.execute(_ALARMS + " WHERE a.id = ?", (alarm_id,)).fetchone()
    return _alarm(db, row, policy, now_ms)


def _alarm(db: Database, row: tuple[Any, ...], policy: Policy, now_ms: int) -> Json:
    *known, said_text, since_ms = row
    alarm_id, what, state = row[0], row[3], row[8]
    said = json.loads(said_text) if said_text else {}
    called = db.execute(_CALLED, (alarm_id, since_ms)).fetchall()
    shown = shown_alarm(tuple(known), db.execute(_EVENTS, (alarm_id,)).fetchall())
    return {
        **shown,
        "name": "The gateway" if row[1] == own_records.GATEWAY else shown["name"],
        "form": own_records.form_of(what),
        "text": said.get("text", ""),
        "todo": said.get("todo", ""),
        "battery_percent": said.get("battery_percent"),
        "hours_left": said.get("hours_left"),
        "called": [{"who": who, "at_ms": at_ms} for who, at_ms in called],
        "next_call": None if state == CLOSED else _next_call(db, alarm_id, policy, now_ms),
    }


def _next_call(db: Database, alarm_id: int, policy: Policy, now_ms: int) -> Json | None:
    facts = call_book.facts_of(db, alarm_id) if policy.duties else None
    for step in escalation.upcoming(policy, facts, now_ms) if facts else []:
        if step.kind == PERSON:
            return {"who": step.who, "at_ms": step.due_ms}
    return None
