"""A fault or a hang in every stage, again and again: the tracker ends up reporting and obeying."""

import pytest

from tracker import recovery
from tracker.fence import FenceSet
from tracker.fix import Fix
from tracker.orders import Orders
from tracker.supply import Supply
from tracker.uplink import Uplink
from tracker.wearer import Wearer
from trygg_tools.rig.orders import circle, command, signed_order
from trygg_tools.rig.tracker import ORDER_KEY, Hang, SimulatedTracker
from trygg_wire import codec, layouts

HOME = (62470000, 6150000)
POISON_S = 13  # the time of a fix that nobody can report


class Planted(Exception):
    """The fault that is planted."""


def at_home(_world_s):
    return (*HOME, 0, 0, 30)


def place_of_fence(tracker, order_id):
    values = circle(*HOME, 200, private=0)
    return signed_order(tracker.device, ORDER_KEY, order_id, layouts.FENCES, values, order_id)


@pytest.fixture
def tracker():
    """At home with a fence, an hour old, its faults no longer those of the test."""
    tracker = SimulatedTracker(at_home)
    tracker.survives_faults = True
    tracker.gateway.order(7, place_of_fence(tracker, 7))
    tracker.run(1800)
    assert tracker.recovery.crashes == 0
    return tracker


def records(tracker, kind, since_ms):
    frames = [
        tracker.gateway.records[(boot, seq)]
        for boot, seq, ms in tracker.gateway.arrivals
        if ms >= since_ms
    ]
    decoded = [codec.decode(frame) for frame in frames]
    return [values for got, values in decoded if got == kind]


def obeys(tracker, order_id, within_s=1500):
    """An order that it has to answer, and the position that it has to bring."""
    since_ms = tracker.clock.now_ms
    values = command(layouts.REPORT_NOW)
    frame = signed_order(tracker.device, ORDER_KEY, order_id, layouts.COMMAND, values, order_id)
    tracker.gateway.order(order_id, frame)
    tracker.run(within_s)
    answers = records(tracker, layouts.ANSWER, since_ms)
    assert (order_id, layouts.APPLIED) in [(one["order_id"], one["result"]) for one in answers]
    reports = records(tracker, layouts.REPORT, since_ms)
    fresh = [one for one in reports if one["fixes"] and one["fix_age_s"] <= 900]
    assert fresh, reports
    assert abs(fresh[-1]["fixes"][0]["lat_e6"] - HOME[0]) < 500
    return records(tracker, layouts.HEALTH, since_ms)[-1]


def restore_of_fences(self, data):
    """FenceSet.load as planted: what flash or RTC memory knows of the fences kills the start."""


def takes_fences(self, frame, *_rest):
    kind, values = codec.decode(frame)
    return kind == layouts.ORDER and values["order_kind"] == layouts.FENCES


# stage -> (class, method, when it strikes); the tracker has to get round it by itself
PLANTS = {
    "start": (FenceSet, "load", lambda *_: True),
    "receiver": (FenceSet, "judge", lambda fences, *_: fences.version),
    "battery": (Supply, "poll", lambda *_: True),
    "button": (Wearer, "poll", lambda *_: True),
    "orders": (Orders, "take", takes_fences),
    "memory": (FenceSet, "save", lambda *_: True),
}


def plant(monkeypatch, stage, end):
    """Put `end` (an exception) where the stage comes by each time."""
    owner, name, strikes = PLANTS[stage]
    whole = getattr(owner, name)

    def planted(self, *rest):
        if strikes(self, *rest):
            raise end
        return whole(self, *rest)

    monkeypatch.setattr(owner, name, planted)


