"""Where the tracker's parts meet: what one has said and another has not kept yet."""

import pytest

from tracker.fence import FenceSet
from tracker.outbox import Outbox
from trygg_tools.rig.flash import EIO
from trygg_tools.rig.orders import circle, command, signed_order
from trygg_tools.rig.tracker import ORDER_KEY, Hang, SimulatedTracker
from trygg_wire import codec, layouts

HOME = (59927000, 10701000)


def at_home(_world_s):
    return (*HOME, 0, 0, 30)


@pytest.fixture
def tracker():
    """At home in a private fence, half an hour old."""
    tracker = SimulatedTracker(at_home)
    order(tracker, 7, layouts.FENCES, circle(*HOME, 1000))
    tracker.run(1800)
    return tracker


def order(tracker, order_id, kind, values):
    frame = signed_order(tracker.device, ORDER_KEY, order_id, kind, values, order_id)
    tracker.gateway.order(order_id, frame)


def decoded(tracker, kind):
    frames = [tracker.gateway.records[key] for key in sorted(tracker.gateway.records)]
    return [values for got, values in map(codec.decode, frames) if got == kind]


def call_for_help(tracker, run_s):
    """Hold the button; the cancel window is over well before `run_s`."""
    tracker.board.pressed = True
    tracker.run(4)
    tracker.board.pressed = False
    tracker.run(run_s)


def into_safe_mode_by_failing_starts(tracker, monkeypatch):
    """What RTC memory knows of the fences kills start after start; then it does not any more."""

    def planted(*_all):
        raise ValueError

    tracker.survives_faults = True
    with monkeypatch.context() as planting:
        planting.setattr(FenceSet, "load", planted)
        tracker.bite()
        tracker.run(60)
    assert tracker.recovery.safe


def strike_at_the_first_alarm(monkeypatch, error):
    append, struck = Outbox.append, []

    def planted(self, lane, *rest):
        if lane == layouts.LANE_ALARM and not struck:
            struck.append(lane)
            raise error
        return append(self, lane, *rest)

    monkeypatch.setattr(Outbox, "append", planted)
    return struck


def test_a_reset_between_the_number_of_a_call_and_its_record_loses_no_call(tracker, monkeypatch):
    struck = strike_at_the_first_alarm(monkeypatch, Hang())
    call_for_help(tracker, 600)
    assert struck
    assert [one["what"] for one in decoded(tracker, layouts.ALARM)] == [layouts.SOS]


def test_a_call_for_help_looks_for_its_wearer_at_once(tracker):
    tracker.run(3637)  # long inside, the receiver is off between two fixes
    searches, began_s = tracker.power.switched_on["gnss"], tracker.seconds()
    call_for_help(tracker, 30)
    assert tracker.power.switched_on["gnss"] > searches
    tracker.run(60)
    newest = decoded(tracker, layouts.REPORT)[-1]
    assert newest["fix_age_s"] < tracker.seconds() - began_s - 5


def test_a_call_that_flash_did_not_take_is_said_again_after_a_reset(tracker):
    tracker.link.unreachable = True
    tracker.flash.failing = EIO
    call_for_help(tracker, 30)
    assert tracker.app.outbox.alarms_held()
    tracker.bite()
    tracker.flash.failing = 0
    tracker.link.unreachable = False
    tracker.run(60)
    assert [one["what"] for one in decoded(tracker, layouts.ALARM)] == [layouts.SOS]


def test_a_restart_that_was_ordered_waits_for_an_alarm_that_only_ram_holds(tracker):
    order(tracker, 8, layouts.COMMAND, command(layouts.RESTART))
    tracker.gateway.acking = False
    call_for_help(tracker, 2)
    while tracker.app is None or not tracker.app._downlink.busy():
        tracker.run(1)
    tracker.flash.failing = EIO
    order(tracker, 9, layouts.COMMAND, command(layouts.TEST_ALARM))
    tracker.run(60)
    starts = tracker.starts
    assert tracker.app.outbox.alarms_held()
    tracker.flash.failing = 0
    tracker.run(60)
    assert tracker.starts == starts + 1
    tracker.gateway.acking = True
    tracker.run(60)
    said = [one["what"] for one in decoded(tracker, layouts.ALARM)]
    assert sorted(said) == [layouts.SOS, layouts.TEST]


def test_closing_another_alarm_does_not_end_a_call_for_help(tracker):
    order(tracker, 8, layouts.COMMAND, command(layouts.TEST_ALARM))
    tracker.run(1000)
    call_for_help(tracker, 30)
    test, sos = decoded(tracker, layouts.ALARM)
    closing = command(layouts.ALARM_CLOSED, test["boot"], test["seq"])
    order(tracker, 9, layouts.COMMAND, closing)
    tracker.run(900)
    before = len(decoded(tracker, layouts.REPORT))
    tracker.run(300)
    assert len(decoded(tracker, layouts.REPORT)) - before >= 9  # alarm_report_s is 30
    order(tracker, 10, layouts.COMMAND, command(layouts.ALARM_CLOSED, sos["boot"], sos["seq"]))
    tracker.run(900)
    before = len(decoded(tracker, layouts.REPORT))
    tracker.run(300)
    assert len(decoded(tracker, layouts.REPORT)) - before <= 1


