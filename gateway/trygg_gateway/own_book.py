"""The gateway's own records and alarms in the database, each function inside a transaction."""

import json
from typing import Any, NamedTuple

from trygg_gateway import alarm_book, alarms, own_records
from trygg_gateway.alarms import Alarm, Event
from trygg_gateway.database import Database
from trygg_gateway.own_records import OWN_BOOT
from trygg_gateway.values import ALARM, Entry, Run
from trygg_wire import layouts

Json = dict[str, Any]

_NEXT_SEQ = """
    INSERT INTO meta (key, value) VALUES ('own_seq', '1')
    ON CONFLICT (key) DO UPDATE SET value = value + 1
"""
_PUT = (
    f"INSERT INTO records ({', '.join(Entry._fields)})"  # noqa: S608 - our own names
    f" VALUES ({', '.join('?' * len(Entry._fields))})"
)
_OPEN = "SELECT id FROM alarms WHERE device = ? AND what = ? AND state <> 'closed'"


class Place(NamedTuple):
    """Where somebody was last said to be, as the columns of `alarms` have it."""

    time_s: int
    lat_e6: int
    lon_e6: int
    accuracy_dm: int
    speed_dm_s: int
    course_deg: int


class Finding(NamedTuple):
    """Something the gateway has noticed: it begins (`over` is False) or is over.

    `data` is what is said of it: always `text`, and `todo` where something is to be done.
    """

    device: str
    what: int
    over: bool
    at_s: int
    data: Json
    place: Place | None = None


def add(db: Database, device: str, payload: bytes, now_ms: int) -> Run:
    """Keep one own record; its place in the journal as the sinks are woken with it."""
    db.execute(_NEXT_SEQ)
    (text,) = db.execute("SELECT value FROM meta WHERE key = 'own_seq'").fetchone()
    entry = own_records.entry_of(device, int(text), payload, now_ms)
    db.execute(_PUT, entry)
    return Run(device, OWN_BOOT, ALARM, entry.seq, entry.seq)


def write(db: Database, finding: Finding, now_ms: int) -> Run | None:
    """Raise what was found, or end it; None if there is nothing to write, as after a crash."""
    found = db.execute(_OPEN, (finding.device, finding.what)).fetchone()
    if finding.over:
        return _end(db, finding, found[0] if found else None, now_ms)
    return None if found else _raise(db, finding, now_ms)


def _raise(db: Database, finding: Finding, now_ms: int) -> Run:
    form, name = own_records.form_of(finding.what), own_records.NAMES[finding.what]
    said = {**finding.data, "position": _shown(finding.place)}
    run = add(db, finding.device, own_records.payload_of(form, name, said), now_ms)
    place = finding.place
    age_s = max(0, finding.at_s - place.time_s) if place else layouts.AGE_NEVER
    where: tuple[Any, ...] = place[1:] if place else (None,) * 5
    late_by_s = max(0, now_ms // 1000 - finding.at_s)
    before = (finding.device, OWN_BOOT, run.first, finding.what, 0, 0, 0, 0, alarms.RAISED)
    told = json.dumps(finding.data, ensure_ascii=False)
    alarm = Alarm._make(
        [*before, finding.at_s, now_ms, late_by_s, age_s, *where, None, None, now_ms, told]
    )
    raised = Event(finding.at_s * 1000, alarms.RAISED, alarms.GATEWAY, finding.data["text"])
    stored = Event(now_ms, alarms.STORED, alarms.GATEWAY, "")
    alarm_book.raise_alarm(db, alarm, [raised, stored])
    return run


def _end(db: Database, finding: Finding, alarm_id: int | None, now_ms: int) -> Run | None:
    """It is over: nobody who has not taken it needs to; who has it closes it."""
    if alarm_id is None:
        return None
    state, boot, seq = db.execute(
        "SELECT state, boot, seq FROM alarms WHERE id = ?", (alarm_id,)
    ).fetchone()
    text = finding.data["text"]
    alarm_book.add_event(db, alarm_id, Event(now_ms, alarms.OVER, alarms.GATEWAY, text))
    if state == alarms.RAISED:
        db.execute(
            "UPDATE alarms SET state = ?, closed_cause = ? WHERE id = ?",
            (alarms.CLOSED, text, alarm_id),
        )
        closed = Event(now_ms, alarms.CLOSED, alarms.GATEWAY, text)
        alarm_book.add_event(db, alarm_id, closed)
    said = {
        **finding.data,
        "of": f"{finding.device}:{boot}:{seq}",
        "of_form": own_records.form_of(finding.what),
    }
    name = own_records.NAMES[finding.what]
    return add(db, finding.device, own_records.payload_of(own_records.ENDED, name, said), now_ms)


def _shown(place: Place | None) -> Json | None:
    if place is None:
        return None
    return {
        "lat": place.lat_e6 / 1e6,
        "lon": place.lon_e6 / 1e6,
        "accuracy_m": place.accuracy_dm / 10,
        "time_s": place.time_s,
    }
