"""Fences with a schedule: what is judged, said and known when windows begin and end."""

from firmware.fence_walk import LAT, LON, START_S, Walk, circle
from tracker.fence import NO_CHANGE_S, Event, FenceSet
from tracker.settings import Settings
from trygg_wire.layouts import (
    BACK,
    BAD_BODY,
    BEGAN,
    BOOT,
    CANT_TELL,
    CROSSED,
    INSIDE,
    KEEP_OUT,
    LEFT,
    NO_FIX_TOO_LONG,
    OUTSIDE,
    UNKNOWN,
)

HOUR = 3600
FOUR = 8000  # seconds after the start: 16:00 UTC
EVERY_DAY = 127
# keep-in from 16:00 to 22:00 every day
EVENINGS = [{"days": EVERY_DAY, "from_min": 16 * 60, "minutes": 6 * 60}]


def evening(number=1, **changes):
    changes["schedule"] = EVENINGS
    return circle(number, **changes)


def walk_of(*rows):
    walk = Walk(*rows)
    walk.wait(0)  # the clock is known
    return walk


def test_a_fence_out_of_force_says_and_hides_nothing():
    walk = walk_of(evening(private=1))
    for s in range(10, 7900, 300):
        assert walk.at(500, s) == ()
    assert walk.wait(7990) == ()
    assert walk.fences.worst() == (0, UNKNOWN)
    assert walk.fences.margin_cm() is None
    assert walk.fences.in_force() == ()
    assert not walk.fences.private_now()
    assert not walk.fences.needs_confirmation
    assert walk.fences.armed


def test_a_window_that_begins_while_outside_is_an_exit_with_its_own_reason():
    walk = walk_of(evening())
    walk.at(500, 7990)
    assert walk.at(500, FOUR) == ()
    assert walk.fences.needs_confirmation
    assert walk.at(500, FOUR + 3) == (Event(LEFT, 1, BEGAN),)
    assert walk.at(500, FOUR + 60) == ()


def test_who_was_inside_since_the_window_began_has_crossed():
    walk = walk_of(evening())
    walk.at(500, 7990)
    walk.at(0, FOUR + 100)
    assert walk.state() == INSIDE
    walk.at(500, FOUR + 900)
    assert walk.at(500, FOUR + 903) == (Event(LEFT, 1, CROSSED),)


def test_a_start_within_a_window_is_a_boot():
    walk = walk_of(evening())
    walk.at(500, FOUR + 10)
    assert walk.at(500, FOUR + 13) == (Event(LEFT, 1, BEGAN),)
    late = Walk(evening())  # its clock is first known within the window
    late.at(500, FOUR + 10)
    assert late.at(500, FOUR + 13) == (Event(LEFT, 1, BOOT),)


END = FOUR + 6 * HOUR
TOMORROW = FOUR + 24 * HOUR


def walk_with_an_open_exit(*rows):
    walk = walk_of(*(rows or (evening(),)))
    walk.at(0, FOUR)
    walk.at(500, FOUR + 60)
    assert walk.at(500, FOUR + 63)[0] == Event(LEFT, 1, CROSSED)
    return walk


def test_an_exit_stays_open_beyond_its_window_until_the_wearer_is_back():
    walk = walk_with_an_open_exit()
    for s in (END - 10, END, END + HOUR, TOMORROW - 1000):
        assert walk.at(500, s) == ()
        assert walk.wait(s + 5) == ()
        assert walk.fences.worst() == (1, OUTSIDE), s
    assert walk.at(0, TOMORROW - 600) == ()
    assert walk.fences.needs_confirmation
    assert walk.at(0, TOMORROW - 597) == (Event(BACK, 1, CROSSED),)
    assert walk.fences.worst() == (1, INSIDE)
    assert walk.wait(TOMORROW - 590) == ()
    assert walk.fences.worst() == (0, UNKNOWN)
    assert walk.at(500, TOMORROW) == ()
    assert walk.at(500, TOMORROW + 3) == (Event(LEFT, 1, BEGAN),)


def test_an_exit_that_is_open_when_the_next_window_begins_is_still_the_same():
    walk = walk_with_an_open_exit()
    assert walk.at(500, TOMORROW + 60) == ()
    assert walk.at(500, TOMORROW + 63) == ()
    assert walk.state() == OUTSIDE
    walk.at(0, TOMORROW + 120)
    assert walk.at(0, TOMORROW + 123) == (Event(BACK, 1, CROSSED),)
    walk.at(500, TOMORROW + 180)
    assert walk.at(500, TOMORROW + 183) == (Event(LEFT, 1, CROSSED),)