def test_settings_that_make_the_bound_longer_are_told_with_their_answer(tracker):
    reports = len(decoded(tracker, layouts.REPORT))
    while len(decoded(tracker, layouts.REPORT)) == reports:
        tracker.run(1)
    assert decoded(tracker, layouts.REPORT)[-1]["bound_s"] == 125
    values = {"settings": [{"number": 2, "value": 300}]}  # fix_floor_s, and 15 of a slow clock
    order(tracker, 8, layouts.SETTINGS, values)
    while len(tracker.gateway.answers) < 3:
        tracker.run(1)
    tracker.run(2)
    assert decoded(tracker, layouts.REPORT)[-1]["bound_s"] == 415


def test_new_fences_are_told_once_they_have_judged_and_no_place_in_them_is(tracker):
    order(tracker, 8, layouts.FENCES, circle(*HOME, 900))
    while len(tracker.gateway.answers) < 4:  # applied, armed, twice
        tracker.run(1)
    tracker.run(2)
    last = decoded(tracker, layouts.REPORT)[-1]
    assert (last["fence_state"], last["fixes"]) == (layouts.INSIDE, [])
    assert not [one for one in decoded(tracker, layouts.REPORT)[2:] if one["fixes"]]


def test_a_good_hour_ends_safe_mode_also_when_it_was_the_start_that_failed(tracker, monkeypatch):
    into_safe_mode_by_failing_starts(tracker, monkeypatch)
    boot = max(tracker.gateway.records)[0]
    tracker.run(3 * 3600)
    assert not tracker.recovery.safe
    assert max(tracker.gateway.records)[0] <= boot + 1
    assert decoded(tracker, layouts.REPORT)[-1]["fence_state"] == layouts.INSIDE


def test_a_gateway_that_is_silent_behind_its_broker_keeps_nobody_awake(tracker):
    tracker.gateway.acking = False
    began_ms, sleeps, asleep_ms = tracker.clock.now_ms, tracker.power.sleeps, []
    asleep = tracker._asleep

    def timed(ms, until_motion):
        before_ms = tracker.clock.now_ms
        wake = asleep(ms, until_motion)
        asleep_ms.append(tracker.clock.now_ms - before_ms)
        return wake

    tracker._asleep = timed
    tracker.run(2 * 3600)
    assert tracker.power.sleeps > sleeps + 10
    assert sum(asleep_ms) > 3 * (tracker.clock.now_ms - began_ms) // 4  # of an ordinary day: 98 %
    tracker.gateway.acking = True
    tracker.run(900)
    assert tracker.app is None or not tracker.app.outbox.waiting()


def test_a_silent_gateway_is_waited_for_as_long_as_a_call_is_open(tracker):
    call_for_help(tracker, 60)
    tracker.gateway.acking = False
    tracker.run(20)
    connects = tracker.gateway.connects
    tracker.run(1800)
    assert tracker.gateway.connects == connects


def test_settings_ordered_in_safe_mode_do_not_make_defaults_of_the_others(tracker, monkeypatch):
    inside = {"settings": [{"number": 9, "value": 600}]}  # report_inside_s
    order(tracker, 8, layouts.SETTINGS, inside)
    tracker.run(1800)
    into_safe_mode_by_failing_starts(tracker, monkeypatch)
    order(tracker, 9, layouts.SETTINGS, {"settings": [{"number": 12, "value": 7200}]})  # health_s
    tracker.run(3 * 3600)
    assert not tracker.recovery.safe
    assert not tracker.gateway.owed
    while tracker.app is None:
        tracker.run(1)
    settings = tracker.app._core.settings
    assert (settings.report_inside_s, settings.health_s) == (600, 7200)


def test_a_battery_that_cannot_be_read_is_judged_off_the_charger_when_it_can(tracker, monkeypatch):
    def unread():
        raise OSError(EIO)

    tracker.power.set_battery(3500, charging=True)
    tracker.run(1200)
    tracker.power.set_battery(3500, charging=False)
    read = tracker.power.battery_mv
    monkeypatch.setattr(tracker.power, "battery_mv", unread)
    tracker.run(60)
    assert not decoded(tracker, layouts.ALARM)
    monkeypatch.setattr(tracker.power, "battery_mv", read)
    tracker.run(60)
    assert layouts.OFF_CHARGER in [one["what"] for one in decoded(tracker, layouts.ALARM)]
