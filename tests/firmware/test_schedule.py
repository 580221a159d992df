"""Schedules: which moments of the week a fence is in force, also when clocks are turned."""

from tracker import local_time, schedule
from trygg_wire.layouts import EU, NO_DST, US

OSLO = (60, EU)
NEW_YORK = (-300, US)
MONDAY = 1 << 6
SATURDAY = 1 << 1
SUNDAY = 1
EVERY_DAY = 127
HOUR = 3600
# UTC, seconds since 2020
MONDAY_2020_01_06 = 5 * 86400  # 00:00 UTC
OSLO_SPRING_2026 = 196909200  # 2026-03-29 01:00 UTC: 02:00 becomes 03:00
OSLO_AUTUMN_2026 = 215053200  # 2026-10-25 01:00 UTC: 03:00 becomes 02:00
NEW_YORK_SPRING_2026 = 195116400  # 2026-03-08 07:00 UTC


def rows(*windows):
    named = []
    for days, from_min, minutes in windows:
        named.append({"days": days, "from_min": from_min, "minutes": minutes})
    return named


def at(windows, zone, utc):
    return schedule.in_force(packed(windows), zone, utc)


def look(windows, zone, utc):
    return schedule.look(packed(windows), zone, utc)


def packed(windows):
    return schedule.windows_of(rows(*windows))


def test_a_clock_is_an_hour_ahead_in_summer_from_the_minute_of_the_rule():
    assert local_time.offset_s(OSLO_SPRING_2026 - 1, OSLO) == HOUR
    assert local_time.offset_s(OSLO_SPRING_2026, OSLO) == 2 * HOUR
    assert local_time.offset_s(OSLO_AUTUMN_2026 - 1, OSLO) == 2 * HOUR
    assert local_time.offset_s(OSLO_AUTUMN_2026, OSLO) == HOUR
    assert local_time.offset_s(OSLO_SPRING_2026, (60, NO_DST)) == HOUR
    assert local_time.offset_s(OSLO_SPRING_2026, (60, 9)) == HOUR  # a rule of a later firmware


def test_the_next_turn_of_the_clocks_is_found_over_the_years_end():
    assert local_time.next_turn_s(OSLO_SPRING_2026 - 1, OSLO) == OSLO_SPRING_2026
    assert local_time.next_turn_s(OSLO_SPRING_2026, OSLO) == OSLO_AUTUMN_2026
    assert local_time.next_turn_s(OSLO_AUTUMN_2026, OSLO) == OSLO_SPRING_2026 + 364 * 86400
    assert local_time.next_turn_s(OSLO_SPRING_2026, (60, NO_DST)) == 0


def test_the_us_turn_each_of_its_clocks_at_two_of_its_own():
    spring = local_time.next_turn_s(NEW_YORK_SPRING_2026 - 40 * 86400, NEW_YORK)
    assert spring % 86400 == 7 * HOUR
    west = local_time.next_turn_s(spring - 86400, (-480, US))
    assert west == spring + 3 * HOUR
    autumn = local_time.next_turn_s(spring, NEW_YORK)
    assert autumn % 86400 == 6 * HOUR


def test_the_week_begins_on_monday():
    assert local_time.minute_of_week(MONDAY_2020_01_06) == 0
    assert local_time.minute_of_week(MONDAY_2020_01_06 - 60) == 10079


def test_without_windows_a_fence_is_always_in_force():
    assert at((), OSLO, 0)
    assert at((), OSLO, OSLO_SPRING_2026)


def test_a_window_begins_with_its_minute_and_ends_before_its_last():
    windows = ((MONDAY, 8 * 60, 60),)
    zone = (0, NO_DST)
    eight = MONDAY_2020_01_06 + 8 * HOUR
    assert not at(windows, zone, eight - 1)
    assert at(windows, zone, eight)
    assert at(windows, zone, eight + HOUR - 1)
    assert not at(windows, zone, eight + HOUR)
    assert not at(windows, zone, eight + 86400)
    assert at(windows, zone, eight + 7 * 86400)


