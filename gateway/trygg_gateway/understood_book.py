"""Writes what a batch of records says, inside one transaction of the journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from trygg_gateway import (
    alarm_book,
    alarm_steps,
    alarms,
    boot_times,
    forgetting,
    many_rows,
    order_book,
    orders,
    quarantine,
)
from trygg_gateway.database import Database
from trygg_gateway.devices import Device, Position
from trygg_gateway.understood import Understood
from trygg_gateway.values import Refused, Row
from trygg_wire import codec, layouts

log = structlog.get_logger("reader")

STATE_OF = f"SELECT {', '.join(Device._fields)} FROM devices WHERE device = ?"  # noqa: S608 - ours
_PUT_STATES = "INSERT OR REPLACE INTO devices"
_PUT_POSITIONS = "INSERT OR IGNORE INTO positions"

Json = dict[str, Any]


def write(db: Database, understood: Understood, now_ms: int) -> int:
    """Write all of it, but of who was forgotten meanwhile; how many alarms it raised."""
    forgotten = _forgotten(db)
    if forgotten:
        understood.leave_out(forgotten)
    many_rows.insert(db, _PUT_STATES, list(understood.states.values()))
    many_rows.insert(db, _PUT_POSITIONS, understood.positions)
    if understood.strays:
        quarantine.set_aside(db, understood.strays)
    raised = 0
    for row, values in understood.alarms:
        raised += _write_alarm(db, row, values, now_ms)
    for (device, boot), start_s in understood.starts.items():
        alarm_book.date(db, device, boot, start_s)
    for row, values in understood.answers:
        _write_answer(db, row, values, now_ms)
    for row, values in understood.healths:
        _restore(db, row.device, values["fence_version"], now_ms)
    return raised


def write_positions(db: Database, positions: Sequence[Position]) -> None:
    """Write these alone."""
    forgotten = _forgotten(db)
    known = [one for one in positions if one.device not in forgotten] if forgotten else positions
    many_rows.insert(db, _PUT_POSITIONS, known)


def _forgotten(db: Database) -> frozenset[str]:
    """Whose records must leave no trace; all trackers are looked at only if there are any such."""
    if db.execute("SELECT 1 FROM forgotten LIMIT 1").fetchone() is None:
        return frozenset()
    return forgetting.dropped(db)


def _restore(db: Database, device: str, fence_version: int, now_ms: int) -> None:
    """Give a tracker its fences back if its health record says that it has lost them."""
    try:
        order_id = order_book.restore_fences(db, device, fence_version, now_ms)
    except Refused:
        return  # revoked meanwhile: nothing is ordered of it any more
    if order_id is not None:
        log.warning("fences_lost", device=device, has=fence_version, order=order_id)


def _write_alarm(db: Database, row: Row, values: Json, now_ms: int) -> bool:
    start_s = boot_times.start_in(db, row.device, row.boot) if values["time_is_uptime"] else 0
    alarm = alarms.alarm_of(row, values, now_ms, start_s)
    if values["what"] == layouts.BACK:
        alarm_book.come_back(db, alarm, alarms.back_event(row, values))
        return False
    events = alarms.first_events(row, values, now_ms, start_s)
    return alarm_book.raise_alarm(db, alarm, events) is not None


def _write_answer(db: Database, row: Row, values: Json, now_ms: int) -> None:
    answer = order_book.answered(db, row.device, values, now_ms)
    if answer is None or answer.kind != layouts.COMMAND:
        return
    command = codec.decode_body(layouts.COMMAND, answer.body)
    applied_now = answer.state == orders.APPLIED and answer.was != orders.APPLIED
    if applied_now and command["command"] == layouts.ALARM_TAKEN:
        alarm_steps.told(db, row.device, command["alarm_boot"], command["alarm_seq"], now_ms)
