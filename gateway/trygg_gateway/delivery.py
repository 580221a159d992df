"""A record of the journal as the outside world reads it: a CloudEvents 1.0 event.

`delivery(row, gateway)` decodes the frame. The event's id is the record's identity
`<device>:<boot>:<seq>`, so whoever gets it twice can tell. Its data has plain units and names:
degrees, metres, metres a second, volts as millivolts, times as RFC 3339 in UTC, null for unknown.

    type                      data beside the common part
    no.trygg.report           fence, positions (newest first), fix_age_s, bound_s, counters
    no.trygg.alarm.<what>     what, reason, test, fence, evidence (positions with distance_m)
    no.trygg.alarm.test       the same, for every alarm marked as a test, whatever its `what`
    no.trygg.health           counters, versions, firmware
    no.trygg.answer           order_id, order_version, result, reason

What the gateway itself says is read by own_delivery.py.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from trygg_gateway.decoder import decode
from trygg_gateway.values import LANE_NAMES, LATE_S, Row, unix_of
from trygg_wire import codec, layouts

Json = dict[str, Any]

FENCE_STATES = ("unknown", "inside", "near", "outside", "cannot_tell")
WHATS = ("", "left", "back", "sos", "battery_low", "cannot_tell", "test", "off_charger",
         "taken_off")  # fmt: skip
REASONS = ("", "crossed", "boot", "near_too_long", "no_fix_too_long", "button", "level", "ordered",
           "began", "sensor", "not_watched")  # fmt: skip
RESULTS = ("", "received", "applied", "armed", "refused")
REFUSALS = ("", "bad_signature", "old_version", "expired", "unknown_kind", "bad_body",
            "out_of_range", "no_clock", "no_room", "no_flash")  # fmt: skip
KIND_NAMES: Final[dict[int, str]] = dict(layouts.KINDS)
WORN = (None, True, False)  # None: no sensor
RECOVERIES = ("", "probe", "end_service", "detach", "radio_off_and_on", "reboot_command",
              "power_key", "power_rail", "chip_reset")  # fmt: skip
ACTIVITIES = ("", "sleep", "awake", "receiver", "radio", "signals", "anchor", "edrx", "psm")
_IDENTITY = {"boot", "seq", "time_s", "time_is_uptime"}


class Undecodable(Exception):
    """The record's payload is not what its kind says; the text is the codec's."""


class Delivery(NamedTuple):
    """One record on its way to a sink; `data` is JSON-ready, `attributes` are the event's."""

    row_id: int
    id: str
    lane: int
    late: bool
    received_ms: int
    attributes: Json
    data: Json
    made_ms: int  # by the tracker's clock where it has one, else received

    @property
    def json(self) -> bytes:
        """The event as one JSON object (CloudEvents' structured mode), without a newline."""
        return orjson.dumps({**self.attributes, "data": self.data})


