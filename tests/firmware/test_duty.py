"""Duty: the next fix before the boundary can be reached, and a worst case that can be stated."""

from tracker.duty import LONG, LOOK_S, NOTHING_S, Duty
from tracker.duty_rows import NEVER_S, PAUSES, SEND_S, SLACKS, Situation
from tracker.planner import Planner
from tracker.settings import Settings
from trygg_wire.layouts import CANNOT_TELL, INSIDE, NEAR, OUTSIDE, UNKNOWN


def duty(time_to_fix_s=3, **settings):
    planned = Duty(Settings())
    planned.settings.doubt_s = 0
    planned.time_to_fix_s = time_to_fix_s
    for name in settings:
        setattr(planned.settings, name, settings[name])
    return planned


def situation(inside_m=None, accuracy_dm=40, **known):
    at = Situation()
    at.margin_cm = None if inside_m is None else -100 * inside_m
    at.accuracy_dm = accuracy_dm
    at.state = UNKNOWN if inside_m is None else INSIDE
    for name in known:
        assert hasattr(at, name), name
        setattr(at, name, known[name])
    return at


def pause(planned, inside_m, accuracy_dm=40, **known):
    return planned.next_fix_in_s(situation(inside_m, accuracy_dm, **known))


def stated(planned, **known):
    """The bound that a report made now states."""
    planned.state(situation(100, **known))
    planned.renew()
    return planned.bound_s()


# -- the next fix --------------------------------------------------------------------------


def test_the_next_fix_is_due_before_the_boundary_can_be_reached():
    # (500 m - 4 m - 10 m) / 2 m/s is 243 s, less a twentieth - 3 s
    assert pause(duty(), 500) == 228
    assert pause(duty(time_to_fix_s=30), 500) == 201
    assert pause(duty(), 500, accuracy_dm=400) == 211


def test_a_faster_wearer_is_looked_at_more_often():
    assert pause(duty(v_max_dm_s=60), 500) == 74


def test_it_is_never_shorter_than_the_floor_or_longer_than_the_ceiling():
    assert pause(duty(), 30) == 20
    assert pause(duty(), 0) == 20
    assert pause(duty(), -10, state=NEAR) == 20
    assert pause(duty(), 60) == 20
    assert pause(duty(), 61) == 20
    assert pause(duty(), 70) == 24
    assert pause(duty(), 5000) == 600


def test_the_age_of_the_fix_is_part_of_the_pause():
    assert pause(duty(), 500, age_s=100) == 128
    assert pause(duty(), 500, age_s=300) == 0
    assert pause(duty(), 5000, age_s=600) == 0
    assert pause(duty(), 30, age_s=5) == 15
    assert pause(duty(), 30, age_s=NEVER_S) == 0


def test_while_one_fix_may_decide_the_receiver_stays_on():
    assert pause(duty(), 500, confirming=True) == 0
    assert pause(duty(), -50, state=OUTSIDE, confirming=True) == 0


def test_while_its_ephemerides_are_made_fresh_the_receiver_stays_on():
    assert pause(duty(), 500, upkeep=True) == 0


def test_outside_is_looked_at_often_and_so_is_a_wearer_who_has_called():
    assert pause(duty(), -500, state=OUTSIDE) == 10
    assert pause(duty(), -500, state=OUTSIDE, age_s=4) == 6
    assert pause(duty(), 500, alarm_open=True) == 10
    assert pause(duty(alarm_fix_s=120), -500, state=OUTSIDE) == 20


def test_who_has_been_outside_for_a_while_is_followed_at_the_stated_rate():
    planned = duty()
    followed = situation(-500, state=OUTSIDE, followed=True)
    assert planned.next_fix_in_s(followed) == 60 - 3 - SEND_S
    followed.age_s = 40
    assert planned.next_fix_in_s(followed) == 7
    followed.age_s, planned.time_to_fix_s = 0, 45
    assert planned.next_fix_in_s(followed) == 10
    followed.confirming = True
    assert planned.next_fix_in_s(followed) == 0


def test_who_is_followed_is_looked_for_in_time_for_the_fences_not_left():
    planned = duty(follow_s=600)
    stated(planned)
    followed = situation(-500, state=OUTSIDE, followed=True)
    for inside_m, wanted_s in ((None, 587), (500, 228), (100, 38), (30, 20), (0, 20)):
        followed.inside_cm = None if inside_m is None else -100 * inside_m
        assert planned.next_fix_in_s(followed) == wanted_s
    assert stated(planned, state=OUTSIDE, followed=True) == 101