def test_whoever_closes_the_alarm_ends_an_exit_beyond_its_window_and_no_other():
    walk = walk_with_an_open_exit(evening(), circle(2))
    walk.fences.close_exits(START_S + FOUR + 10)
    assert walk.fences.worst() == (1, OUTSIDE)
    walk.wait(END)
    assert [fence.number for fence in walk.fences.in_force()] == [1, 2]
    walk.fences.close_exits(START_S + END)
    assert [fence.number for fence in walk.fences.in_force()] == [2]
    assert walk.fences.worst() == (2, OUTSIDE)
    assert walk.at(500, END + 3) == ()
    walk.at(500, TOMORROW)
    assert walk.at(500, TOMORROW + 3) == (Event(LEFT, 1, BEGAN),)


def test_closing_counts_when_the_window_ended_and_nobody_has_looked_since():
    walk = walk_with_an_open_exit()
    walk.fences.close_exits(START_S + END + 60)
    assert walk.fences.worst() == (0, UNKNOWN)


def test_an_exit_that_is_closed_without_a_clock_is_said_again_rather_than_never():
    walk = walk_with_an_open_exit()
    walk.wait(END + 60)
    walk.fences.close_exits(0)
    assert walk.fences.in_force()[0].state == UNKNOWN
    walk.at(500, END + 100)
    assert [event.what for event in walk.at(500, END + 103)] == [LEFT]


def test_what_is_no_exit_ends_with_the_window():
    for metres in (0, 155):
        walk = walk_of(evening())
        walk.at(0, FOUR)
        walk.at(metres, END - 10)
        walk.at(metres, END - 5)
        walk.at(metres, END)
        assert walk.fences.worst() == (0, UNKNOWN)


def test_an_open_exit_outlives_resets_and_a_replacement_beyond_its_window():
    for cut in (END - 5, END, END + 60, TOMORROW - 10):
        walk = walk_with_an_open_exit()
        for s in (END - 5, END, END + 60, TOMORROW - 10):
            if s == cut:
                walk = restart(walk, evening())
            assert walk.at(500, s) == ()
            assert walk.fences.worst() == (1, OUTSIDE), cut
            assert walk.fences.replace(9, {"fences": [evening(), circle(2, 9000)]}) == 0
            assert walk.fences.worst() == (1, OUTSIDE), cut
            walk.fences.replace(9, {"fences": [evening()]})
        again = restart(walk, evening())
        again.wait(TOMORROW - 9)
        again.fences.close_exits(START_S + TOMORROW - 9)
        assert restart(again, evening()).fences.worst() == (0, UNKNOWN)


def test_the_clock_alone_puts_a_fence_in_force():
    walk = walk_of(evening())
    walk.at(500, 7000)
    assert walk.wait(FOUR - 1) == ()
    assert walk.fences.margin_cm() is None
    assert walk.wait(FOUR) == ()
    assert abs(walk.fences.margin_cm() - 35000) <= 200  # from the last fix
    assert walk.fences.worst() == (1, UNKNOWN)


def test_while_the_clock_is_unknown_a_fence_is_in_force():
    fences = FenceSet(Settings())
    assert fences.replace(1, {"fences": [evening()]}) == 0
    assert fences.overdue(1000, 0) == ()
    assert len(fences.in_force()) == 1
    assert fences.overdue(1000 + 7200 * 1000, 0) == (Event(CANT_TELL, 0, NO_FIX_TOO_LONG),)
    assert fences.next_change_s(0) == NO_CHANGE_S


def test_no_fix_for_too_long_matters_only_to_a_fence_in_force():
    walk = walk_of(evening())
    walk.at(500, 10)
    assert walk.wait(7900) == ()
    assert walk.wait(FOUR) == (Event(CANT_TELL, 0, NO_FIX_TOO_LONG),)


def test_a_fence_out_of_force_never_hides_the_exit_of_another():
    walk = walk_of(evening(1, radius_dm=9000), circle(2), evening(3, radius_dm=9000, private=1))
    walk.at(0, 10)
    assert walk.fences.worst() == (2, INSIDE)
    walk.at(300, 60)
    assert walk.at(300, 63) == (Event(LEFT, 2, CROSSED),)
    assert walk.fences.worst() == (2, OUTSIDE)
    assert walk.fences.margin_cm() > 14000
    assert [fence.number for fence in walk.fences.in_force()] == [2]
    walk.at(300, FOUR)
    assert [fence.number for fence in walk.fences.in_force()] == [1, 2, 3]
    assert walk.fences.worst() == (2, OUTSIDE)


