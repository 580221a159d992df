"""Duty: the next fix before the boundary can be reached, and a worst case that can be stated."""

from tracker.duty import Duty
from tracker.settings import Settings
from trygg_wire.layouts import CANNOT_TELL, INSIDE, NEAR, OUTSIDE, UNKNOWN


def duty(time_to_fix_s=3):
    planned = Duty(Settings())
    planned.time_to_fix_s = time_to_fix_s
    return planned


def pause(planned, inside_m, accuracy_dm=40, age_s=0, state=INSIDE, confirming=False):
    return planned.next_fix_in_s(-100 * inside_m, accuracy_dm, age_s, state, confirming)


def test_the_next_fix_is_due_before_the_boundary_can_be_reached():
    # (500 m - 4 m - 10 m) / 2 m/s - 3 s
    assert pause(duty(), 500) == 240
    assert pause(duty(time_to_fix_s=30), 500) == 213
    assert pause(duty(), 500, accuracy_dm=400) == 222


def test_a_faster_wearer_is_looked_at_more_often():
    planned = duty()
    planned._settings.v_max_dm_s = 60
    assert pause(planned, 500) == 78


def test_it_is_never_shorter_than_the_floor_or_longer_than_the_ceiling():
    assert pause(duty(), 30) == 20
    assert pause(duty(), 0) == 20
    assert pause(duty(), -10, state=NEAR) == 20
    assert pause(duty(), 60) == 20
    assert pause(duty(), 61) == 20
    assert pause(duty(), 70) == 25
    assert pause(duty(), 5000) == 600


def test_the_age_of_the_fix_is_part_of_the_pause():
    assert pause(duty(), 500, age_s=100) == 140
    assert pause(duty(), 500, age_s=300) == 0
    assert pause(duty(), 5000, age_s=600) == 0
    assert pause(duty(), 30, age_s=5) == 15


def test_while_one_fix_may_decide_the_receiver_stays_on():
    assert pause(duty(), 500, confirming=True) == 0
    assert pause(duty(), -50, state=OUTSIDE, confirming=True) == 0


def test_outside_is_looked_at_often():
    planned = duty()
    assert pause(planned, -500, state=OUTSIDE) == 10
    assert pause(planned, -500, state=OUTSIDE, age_s=4) == 6
    planned._settings.alarm_fix_s = 120
    assert pause(planned, -500, state=OUTSIDE) == 20


def test_without_a_fence_or_a_fix_the_ceiling_is_the_pause():
    assert duty().next_fix_in_s(None, 0, 0, UNKNOWN, False) == 600
    assert duty().next_fix_in_s(None, 0, 700, UNKNOWN, False) == 0


def test_without_reception_the_pause_doubles_up_to_the_ceiling():
    planned = duty()
    pauses = []
    for _search in range(8):
        planned.got_none()
        pauses.append(pause(planned, 20, age_s=10000))
    assert pauses == [20, 40, 80, 160, 320, 600, 600, 600]
    planned.got_fix(3)
    assert pause(planned, 20) == 20


def test_backing_off_never_comes_before_the_wearer_could_be_near():
    planned = duty()
    planned.got_none()
    assert pause(planned, 500, age_s=100) == 140
    assert pause(planned, 500, age_s=230) == 20


def test_outside_without_reception_the_pause_never_grows_past_that_of_an_alarm():
    planned = duty()
    for alarm_fix_s, pauses in ((10, [10, 10, 10, 10]), (120, [20, 40, 80, 120])):
        planned.failures = 0
        planned._settings.alarm_fix_s = alarm_fix_s
        for wanted in pauses:
            planned.got_none()
            assert pause(planned, -50, age_s=5000, state=OUTSIDE) == wanted
    assert pause(planned, -50, age_s=5000, state=OUTSIDE, confirming=True) == 120


def test_failures_are_counted_without_end_and_without_growing():
    planned = duty()
    for _search in range(100):
        planned.got_none()
    assert pause(planned, 20, age_s=10000) == 600


def test_the_time_to_fix_rises_at_once_and_falls_slowly():
    planned = duty(3)
    planned.got_fix(30)
    assert planned.time_to_fix_s == 30
    fallen = []
    for _search in range(40):
        planned.got_fix(2)
        fallen.append(planned.time_to_fix_s)
    assert fallen[0] == 26
    assert fallen == sorted(fallen, reverse=True)
    assert fallen[-1] == 2


def test_the_bound_is_the_sum_of_what_can_delay_an_alarm():
    # floor 20 + time-out 45 + cut second 1 + confirmation 3 + 1 + connecting 30
    assert duty().bound_s(-10000) == 100
    assert duty().bound_s(500) == 100


def test_no_bound_is_stated_that_would_not_hold():
    planned = duty()
    assert planned.bound_s(None) == 0
    planned.got_none()
    assert planned.bound_s(-10000) == 0
    planned.got_fix(5)
    assert planned.bound_s(-10000) == 100


def test_the_bound_follows_every_setting_it_is_made_of():
    for name in ("fix_floor_s", "fix_timeout_s", "confirm_apart_s", "connect_s"):
        planned = duty()
        setattr(planned._settings, name, getattr(planned._settings, name) + 7)
        assert planned.bound_s(-10000) == 107


def test_reports_come_more_often_the_more_it_matters():
    planned = duty()
    assert planned.next_report_in_s(INSIDE) == 900
    assert planned.next_report_in_s(NEAR) == 300
    assert planned.next_report_in_s(UNKNOWN) == 300
    assert planned.next_report_in_s(CANNOT_TELL) == 300
    assert planned.next_report_in_s(OUTSIDE) == 30
    assert planned.next_report_in_s(INSIDE, alarm_open=True) == 30