def test_who_is_followed_is_not_given_up_without_reception():
    planned = failing_duty(searches=9)
    assert pause(planned, -500, state=OUTSIDE, followed=True, age_s=500) == 60


def test_without_a_fence_or_a_fix_the_ceiling_is_the_pause():
    assert pause(duty(), None) == 600
    assert pause(duty(), None, age_s=700) == 0


def test_on_the_charger_it_looks_more_often_and_leaves_nothing_out():
    assert pause(duty(), 5000, charging=True) == 60
    assert pause(duty(), None, charging=True) == 60
    assert pause(duty(fix_floor_s=90), 5000, charging=True) == 90
    planned = duty()
    assert stated(planned, still=True, charging=True) == 101
    assert planned.skip_s(situation(500, still=True, charging=True, age_s=60)) == 0


def test_a_fix_is_due_when_a_window_of_a_schedule_begins():
    assert pause(duty(), 5000, change_s=77) == 74  # in time, by a clock that may be slow
    assert pause(duty(), None, change_s=77) == 74
    failing = duty()
    failing.stated_s = NOTHING_S
    for _search in range(9):
        failing.got_none()
    failing.renew()
    assert pause(failing, 20, age_s=10000, change_s=333) == 317


# -- without reception ---------------------------------------------------------------------


def failing_duty(stated_s=NOTHING_S, searches=1, **settings):
    planned = duty(**settings)
    planned.stated_s = stated_s
    for _search in range(searches):
        planned.got_none()
        planned.renew()
    return planned


def test_without_reception_the_pause_doubles_up_to_the_ceiling():
    planned = failing_duty(searches=0)
    pauses = []
    for _search in range(8):
        planned.got_none()
        planned.renew()
        pauses.append(pause(planned, 20, age_s=10000))
    assert pauses == [20, 40, 80, 160, 320, 600, 600, 600]
    planned.got_fix(3)
    assert pause(planned, 20) == 20


def test_backing_off_never_goes_past_what_was_stated():
    for stated_s, longest_s in ((0, 20), (20, 20), (100, 100), (NOTHING_S, 600)):
        planned = failing_duty(stated_s, searches=9)
        assert pause(planned, 20, age_s=10000) == longest_s


def test_a_report_is_wanted_when_less_can_be_promised_than_was():
    planned = duty()
    assert stated(planned) == 101
    assert not planned.report_due(situation(100))
    assert planned.report_due(situation(100, battery_low=True))
    assert not planned.report_due(situation(100, battery_low=True, charging=True))
    planned.got_none()
    assert planned.report_due(situation(100))
    planned.state(situation(100))
    assert planned.stated_s == NOTHING_S
    assert not planned.report_due(situation(100))


def test_backing_off_never_comes_before_the_wearer_could_be_near():
    planned = failing_duty()
    assert pause(planned, 500, age_s=100) == 128
    assert pause(planned, 500, age_s=220) == 20


def test_a_wearer_who_walks_is_looked_for_at_the_floor_s_pace_without_reception():
    for searches in range(1, 40):
        planned = failing_duty(searches=searches)
        assert planned.next_fix_in_s(situation(walking=True)) == 20
    far = situation(1000, walking=True)
    still_far = situation(1000)
    planned = failing_duty()
    assert planned.next_fix_in_s(far) == planned.next_fix_in_s(still_far) > 20  # the way
    assert failing_duty(stated_s=20, searches=9).next_fix_in_s(situation(walking=True)) <= 20


def test_outside_without_reception_the_pause_never_grows_past_that_of_an_alarm():
    for alarm_fix_s, pauses in ((10, [10, 10, 10, 10]), (120, [20, 40, 80, 120])):
        planned = failing_duty(searches=0, alarm_fix_s=alarm_fix_s)
        for wanted in pauses:
            planned.got_none()
            planned.renew()
            assert pause(planned, -50, age_s=5000, state=OUTSIDE) == wanted
    assert pause(planned, -50, age_s=5000, state=OUTSIDE, confirming=True) == 120


def test_failures_are_counted_without_end_and_without_growing():
    assert pause(failing_duty(searches=100), 20, age_s=10000) == 600


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


# -- what is left out, and the bound -------------------------------------------------------


def test_the_bound_is_the_sum_of_what_can_delay_an_alarm():
    # floor 20, and 1 that a clock may lose in it + time-out 45 + cut second 1 + confirmation
    # 3 + 1 + connecting 30
    assert stated(duty()) == 101
    listening = duty()
    listening.look_s = LOOK_S
    assert stated(listening) == 105


