"""Wall clocks and schedules beside the time zone database, over the years and their turns."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker import schedule
from tracker.local_time import minute_of_week, next_turn_s, offset_s
from trygg_wire.layouts import EPOCH, EU, US

ZONES = (
    ("Europe/Oslo", (60, EU)),
    ("Atlantic/Reykjavik", (0, 0)),
    ("America/New_York", (-300, US)),
    ("America/Los_Angeles", (-480, US)),
    ("America/St_Johns", (-210, US)),
)
YEARS_END = int(datetime(2053, 1, 1, tzinfo=UTC).timestamp()) - EPOCH
named = st.sampled_from(ZONES)
window = st.fixed_dictionaries(
    {"days": st.integers(1, 127), "from_min": st.integers(0, 1439), "minutes": st.integers(1, 1440)}
)


def wall(utc: int, name: str) -> datetime:
    return datetime.fromtimestamp(utc + EPOCH, ZoneInfo(name))


def wanted(rows, utc: int, name: str) -> bool:
    """Whether a window that began on one of its days holds what the wall clock shows."""
    shown = wall(utc, name).replace(tzinfo=None)
    for row in rows:
        for back in range(3):
            day = (shown - timedelta(days=back)).replace(hour=0, minute=0, second=0)
            begins = day + timedelta(minutes=row["from_min"])
            on_that_day = row["days"] >> 6 - day.weekday() & 1
            if on_that_day and begins <= shown < begins + timedelta(minutes=row["minutes"]):
                return True
    return False


def turns(name: str, zone) -> list[int]:
    """Every moment until 2053 when the tracker's clocks of a zone are turned."""
    found = []
    turn = next_turn_s(0, zone)
    while 0 < turn < YEARS_END:
        found.append(turn)
        turn = next_turn_s(turn, zone)
    return found


def beside_a_turn(zone, which: int, off_s: int) -> int:
    """A moment `off_s` from one of the zone's turns, or from any where there are none."""
    found = turns(*zone) or [196650000]
    return found[which % len(found)] + off_s


@pytest.mark.parametrize(("name", "zone"), ZONES)
def test_every_turn_until_2053_is_the_databases(name, zone):
    for turn in turns(name, zone):
        for utc in (turn - 1, turn):
            assert offset_s(utc, zone) == wall(utc, name).utcoffset().total_seconds()
        assert offset_s(turn - 1, zone) != offset_s(turn, zone)
    assert len(turns(name, zone)) == (66 if zone[1] else 0)


@settings(max_examples=500, deadline=None)
@given(named, st.integers(0, YEARS_END))
def test_any_second_until_2053_shows_what_the_database_says(zone, utc):
    shown = wall(utc, zone[0])
    minute = shown.weekday() * 1440 + shown.hour * 60 + shown.minute
    assert minute_of_week(utc + offset_s(utc, zone[1])) == minute


@settings(max_examples=300, deadline=None)
@given(
    named,
    st.lists(window, min_size=1, max_size=14),
    st.integers(0, 65),
    st.integers(-200_000, 200_000),
)
def test_windows_hold_what_the_wall_clock_shows_around_every_turn(zone, rows, which, off_s):
    utc = beside_a_turn(zone, which, off_s)
    assert schedule.in_force(schedule.windows_of(rows), zone[1], utc) == wanted(rows, utc, zone[0])


@settings(max_examples=100, deadline=None)
@given(
    named,
    st.lists(window, min_size=1, max_size=4),
    st.integers(0, 65),
    st.integers(-100_000, 100_000),
)
def test_nothing_changes_before_the_moment_said_and_mostly_something_then(zone, rows, which, off_s):
    utc = beside_a_turn(zone, which, off_s)
    now, changes = schedule.look(schedule.windows_of(rows), zone[1], utc)
    probe = utc
    while probe < min(changes, utc + 3 * 86400):
        assert wanted(rows, probe, zone[0]) == now
        probe += 1800 - probe % 1800  # all zones turn and all hours begin on a half hour
    assert wanted(rows, changes - 1, zone[0]) == now
    if wanted(rows, changes, zone[0]) == now:
        assert changes > utc + 4 * 86400  # looked past 32 edges
