"""Fence: the decision rule of promise 4, event by event."""

from firmware.fence_walk import E6_PER_100_M, LAT, LON, START_S, Walk, circle
from tracker import fence_memory, ticks
from tracker.elapsed import Elapsed
from tracker.fence import EVIDENCE_MAX, Event, FenceSet
from tracker.fence_rule import read
from tracker.physics import ENOUGH
from tracker.settings import Settings
from trygg_wire.layouts import (
    BACK,
    BAD_BODY,
    BOOT,
    CANNOT_TELL,
    CANT_TELL,
    CROSSED,
    INSIDE,
    KEEP_OUT,
    LEFT,
    NEAR,
    NEAR_TOO_LONG,
    NO_FIX_TOO_LONG,
    OUTSIDE,
    UNKNOWN,
)

LEFT_1 = (Event(LEFT, 1, CROSSED),)
BACK_1 = (Event(BACK, 1, CROSSED),)
BOOT_1 = (Event(LEFT, 1, BOOT),)


def inside_walk(*rows):
    walk = Walk(*rows)
    assert walk.at(0, 0) == ()
    assert walk.state() == INSIDE
    return walk


# -- one fix ---------------------------------------------------------------------------


def test_one_fix_is_read_by_distance_accuracy_buffer_and_band():
    assert read(-4001, 4000, 1000, 9000) == INSIDE
    assert read(-4000, 4000, 1000, 9000) == NEAR
    assert read(-3001, 4000, 1000, 3000) == INSIDE
    assert read(-3000, 4000, 1000, 3000) == NEAR
    assert read(0, 0, 0, 3000) == NEAR
    assert read(5000, 4000, 1000, 3000) == NEAR
    assert read(5001, 4000, 1000, 3000) == OUTSIDE


def test_a_bad_accuracy_cannot_hide_an_exit_beyond_the_clamp():
    walk = inside_walk()
    assert walk.at(205, 60, accuracy_dm=5000) == ()  # 55 m out, clamped to 50 m and 10 m buffer
    assert walk.state() == NEAR
    assert walk.at(215, 70, accuracy_dm=5000) == ()
    assert walk.at(215, 80, accuracy_dm=5000) == LEFT_1


def test_a_fence_without_a_buffer_of_its_own_has_the_settings():
    walk = inside_walk(circle(buffer_dm=0))
    walk.settings.fence_buffer_dm = 500
    for s in (60, 70, 80):
        assert walk.at(200, s) == ()
    assert walk.at(206, 90) == ()
    assert walk.at(206, 100) == LEFT_1


def test_deep_inside_counts_as_inside_with_any_accuracy():
    walk = Walk()
    assert walk.at(100, 0, accuracy_dm=3000) == ()
    assert walk.state() == INSIDE


def test_a_narrow_fence_has_an_inside_too():
    walk = Walk(circle(radius_dm=200))
    walk.at(0, 0, accuracy_dm=400)
    assert walk.state() == INSIDE
    walk.at(11, 60, accuracy_dm=400)
    assert walk.state() == NEAR


# -- leaving and coming back -----------------------------------------------------------


def test_leaving_takes_two_fixes_and_the_first_keeps_the_receiver_on():
    walk = inside_walk()
    assert not walk.fences.needs_confirmation
    assert walk.at(200, 60) == ()
    assert walk.fences.needs_confirmation
    assert walk.state() == NEAR
    assert walk.at(201, 63) == LEFT_1
    assert not walk.fences.needs_confirmation
    assert walk.fences.worst() == (1, OUTSIDE)


def test_two_of_the_last_three_are_enough_and_one_is_not():
    walk = inside_walk()
    assert walk.at(200, 60) == ()
    assert walk.at(155, 63) == ()
    assert walk.fences.needs_confirmation
    assert walk.at(200, 66) == LEFT_1
    other = inside_walk()
    for i in range(1, 20):
        assert other.at(200, 60 * i) == ()
        assert other.at(100, 60 * i + 3) == ()
        assert other.fences.needs_confirmation
        assert other.at(100, 60 * i + 6) == ()
        assert not other.fences.needs_confirmation


def test_fixes_taken_too_close_together_count_once():
    walk = inside_walk()
    assert walk.at(200, 60) == ()
    assert walk.at(200, 61) == ()
    assert walk.at(200, 62) == ()
    assert walk.at(200, 63) == LEFT_1


