"""The whole tracker in simulated time: a walk, a day, an outage, orders, and what it says."""

import pytest

from trygg_tools.rig.orders import circle, command, signed_order
from trygg_tools.rig.power import PowerCut
from trygg_tools.rig.tracker import ORDER_KEY, SimulatedTracker
from trygg_wire import codec, layouts

HOME = (59927000, 10701000)
METRE_LAT_E6 = 9  # 1e-6 degree of latitude: 0.111 m


def at_home(_world_s):
    """Sit in the middle of the fence."""
    return (*HOME, 0, 0, 30)


class Walk:
    """At home, then north at a speed from a second on, and perhaps back at another."""

    def __init__(self, start_s, leaves_s, speed_dm_s=14, back_s=None):
        self.start_s, self.leaves_s, self.speed_dm_s = start_s, leaves_s, speed_dm_s
        self.back_s = back_s

    def metres(self, world_s):
        gone = max(0, world_s - self.start_s - self.leaves_s)
        if self.back_s is not None:
            out = self.back_s - self.leaves_s
            gone = gone if gone < out else max(0, 2 * out - gone)
        return gone * self.speed_dm_s / 10

    def __call__(self, world_s):
        lat = HOME[0] + round(self.metres(world_s) * METRE_LAT_E6)
        moving = self.metres(world_s) > 0
        return (lat, HOME[1], self.speed_dm_s if moving else 0, 0, 30)


def order(tracker, order_id, kind, values, device=None):
    """The gateway owes the tracker a signed order."""
    frame = signed_order(device or tracker.device, ORDER_KEY, order_id, kind, values)
    tracker.gateway.order(order_id, frame)


def fenced(place):
    """A tracker whose gateway owes it a private circle of 200 m around home."""
    tracker = SimulatedTracker(place)
    order(tracker, 7, layouts.FENCES, circle(*HOME, 200))
    return tracker


def decoded(tracker, kind):
    """The records of one kind that the gateway holds, in the order of their identity."""
    frames = [tracker.gateway.records[key] for key in sorted(tracker.gateway.records)]
    return [values for got, values in map(codec.decode, frames) if got == kind]


def test_the_first_start_says_how_it_is_then_where_it_is():
    tracker = SimulatedTracker(at_home)
    tracker.run(60)
    (health,) = decoded(tracker, layouts.HEALTH)
    assert (health["boot"], health["seq"], health["reset_cause"]) == (1, 1, 1)
    assert health["time_is_uptime"] == 1
    assert health["firmware"].startswith("trygg ")
    report = decoded(tracker, layouts.REPORT)[0]
    assert report["time_is_uptime"] == 0
    assert abs(report["time_s"] - tracker.clock.start_s) < 60
    assert report["fixes"][0]["lat_e6"] == HOME[0]


def test_an_order_of_fences_is_applied_answered_and_armed():
    tracker = fenced(at_home)
    tracker.run(120)
    results = [answer["result"] for answer in tracker.gateway.answers]
    assert results == [layouts.APPLIED, layouts.ARMED]
    assert tracker.gateway.owed == []
    tracker.run(1200)
    report = decoded(tracker, layouts.REPORT)[-1]
    assert report["fence_state"] == layouts.INSIDE
    assert report["fence_number"] == 1


def test_inside_its_fences_a_private_tracker_says_no_coordinates_and_the_log_never_does():
    tracker = fenced(at_home)
    tracker.run(3 * 3600)
    inside = [one for one in decoded(tracker, layouts.REPORT) if one["fence_state"] == 1]
    assert len(inside) > 8
    for report in inside:
        assert report["coordinates_withheld"] == 1
        assert report["fixes"] == []
        assert report["bound_s"] > 0
    for line in tracker.lines:
        assert "59.9" not in line
        assert "59927" not in line
        assert "10701" not in line


