"""Clocks that jump, start late or are told by the network: nothing is lost or misdated."""

import pytest

from trygg_tools.rig.orders import circle, signed_order
from trygg_tools.rig.tracker import ORDER_KEY, SimulatedTracker
from trygg_wire import codec, layouts

HOME = (62470000, 6150000)
START_S = 200000000


def at_home(_world_s):
    return (*HOME, 0, 0, 30)


@pytest.fixture
def tracker():
    tracker = SimulatedTracker(at_home, world_s=START_S)
    frame = signed_order(tracker.device, ORDER_KEY, 7, layouts.FENCES, circle(*HOME, 200))
    tracker.gateway.order(7, frame)
    tracker.run(3000)
    return tracker


def records(tracker, since_ms=0):
    return [
        (*codec.decode(tracker.gateway.records[(boot, seq)]), ms)
        for boot, seq, ms in tracker.gateway.arrivals
        if ms >= since_ms
    ]


@pytest.mark.parametrize("jump_s", [-86400, -3600, -100, 100, 3600, 86400, 7 * 86400])
def test_a_clock_that_jumps_is_put_right_by_two_fixes_that_agree(tracker, jump_s):
    jumped_ms = tracker.clock.now_ms
    tracker.clock.set_utc(tracker.clock.utc() + jump_s)
    tracker.run(5400)
    assert abs(tracker.clock.utc() - tracker.clock.world_s()) <= 2
    later = records(tracker, jumped_ms + 1800000)
    assert len(later) >= 2
    for _, values, ms in later:
        assert abs(START_S + ms // 1000 - values["time_s"]) <= 60
    assert not [kind for kind, _, _ in records(tracker) if kind == layouts.ALARM]


@pytest.mark.parametrize("jump_s", [-3600, 3600])
def test_the_seconds_that_have_passed_follow_no_jump(tracker, jump_s):
    while tracker.app is None or not tracker.app.listening():
        tracker.run(1)  # awake: the jump must not come through
    before_s, at_ms = tracker.app._now_s, tracker.clock.now_ms
    tracker.clock.set_utc(tracker.clock.utc() + jump_s)
    tracker.run(2)
    assert tracker.app is not None
    assert abs(tracker.app._now_s - before_s - (tracker.clock.now_ms - at_ms) // 1000) <= 1


def test_without_the_sky_the_gateways_ack_tells_the_time():
    tracker = SimulatedTracker(lambda _s: None, world_s=START_S)
    tracker.run(600)
    assert abs(tracker.clock.utc() - tracker.clock.world_s()) <= 2
    dated = [values for _, values, _ in records(tracker) if not values["time_is_uptime"]]
    assert dated


def test_a_power_loss_dates_what_was_said_before_the_clock_came_back(tracker):
    """In the dark and out of coverage for an hour after a power loss."""
    from trygg_tools.rig.power import PowerCut

    def cut(_step):
        tracker.at_step = lambda _step: None
        raise PowerCut

    tracker.sky.place = lambda world_s: at_home(world_s) if world_s > START_S + 7200 else None
    tracker.link.unreachable = True
    tracker.at_step = cut
    tracker.run(5400)
    tracker.link.unreachable = False
    tracker.run(1800)
    boots = sorted({values["boot"] for _, values, _ in records(tracker)})
    assert len(boots) == 2
    mine = [(kind, values) for kind, values, _ in records(tracker) if values["boot"] == boots[1]]
    undated = [values for _, values in mine if values["time_is_uptime"]]
    both = [one for kind, one in mine if kind == layouts.HEALTH and not one["time_is_uptime"]]
    assert undated
    assert both  # its time less its uptime is when this boot began
    began_s = both[0]["time_s"] - both[0]["uptime_s"]
    assert START_S + 2900 < began_s < START_S + 3200
