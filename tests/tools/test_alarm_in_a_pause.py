"""An exit that a search finds in a pause of the ladder shortens the pause."""

import pytest

from firmware.test_app import HOME, START_S, order
from tools.test_simulated_modem import DIALECTS, Tracker
from tracker.modem import ladder
from trygg_tools.rig.orders import circle
from trygg_wire import layouts

LEAVES_S = 11400  # the pauses are an hour long by then


def out_at_last(world_s):
    metres = min(260, max(0, world_s - START_S - LEAVES_S) * 7 // 5)
    return (HOME[0] + metres * 9, HOME[1], 14 if 0 < metres < 260 else 0, 0, 30)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_exit_in_a_pause_is_told_five_minutes_and_an_attempt_later(dialect):
    tracker = Tracker(dialect, out_at_last, own_receiver=True)
    order(tracker, 7, layouts.FENCES, circle(HOME[0], HOME[1], 200))
    tracker.run(420)
    tracker.side.scene.do("coverage off 48h")
    tracker.run(LEAVES_S - 420)
    while not (tracker.app and tracker.app.outbox.alarms_waiting()):
        tracker.run(5)
        assert tracker.seconds() < LEAVES_S + 600
    raised_s = tracker.seconds()
    tracker.side.scene.do("coverage on")
    tracker.run(ladder.PAUSE_ALARM_S + 160)
    seqs = [seq for _, seq, at_ms in tracker.gateway.arrivals if at_ms >= raised_s * 1000]
    assert seqs, "the pause went on as if nothing had happened"
