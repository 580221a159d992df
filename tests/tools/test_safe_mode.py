"""What recovery.py says that safe mode goes without: a wearer who leaves is found within the bound
that was stated, or it was said that nobody looks; one stage after the other fails for hours."""

import pytest

from tracker import recovery
from tracker.fence import FenceSet
from tracker.nmea import Receiver
from tracker.recorder import Recorder
from tracker.settings import Settings
from tracker.supply import Supply
from tracker.wearer import Wearer
from trygg_tools.rig.flash import EIO
from trygg_tools.rig.link import Link
from trygg_tools.rig.orders import circle, signed_order
from trygg_tools.rig.tracker import ORDER_KEY, Hang, SimulatedTracker
from trygg_wire import codec, layouts

HOME = (59740000, 10200000)  # Drammen
RADIUS_M = 200
BEGAN_S = 200000000
NORTH_E6_PER_S = 13  # 1.45 m/s


class Planted(Exception):
    """The fault that is planted."""


class Wanderer:
    """At home until `leaves_s` of the rig, then north at 1.45 m/s; `lost`: without reception."""

    def __init__(self):
        self.leaves_s = 1 << 20
        self.lost = False

    def __call__(self, world_s):
        out_s = max(0, world_s - BEGAN_S - self.leaves_s)
        return None if self.lost else (HOME[0] + NORTH_E6_PER_S * out_s, HOME[1], 0, 0, 30)


@pytest.fixture
def wanderer():
    """The wearer, at home."""
    return Wanderer()


@pytest.fixture
def tracker(wanderer):
    """Half an hour old, in a fence round the home."""
    tracker = SimulatedTracker(wanderer, world_s=BEGAN_S)
    tracker.survives_faults = True
    values = circle(*HOME, RADIUS_M, private=0)
    frame = signed_order(tracker.device, ORDER_KEY, 7, layouts.FENCES, values, 7)
    tracker.gateway.order(7, frame)
    tracker.run(1800)
    assert not tracker.recovery.safe
    return tracker


def fail_for_ever(monkeypatch, owner, name, end, strikes=lambda *_: True):
    """`end` is raised wherever `owner.name` is called and `strikes`."""
    whole = getattr(owner, name)

    def planted(self, *rest):
        if strikes(self):
            raise end
        return whole(self, *rest)

    monkeypatch.setattr(owner, name, planted)