def test_left_is_said_once_however_long_it_lasts():
    walk = inside_walk()
    walk.at(200, 60)
    assert walk.at(200, 63) == LEFT_1
    for s in range(70, 2000, 10):
        assert walk.at(200 + s % 50, s) == ()
        assert walk.state() == OUTSIDE


def test_the_boundary_itself_is_no_return():
    walk = inside_walk()
    walk.at(200, 60)
    walk.at(200, 63)
    for s in range(70, 3000, 10):
        assert walk.at(148, s) == ()  # 2 m inside, known to 4 m
    assert walk.state() == OUTSIDE
    assert walk.wait(3600) == ()


def test_back_takes_two_fixes_inside_and_then_left_can_come_again():
    walk = inside_walk()
    walk.at(200, 60)
    assert walk.at(200, 63) == LEFT_1
    assert walk.at(100, 120) == ()
    assert walk.fences.needs_confirmation
    assert walk.state() == OUTSIDE
    assert walk.at(100, 123) == BACK_1
    assert walk.state() == INSIDE
    assert walk.at(200, 180) == ()
    assert walk.at(200, 183) == LEFT_1


def test_a_single_reflection_inside_ends_no_alarm():
    walk = inside_walk()
    walk.at(200, 60)
    walk.at(200, 63)
    for s in range(70, 700, 30):
        assert walk.at(100, s) == ()
        assert walk.at(200, s + 10) == ()
        assert walk.at(200, s + 20) == ()


def test_the_first_good_fixes_outside_after_a_start_are_an_exit_by_boot():
    walk = Walk()
    assert walk.fences.worst() == (1, UNKNOWN)
    assert walk.at(300, 0) == ()
    assert walk.fences.needs_confirmation
    assert walk.at(300, 3) == BOOT_1
    assert walk.at(300, 60) == ()


def test_a_start_near_the_boundary_that_ends_outside_is_an_exit_by_boot():
    walk = Walk()
    walk.at(152, 0)
    assert walk.state() == NEAR
    walk.at(200, 60)
    assert walk.at(200, 63) == BOOT_1


def test_a_keep_out_fence_is_left_by_entering_it():
    walk = Walk(circle(number=3, keep=KEEP_OUT, buffer_dm=0))
    walk.at(400, 0)
    assert walk.fences.worst() == (3, INSIDE)
    assert walk.fences.margin_cm() < -24000
    assert walk.at(100, 300) == ()
    assert walk.at(100, 303) == (Event(LEFT, 3, CROSSED),)
    assert walk.fences.margin_cm() > 4900
    assert walk.fences.evidence(3)[0]["distance_dm"] > 490
    walk.at(400, 600)
    assert walk.at(400, 603) == (Event(BACK, 3, CROSSED),)


def test_each_fence_is_judged_by_itself():
    walk = inside_walk(circle(1, 1500), circle(2, 3000), circle(16, 500))
    walk.at(200, 60)
    events = walk.at(200, 63)
    assert sorted([event.fence_number for event in events]) == [1, 16]
    assert walk.fences.worst() == (16, OUTSIDE)  # the one left farthest behind
    walk.at(400, 120)
    assert walk.at(400, 123) == (Event(LEFT, 2, CROSSED),)


# -- what cannot be told ---------------------------------------------------------------


def test_near_for_too_long_is_said_once_until_it_was_over():
    walk = inside_walk()
    walk.at(150, 60)
    assert walk.wait(60 + 1799) == ()
    assert walk.wait(60 + 1800) == (Event(CANT_TELL, 1, NEAR_TOO_LONG),)
    assert walk.state() == CANNOT_TELL
    assert walk.at(151, 1900) == ()
    assert walk.wait(8000) == ()
    walk.at(0, 8010)
    assert walk.state() == INSIDE
    walk.at(150, 8100)
    assert walk.at(150, 8100 + 1800) == (Event(CANT_TELL, 1, NEAR_TOO_LONG),)


def test_no_fix_for_too_long_is_said_once_until_one_came():
    walk = inside_walk()
    said = (Event(CANT_TELL, 0, NO_FIX_TOO_LONG),)
    assert walk.wait(7199) == ()
    assert walk.wait(7200) == said
    assert walk.fences.worst() == (1, CANNOT_TELL)
    assert walk.wait(20000) == ()
    walk.at(0, 20010)
    assert walk.state() == INSIDE
    assert walk.wait(20010 + 7200) == said


