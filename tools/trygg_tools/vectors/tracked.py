"""What the tracker's own parser makes of a log, beside what is expected.

The tracker refuses fixes that parsers give: one that its satellites cannot carry, one that is not
later than the one before. It adds 1,024 weeks to a date before 2020. Both are promises of the
tracker, not errors of the others, so the expected file names them; anything else is a fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tracker.fix import COURSE_UNKNOWN, QUIET_MS, Fix
from tracker.nmea import Receiver
from trygg_tools.vectors.agreement import Row

ROLLOVER_S = 1024 * 7 * 86_400
SPEED_NEAR_DM_S = 1  # the tracker drops a knot's third decimal (nmea_rows.py)


class Tracked(NamedTuple):
    """The tracker beside the rows: which it withholds, why, and how it corrects dates."""

    withheld: list[int]  # indices of rows
    reasons: list[str]
    rolled_weeks: int
    faults: list[str]


def tracked(rows: Sequence[Row], lines: Sequence[bytes]) -> Tracked:
    """Compare the tracker's fixes with the rows, one by one in their order."""
    found, reasons = _fixes(lines)
    weeks = _rolled_weeks(rows)
    withheld: list[int] = []
    faults, next_row = [], 0
    for fix in found:
        at = next_row
        while at < len(rows) and not _is(fix, rows[at], weeks):
            at += 1
        if at == len(rows):
            faults.append(f"the tracker has {_told(fix)}, which is not expected")
            continue
        withheld += range(next_row, at)
        next_row = at + 1
    withheld += range(next_row, len(rows))
    return Tracked(withheld, reasons, weeks, faults)


def _fixes(lines: Sequence[bytes]) -> tuple[list[Fix], list[str]]:
    receiver = Receiver()
    found = []
    for line in lines:
        receiver.feed(line, 0)
        found.append(receiver.take())
    receiver.feed(b"", QUIET_MS)
    found.append(receiver.take())
    counters = receiver.counters
    reasons = [f"{count} {name}" for name, count in counters.refused_because() if count]
    if counters.torn:
        reasons.append(f"{counters.torn} torn")
    return [one for one in found if one], reasons


def _rolled_weeks(rows: Sequence[Row]) -> int:
    """How many weeks the tracker adds to the first row's date."""
    weeks, time_s = 0, rows[0].time_s if rows else 0
    while time_s + weeks * 7 * 86_400 < 0:
        weeks += 1024
    return weeks


def _is(fix: Fix, row: Row, weeks: int) -> bool:
    place = (fix.time_s, fix.lat_e6, fix.lon_e6, fix.satellites)
    speed = abs(fix.speed_dm_s - row.speed_dm_s) <= SPEED_NEAR_DM_S
    course = fix.course_deg in (COURSE_UNKNOWN, row.course_deg)
    expected = (row.time_s + weeks * 7 * 86_400, row.lat_e6, row.lon_e6, row.satellites)
    return place == expected and speed and course


def _told(fix: Fix) -> str:
    return f"time {fix.time_s}, place {fix.lat_e6} {fix.lon_e6}, {fix.satellites} satellites"