def test_a_night_goes_past_midnight_and_over_the_weeks_end():
    windows = ((SUNDAY, 22 * 60, 9 * 60),)
    zone = (0, NO_DST)
    for week in (0, 7 * 86400):
        monday = MONDAY_2020_01_06 + week
        assert not at(windows, zone, monday - 2 * HOUR - 1)
        assert at(windows, zone, monday - 2 * HOUR)
        assert at(windows, zone, monday)
        assert at(windows, zone, monday + 7 * HOUR - 1)
        assert not at(windows, zone, monday + 7 * HOUR)


def test_a_whole_day_from_the_last_minute_is_a_whole_day():
    windows = ((SUNDAY, 1439, 1440),)
    minutes = [at(windows, (0, NO_DST), MONDAY_2020_01_06 + 60 * i) for i in range(-10, 1450)]
    assert minutes == [False] * 9 + [True] * 1440 + [False] * 11


def test_the_hour_that_comes_twice_is_in_force_twice():
    windows = ((SUNDAY, 2 * 60 + 15, 30),)
    first = OSLO_AUTUMN_2026 - 45 * 60
    for begins in (first, first + HOUR):
        assert not at(windows, OSLO, begins - 1)
        assert at(windows, OSLO, begins)
        assert at(windows, OSLO, begins + 30 * 60 - 1)
        assert not at(windows, OSLO, begins + 30 * 60)


def test_the_hour_that_never_comes_is_in_no_window():
    windows = ((SUNDAY, 2 * 60, 60),)
    for minute in range(-180, 180):
        assert not at(windows, OSLO, OSLO_SPRING_2026 + 60 * minute)
    assert at(windows, OSLO, OSLO_SPRING_2026 + 7 * 86400 - HOUR)


def test_a_night_ends_at_its_hour_of_the_clock_when_clocks_are_turned():
    windows = ((SATURDAY, 22 * 60, 9 * 60),)  # to 07:00
    for turn, hours in ((OSLO_SPRING_2026, 8), (OSLO_AUTUMN_2026, 10)):
        saturday = turn - 12 * HOUR
        now, begins = look(windows, OSLO, saturday)
        assert not now
        now, ends = look(windows, OSLO, begins)
        assert now
        assert ends - begins == hours * HOUR


def test_windows_that_touch_are_one():
    windows = ((MONDAY, 8 * 60, 4 * 60), (MONDAY, 12 * 60, 4 * 60), (MONDAY, 10 * 60, 30))
    now, ends = look(windows, (0, NO_DST), MONDAY_2020_01_06 + 9 * HOUR)
    assert now
    assert ends == MONDAY_2020_01_06 + 16 * HOUR


def test_windows_that_never_end_are_looked_at_for_a_month():
    windows = ((EVERY_DAY, 0, 1440),)
    now, changes = look(windows, OSLO, OSLO_SPRING_2026)
    assert now
    assert changes > OSLO_SPRING_2026 + 14 * 86400


def test_the_next_change_is_never_later_than_it_comes():
    windows = ((EVERY_DAY, 22 * 60, 9 * 60), (SUNDAY, 2 * 60 + 10, 45))
    for turn in (OSLO_SPRING_2026, OSLO_AUTUMN_2026):
        utc = turn - 86400
        now, changes = look(windows, OSLO, utc)
        while utc < turn + 86400:
            if utc >= changes:
                before = now
                now, changes = look(windows, OSLO, utc)
                assert now != before
            assert at(windows, OSLO, utc) == now
            utc += 300


def test_a_window_on_no_day_is_no_window():
    assert schedule.windows_of(rows((0, 0, 60))) is None
    assert schedule.windows_of(rows((MONDAY, 0, 60), (0, 5, 5))) is None
    assert schedule.windows_of(rows((MONDAY, 1, 60))) == b"\x40\0\x01\0\x3c"
    assert schedule.windows_of([]) == b""
