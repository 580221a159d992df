"""The modem's own receiver goes on watching the fence while the network is away."""

import pytest

from firmware.test_app import HOME, START_S, at_home, leaving, order
from tools.test_simulated_modem import DIALECTS, Tracker
from tracker.modem import arbiter, gnss, ladder
from trygg_tools.rig.orders import circle
from trygg_wire import layouts

STARTS = (b"AT+CGNSPWR=1", b"AT+QGPS=1", b"AT+CGPS=1", b"AT+CGNSSPWR=1")
OUTAGE_S = 3 * 3600
LEAVES_S = 11400  # the pauses are an hour long by then


def without_cover(dialect, place, how_long="3h", well_s=420):
    """A tracker with a fence, well for so long, and then without cover."""
    tracker = Tracker(dialect, place, own_receiver=True)
    order(tracker, 7, layouts.FENCES, circle(HOME[0], HOME[1], 200))
    tracker.run(well_s)
    tracker.side.scene.do("coverage off " + how_long)
    return tracker


def out_at_last(world_s):
    metres = min(260, max(0, world_s - START_S - LEAVES_S) * 7 // 5)
    return (HOME[0] + metres * 9, HOME[1], 14 if 0 < metres < 260 else 0, 0, 30)


def longest_wait_s(tracker, monkeypatch, seconds):
    """How long a search waited for the modem, at most, in the next `seconds`."""
    waits, asked_s = [0], []
    rail = gnss.ModemGnss.rail

    def timed(self, name, on):
        has_it, now_s = rail(self, name, on), tracker.clock.now_ms // 1000
        if on and not has_it:
            asked_s.append(now_s)
        elif asked_s:
            waits.append(now_s - asked_s[0])
        if has_it:
            asked_s.clear()
        return has_it

    monkeypatch.setattr(gnss.ModemGnss, "rail", timed)
    tracker.run(seconds)
    return max(waits)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_without_cover_a_search_waits_no_longer_than_the_bound_says(dialect, monkeypatch):
    tracker = without_cover(dialect, at_home)
    assert longest_wait_s(tracker, monkeypatch, OUTAGE_S) <= arbiter.ATTEMPT_S
    starts = [at for at, text in tracker.said if text.startswith(STARTS) and at > 420_000]
    assert len(starts) > OUTAGE_S // 120


@pytest.mark.parametrize("dialect", DIALECTS)
def test_with_an_alarm_to_be_told_the_attempts_go_first_and_each_pause_has_its_search(dialect):
    tracker = without_cover(dialect, leaving)
    tracker.run(OUTAGE_S)
    starts = [at // 1000 for at, text in tracker.said if text.startswith(STARTS)]
    late = [at for at in starts if at > 420 + 3600]
    assert len(late) >= 4
    tracker.run(OUTAGE_S)
    seqs = sorted(seq for _, seq in tracker.gateway.records)
    assert seqs == list(range(1, len(seqs) + 1))
    assert tracker.gateway.conflicts == 0


@pytest.mark.parametrize("dialect", DIALECTS)
def test_while_an_alarm_is_open_no_search_keeps_the_attempts_from_being_made(dialect):
    tracker = without_cover(dialect, leaving, "20m", well_s=900)
    tracker.run(1200)
    held = len(tracker.gateway.records)
    tracker.run(1200)
    assert len(tracker.gateway.records) > held + 5


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_exit_found_in_a_pause_is_told_five_minutes_and_an_attempt_later(dialect):
    tracker = without_cover(dialect, out_at_last, "48h")
    tracker.run(LEAVES_S - 420)
    while not (tracker.app and tracker.app.outbox.alarms_waiting()):
        tracker.run(5)
        assert tracker.seconds() < LEAVES_S + 600
    raised_s = tracker.seconds()
    tracker.side.scene.do("coverage on")
    tracker.run(ladder.PAUSE_ALARM_S + 160)
    seqs = [seq for _, seq, at_ms in tracker.gateway.arrivals if at_ms >= raised_s * 1000]
    assert seqs, "the pause went on as if nothing had happened"