def test_no_fix_since_the_start_is_said_too_without_any_clock():
    fences = FenceSet(Settings())
    assert fences.replace(1, {"fences": [circle()]}) == 0
    assert fences.overdue(1000, 0) == ()
    assert fences.overdue(1000 + 7200 * 1000, 0) == (Event(CANT_TELL, 0, NO_FIX_TOO_LONG),)


def test_outside_is_not_hidden_by_cannot_tell():
    walk = inside_walk()
    walk.at(200, 60)
    walk.at(200, 63)
    assert walk.wait(8000) == (Event(CANT_TELL, 0, NO_FIX_TOO_LONG),)
    assert walk.state() == OUTSIDE


def test_without_a_fence_there_is_nothing_to_tell():
    fences = FenceSet(Settings())
    assert fences.overdue(0, 0) == ()
    assert fences.overdue(90000000, 0) == ()
    assert fences.judge(Walk().fix(0, 100)) == ()
    assert fences.worst() == (0, UNKNOWN)
    assert fences.margin_cm() is None
    assert not fences.private_now()
    assert fences.evidence(0)[0]["distance_dm"] == 0


# -- physics ---------------------------------------------------------------------------


def test_a_fix_farther_than_anyone_can_come_is_refused():
    walk = inside_walk()
    assert walk.at(2000, 10) == ()
    assert walk.fences.refused == 1
    assert walk.state() == INSIDE
    assert walk.fences.margin_cm() == -15000
    assert not walk.fences.needs_confirmation


def test_refusing_is_no_lock():
    walk = inside_walk()
    for i in range(1, ENOUGH):
        assert walk.at(2000, 10 * i) == ()
    assert walk.fences.refused == ENOUGH - 1
    assert walk.at(2000, 10 * ENOUGH) == ()
    assert walk.fences.needs_confirmation
    assert walk.at(2000, 10 * ENOUGH + 3) == LEFT_1


def test_reflections_that_do_not_agree_are_never_believed():
    walk = inside_walk()
    for i in range(1, 40):
        assert walk.at(30000 if i % 2 else -30000, 10 * i) == ()
    assert walk.fences.refused == 39
    assert walk.at(10, 400) == ()
    assert walk.state() == INSIDE


def test_an_older_fix_is_refused_and_the_same_second_is_nothing_new():
    walk = inside_walk()
    walk.at(10, 60)
    walk.at(500, 59)
    assert walk.fences.refused == 1
    walk.at(500, 60)
    assert walk.fences.refused == 1
    assert walk.fences.last_fix() == walk.fix(10, 60)


def test_a_clock_that_was_ahead_is_overcome():
    walk = Walk()
    walk.at(0, 100000)
    for s in (0, 5, 10):
        walk.at(0, s)
    assert walk.fences.refused == ENOUGH - 1
    assert walk.fences.last_fix().time_s == START_S + 10


# -- replacing, private, evidence ------------------------------------------------------


def test_a_fence_that_is_the_same_in_a_new_version_keeps_what_it_knew():
    walk = inside_walk()
    walk.at(200, 60)
    walk.at(200, 63)
    assert walk.fences.armed
    assert walk.fences.replace(8, {"fences": [circle(), circle(2, 5000)]}) == 0
    assert not walk.fences.armed
    assert walk.fences.version == 8
    assert walk.at(200, 70) == ()
    assert walk.fences.armed
    assert walk.at(200, 80) == ()
    assert walk.fences.worst() == (1, OUTSIDE)


def test_a_fence_that_was_changed_knows_nothing():
    for changes in ({"radius_dm": 1501}, {"lat_e6": LAT + 1}, {"private": 1}, {"buffer_dm": 99}):
        walk = inside_walk()
        walk.fences.replace(8, {"fences": [circle(**changes)]})
        assert walk.fences.worst() == (1, UNKNOWN)
        walk.at(300, 60)
        assert walk.at(300, 63) == BOOT_1


def test_a_new_fence_is_measured_at_once_from_the_last_fix():
    walk = inside_walk()
    walk.fences.replace(8, {"fences": [circle(2, 900)]})
    assert walk.fences.margin_cm() == -9000
    assert walk.fences.worst() == (2, UNKNOWN)


