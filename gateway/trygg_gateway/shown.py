"""Rows of the tables as people see them: words for numbers, metres and degrees. Pure."""

from collections.abc import Sequence
from typing import Any

from trygg_gateway import orders
from trygg_gateway.alarms import ACCEPTED, DELIVERED
from trygg_gateway.delivery import FENCE_STATES, REASONS, REFUSALS
from trygg_gateway.devices import Device
from trygg_gateway.own_delivery import what_name
from trygg_gateway.standing import GRACE_S, OpenAlarm, standing
from trygg_wire import layouts

Json = dict[str, Any]


def shown_tracker(row: tuple[Any, ...], alarm: OpenAlarm, fences: list[Json], now_s: int) -> Json:
    """One tracker; `row` is device, group, name, the watch's patience_s and hours_left (None where
    it knows nothing), and the columns of `devices` after the first."""
    device, group, name, patience_s, hours_left = row[:5]
    heard = row[5] is not None
    state = Device(device, *row[5:]) if heard else Device(device)
    silent_at_s = state.next_report_by_s + (GRACE_S if patience_s is None else patience_s)
    status, text = standing(
        alarm, heard, state.next_report_by_s, state.battery_percent, bool(state.charging),
        state.fence_state, now_s, silent_at_s,
    )  # fmt: skip
    return {
        "device": device,
        "group": group,
        "name": name,
        "status": status,
        "status_text": text,
        "last_contact_s": state.heard_ms // 1000 if heard else None,
        "next_report_by_s": state.next_report_by_s if state.status_boot else None,
        "silent_at_s": silent_at_s if state.status_boot else None,
        "hours_left": hours_left if state.status_boot else None,
        "battery_percent": state.battery_percent,
        "battery_mv": state.battery_mv if state.status_boot else None,
        "charging": bool(state.charging),
        "signal_dbm": 2 * state.signal - 115 if state.signal else None,
        "fence_state": FENCE_STATES[state.fence_state],
        "fence_number": state.fence_number or None,
        "bound_s": state.bound_s or None,
        "fix_age_s": max(0, now_s - state.fix_time_s) if state.fix_time_s else None,
        "position": shown_position(
            state.lat_e6, state.lon_e6, state.accuracy_dm, state.position_time_s,
            state.speed_dm_s, state.course_deg,
        ),
        "position_withheld": bool(state.position_withheld),
        "fences": fences,
        "firmware": state.firmware or None,
    }  # fmt: skip


def shown_position(
    lat_e6: int | None,
    lon_e6: int | None,
    accuracy_dm: int | None,
    time_s: int,
    speed_dm_s: int | None,
    course_deg: int | None,
) -> Json | None:
    """One position, or None where none is known or told."""
    if lat_e6 is None or lon_e6 is None:
        return None
    return {
        "lat": lat_e6 / 1e6,
        "lon": lon_e6 / 1e6,
        "accuracy_m": (accuracy_dm or 0) / 10,
        "time_s": time_s,
        "speed_m_s": (speed_dm_s or 0) / 10,
        "course_deg": None if course_deg == layouts.COURSE_UNKNOWN else course_deg,
    }


def shown_alarm(row: tuple[Any, ...], events: Sequence[tuple[int, str, str, str]]) -> Json:
    """One alarm; `row` as views.py selects it, `events` (at_ms, event, who, text) by time."""
    (
        id_, device, name, what, reason, fence_number, fence_name, test, state, raised_s,
        stored_ms, late_by_s, fix_age_s, lat_e6, lon_e6, accuracy_dm, speed_dm_s, course_deg,
        taken_by, closed_cause,
    ) = row  # fmt: skip
    known_age = fix_age_s < layouts.AGE_NEVER
    return {
        "id": id_,
        "device": device,
        "name": name,
        "what": what_name(what),
        "reason": REASONS[reason],
        "fence_number": fence_number or None,
        "fence_name": fence_name,
        "test": bool(test),
        "state": state,
        "raised_s": raised_s,
        "stored_s": stored_ms // 1000,
        "late_by_s": late_by_s,
        "fix_age_s": fix_age_s if known_age else None,
        "position": shown_position(
            lat_e6, lon_e6, accuracy_dm, raised_s - fix_age_s, speed_dm_s, course_deg
        ),
        "taken_by": taken_by,
        "closed_cause": closed_cause,
        "timeline": [
            {"at_ms": at_ms, "event": event, "who": who, "text": text}
            for at_ms, event, who, text in events
        ],
        "delivered": [who for _, event, who, _ in events if event == DELIVERED],
        "accepted": [who for _, event, who, _ in events if event == ACCEPTED],
    }


def shown_order(row: tuple[Any, ...]) -> Json:
    """One order; `row` as views.py selects it."""
    id_, device, kind, version, state, reason, ordered_ms, ordered_by, changed_ms, expires_s = row
    return {
        "id": id_,
        "device": device,
        "kind": orders.KINDS[kind],
        "version": version,
        "state": state,
        "reason": REFUSALS[reason],
        "ordered_ms": ordered_ms,
        "ordered_by": ordered_by,
        "changed_ms": changed_ms,
        "expires_s": expires_s or None,
    }
