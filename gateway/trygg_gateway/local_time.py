"""A place's local time in the few words a tracker understands: an offset and a rule. Pure.

A tracker has no room for the world's time zones. It knows an offset from UTC and when an hour is
added in summer: never, as in the EU, or as in the US. A zone that does otherwise in this year or
the next four is refused here, where somebody reads it, and not followed wrongly there.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from trygg_gateway.values import Refused
from trygg_wire import layouts

YEARS: Final = 5
_HOUR = timedelta(hours=1)
Summer = tuple[datetime, datetime]  # from when to when an hour is added, UTC


class LocalTime(NamedTuple):
    """How local time is got from UTC; the fields are those of a FENCES body."""

    utc_offset_min: int
    dst: int


UNIVERSAL: Final = LocalTime(0, layouts.NO_DST)


def local_time(name: str, now_s: int) -> LocalTime:
    """The local time of a zone by its name, as in Europe/Oslo. Raises Refused."""
    try:
        zone = ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise Refused(
            f"{name!r} is no time zone. Wanted a name as in Europe/Oslo or America/New_York."
        ) from None
    year = datetime.fromtimestamp(now_s, UTC).year
    years = range(year, year + YEARS)
    winter = min(_offset(zone, datetime(year, month, 15, 12, tzinfo=UTC)) for month in (1, 7))
    for dst, summer in ((layouts.NO_DST, None), (layouts.EU, _eu), (layouts.US, _us)):
        if all(_follows(zone, winter, one, summer and summer(one, winter)) for one in years):
            return LocalTime(winter // timedelta(minutes=1), dst)
    raise Refused(
        f"{name} changes its clocks by a rule of its own. Trackers know places that never do,"
        " and those that do as the EU or the US."
    )


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def _follows(zone: ZoneInfo, winter: timedelta, year: int, summer: Summer | None) -> bool:
    """Whether the zone's offset is as the rule says on every day, and around each change."""
    first = datetime(year, 1, 1, 12, tzinfo=UTC)
    moments = [first + timedelta(days=day) for day in range(365)]
    for change in summer or ():
        moments += [change - timedelta(seconds=1), change]
    return all(
        _offset(zone, at)
        == winter + (_HOUR if summer and summer[0] <= at < summer[1] else 0 * _HOUR)
        for at in moments
    )


def _eu(year: int, _winter: timedelta) -> Summer:
    """From 01:00 UTC on the last Sunday of March to that of October."""
    return _midnight(_sunday(year, 3, 25)) + _HOUR, _midnight(_sunday(year, 10, 25)) + _HOUR


def _us(year: int, winter: timedelta) -> Summer:
    """From 02:00 on the second Sunday of March to 02:00 on the first of November, by the wall."""
    begins = _midnight(_sunday(year, 3, 8)) + 2 * _HOUR - winter
    ends = _midnight(_sunday(year, 11, 1)) + 2 * _HOUR - (winter + _HOUR)
    return begins, ends


def _sunday(year: int, month: int, from_day: int) -> date:
    """The first Sunday on or after that day."""
    day = date(year, month, from_day)
    return day + timedelta(days=6 - day.weekday())


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