def test_one_bad_fence_leaves_all_the_old_ones_in_force():
    walk = inside_walk()
    bad = ([circle(), circle()], [circle(), circle(2, 0)])
    for rows in bad:
        assert walk.fences.replace(8, {"fences": rows}) == BAD_BODY
        assert walk.fences.version == 7
        assert walk.fences.armed
        assert walk.fences.worst() == (1, INSIDE)


def test_no_fences_at_all_is_an_order_like_any_other():
    walk = inside_walk()
    assert walk.fences.replace(8, {"fences": []}) == 0
    assert walk.fences.worst() == (0, UNKNOWN)
    assert walk.at(500, 60) == ()
    assert walk.fences.armed


def test_private_is_inside_of_every_fence_and_set_so():
    assert inside_walk(circle(private=1)).fences.private_now()
    assert not inside_walk(circle(private=0)).fences.private_now()
    assert not inside_walk(circle(private=1), circle(2, 900)).fences.private_now()
    river = circle(5, 500, keep=KEEP_OUT, lon_e6=LON + 10 * E6_PER_100_M)
    assert inside_walk(circle(private=1), river).fences.private_now()
    assert not inside_walk(river).fences.private_now()
    assert not Walk(circle(private=1)).fences.private_now()  # nothing known yet


def test_coordinates_are_no_secret_once_it_is_not_certain_that_the_wearer_is_inside():
    walk = inside_walk(circle(private=1))
    walk.at(200, 60)
    assert not walk.fences.private_now()
    walk.at(100, 63)
    assert walk.fences.private_now()
    walk.wait(9000)
    assert not walk.fences.private_now()


def test_evidence_is_the_last_fixes_with_their_distance_and_ages():
    walk = inside_walk()
    walk.at(200, 60, accuracy_dm=45)
    walk.at(210, 63, accuracy_dm=40)
    first, second, third = walk.fences.evidence(1, START_S + 65)
    assert (first["age_s"], second["age_s"], third["age_s"]) == (2, 3, 60)
    assert abs(first["distance_dm"] - 600) <= 4
    assert abs(second["distance_dm"] - 500) <= 4
    assert third["distance_dm"] == -1500
    assert second["accuracy_dm"] == 45
    for s in range(70, 170, 10):
        walk.at(200, s)
    assert len(walk.fences.evidence(1)) == EVIDENCE_MAX


def test_evidence_says_nothing_of_where_the_wearer_was_long_before():
    walk = inside_walk()
    walk.at(10, 100)
    walk.at(200, 1001)
    walk.at(210, 1005)
    assert len(walk.fences.evidence(1)) == 2
    walk = inside_walk()
    walk.at(10, 105)
    walk.at(210, 1005)
    assert len(walk.fences.evidence(1)) == 2


def test_a_margin_is_that_of_the_nearest_boundary():
    walk = inside_walk(circle(1, 1500), circle(2, 900))
    assert walk.fences.margin_cm() == -9000
    assert abs(walk.fences.margin_cm(walk.fix(100, 60)) - 1000) <= 20
    assert walk.fences.margin_cm() == -9000


# -- sleep, reset, a new battery -------------------------------------------------------


def restart(walk, slept_s=0):
    """The same walk after a start: what is left is in the bytes."""
    data = walk.fences.save()
    assert len(data) <= fence_memory.SIZE_MAX
    rows = [circle()]
    again = Walk(*rows)
    assert again.fences.load(data, slept_s)
    return again


def test_an_exit_is_confirmed_over_a_reset_at_every_step():
    steps = ((0, 0), (100, 60), (200, 120), (200, 123), (210, 130), (100, 200), (100, 203))
    for cut in range(len(steps) + 1):
        walk = Walk()
        events = []
        for i in range(len(steps)):
            if i == cut:
                walk = restart(walk)
            events.extend(walk.at(*steps[i]))
        assert tuple(events) == LEFT_1 + BACK_1, cut


def test_a_reset_before_a_back_is_kept_says_it_again_or_the_next_exit():
    for metres, said in ((100, BACK_1), (200, LEFT_1)):
        walk = inside_walk()
        walk.at(200, 60)
        walk.at(200, 63)
        data = walk.fences.save()
        walk.at(100, 120)
        assert walk.at(100, 123) == BACK_1
        again = Walk()
        assert again.fences.load(walk.fences.save_returned(data))
        assert again.fences.worst() == (1, UNKNOWN)
        events = again.at(metres, 183) + again.at(metres, 186) + again.at(metres, 189)
        assert events == said