@pytest.mark.parametrize("speed_dm_s", [8, 14, 20])
def test_an_exit_is_an_alarm_within_the_bound_that_the_tracker_stated(speed_dm_s):
    walk = Walk(200000000, leaves_s=5000, speed_dm_s=speed_dm_s)
    tracker = fenced(walk)
    tracker.run(4990)
    stated_s = decoded(tracker, layouts.REPORT)[-1]["bound_s"]
    assert stated_s > 0
    while walk.metres(tracker.clock.world_s()) < 200 and tracker.seconds() < 20000:
        tracker.run(1)
    assert not decoded(tracker, layouts.ALARM)
    tracker.run(10)
    # beyond the line where every fix must be outside: buffer 10 m, accuracy twice
    while walk.metres(tracker.clock.world_s()) < 200 + 10 + 2 * 6:
        tracker.run(1)
    passed_s = tracker.seconds()
    while not decoded(tracker, layouts.ALARM) and tracker.seconds() < passed_s + 2 * stated_s:
        tracker.run(1)
    assert tracker.seconds() - passed_s <= stated_s
    alarm = decoded(tracker, layouts.ALARM)[0]
    assert (alarm["what"], alarm["reason"]) == (layouts.LEFT, layouts.CROSSED)
    assert alarm["evidence"][0]["distance_dm"] > 100
    assert alarm["fix_age_s"] <= 2
    tracker.run(4)
    assert tracker.board.signals == ["sent", "stored"]


def test_outside_it_reports_where_it_is_and_back_inside_it_no_longer_does():
    walk = Walk(200000000, leaves_s=1000, back_s=1600)
    tracker = fenced(walk)
    tracker.run(4000)
    whats = [alarm["what"] for alarm in decoded(tracker, layouts.ALARM)]
    assert whats == [layouts.LEFT, layouts.BACK]
    reports = decoded(tracker, layouts.REPORT)
    outside = [one for one in reports if one["fence_state"] == layouts.OUTSIDE]
    assert len(outside) > 10
    for report in outside:
        assert report["fixes"]
        assert report["fix_age_s"] < 60
    assert decoded(tracker, layouts.ALARM)[1]["evidence"] == []
    assert reports[-1]["coordinates_withheld"] == 1


def test_a_human_who_took_the_alarm_is_felt_by_the_wearer_within_seconds():
    tracker = fenced(Walk(200000000, leaves_s=600))
    tracker.run(1200)
    alarm = decoded(tracker, layouts.ALARM)[0]
    taken = command(layouts.ALARM_TAKEN, alarm["boot"], alarm["seq"])
    order(tracker, 9, layouts.COMMAND, taken)
    tracker.run(5)
    assert tracker.board.signals[-1] == "taken"
    told = f"wearer told: alarm {alarm['boot']}/{alarm['seq']} taken"
    assert len([line for line in tracker.lines if line.endswith(told)]) == 1
    tracker.run(300)
    assert tracker.board.signals.count("taken") == 1


def test_every_promise_to_speak_again_is_kept():
    tracker = fenced(Walk(200000000, leaves_s=9000, back_s=9500))
    tracker.run(6 * 3600)
    arrived_s = {
        (b, s): tracker.clock.start_s + ms // 1000 for b, s, ms in tracker.gateway.arrivals
    }
    spoken = sorted(arrived_s.values())
    for key, frame in tracker.gateway.records.items():
        kind, values = codec.decode(frame)
        if kind != layouts.REPORT:
            continue
        promised_s = values["time_s"] + values["next_report_by_s"]
        later = [when for when in spoken if when > arrived_s[key]]
        assert not later or later[0] <= promised_s, values
        assert later or promised_s >= tracker.clock.world_s()