def said(tracker, kind, since_s=0):
    """(second, values) of the records of this kind as they came to the gateway."""
    found = []
    for boot, seq, ms in tracker.gateway.arrivals:
        got, values = codec.decode(tracker.gateway.records[(boot, seq)])
        if got == kind and ms // 1000 >= since_s:
            found.append((ms // 1000, values))
    return found


def leave(tracker, wanderer):
    """Let the wearer go: (bound stated last before, seconds from the line to LEFT or -1)."""
    wanderer.leaves_s = tracker.seconds()
    line_s = wanderer.leaves_s + (RADIUS_M * 10 + 160) * 9 // (NORTH_E6_PER_S * 10) + 1
    stated_s = newest(tracker, layouts.REPORT)["bound_s"]
    tracker.run(line_s - tracker.seconds() + 1800)
    left = [s for s, alarm in said(tracker, layouts.ALARM) if alarm["what"] == layouts.LEFT]
    return stated_s, left[0] - line_s if left else -1


def newest(tracker, kind):
    """The values of the newest record of this kind that the gateway has."""
    return max(said(tracker, kind), key=lambda one: (one[1]["boot"], one[1]["seq"]))[1]


def in_safe_mode_without(tracker, stage):
    return tracker.recovery.safe and tracker.recovery.leaves_out(stage)


@pytest.mark.parametrize("end", [Planted, Hang])
@pytest.mark.parametrize(
    ("stage", "owner", "name"),
    [
        (recovery.BATTERY, Supply, "poll"),
        (recovery.BUTTON, Wearer, "poll"),
        (recovery.MEMORY, FenceSet, "save"),
    ],
)
def test_an_exit_is_found_in_time_without_what_else_fails(
    tracker, wanderer, monkeypatch, end, stage, owner, name
):
    fail_for_ever(monkeypatch, owner, name, end)
    tracker.run(2000)
    assert in_safe_mode_without(tracker, stage)
    stated_s, found_s = leave(tracker, wanderer)
    assert 0 < found_s <= stated_s


def test_starts_that_end_before_the_first_step_cost_neither_fences_nor_settings(tracker, wanderer):
    for _ in range(recovery.SAFE_AFTER):
        while tracker.app is not None:
            tracker.run(1)  # until it sleeps, so that the next step is the first
        crashes = tracker.recovery.crashes
        tracker.at_step = lambda _step: tracker.bite()
        while tracker.recovery.crashes == crashes:
            tracker.run(1)
            tracker.at_step = lambda _step: None
    tracker.run(2000)
    assert tracker.recovery.safe
    assert tracker.recovery.last_stage == recovery.START
    stated_s, found_s = leave(tracker, wanderer)
    assert 0 < found_s <= stated_s


@pytest.mark.parametrize("end", [Planted, Hang])
def test_settings_that_kill_each_start_are_defaults_and_then_no_bound_is_stated(
    tracker, wanderer, monkeypatch, end
):
    values = {"settings": [{"number": 1, "value": 30}]}  # v_max_dm_s
    frame = signed_order(tracker.device, ORDER_KEY, 8, layouts.SETTINGS, values, 8)
    tracker.gateway.order(8, frame)
    tracker.run(1000)
    fail_for_ever(monkeypatch, Settings, "load", end)
    tracker.bite()
    tracker.run(3000)
    assert tracker.recovery.safe
    assert tracker.recovery.last_stage == recovery.START
    since_s = tracker.seconds()
    tracker.run(1200)
    stated_s, found_s = leave(tracker, wanderer)
    reports = [report for _, report in said(tracker, layouts.REPORT, since_s)]
    assert {report["bound_s"] for report in reports if report["fence_state"] == 1} == {0}
    assert stated_s == 0
    assert 0 < found_s < 900


@pytest.mark.parametrize("end", [Planted, Hang])
def test_without_fences_it_is_said_once_that_nobody_looks_and_no_bound_is_stated(
    tracker, monkeypatch, end
):
    fail_for_ever(monkeypatch, FenceSet, "judge", end, lambda fences: fences.version)
    tracker.run(3000)
    assert in_safe_mode_without(tracker, recovery.RECEIVER)
    alarms = [(alarm["what"], alarm["reason"]) for _, alarm in said(tracker, layouts.ALARM)]
    assert alarms == [(layouts.CANT_TELL, layouts.NOT_WATCHED)]
    last = newest(tracker, layouts.REPORT)
    assert (last["bound_s"], last["fence_state"]) == (0, layouts.UNKNOWN)
    assert last["fixes"]
    assert last["fix_age_s"] < 900


def test_a_flash_that_cannot_be_read_stops_no_start_in_safe_mode(tracker, monkeypatch):
    def strikes(fences):
        if fences.version and tracker.recovery.crashes == recovery.SAFE_AFTER - 1:
            tracker.flash.failing = EIO  # from the start on that goes without fences
        return fences.version

    fail_for_ever(monkeypatch, FenceSet, "judge", Planted, strikes)
    tracker.run(1800)
    assert in_safe_mode_without(tracker, recovery.RECEIVER)
    assert tracker.flash.failing
    tracker.flash.failing = 0
    tracker.run(600)
    reasons = [alarm["reason"] for _, alarm in said(tracker, layouts.ALARM)]
    assert layouts.NOT_WATCHED in reasons


def test_a_fence_file_that_kills_each_start_is_left_out_and_said(tracker, monkeypatch):
    fail_for_ever(monkeypatch, FenceSet, "take", Planted)
    fail_for_ever(monkeypatch, FenceSet, "put_in_force", Planted)
    tracker.bite()
    tracker.run(1200)
    assert in_safe_mode_without(tracker, recovery.RECEIVER)
    assert not tracker.recovery.leaves_out(recovery.START)
    reasons = [alarm["reason"] for _, alarm in said(tracker, layouts.ALARM)]
    assert reasons == [layouts.NOT_WATCHED]


def test_without_battery_it_is_still_said_that_no_fix_comes(tracker, wanderer, monkeypatch):
    fail_for_ever(monkeypatch, Supply, "poll", Planted)
    tracker.run(600)
    assert in_safe_mode_without(tracker, recovery.BATTERY)
    wanderer.lost = True
    tracker.run(3 * 3600)
    reasons = [alarm["reason"] for _, alarm in said(tracker, layouts.ALARM)]
    assert layouts.NO_FIX_TOO_LONG in reasons


def test_reports_that_hang_for_ever_hold_up_no_alarm(tracker, wanderer, monkeypatch):
    fail_for_ever(monkeypatch, Recorder, "report", Hang)
    fail_for_ever(monkeypatch, Recorder, "health", Hang)
    tracker.run(3600)
    assert in_safe_mode_without(tracker, recovery.REPORTS)
    _, found_s = leave(tracker, wanderer)
    assert 0 < found_s < 900


def test_a_link_that_hangs_for_hours_leaves_the_fences_looked_at(tracker, wanderer, monkeypatch):
    opening = Link.open
    fail_for_ever(monkeypatch, Link, "open", Hang)
    tracker.run(2 * 3600)
    assert in_safe_mode_without(tracker, recovery.LINK)
    fixes, since_s = tracker.power.switched_on["gnss"], tracker.seconds()
    _, found_s = leave(tracker, wanderer)
    hours = (tracker.seconds() - since_s) / 3600
    assert found_s == -1  # nothing gets out
    assert (tracker.power.switched_on["gnss"] - fixes) / hours > 6
    monkeypatch.setattr(Link, "open", opening)
    tracker.run(2000)
    left = [alarm for _, alarm in said(tracker, layouts.ALARM) if alarm["what"] == layouts.LEFT]
    line_s = BEGAN_S + wanderer.leaves_s + RADIUS_M * 90 // (10 * NORTH_E6_PER_S)
    assert len(left) == 1
    assert left[0]["time_s"] - line_s < 1200  # found then, kept in flash, said now


def test_what_hangs_again_after_safe_mode_brings_it_back_at_once(tracker, wanderer, monkeypatch):
    fail_for_ever(monkeypatch, Supply, "poll", Hang)
    tracker.run(3000)
    while tracker.recovery.safe:
        tracker.run(10)
    since_s, starts = tracker.seconds(), tracker.starts
    while not in_safe_mode_without(tracker, recovery.BATTERY):
        tracker.run(1)
    assert tracker.seconds() - since_s < 150
    assert tracker.starts - starts == 1
    stated_s, found_s = leave(tracker, wanderer)
    assert 0 < found_s <= stated_s


def crashed_elsewhere(tracker):
    """Three bites of the watchdog between two steps: safe mode, and nothing is left out."""
    for _ in range(recovery.SAFE_AFTER):
        tracker.run(30)
        while tracker.app is None:
            tracker.run(1)
        tracker.bite()
    tracker.run(60)
    assert tracker.recovery.safe
    assert not any(tracker.recovery.leaves_out(stage) for stage in range(1, recovery.WAITING))


def reasons(tracker):
    return [alarm["reason"] for _, alarm in said(tracker, layouts.ALARM)]


def test_a_parser_that_fails_once_it_is_in_safe_mode_is_said_and_states_no_bound(
    tracker, wanderer, monkeypatch
):
    crashed_elsewhere(tracker)
    fail_for_ever(monkeypatch, Receiver, "feed", Planted)
    wanderer.leaves_s = tracker.seconds() + 60
    tracker.run(1800)
    assert in_safe_mode_without(tracker, recovery.RECEIVER)
    assert reasons(tracker) == [layouts.NOT_WATCHED]
    crashes, since_s = tracker.recovery.crashes, tracker.seconds()
    tracker.run(1800)
    assert tracker.recovery.crashes == crashes  # the rest goes on
    last = [report for _, report in said(tracker, layouts.REPORT, since_s)]
    assert {(one["fence_state"], one["bound_s"]) for one in last} == {(layouts.UNKNOWN, 0)}


@pytest.mark.parametrize("what", [layouts.LEFT, layouts.SOS])
def test_an_alarm_that_cannot_be_made_at_once_is_made_all_the_same(
    tracker, wanderer, monkeypatch, what
):
    crashed_elsewhere(tracker)
    whole, struck = Recorder.alarm, []

    def planted(self, event):
        if event.what == what and not struck:
            struck.append(event)
            raise MemoryError
        return whole(self, event)

    monkeypatch.setattr(Recorder, "alarm", planted)
    wanderer.leaves_s = tracker.seconds()
    at_s = tracker.seconds() + 5
    if what == layouts.SOS:
        tracker.at(at_s, lambda: setattr(tracker.board, "pressed", True))
        tracker.at(at_s + 11, lambda: setattr(tracker.board, "pressed", False))
    tracker.run(1800)
    assert struck
    assert what in [alarm["what"] for _, alarm in said(tracker, layouts.ALARM)]


@pytest.mark.parametrize("stage", [recovery.LINK, recovery.REPORTS])
def test_link_and_reports_rest_asleep(tracker, monkeypatch, stage):
    if stage == recovery.LINK:
        fail_for_ever(monkeypatch, Link, "open", Hang)
    else:
        fail_for_ever(monkeypatch, Recorder, "report", Hang)
        fail_for_ever(monkeypatch, Recorder, "health", Hang)
    tracker.run(2 * 3600)
    assert in_safe_mode_without(tracker, stage)
    asleep_ms, deep_sleep, since_ms = [], tracker.power.deep_sleep, tracker.clock.now_ms

    def counted(ms, until_motion):
        asleep_ms.append(ms)
        deep_sleep(ms, until_motion)

    monkeypatch.setattr(tracker.power, "deep_sleep", counted)
    tracker.run(7200)
    assert sum(asleep_ms) * 2 > tracker.clock.now_ms - since_ms


def test_that_nobody_looks_outlives_a_reset_before_flash_has_it(tracker, monkeypatch):
    opening = Link.open

    def strikes(fences):
        if fences.version and tracker.recovery.crashes == recovery.SAFE_AFTER - 1:
            tracker.flash.failing = EIO
            monkeypatch.setattr(Link, "open", no_way_out)
            tracker.link.close()
        return fences.version

    def no_way_out(*_):
        raise OSError(EIO)

    fail_for_ever(monkeypatch, FenceSet, "judge", Planted, strikes)
    while not in_safe_mode_without(tracker, recovery.RECEIVER):
        tracker.run(1)
    tracker.run(5)
    assert tracker.app.outbox.held()
    tracker.bite()
    tracker.flash.failing = 0
    monkeypatch.setattr(Link, "open", opening)
    tracker.run(3600)
    assert reasons(tracker) == [layouts.NOT_WATCHED]
