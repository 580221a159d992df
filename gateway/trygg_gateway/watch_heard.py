"""What the watch hears of a record, out of all that it says. Pure."""

from typing import Any, NamedTuple

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
    heard = Heard(row.device, kind, row.boot, row.seq, row.received_ms // 1000, made_s)
    if kind == layouts.ANSWER:
        return heard
    percent, signal = values["battery_percent"], values["signal"]
    heard = heard._replace(
        next_s=values["next_report_by_s"],
        percent=None if percent == layouts.PERCENT_UNKNOWN else percent,
        charging=bool(values["charging"]),
        signal_dbm=2 * signal - 115 if signal else None,
    )
    if kind == layouts.HEALTH:
        hours = values["hours_left"]
        return heard._replace(
            hours_left=None if hours == layouts.HOURS_UNKNOWN else hours,
            watchdog=values["starts_by_watchdog"],
            safe_mode=bool(values["safe_mode"]),
            fence_version=values["fence_version"],
        )
    heard = heard._replace(fence_state=values["fence_state"])
    if kind == layouts.ALARM:
        return heard._replace(what=values["what"])
    return heard._replace(repeated=values["publishes_repeated"])