def test_no_bound_is_stated_that_would_not_hold():
    planned = duty()
    assert planned.bound_s() == 0
    planned.state(situation(None))
    assert planned.bound_s() == 0
    assert stated(planned) == 101
    planned.got_none()
    assert planned.bound_s() == 0
    planned.state(situation(100))
    planned.got_fix(5)
    assert planned.bound_s() == 0
    assert stated(planned) == 101


def test_the_bound_follows_every_setting_it_is_made_of():
    for name in ("fix_floor_s", "fix_timeout_s", "confirm_apart_s", "connect_s", "doubt_s"):
        planned = duty()
        setattr(planned.settings, name, getattr(planned.settings, name) + 7)
        assert stated(planned) == 108 + (name == "fix_floor_s")  # 27 s asleep may be 29


def test_everything_that_lets_a_fix_be_late_is_in_the_bound():
    for condition, setting, _how in SLACKS[1:]:
        planned = duty(**{setting: 333})
        assert stated(planned, **{condition: True}) == 101 + 333 - 20 + 16, condition
        assert stated(planned, alarm_open=True, **{condition: True}) == 101
        assert stated(planned, state=OUTSIDE, **{condition: True}) == 101


def test_sensors_that_are_trusted_do_not_make_the_bound_longer():
    for condition in ("still", "at_anchor"):
        planned = duty(sensors_trusted=1)
        assert stated(planned, **{condition: True}) == 101
        at = situation(30, age_s=20, anchor_margin_cm=-90000, **{condition: True})
        assert planned.skip_s(at) == {"still": 580, "at_anchor": 420}[condition]
        at.age_s = 590
        assert planned.skip_s(at) == 0


def test_a_low_battery_stretches_pauses_only_after_it_was_stated():
    planned = duty()
    assert stated(planned) == 101
    assert pause(planned, 30, battery_low=True) == 20
    assert stated(planned, battery_low=True) == 143
    assert pause(planned, 30, battery_low=True) == 60
    assert pause(planned, 30, battery_low=False) == 20
    assert pause(planned, 30, battery_low=True, confirming=True) == 0


def test_a_still_wearer_is_left_alone_up_to_the_age_that_was_stated():
    planned = duty()
    still = situation(30, age_s=20, still=True)
    assert stated(planned) == 101
    assert planned.skip_s(still) == 0
    assert stated(planned, still=True) == 710
    assert planned.skip_s(still) == 580
    still.age_s = 590
    assert planned.skip_s(still) == 0
    assert planned.skip_s(situation(30, age_s=20, still=False)) == 0


def test_a_larger_slack_counts_from_the_next_fix_on_and_a_smaller_one_at_once():
    planned = duty()
    stated(planned)
    planned.state(situation(30, still=True))
    assert planned.skip_s(situation(30, age_s=20, still=True)) == 0
    planned.renew()
    assert planned.skip_s(situation(30, age_s=20, still=True)) == 580
    assert planned.state(situation(30))
    assert planned.skip_s(situation(30, age_s=20, still=True)) == 0


def test_nothing_is_left_out_while_it_matters():
    planned = duty()
    stated(planned, still=True)
    for matters in ("confirming", "alarm_open", "charging"):
        assert planned.skip_s(situation(30, age_s=20, still=True, **{matters: True})) == 0
    assert planned.skip_s(situation(30, age_s=20, still=True, state=OUTSIDE)) == 0
    assert planned.skip_s(situation(None, age_s=20, still=True)) == 0
    planned.got_none()
    assert planned.skip_s(situation(30, age_s=20, still=True)) == 0


def test_what_is_left_out_ends_when_a_schedule_changes():
    planned = duty()
    stated(planned, still=True)
    assert planned.skip_s(situation(30, age_s=20, still=True, change_s=100)) == 95


def test_an_anchor_saves_no_longer_than_the_way_from_its_range_to_the_boundary():
    planned = duty()
    stated(planned, at_anchor=True)
    at = situation(200, age_s=90, at_anchor=True, anchor_margin_cm=-20000)
    assert planned.skip_s(at) == 95 - 4 - 3
    at.anchor_margin_cm = -5000  # its range goes nearly to the boundary
    assert planned.skip_s(at) == 0
    at.anchor_margin_cm = None
    assert planned.skip_s(at) == 0
    at.anchor_margin_cm, at.age_s = -90000, 400
    assert planned.skip_s(at) == 200