def delivery(row: Row, gateway: str) -> Delivery:
    """The delivery of a journal row, from the gateway named `gateway`. Raises Undecodable."""
    try:
        kind, values = decode(row.payload)
    except codec.WireError as error:
        raise Undecodable(str(error)) from None
    time_s = 0 if values["time_is_uptime"] else unix_of(values["time_s"])
    late_by_s = max(0, row.received_ms // 1000 - time_s) if time_s else 0
    late = late_by_s > LATE_S
    attributes = attributes_of(row, gateway, event_type(kind, values), time_s)
    data = {
        "device": row.device,
        "boot": row.boot,
        "seq": row.seq,
        "kind": KIND_NAMES[kind],
        "time": rfc3339(time_s),
        "uptime_s": values["time_s"] if values["time_is_uptime"] else None,
        "received": rfc3339(row.received_ms // 1000),
        "late": late,
        "late_by_s": late_by_s if late else 0,
        **_KINDS[kind](values, time_s),
    }
    made_ms = time_s * 1000 or row.received_ms
    return Delivery(
        row.id, attributes["id"], row.lane, late, row.received_ms, attributes, data, made_ms
    )


def attributes_of(row: Row, gateway: str, type_: str, time_s: int) -> Json:
    """The event's attributes; `time_s` is 0 for a record whose time nobody knows."""
    return {
        "specversion": "1.0",
        "id": f"{row.device}:{row.boot}:{row.seq}",
        "source": f"/gateways/{gateway}",
        "type": type_,
        "subject": row.device,
        "time": rfc3339(time_s or row.received_ms // 1000),
        "datacontenttype": "application/json",
        "sequence": f"{row.boot:010d}.{row.seq:010d}",
        "lane": LANE_NAMES[row.lane],
    }


def aged(entry: Delivery, now_ms: int) -> Delivery:
    """The same at the moment of a try: how late it is counts until now, not until it was stored."""
    late_by_s = (now_ms - entry.made_ms) // 1000
    if late_by_s <= LATE_S:
        return entry
    return entry._replace(late=True, data={**entry.data, "late": True, "late_by_s": late_by_s})


def event_type(kind: int, values: Json) -> str:
    """The CloudEvents type; a test alarm's never looks like a real one's."""
    if kind == layouts.ALARM:
        return "no.trygg.alarm." + ("test" if values["test"] else WHATS[values["what"]])
    return f"no.trygg.{KIND_NAMES[kind]}"


def _status(values: Json, time_s: int) -> Json:
    """What reports, alarms and health have in common."""
    percent = values["battery_percent"]
    signal = values["signal"]
    next_s = values["next_report_by_s"]
    return {
        "charging": bool(values["charging"]),
        "battery_mv": values["battery_mv"],
        "battery_percent": None if percent == layouts.PERCENT_UNKNOWN else percent,
        "signal_dbm": None if signal == 0 else 2 * signal - 115,
        "next_report_in_s": next_s,
        "next_report_by": rfc3339(time_s + next_s) if time_s else None,
    }


def _fence(values: Json) -> Json:
    age_s = values["fix_age_s"]
    return {
        "fence_number": values["fence_number"] or None,
        "fence_state": FENCE_STATES[values["fence_state"]],
        "bound_s": values["bound_s"] or None,
        "fix_age_s": None if age_s == layouts.AGE_NEVER else age_s,
    }


def _report(values: Json, time_s: int) -> Json:
    return {
        **_status(values, time_s),
        **_fence(values),
        "coordinates_withheld": bool(values["coordinates_withheld"]),
        "bounds": [_bound(entry) for entry in values["bounds"]],
        "positions": _positions(values["fixes"], time_s),
        "counters": {name: values[name] for name in ("fixes_refused", "publishes_repeated")},
    }


def _bound(entry: Json) -> Json:
    """A fence whose bound is not the record's `bound_s`."""
    return {"fence_number": entry["number"], "bound_s": entry["bound_s"] or None}


def _alarm(values: Json, time_s: int) -> Json:
    return {
        "what": WHATS[values["what"]],
        "reason": REASONS[values["reason"]],
        "test": bool(values["test"]) or values["what"] == layouts.TEST,
        "fence_version": values["fence_version"],
        **_status(values, time_s),
        **_fence(values),
        "evidence": _positions(values["evidence"], time_s),
    }


_HEALTH_APART = _IDENTITY | {"charging", "battery_mv", "battery_percent", "signal", "safe_mode",
                             "next_report_by_s", "uptime_s", "worn", "moved", "temperature_c",
                             "hours_left", "charge", "recoveries"}  # fmt: skip


def _health(values: Json, time_s: int) -> Json:
    figures = {name: value for name, value in values.items() if name not in _HEALTH_APART}
    started = {"running_s": values["uptime_s"], "safe_mode": bool(values["safe_mode"])}
    return {**_status(values, time_s), **started, **_felt(values), **figures}


def _felt(values: Json) -> Json:
    """What the sensors say, and what the charge went to in microampere hours."""
    temperature_c, hours_left = values["temperature_c"], values["hours_left"]
    return {
        "worn": WORN[values["worn"]],
        "moved": bool(values["moved"]),
        "temperature_c": None if temperature_c == layouts.TEMPERATURE_UNKNOWN else temperature_c,
        "hours_left": None if hours_left == layouts.HOURS_UNKNOWN else hours_left,
        "modem_recoveries": [_recovery(step) for step in values["recoveries"]],
        "charge_uah": {_activity(spent["activity"]): spent["uah"] for spent in values["charge"]},
    }


def _recovery(step: Json) -> Json:
    """What one step of a modem's ladder was worth."""
    return {**step, "step": RECOVERIES[step["step"]]}


def _activity(number: int) -> str:
    return ACTIVITIES[number] if number < len(ACTIVITIES) else f"activity_{number}"


def _answer(values: Json, time_s: int) -> Json:
    return {
        "order_id": values["order_id"],
        "order_version": values["order_version"],
        "result": RESULTS[values["result"]],
        "reason": REFUSALS[values["reason"]] or None,
    }


_KINDS = {
    layouts.REPORT: _report,
    layouts.ALARM: _alarm,
    layouts.HEALTH: _health,
    layouts.ANSWER: _answer,
}


def _positions(entries: list[Json], time_s: int) -> list[Json]:
    """Newest first; each entry's age is from the one before it, the first one's from `time_s`."""
    positions, age_s = [], 0
    for entry in entries:
        age_s += entry["age_s"]
        positions.append(_position(entry, age_s, time_s))
    return positions


def _position(entry: Json, age_s: int, time_s: int) -> Json:
    course = entry["course_deg"]
    position: Json = {
        "time": rfc3339(time_s - age_s) if time_s else None,
        "age_s": age_s,
        "lat": entry["lat_e6"] / 1e6,
        "lon": entry["lon_e6"] / 1e6,
        "accuracy_m": entry["accuracy_dm"] / 10,
        "speed_m_s": entry["speed_dm_s"] / 10,
        "course_deg": None if course == layouts.COURSE_UNKNOWN else course,
    }
    if "distance_dm" in entry:
        position["satellites"] = entry["satellites"]
        position["distance_m"] = entry["distance_dm"] / 10
    return position


@lru_cache(8192)
def rfc3339(unix_s: int) -> str | None:
    """UTC with a Z; None for 0, unknown. Five stand in a report, and the same ones in the next."""
    if not unix_s:
        return None
    day, second = divmod(unix_s, 86400)
    minute, second = divmod(second, 60)
    return f"{_date(day)}T{_MINUTES[minute]}:{_SECONDS[second]}Z"


_MINUTES: Final = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(1440)]
_SECONDS: Final = [f"{second:02d}" for second in range(60)]


@lru_cache(1024)
def _date(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(day)).isoformat()
