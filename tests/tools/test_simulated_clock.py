"""A tracker that starts without the time: what it says is dated later, what expires waits.

Neither satellites nor gateway tell the time for the first 200 s.
"""

import pytest

from trygg_tools.rig.orders import circle, signed_order
from trygg_tools.rig.tracker import ORDER_KEY, SimulatedTracker
from trygg_wire import codec, layouts

HOME = (59927000, 10701000)
START_S = 200_000_000  # the rig's world begins then
DARK_S = 200
EXPIRES_S = START_S + 3600


class Timeless:
    """A gateway's clock that does not know the time."""

    def __init__(self, clock):
        self._clock = clock

    @property
    def now_ms(self):
        return self._clock.now_ms

    def world_s(self):
        return 0


def place(world_s):
    return None if world_s < START_S + DARK_S else (*HOME, 0, 0, 30)


@pytest.fixture
def tracker():
    made = SimulatedTracker(place, world_s=START_S)
    made.gateway._clock = Timeless(made.clock)
    return made


def decoded(tracker, kind):
    frames = [tracker.gateway.records[key] for key in sorted(tracker.gateway.records)]
    return [values for got, values in map(codec.decode, frames) if got == kind]


def answers(tracker, order_id):
    return [
        (one["result"], one["reason"])
        for one in tracker.gateway.answers
        if one["order_id"] == order_id
    ]


def order_circle(tracker, order_id, expires_s):
    frame = signed_order(
        "kari", ORDER_KEY, order_id, layouts.FENCES, circle(*HOME, 200), expires_s=expires_s
    )
    tracker.gateway.order(order_id, frame)


def test_a_call_for_help_without_the_time_is_dated_by_the_next_health_record(tracker):
    tracker.run(20)
    tracker.board.pressed = True
    tracker.app = None  # the press wakes it
    tracker.run(6)
    tracker.board.pressed = False
    tracker.run(600)
    (sos,) = decoded(tracker, layouts.ALARM)
    assert sos["time_is_uptime"] == 1
    dated = [one for one in decoded(tracker, layouts.HEALTH) if not one["time_is_uptime"]]
    began_s = dated[0]["time_s"] - dated[0]["uptime_s"]
    assert dated[0]["seq"] > sos["seq"]
    assert 20 <= began_s + sos["time_s"] - START_S <= 30
    assert dated[0]["time_s"] - START_S <= DARK_S + 120, "and soon"


def test_an_order_that_expires_is_received_and_taken_when_the_time_is_known(tracker):
    order_circle(tracker, 7, EXPIRES_S)
    tracker.run(100)
    assert answers(tracker, 7) == [(layouts.RECEIVED, layouts.NO_CLOCK)], "once, however often sent"
    assert tracker.gateway.orders_sent > 1
    tracker.run(500)
    assert answers(tracker, 7)[1:] == [(layouts.APPLIED, 0), (layouts.ARMED, 0)]


def test_an_order_that_expires_not_is_taken_without_the_time(tracker):
    order_circle(tracker, 7, 0)
    tracker.run(100)
    assert answers(tracker, 7) == [(layouts.APPLIED, 0)]


def test_an_order_that_has_expired_meanwhile_is_refused_when_the_time_is_known(tracker):
    order_circle(tracker, 7, START_S + 60)
    tracker.run(600)
    assert answers(tracker, 7) == [
        (layouts.RECEIVED, layouts.NO_CLOCK),
        (layouts.REFUSED, layouts.EXPIRED),
    ]
    assert {one["fence_version"] for one in decoded(tracker, layouts.HEALTH)} == {0}


def test_an_order_that_waited_in_ram_alone_comes_again_after_a_power_cut(tracker):
    order_circle(tracker, 7, EXPIRES_S)
    tracker.run(100)
    assert answers(tracker, 7) == [(layouts.RECEIVED, layouts.NO_CLOCK)]
    tracker.app = None  # it starts anew and knows nothing of the order
    tracker.run(600)
    assert answers(tracker, 7)[-2:] == [(layouts.APPLIED, 0), (layouts.ARMED, 0)]