def test_a_fence_out_of_reach_until_the_next_report_keeps_the_bound_of_the_floor():
    planned = duty()
    stated(planned, still=True)
    at = situation(30)
    assert planned.bound_of_s(-3000, at, 975) == 710
    assert planned.bound_of_s(-200000, at, 975) == 710
    assert planned.bound_of_s(-210000, at, 975) == 101
    at.age_s = 60
    assert planned.bound_of_s(-210000, at, 975) == 710


def test_the_tables_are_whole():
    names = [name for name in dir(Settings()) if not name.startswith("_")]
    for condition, setting, _how in SLACKS:
        assert hasattr(Situation(), condition)
        assert setting in names
    assert len(PAUSES) == 8
    for state in (INSIDE, NEAR, OUTSIDE, UNKNOWN, CANNOT_TELL):
        for margin in (None, 0, 100):
            assert 0 <= pause(duty(), margin, state=state) <= 600


# -- reports -------------------------------------------------------------------------------


def test_reports_come_more_often_the_more_it_matters():
    planned = duty()
    assert planned.next_report_in_s(INSIDE) == 900
    assert planned.next_report_in_s(NEAR) == 300
    assert planned.next_report_in_s(UNKNOWN) == 300
    assert planned.next_report_in_s(CANNOT_TELL) == 300
    assert planned.next_report_in_s(OUTSIDE) == 30
    assert planned.next_report_in_s(INSIDE, alarm_open=True) == 30
    planned.follows = True
    assert planned.next_report_in_s(OUTSIDE) == 60
    assert planned.next_report_in_s(NEAR) == 300


class Kari:
    """As much of a Planner as asks whether it is night: by UTC, or by a fence's zone."""

    def __init__(self, zone=None):
        self._core = self.fences = self
        self.settings = Settings()
        self.zone = zone

    def in_force(self):
        return [self] if self.zone else []


def test_the_planner_knows_how_long_the_night_lasts_where_the_wearer_is():
    midnight = 217036800  # 2026-11-17, 01:00 in Norway
    for zone, offset_s in ((None, 0), ((60, 1), 3600), ((-300, 0), -18000)):
        kari = Kari(zone)
        for hours, left_h in ((-3, 0), (-2, 8), (0, 6), (5, 1), (6, 0), (12, 0)):
            utc = midnight + 3600 * hours - offset_s
            assert Planner.night(kari, utc) == 3600 * left_h, (zone, hours)
    assert Planner.night(Kari(), midnight + 6 * 3600 - 1) == 60
    assert Planner.night(Kari(), 0) == 0
    kari.settings.night_to_min = kari.settings.night_from_min
    assert Planner.night(kari, midnight) == 0


def test_no_pause_of_the_night_goes_into_the_day():
    planned = duty(report_night_s=28800)
    for night, pause_s in ((28000, 28000), (1200, 1200), (900, 900), (60, 900), (0, 900)):
        planned.night = night
        assert planned.next_report_in_s(INSIDE) == pause_s


def test_at_night_only_a_wearer_who_is_inside_is_reported_less_often():
    planned = duty(report_night_s=3600)
    assert planned.next_report_in_s(INSIDE) == 900
    planned.night = 7 * 3600
    assert planned.next_report_in_s(INSIDE) == 3600
    assert planned.next_report_in_s(NEAR) == 300
    assert planned.next_report_in_s(OUTSIDE) == 30
    assert stated(planned) == 101


def test_who_will_soon_be_flat_is_reported_often_enough_to_be_missed():
    planned = duty()
    planned.short = True
    assert planned.next_report_in_s(INSIDE) == 540
    assert planned.next_report_in_s(NEAR) == 300
    assert planned.next_report_in_s(OUTSIDE) == 30
    for often, pause_s in (
        ({"report_night_s": 28800}, 540),
        ({"report_inside_s": 120}, 120),
        ({"report_low_s": 3600}, 900),
        ({"report_low_s": 60}, 60),
    ):
        planned = duty(**often)
        planned.night, planned.short = 28000 if "report_night_s" in often else 0, True
        assert planned.next_report_in_s(INSIDE) == pause_s, often
        planned.short = False
        assert planned.next_report_in_s(INSIDE) >= max(pause_s, 120), often


def test_a_report_may_have_to_wait_for_the_longest_search_that_can_come():
    planned = duty()
    timeout_s = planned.settings.fix_timeout_s
    planned.stated_s = 300
    assert planned.search_s() == timeout_s
    planned.stated_s, planned.radio_s = NOTHING_S, 20
    assert planned.search_s() == LONG * timeout_s + 20
