"""When a fence is in force: windows of the week as a wall clock reads them.

A window is days, from_min, minutes (packed as WINDOW, since there may be many): on each of its
days (bit 6 Monday .. bit 0 Sunday) it begins from_min after midnight and lasts so many minutes of
the clock's face, past midnight and over the week's end if need be. A fence is in force while the
clock reads a time within any of its windows; one without windows always is. That is also what
happens when clocks are turned:
  - the hour that comes twice is in its window both times, so a window from 02:15 to 02:45 is in
    force twice that night, with a pause between;
  - the hour that never comes is in no window, so a window wholly within it is left out that night;
  - 22:00 to 07:00 ends at 07:00 of the clock, an hour longer or shorter than on other nights.
"""

import struct

from tracker.local_time import minute_of_week, next_turn_s, offset_s

WINDOW = ">BHH"
_WEEK_MIN = 10080
_DAY_MIN = 1440
_WEEK_S = 604800
_SIZE = struct.calcsize(WINDOW)
_LOOK_MAX = 32  # edges that change nothing and are looked past


def windows_of(rows):
    """The windows (bytes) of a fence's `schedule`, list of dicts; None if one is on no day."""
    windows = b""
    for row in rows:
        if not row["days"]:
            return None
        windows += struct.pack(WINDOW, row["days"], row["from_min"], row["minutes"])
    return windows


def in_force(windows, zone, utc):
    """Whether a clock in `zone` reads a time within a window at `utc`."""
    minute = minute_of_week(utc + offset_s(utc, zone))
    for at in range(0, len(windows), _SIZE):
        days, from_min, minutes = struct.unpack_from(WINDOW, windows, at)
        for day in range(7):
            if days >> 6 - day & 1 and (minute - day * _DAY_MIN - from_min) % _WEEK_MIN < minutes:
                return True
    return not windows


def look(windows, zone, utc):
    """(in force at `utc`, the moment after it when that next changes).

    Windows that overlap or never end are looked past _LOOK_MAX of their edges at most, so that the
    moment may come too early, never too late.
    """
    now = in_force(windows, zone, utc)
    at_s = utc
    for _edge in range(_LOOK_MAX):
        at_s = _next_edge_s(windows, zone, at_s)
        if in_force(windows, zone, at_s) != now:
            break
    return now, at_s


def _next_edge_s(windows, zone, utc):
    """The next moment when a window begins or ends or the clocks are turned; a week at most."""
    local_s = utc + offset_s(utc, zone)
    minute = minute_of_week(local_s)
    nearest = _WEEK_MIN
    for at in range(0, len(windows), _SIZE):
        days, from_min, minutes = struct.unpack_from(WINDOW, windows, at)
        for day in range(7):
            if days >> 6 - day & 1:
                begins = day * _DAY_MIN + from_min - minute
                nearest = min(nearest, _ahead(begins), _ahead(begins + minutes))
    edge_s = utc + 60 * nearest - local_s % 60
    turn_s = next_turn_s(utc, zone)
    return turn_s if 0 < turn_s < edge_s else edge_s


def _ahead(minutes):
    """The same distance in the week, 1 up to a whole one."""
    return (minutes - 1) % _WEEK_MIN + 1
