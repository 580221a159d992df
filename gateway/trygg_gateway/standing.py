"""How a tracker stands now, worst first: alarm, silent, late, low battery, fine, waiting. Pure.

A tracker says with every report when it will speak next (promise 6). Past that it is late, past
that and its patience (watch.py; GRACE_S while the watch knows nothing of it) it is silent: flat,
off, out of coverage, or left on a table. `waiting` is one that was registered and never heard.
"""

from typing import Final, NamedTuple

from trygg_wire import layouts

GRACE_S: Final = 120
LOW_PERCENT: Final = 20
WORST_FIRST: Final = ("alarm", "silent", "late", "low_battery", "fine", "waiting")

_ALARM_TEXTS: Final = {
    layouts.LEFT: "has left the fence",
    layouts.SOS: "calls for help",
    layouts.BATTERY_LOW: "battery is low",
    layouts.CANT_TELL: "cannot tell whether inside",
    layouts.TEST: "test alarm",
    layouts.OFF_CHARGER: "off the charger below what the day needs",
    layouts.TAKEN_OFF: "has been taken off",
}
_FENCE_TEXTS: Final = {
    layouts.INSIDE: "inside",
    layouts.NEAR: "near the boundary",
    layouts.OUTSIDE: "outside",
    layouts.CANNOT_TELL: "cannot tell whether inside",
}


class OpenAlarm(NamedTuple):
    """The worst open alarm of a tracker; what = 0 for none."""

    what: int
    taken: bool


NO_ALARM: Final = OpenAlarm(0, False)


def standing(
    alarm: OpenAlarm,
    heard: bool,
    next_report_by_s: int,
    battery_percent: int | None,
    charging: bool,
    fence_state: int,
    now_s: int,
    silent_at_s: int | None = None,
) -> tuple[str, str]:
    """(status, a few words for it) of a tracker; status is one of WORST_FIRST."""
    if alarm.what:
        text = _ALARM_TEXTS.get(alarm.what, "alarm")
        return "alarm", text + (", taken" if alarm.taken else ", nobody has taken it")
    if not heard:
        return "waiting", "not heard yet"
    if now_s > (next_report_by_s + GRACE_S if silent_at_s is None else silent_at_s):
        return "silent", "has not reported as promised"
    if now_s > next_report_by_s:
        return "late", "report is due"
    if battery_percent is not None and battery_percent <= LOW_PERCENT and not charging:
        return "low_battery", f"battery at {battery_percent} %"
    return "fine", _FENCE_TEXTS.get(fence_state, "no fence")
