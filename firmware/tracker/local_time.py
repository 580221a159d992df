"""What a wall clock shows, from UTC: a fixed offset, and the hour that summer adds.

When summer begins and ends is a row of RULES. The EU turns all its clocks at one moment of UTC
(directive 2000/84/EC: 01:00, last Sundays of March and October), the US each at 02:00 of its own
(Energy Policy Act of 2005: second Sunday of March, first of November). Good from 2020 to 2099.

Times are seconds since 2020-01-01 UTC. A zone is (minutes east of UTC in winter, rule).
"""

from trygg_wire.layouts import EU, US

_DAY_S = 86400
_SUMMER_S = 3600
_LAST = 0
_UTC, _WINTER_TIME = 0, 1
# rule: when summer begins and ends as (month, which Sunday, minute of that day, of which clock)
RULES = {
    EU: ((3, _LAST, 60, _UTC), (10, _LAST, 60, _UTC)),
    US: ((3, 2, 120, _WINTER_TIME), (11, 1, 60, _WINTER_TIME)),
}
_DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


def offset_s(utc, zone):
    """Seconds to add to `utc` for what a wall clock in `zone` shows then."""
    minutes, rule = zone
    summer = False
    if rule in RULES:
        begins_s, ends_s = _summer(_year(utc), zone)
        summer = begins_s <= utc < ends_s
    return 60 * minutes + (_SUMMER_S if summer else 0)


def next_turn_s(utc, zone):
    """The moment after `utc` (itself UTC) when the clocks of `zone` are next turned; 0: never."""
    if zone[1] not in RULES:
        return 0
    year = _year(utc)
    for turn_s in _summer(year, zone) + _summer(year + 1, zone):
        if turn_s > utc:
            return turn_s
    return 0


def minute_of_week(local_s):
    """Minutes since Monday 00:00 of a wall clock's `local_s` (utc + offset_s)."""
    return (local_s + 2 * _DAY_S) // 60 % 10080  # 2020-01-01 was a Wednesday


def _summer(year, zone):
    minutes, rule = zone
    turns = []
    for month, which, minute, clock in RULES[rule]:
        turn_s = _DAY_S * _sunday(year, month, which) + 60 * minute
        turns.append(turn_s - 60 * minutes if clock == _WINTER_TIME else turn_s)
    return tuple(turns)


def _year(utc):
    """The year as 0 for 2020; every fourth one is longer, the first of them first."""
    fours, days = divmod(utc // _DAY_S, 1461)
    return 4 * fours + (0 if days < 366 else (days - 1) // 365)


def _sunday(year, month, which):
    """The day (0 is 2020-01-01) of a month's first, second ... or last Sunday."""
    first = _month_begins(year, month)
    if which == _LAST:
        last = _month_begins(year, month + 1) - 1
        return last - (last + 3) % 7
    return first + (4 - first) % 7 + 7 * (which - 1)


def _month_begins(year, month):
    leap = 1 if month > 2 and not year % 4 else 0
    return 365 * year + (year + 3) // 4 + _DAYS_BEFORE_MONTH[month - 1] + leap