def test_a_bad_signature_is_refused_and_changes_nothing():
    tracker = SimulatedTracker(at_home)
    order(tracker, 5, layouts.FENCES, circle(*HOME, 200), device="ola")
    tracker.run(120)
    (answer,) = tracker.gateway.answers
    assert (answer["result"], answer["reason"]) == (layouts.REFUSED, layouts.BAD_SIGNATURE)
    assert decoded(tracker, layouts.REPORT)[-1]["fence_state"] == layouts.UNKNOWN


def test_settings_fences_and_answers_survive_a_power_cut():
    tracker = fenced(at_home)
    order(tracker, 8, layouts.SETTINGS, {"settings": [{"number": 9, "value": 120}]})
    tracker.run(200)

    def cut(_step):
        tracker.at_step = lambda _step: None
        raise PowerCut

    tracker.at_step = cut
    tracker.run(700)
    health = decoded(tracker, layouts.HEALTH)[-1]
    assert health["boot"] == 2
    assert (health["settings_version"], health["fence_version"]) == (1, 1)
    reports = [one for one in decoded(tracker, layouts.REPORT) if one["boot"] == 2]
    assert len(reports) >= 5


def test_a_held_button_calls_for_help_with_the_place_even_inside():
    tracker = fenced(at_home)
    tracker.run(300)
    tracker.board.pressed = True
    tracker.app = None  # the press wakes it
    tracker.run(6)
    tracker.board.pressed = False
    tracker.run(10)
    sos = decoded(tracker, layouts.ALARM)
    assert [(one["what"], one["reason"]) for one in sos] == [(layouts.SOS, layouts.BUTTON)]
    assert sos[0]["evidence"]
    tracker.run(120)
    assert len(decoded(tracker, layouts.ALARM)) == 1


def test_a_battery_that_runs_low_is_said_once():
    tracker = fenced(at_home)
    tracker.run(900)
    tracker.power.set_battery(3700)
    tracker.run(3600)
    low = decoded(tracker, layouts.ALARM)
    assert [(one["what"], one["reason"]) for one in low] == [(layouts.BATTERY_LOW, layouts.LEVEL)]
    assert low[0]["battery_percent"] <= 20
    assert low[0]["evidence"] == []


def test_no_fix_for_too_long_is_said_once_and_never_passed_over():
    def cellar(world_s):
        return at_home(world_s) if world_s < 200000000 + 600 else None

    tracker = fenced(cellar)
    tracker.run(5 * 3600)
    said = decoded(tracker, layouts.ALARM)
    assert [(one["what"], one["reason"]) for one in said] == [
        (layouts.CANT_TELL, layouts.NO_FIX_TOO_LONG)
    ]
    assert decoded(tracker, layouts.REPORT)[-1]["fence_state"] == layouts.CANNOT_TELL


def test_a_test_alarm_is_marked_as_one():
    tracker = fenced(at_home)
    tracker.run(200)
    order(tracker, 3, layouts.COMMAND, command(layouts.TEST_ALARM))
    tracker.run(1000)
    (alarm,) = decoded(tracker, layouts.ALARM)
    assert (alarm["what"], alarm["test"]) == (layouts.TEST, 1)


def test_an_order_to_restart_is_answered_and_is_no_new_boot():
    tracker = fenced(at_home)
    tracker.run(200)
    order(tracker, 4, layouts.COMMAND, command(layouts.RESTART))
    tracker.run(1200)
    assert any("restart, as ordered" in line for line in tracker.lines)
    assert not [one for one in tracker.gateway.records if one[0] != 1]
    assert tracker.gateway.answers[-1]["result"] == layouts.APPLIED


def test_a_day_takes_seconds_and_most_of_it_is_slept():
    tracker = fenced(at_home)
    tracker.run(86400)
    assert tracker.power.sleeps > 100
    assert tracker.gateway.conflicts == 0
    assert tracker.gateway.repeats == 0
    assert tracker.app is None or tracker.app.outbox.waiting() <= 1
    assert len(decoded(tracker, layouts.REPORT)) >= 86400 // 920
    assert tracker.steps < 60000
