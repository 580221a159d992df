"""What the watch hears of a record, out of all that it says. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from trygg_gateway.devices import Record
from trygg_gateway.values import Row, unix_of
from trygg_wire import layouts

Json = dict[str, Any]


class Heard(NamedTuple):
    """One record of a tracker. Fields that its kind does not have are None."""

    device: str
    kind: int
    boot: int
    seq: int
    received_s: int
    made_s: int = 0  # as its clock says, also from the future; 0: it has none
    next_s: int = 0  # seconds within which it promises the next
    percent: int | None = None
    charging: bool = False
    signal_dbm: int | None = None
    fence_state: int | None = None
    what: int = 0  # of an alarm
    repeated: int | None = None  # of a report
    hours_left: int | None = None  # of a health record, these four
    watchdog: int | None = None
    safe_mode: bool = False
    fence_version: int | None = None


def heard_of(row: Row, kind: int, values: Json) -> Heard:
    """What of a record matters to the watch; `kind` and `values` are the codec's."""
    made_s = 0 if values["time_is_uptime"] else unix_of(values["time_s"])
    whose = (row.device, kind, row.boot, row.seq, row.received_ms // 1000, made_s)
    if kind == layouts.ANSWER:
        return Heard(*whose)
    percent = values["battery_percent"]
    return Heard(
        *whose,
        next_s=values["next_report_by_s"],
        percent=None if percent == layouts.PERCENT_UNKNOWN else percent,
        charging=bool(values["charging"]),
        signal_dbm=dbm_of(values["signal"]),
        **_OF_KIND[kind](values),
    )


def dbm_of(signal: int) -> int | None:
    """A record's signal in dBm; None for unknown."""
    return 2 * signal - 115 if signal else None


def _of_report(values: Json) -> Json:
    return {"fence_state": values["fence_state"], "repeated": values["publishes_repeated"]}


def _of_alarm(values: Json) -> Json:
    return {"fence_state": values["fence_state"], "what": values["what"]}


def _of_health(values: Json) -> Json:
    hours = values["hours_left"]
    return {
        "hours_left": None if hours == layouts.HOURS_UNKNOWN else hours,
        "watchdog": values["starts_by_watchdog"],
        "safe_mode": bool(values["safe_mode"]),
        "fence_version": values["fence_version"],
    }


_OF_KIND = {layouts.REPORT: _of_report, layouts.ALARM: _of_alarm, layouts.HEALTH: _of_health}


def at_once(told: Iterable[Record]) -> Iterator[list[Record]]:
    """The records in lists, each of one tracker and one second of their coming."""
    together: dict[str, list[Record]] = {}
    for record in told:
        row = record[0]
        records = together.get(row.device)
        if records is None:
            together[row.device] = [record]
        elif records[0][0].received_ms // 1000 == row.received_ms // 1000:
            records.append(record)
        else:
            yield records
            together[row.device] = [record]
    yield from together.values()
