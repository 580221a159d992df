"""What is known of each tracker now, folded from its records one by one. Pure.

Records come in any order: alarms overtake, backlog comes days late. So the state has three
parts, each with the (boot, seq) of the record it is of, and a record changes only the parts it
is newer than: `status` (battery, signal, next report) from reports, alarms and health, `place`
(fence state and position) from reports and alarms, `health` from health records.

A position is what the tracker told last: a report that withholds its coordinates takes it away,
an older dot is never shown in its place (promise 8). A report that found no fix leaves it, with
its age.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from trygg_gateway.values import Row, unix_of
from trygg_wire import layouts

Json = dict[str, Any]
Record = tuple[Row, int, Json]  # a row of the journal with what the codec made of it


class Device(NamedTuple):
    """The columns of table `devices`, in their order."""

    device: str
    heard_ms: int = 0
    status_boot: int = 0
    status_seq: int = 0
    time_s: int = 0
    next_report_by_s: int = 0
    battery_mv: int = 0
    battery_percent: int | None = None
    charging: int = 0
    signal: int = 0
    place_boot: int = 0
    place_seq: int = 0
    fence_state: int = layouts.UNKNOWN
    fence_number: int = 0
    bound_s: int = 0
    fix_time_s: int = 0
    position_withheld: int = 0
    position_time_s: int = 0
    lat_e6: int | None = None
    lon_e6: int | None = None
    accuracy_dm: int | None = None
    speed_dm_s: int | None = None
    course_deg: int | None = None
    health_boot: int = 0
    health_seq: int = 0
    settings_version: int = 0
    fence_version: int = 0
    firmware: str = ""
    health: str = "{}"


class Position(NamedTuple):
    """The columns of table `positions`, in their order."""

    device: str
    time_s: int
    lat_e6: int
    lon_e6: int
    accuracy_dm: int
    speed_dm_s: int
    course_deg: int
    boot: int
    seq: int


def time_of(row: Row, values: Json, start_s: int = 0) -> int:
    """When the record was made, unix seconds, but never later than it came; 0 while unknown.

    `start_s`: when its boot began (boot_times.py), which dates a record of a tracker that had no
    clock (time_is_uptime).
    """
    if values["time_is_uptime"]:
        made_s = start_s + int(values["time_s"]) if start_s else 0
    else:
        made_s = unix_of(values["time_s"])
    return min(made_s, row.received_ms // 1000)


def positions_of(row: Row, kind: int, values: Json) -> list[Position]:
    """The fixes a report or an alarm tells, newest first; none whose time nobody knows.

    A tracker without a clock cannot say how old its fixes are, whatever becomes known later.
    """
    told = values.get("fixes" if kind == layouts.REPORT else "evidence")
    at_s = time_of(row, values) if told else 0
    if not told or not at_s:
        return []
    positions = []
    for fix in told:
        at_s -= fix["age_s"]
        positions.append(
            Position(
                row.device, at_s, fix["lat_e6"], fix["lon_e6"], fix["accuracy_dm"],
                fix["speed_dm_s"], fix["course_deg"], row.boot, row.seq,
            )
        )  # fmt: skip
    return positions


def fold(state: Device, records: Sequence[Record]) -> Device:
    """The state after these records of one tracker, in the order in which they came.

    Of each part only the newest record is looked at, and of the position as many as it takes to
    find one that says anything of it; so many records cost little more than one.
    """
    heard_ms = max(state.heard_ms, max(row.received_ms for row, _, _ in records))
    changed: Json = {"heard_ms": heard_ms}
    status = _newest(records, _SPEAK, (state.status_boot, state.status_seq))
    if status:
        changed |= _status(status[-1][0], status[-1][2])
    places = _newest(records, _PLACED, (state.place_boot, state.place_seq))
    if places:
        changed |= _place(places)
    healths = _newest(records, _HEALTHS, (state.health_boot, state.health_seq))
    if healths:
        changed |= _health(healths[-1][0], healths[-1][2])
    return state._replace(**changed)


_SPEAK = {layouts.REPORT, layouts.ALARM, layouts.HEALTH}
_PLACED = {layouts.REPORT, layouts.ALARM}
_HEALTHS = {layouts.HEALTH}


def _newest(records: Sequence[Record], kinds: set[int], than: tuple[int, int]) -> list[Record]:
    """Those of these kinds that were newer, as each came, than all before and than `than`."""
    found = []
    for record in records:
        row, kind, _ = record
        if kind in kinds and (row.boot, row.seq) > than:
            than = (row.boot, row.seq)
            found.append(record)
    return found


def _status(row: Row, values: Json) -> Json:
    percent = values["battery_percent"]
    time_s = time_of(row, values)
    spoke_s = time_s or row.received_ms // 1000  # of unknown time, but not later than this
    return {
        "status_boot": row.boot,
        "status_seq": row.seq,
        "time_s": time_s,
        "next_report_by_s": spoke_s + values["next_report_by_s"],
        "battery_mv": values["battery_mv"],
        "battery_percent": None if percent == layouts.PERCENT_UNKNOWN else percent,
        "charging": values["charging"],
        "signal": values["signal"],
    }


def _place(records: Sequence[Record]) -> Json:
    """What these say of the place, each newer than the one before it."""
    row, _, values = records[-1]
    changed: Json = {
        "place_boot": row.boot,
        "place_seq": row.seq,
        "fence_state": values["fence_state"],
        "fence_number": values["fence_number"],
        "bound_s": values["bound_s"],
    }
    for row, _, values in reversed(records):
        time_s = time_of(row, values)
        if time_s and values["fix_age_s"] < layouts.AGE_NEVER:
            changed["fix_time_s"] = time_s - values["fix_age_s"]
            break
    return changed | _position(records)


def _position(records: Sequence[Record]) -> Json:
    """Where it was last, if these say so, and whether it withholds that now."""
    changed: Json = {}
    for row, kind, values in reversed(records):
        positions = positions_of(row, kind, values)
        withheld = 0 if positions else values.get("coordinates_withheld")
        if withheld is not None:
            changed.setdefault("position_withheld", withheld)
        if positions:
            changed |= {name: getattr(positions[0], name) for name in Position._fields[2:7]}
            return changed | {"position_time_s": positions[0].time_s}
        if withheld:
            return changed | dict.fromkeys(Position._fields[2:7]) | {"position_time_s": 0}
    return changed


def _health(row: Row, values: Json) -> Json:
    return {
        "health_boot": row.boot,
        "health_seq": row.seq,
        "settings_version": values["settings_version"],
        "fence_version": values["fence_version"],
        "firmware": values["firmware"],
        "health": json.dumps(values),
    }
