"""The tracker's records as values for the codec: every number within its row's limits.

A record must never fail to be written because something in the world was larger than its row: what
is too large is written as the largest. `now` here is a Moment: the one reading of clocks, battery,
fences and link that a record states. The rows are in trygg_wire/layouts.py, the words in WIRE.md.
"""

import struct
from collections import namedtuple

from tracker.fix import even_course
from trygg_wire.layouts import (
    AGE_NEVER,
    CANT_TELL,
    LEFT,
    PERCENT_UNKNOWN,
    SOS,
)

Moment = namedtuple(
    "Moment",
    "boot seq time_s time_is_uptime charging battery_mv battery_percent signal fence_number "
    "fence_state fence_version bound_s next_report_by_s last_fix private",
)
_COUNT_MAX = (1 << 30) - 1
_MV_MAX = 5100
_BOUND_MAX = 86400
_PROMISE_MAX = 172800
_FROM_AFAR = (LEFT, SOS, CANT_TELL)  # alarms that say where, whatever the fences' privacy


def _identity(moment):
    return {
        "boot": moment.boot,
        "seq": moment.seq,
        "time_s": moment.time_s,
        "time_is_uptime": moment.time_is_uptime,
    }


def _power(values, moment):
    values["charging"] = 1 if moment.charging else 0
    values["battery_mv"] = max(0, min(moment.battery_mv, _MV_MAX))
    values["battery_percent"] = max(0, min(moment.battery_percent, PERCENT_UNKNOWN))
    values["signal"] = max(0, min(moment.signal, 31))
    values["next_report_by_s"] = max(0, min(moment.next_report_by_s, _PROMISE_MAX))


def _fences(values, moment):
    values["fence_number"] = moment.fence_number
    values["fence_state"] = moment.fence_state
    values["bound_s"] = max(0, min(moment.bound_s, _BOUND_MAX))
    values["fix_age_s"] = fix_age_s(moment)


def fix_age_s(moment):
    """From the newest good fix to the record, AGE_NEVER when there is none."""
    if moment.last_fix is None or moment.time_is_uptime:
        return AGE_NEVER
    return max(0, min(moment.time_s - moment.last_fix.time_s, AGE_NEVER))


def places(fixes, time_s):
    """The fixes, newest first, as entries: each with the seconds before the entry ahead of it, the
    first before `time_s`; 0 where either is unknown."""
    entries, after_s = [], time_s
    for fix in fixes:
        age_s = after_s - fix.time_s if after_s and fix.time_s else 0
        entries.append({
            "age_s": max(0, min(age_s, AGE_NEVER)),
            "lat_e6": fix.lat_e6,
            "lon_e6": fix.lon_e6,
            "accuracy_dm": max(0, min(fix.accuracy_dm, 100000)),
            "speed_dm_s": max(0, min(fix.speed_dm_s, 3000)),
            "course_deg": even_course(fix.course_deg),
        })  # fmt: skip
        after_s = fix.time_s
    return entries


def report(moment, track, fixes_refused, publishes_repeated):
    """A REPORT with the fixes of `track`, newest first; none of them while they are private."""
    values = _identity(moment)
    _power(values, moment)
    _fences(values, moment)
    values["coordinates_withheld"] = 1 if moment.private else 0
    values["fixes_refused"] = min(fixes_refused, _COUNT_MAX)
    values["publishes_repeated"] = min(publishes_repeated, _COUNT_MAX)
    values["bounds"] = []
    values["fixes"] = [] if moment.private else places(track, moment.time_s)
    return values


def alarm(moment, event, evidence, test):
    """An ALARM for `event` (what, fence_number, reason); its evidence only where it may be seen."""
    values = _identity(moment)
    _power(values, moment)
    _fences(values, moment)
    values["what"] = event.what
    values["reason"] = event.reason
    values["test"] = 1 if test else 0
    if event.fence_number:
        values["fence_number"] = event.fence_number
    values["fence_version"] = moment.fence_version
    open_to_all = event.what in _FROM_AFAR or not moment.private
    values["evidence"] = evidence if open_to_all else []
    return values


def health(moment, counts, uptime_s, reset_cause, settings_version, waiting, heap_free, firmware):
    """A HEALTH; `counts` a dict by the row's names."""
    values = _identity(moment)
    _power(values, moment)
    for name in counts:
        values[name] = max(0, min(counts[name], _COUNT_MAX))
    values["reset_cause"] = reset_cause & 31
    values["uptime_s"] = min(uptime_s, _COUNT_MAX)
    values["settings_version"] = settings_version
    values["fence_version"] = moment.fence_version
    values["records_waiting"] = waiting
    values["heap_free"] = heap_free
    values["firmware"] = firmware
    return values


def answer(moment, what):
    """An ANSWER to an order; `what` is its part from Orders."""
    values = _identity(moment)
    for name in what:
        values[name] = what[name]
    return values


def recoveries(modem):
    """What each step of the modem's ladder was worth that was ever tried, from what RTC memory
    keeps of it (Modem.save)."""
    counts = struct.unpack_from("<16H", modem, 7)
    steps = [place for place in range(8) if counts[place]]
    return [
        {"step": place + 1, "tried": counts[place], "helped": counts[8 + place]} for place in steps
    ]
