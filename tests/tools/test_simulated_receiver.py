"""The whole tracker with the modem's own receiver: starts, assisted data, and a core that rests."""

import pytest

from firmware.test_app import HOME, START_S, at_home, leaving, order, records
from tools.test_simulated_modem import DIALECTS, Tracker
from tracker.fence_rule import Event
from trygg_tools.modem_sim.fault_file import from_words
from trygg_tools.modem_sim.faults import Faults
from trygg_tools.rig.orders import circle
from trygg_wire import layouts

STARTS = {
    "sim7080": b"AT+CGNSPWR=1", "sim7000": b"AT+CGNSPWR=1", "sim7600": b"AT+CGPS=1",
    "a7670": b"AT+CGNSSPWR=1", "bg95": b"AT+QGPS=1",
}  # fmt: skip


def fix_within(tracker, most_s):
    """A report of the next half hour has a fix that was found within `most_s` from now."""
    since_s = tracker.clock.utc()
    tracker.run(1800)
    found = []
    for one in records(tracker, layouts.REPORT):
        found += [one["time_s"] - fix["age_s"] - since_s for fix in one["fixes"]]
    assert [after_s for after_s in found if 0 <= after_s <= most_s], found


def searching(tracker):
    """Until its modem's receiver is on, in a search."""
    gnss = tracker.side.scene.modem.gnss
    while not (gnss.on and tracker.app is not None and tracker.app._search.on):
        tracker.run(1)
        assert tracker.seconds() < 20000


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_receiver_that_runs_when_our_chip_starts_anew_gives_a_fix_all_the_same(dialect):
    tracker = Tracker(dialect, own_receiver=True)
    tracker.run(300)
    searching(tracker)
    before = len(tracker.commands(STARTS[dialect]))
    tracker.bite()
    assert tracker.side.scene.modem.gnss.on
    fix_within(tracker, 150)
    assert len(tracker.commands(STARTS[dialect])) > before


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_receiver_that_refuses_to_start_is_asked_again_at_once(dialect):
    faults = Faults([from_words("gnss_refused nth=3 times=2")], seed=1)
    tracker = Tracker(dialect, own_receiver=True, faults=faults)
    while len(tracker.commands(STARTS[dialect])) < 5:
        tracker.run(10)
        assert tracker.seconds() < 20000
    asked = [at_ms for at_ms, text in tracker.said if text.startswith(STARTS[dialect])]
    assert asked[4] - asked[2] < 8000


FETCHES = {
    "sim7080": b"AT+HTTPTOFS=", "sim7000": b"AT+HTTPTOFS=", "sim7600": b"AT+CGPSXD=",
    "a7670": b"AT+CAGPS", "bg95": b"AT+QHTTPGET=",
}  # fmt: skip


def no_sky_for_hours(second):
    """At home, and from 900 s on for three hours where no satellite is seen."""
    return None if 900 <= second - START_S < 900 + 3 * 3600 else at_home(second)


def next_search_ms(tracker):
    """How long the next search has to listen for a fix."""
    gnss = tracker.side.scene.modem.gnss
    gnss.needs_ms = 0
    while not gnss.needs_ms:
        tracker.run(5)
        assert tracker.seconds() < 30000
    return gnss.needs_ms


@pytest.mark.parametrize("dialect", DIALECTS)
def test_with_what_was_fetched_a_search_takes_less_than_half_after_hours_without_a_sky(dialect):
    tracker = Tracker(dialect, no_sky_for_hours, own_receiver=True)
    order(tracker, 7, layouts.FENCES, circle(HOME[0], HOME[1], 200))
    tracker.run(900 + 3 * 3600 - 600)
    assert tracker.commands(FETCHES[dialect])
    assert next_search_ms(tracker) <= 15000
    tracker.run(1200)
    assert records(tracker, layouts.REPORT)[-1]["bound_s"] > 0, "found again"
    assert records(tracker, layouts.HEALTH)[-1]["setup_unanswered"] == 0


def test_what_cannot_be_fetched_is_counted_and_left_alone_for_half_a_day():
    told = Faults([from_words("lost_answer times=0 on=+HTTPTOFS*")], seed=2)
    tracker = Tracker("sim7080", no_sky_for_hours, own_receiver=True, faults=told)
    order(tracker, 7, layouts.FENCES, circle(HOME[0], HOME[1], 200))
    tracker.run(900 + 3 * 3600 - 600)
    asked = len(tracker.commands(b"AT+HTTPTOFS"))
    assert 1 <= asked <= 3
    assert next_search_ms(tracker) >= 26000
    tracker.run(6 * 3600)
    assert len(tracker.commands(b"AT+HTTPTOFS")) == asked
    assert [one["setup_unanswered"] for one in records(tracker, layouts.HEALTH)][-1] == 1
    seqs = sorted(seq for _, seq in tracker.gateway.records)
    assert seqs == list(range(1, len(seqs) + 1))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_alarm_does_not_wait_for_what_is_being_fetched(dialect):
    tracker = Tracker(dialect, own_receiver=True)
    order(tracker, 7, layouts.FENCES, circle(HOME[0], HOME[1], 200))
    while not tracker.commands(FETCHES[dialect]):
        tracker.run(1)
        assert tracker.seconds() < 3000
    tracker.app._alarm(Event(layouts.TEST, 0, layouts.BUTTON))
    while not records(tracker, layouts.ALARM):
        tracker.run(1)
        assert tracker.seconds() < 3000
    (alarm,) = records(tracker, layouts.ALARM)
    made_ms = (alarm["time_s"] - START_S) * 1000
    arrived_ms = next(ms for _, seq, ms in tracker.gateway.arrivals if seq == alarm["seq"])
    assert arrived_ms - made_ms < 2000
    tracker.run(1800)
    again = 1 if dialect == "a7670" else 2  # which wants none while it has fixes
    assert len(tracker.commands(FETCHES[dialect])) == again
    seqs = sorted(seq for _, seq in tracker.gateway.records)
    assert seqs == list(range(1, len(seqs) + 1))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("nth", [12, 39])
def test_the_core_rests_while_an_answer_is_overdue_and_the_receiver_is_wanted(dialect, nth):
    """A step is a millisecond of the core at most; 100 of a second's are a dialogue, not a wait."""
    faults = Faults([from_words(f"silence seconds=150 nth={nth} on=*")], seed=nth)
    tracker = Tracker(dialect, leaving, own_receiver=True, faults=faults)
    order(tracker, 7, layouts.FENCES, circle(HOME[0], HOME[1], 200))
    while tracker.seconds() < 420:
        steps, since_s = tracker.steps, tracker.seconds()
        tracker.run(5)
        assert tracker.steps - steps < 100 * (tracker.seconds() - since_s), tracker.seconds()
    assert faults.happened
    tracker.run(900)
    seqs = sorted(seq for _, seq in tracker.gateway.records)
    assert len(seqs) > 3
    assert seqs == list(range(1, len(seqs) + 1))