def test_only_fences_in_force_keep_the_place_secret_or_open_it():
    walk = walk_of(circle(1, private=1), evening(2, radius_dm=200))
    walk.at(100, 10)
    assert walk.fences.private_now()
    walk.at(100, FOUR)
    walk.at(100, FOUR + 3)
    assert not walk.fences.private_now()


def test_a_keep_out_fence_has_hours_too():
    walk = walk_of(evening(5, keep=KEEP_OUT, buffer_dm=0))
    assert walk.at(0, 7990) == ()
    assert walk.at(0, FOUR) == ()
    assert walk.at(0, FOUR + 3) == (Event(LEFT, 5, BEGAN),)


def test_the_next_change_is_that_of_the_first_fence():
    mornings = [{"days": EVERY_DAY, "from_min": 360, "minutes": 60}]
    walk = walk_of(evening(), circle(2), circle(3, schedule=mornings))
    assert walk.fences.next_change_s(START_S) == FOUR
    walk.wait(FOUR)
    assert walk.fences.next_change_s(START_S + FOUR) == 6 * HOUR
    walk.wait(FOUR + 6 * HOUR)
    assert walk.fences.next_change_s(START_S + FOUR + 6 * HOUR) == 8 * HOUR
    assert Walk().fences.next_change_s(START_S) == NO_CHANGE_S


def test_a_change_that_is_overdue_is_due_now():
    walk = walk_of(evening())
    assert walk.fences.next_change_s(START_S + FOUR + 5) == 0


def test_a_window_on_no_day_is_refused():
    fences = FenceSet(Settings())
    never = [{"days": 0, "from_min": 0, "minutes": 60}]
    assert fences.replace(1, {"fences": [circle(schedule=never)]}) == BAD_BODY


def test_other_hours_or_another_zone_make_another_fence():
    walk = Walk(evening())
    s = FOUR + 3600
    for head in ({}, {"utc_offset_min": 60, "dst": 0}, {"utc_offset_min": 60, "dst": 1}):
        values = {"fences": [evening(), circle(2)]}
        values.update(head)
        walk.at(0, s)
        assert walk.state() == INSIDE
        assert walk.fences.replace(8, values) == 0
        known = [fence.been_inside for fence in walk.fences.in_force()]
        assert known == ([True, s > FOUR + 3600] if not head else [False, True])
        s += 100
    assert walk.fences.zone == (60, 1)


# -- over sleep and reset --------------------------------------------------------------


def restart(walk, *rows):
    data = walk.fences.save()
    again = Walk(*rows)
    assert again.fences.load(data)
    return again


def test_an_exit_is_said_once_over_a_sleep_in_the_same_window():
    walk = walk_of(evening())
    walk.at(500, FOUR)
    walk.at(500, FOUR + 3)
    again = restart(walk, evening())
    assert again.state() == OUTSIDE
    assert again.at(500, FOUR + 3600) == ()
    assert again.at(500, FOUR + 3603) == ()


def test_an_open_exit_that_sleeps_into_the_next_window_is_still_the_same():
    walk = walk_of(evening())
    walk.at(500, FOUR)
    walk.at(500, FOUR + 3)
    again = restart(walk, evening())
    assert again.at(500, TOMORROW + 30) == ()
    assert again.at(500, TOMORROW + 33) == ()
    assert again.state() == OUTSIDE


def test_a_sleep_over_the_end_of_a_window_and_the_begin_of_the_next_is_seen():
    walk = walk_of(evening())
    walk.at(0, FOUR)
    again = restart(walk, evening())
    assert again.at(500, TOMORROW + 30) == ()
    assert again.at(500, TOMORROW + 33) == (Event(LEFT, 1, BEGAN),)


def test_a_reset_just_before_and_after_a_window_begins_loses_no_reason():
    for cut in (7995, FOUR, FOUR + 1):
        walk = walk_of(evening())
        events = []
        for s in (7990, 7995, FOUR, FOUR + 1, FOUR + 3, FOUR + 6):
            if s == cut:
                walk = restart(walk, evening())
            events.extend(walk.at(500, s))
        assert events == [Event(LEFT, 1, BEGAN)], cut


def test_windows_all_week_long_never_end():
    always = [{"days": EVERY_DAY, "from_min": 0, "minutes": 1440}]
    walk = walk_of(circle(schedule=always))
    walk.at(500, 10)
    assert len(walk.at(500, 13)) == 1
    for day in range(1, 30):
        assert walk.at(500, day * 86400) == ()
        assert walk.state() == OUTSIDE


def test_the_walks_start_is_where_these_tests_think():
    assert (LAT, LON) == (59913900, 10745200)
    assert START_S // 86400 % 7 == 5  # a Monday: 2020-01-01 was a Wednesday
    assert START_S % 86400 == 49600