@pytest.mark.parametrize("end", [Planted, Hang])
@pytest.mark.parametrize("stage", PLANTS)
def test_a_stage_that_always_fails_is_survived(tracker, monkeypatch, stage, end):
    plant(monkeypatch, stage, end)
    if stage == "orders":
        tracker.gateway.order(8, place_of_fence(tracker, 8))
    if stage == "start":
        tracker.bite()
    tracker.run(1500)
    assert tracker.recovery.safe
    assert recovery.STAGES[tracker.recovery.last_stage] == stage
    health = obeys(tracker, 50)
    assert (health["safe_mode"], health["last_stage"]) == (1, tracker.recovery.last_stage)
    assert health["crashes"] >= recovery.SAFE_AFTER
    monkeypatch.undo()
    values = command(layouts.RESTART)
    tracker.gateway.order(51, signed_order("kari", ORDER_KEY, 51, layouts.COMMAND, values, 51))
    tracker.run(7200)
    assert not tracker.recovery.safe
    assert tracker.app is None or tracker.app.fences.version  # in force again
    assert obeys(tracker, 52)["safe_mode"] == 0


@pytest.mark.parametrize("end", [Planted, Hang])
def test_a_record_that_cannot_be_made_is_left_behind_with_the_track(tracker, monkeypatch, end):
    """REPORTS: the track in RTC memory has a fix that kills whoever reports it."""
    from tracker import records as made

    report = made.report

    def planted(moment, track, *rest):
        if [fix for fix in track if fix.time_s == POISON_S]:
            raise end
        return report(moment, track, *rest)

    monkeypatch.setattr(made, "report", planted)
    while tracker.app is None:
        tracker.run(1)
    image = tracker.app._image
    image.track = [Fix(POISON_S, *HOME, 30, 0, 0, 9, 0)]
    tracker.app._recorder.remember()
    tracker.app._recorder.note = lambda _fix: None  # it stays in the track until it strikes
    image.next_report_s = 0
    tracker.run(3600)
    assert recovery.STAGES[tracker.recovery.last_stage] == "reports"
    assert obeys(tracker, 50)["crashes"] >= recovery.SAFE_AFTER


@pytest.mark.parametrize("end", [Planted, Hang])
def test_a_link_that_fails_for_hours_is_tried_on_with_rests(tracker, monkeypatch, end):
    whole = Uplink.poll
    heals_ms = tracker.clock.now_ms + 4 * 3600 * 1000

    def planted(self, *rest):
        if self.wanted() and tracker.clock.now_ms < heals_ms:
            raise end
        return whole(self, *rest)

    monkeypatch.setattr(Uplink, "poll", planted)
    starts, since = tracker.starts, len(tracker.lines)
    tracker.run(4 * 3600)
    crashes = [line for line in tracker.lines[since:] if " error crash " in line]
    assert len(crashes) < 40  # the brake: else thousands
    assert tracker.starts - starts > 2 * len(crashes)  # it rests asleep
    tracker.run(1800)
    assert obeys(tracker, 50)["last_stage"] == recovery.LINK


@pytest.mark.parametrize("end", [Planted, Hang])
def test_an_sos_goes_out_in_safe_mode(tracker, monkeypatch, end):
    plant(monkeypatch, "receiver", end)
    tracker.run(3600)
    assert tracker.recovery.safe
    since_ms = tracker.clock.now_ms
    tracker.at(tracker.seconds() + 5, lambda: setattr(tracker.board, "pressed", True))
    tracker.at(tracker.seconds() + 11, lambda: setattr(tracker.board, "pressed", False))
    tracker.run(60)
    said = records(tracker, layouts.ALARM, since_ms)
    assert layouts.SOS in [one["what"] for one in said]


def test_a_good_hour_ends_safe_mode_by_itself(tracker, monkeypatch):
    plant(monkeypatch, "battery", Planted)
    tracker.run(60)
    monkeypatch.undo()
    assert tracker.recovery.safe
    tracker.run(3 * 3600)
    assert not tracker.recovery.safe
    assert any("out of safe mode" in line for line in tracker.lines)
    assert obeys(tracker, 50)["crashes"] == 0


def test_a_crash_now_and_then_is_told_and_is_no_safe_mode(tracker):
    for _ in range(5):
        tracker.bite()
        tracker.run(4500)
        assert not tracker.recovery.safe
    told = [one["crashes"] for one in records(tracker, layouts.HEALTH, 0)]
    assert told.count(1) == 5
    assert obeys(tracker, 50)["crashes"] == 0