def test_what_is_not_over_stays_as_it_was_saved():
    walk = inside_walk(circle(), circle(2, 1600))
    walk.at(200, 60)
    data = walk.fences.save()
    walk.at(200, 63)
    assert walk.fences.save_returned(data) == data
    assert walk.fences.save_returned(b"") == b""
    assert walk.fences.save_returned(data[:-1]) == data[:-1]


def test_an_alarm_after_a_sleep_has_the_fixes_before_it_as_evidence():
    walk = inside_walk()
    walk.at(100, 60)
    walk.at(200, 120)
    again = restart(walk)
    assert again.at(200, 180) == LEFT_1
    assert [entry["age_s"] for entry in again.fences.evidence(1, START_S + 180)] == [0, 60, 60, 60]
    assert again.fences.worst() == (1, OUTSIDE)


def test_the_first_fix_after_a_sleep_is_judged_against_the_one_before():
    again = restart(inside_walk())
    assert again.at(5000, 10) == ()
    assert again.fences.refused == 1


def test_time_asleep_counts_by_the_clock_or_by_what_was_slept():
    walk = inside_walk()
    walk.at(150, 60)
    again = restart(walk)
    assert again.wait(60 + 1800) == (Event(CANT_TELL, 1, NEAR_TOO_LONG),)
    blind = restart(walk, slept_s=1700)
    assert blind.fences.overdue(0, 0) == ()
    assert blind.fences.overdue(100 * 1000, 0) == (Event(CANT_TELL, 1, NEAR_TOO_LONG),)


def test_what_was_said_is_not_said_again_after_a_start():
    walk = inside_walk()
    walk.at(150, 60)
    walk.wait(60 + 1800)
    walk.wait(60 + 7200)
    again = restart(walk)
    assert again.wait(60 + 7300) == ()
    assert again.state() == CANNOT_TELL


def test_state_of_another_version_of_the_fences_is_taken_fence_by_fence():
    walk = inside_walk(circle(), circle(2, 900))
    data = walk.fences.save()
    again = Walk(circle(2, 901), circle())
    again.fences.version = 8
    assert again.fences.load(data)
    assert not again.fences.armed
    assert again.fences.worst() == (2, UNKNOWN)
    again.at(200, 60)
    assert again.at(200, 63) == (Event(LEFT, 2, BOOT), Event(LEFT, 1, CROSSED))


def test_state_stays_within_600_bytes_for_16_fences():
    walk = Walk(*[circle(number, 1000 + number) for number in range(1, 17)])
    for s in range(0, 600, 60):
        walk.at(0, s)
    assert len(walk.fences.save()) == fence_memory.SIZE_MAX
    assert fence_memory.SIZE_MAX <= 600


def test_damaged_state_is_said_and_changes_nothing():
    walk = inside_walk()
    walk.at(100, 60)
    data = walk.fences.save()
    for bad in damaged(data):
        again = Walk()
        assert not again.fences.load(bad)
        assert again.fences.worst() == (1, UNKNOWN)
        assert again.fences.last_fix() is None


def damaged(data):
    """`data` cut at every length, longer by one, all zero, and with every bit flipped."""
    for length in range(len(data)):
        yield data[:length]
    yield data + b"\0"
    yield bytes(len(data))
    for i in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[i // 8] ^= 1 << i % 8
        yield bytes(flipped)


# -- seconds that passed ---------------------------------------------------------------


def test_a_clock_that_jumps_does_not_make_time_pass():
    elapsed = Elapsed()
    assert elapsed.advance(5000, 0) == 0
    assert elapsed.advance(8999, START_S) == 3
    assert elapsed.advance(9000, START_S + 900000) == 4
    assert elapsed.advance(8000, START_S) == 4
    assert elapsed.advance(ticks.add(9000, -5000), 0) == 4


def test_ticks_are_cut_to_seconds_without_losing_any():
    elapsed = Elapsed()
    now = ticks.PERIOD - 3000
    elapsed.advance(now, 0)
    for _step in range(100):
        now = ticks.add(now, 700)
        elapsed.advance(now, 0)
    assert elapsed.now_s == 70


def test_a_jump_over_a_sleep_counts_for_a_week_at_most():
    elapsed = Elapsed()
    elapsed.take_up(100, START_S, 0)
    assert elapsed.advance(0, START_S + 100000000) == 100 + 604800
