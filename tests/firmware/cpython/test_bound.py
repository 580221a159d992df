"""The bound proven: whoever leaves, at most at v_max, is reported within the bound stated.

Trials of `make exits` (tools/trygg_tools/exits), a few of its many thousand: the whole tracker with
its sleeps, sensors that lie, resets and power cuts, random fences, and a wearer who does the worst
that v_max allows. Then what Duty may plan at all, as properties; and a strike at steps of one exit
(`make exits` does every one).
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.duty import NOTHING_S, Duty
from tracker.duty_rows import Situation
from tracker.settings import Settings
from trygg_tools.exits.__main__ import counts, summary
from trygg_tools.exits.strikes import KINDS, OneStrike, plain_seed, steps_of
from trygg_tools.exits.trial import Trial
from trygg_wire.layouts import INSIDE, NEAR, OUTSIDE

PARCELS = range(3)
A_PARCEL = 25
SMALL_STEPS = 41


@pytest.mark.parametrize("parcel", PARCELS)
def test_every_exit_is_reported_within_the_bound_stated(parcel):
    outcomes = [Trial(900_000 + A_PARCEL * parcel + trial).run() for trial in range(A_PARCEL)]
    found = summary(outcomes)
    assert not found["bad_seeds"], found
    assert found["missed"] == found["late"] == 0
    assert sum(counts(one) for one in outcomes) > A_PARCEL // 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_strike_at_any_step_of_an_exit_hides_nothing(kind):
    seed = plain_seed()
    steps = steps_of(seed)
    assert steps > 30
    for nth in range(1, steps, SMALL_STEPS):
        outcome = OneStrike(seed, nth, kind).run()
        assert not outcome.missed(), nth
        assert not outcome.late(), (nth, outcome)


situations = st.builds(
    dict,
    margin_cm=st.integers(-1_000_000, 100_000),
    accuracy_dm=st.integers(10, 5000),
    age_s=st.integers(0, 5000),
    anchor_margin_cm=st.one_of(st.none(), st.integers(-1_000_000, 1000)),
    state=st.sampled_from((INSIDE, NEAR, OUTSIDE)),
    still=st.booleans(),
    at_anchor=st.booleans(),
    battery_low=st.booleans(),
    charging=st.booleans(),
    alarm_open=st.booleans(),
    confirming=st.booleans(),
    change_s=st.integers(1, 604_801),
)


def at(known):
    """A Situation in which this is known."""
    situation = Situation()
    for name, value in known.items():
        setattr(situation, name, value)
    return situation


@given(situations, situations, st.integers(0, 20), st.booleans())
def test_no_plan_goes_past_the_way_and_what_was_stated(then, now, failures, trusted):
    duty = Duty(Settings())
    duty.settings.sensors_trusted = int(trusted)
    duty.state(at(then))
    duty.renew()
    for _search in range(failures):
        duty.got_none()
    situation = at(now)
    way_s = duty.reach_s(situation.margin_cm, situation.accuracy_dm) - situation.age_s
    planned_s = duty.next_fix_in_s(situation)
    assert planned_s <= max(way_s, duty.stated_s, 0)
    assert planned_s <= situation.change_s
    rested_s = duty.skip_s(situation)
    assert not (rested_s and (situation.confirming or situation.alarm_open or failures))
    if not trusted:
        assert rested_s <= max(way_s, duty.stated_s - situation.age_s, 0)
    assert rested_s <= situation.change_s


@given(situations, situations)
def test_a_bound_states_what_the_plan_may_take(then, now):
    duty = Duty(Settings())
    duty.settings.motion_max_age_s = 1200
    duty.state(at(then))
    duty.renew()
    assert duty.stated_s == NOTHING_S or duty.stated_s >= duty.settings.fix_floor_s
    longest_s = max(duty.next_fix_in_s(at(now)), duty.skip_s(at(now)))
    situation = at(now)
    if longest_s > duty.reach_s(situation.margin_cm, situation.accuracy_dm) - situation.age_s:
        settings = duty.settings
        alarm_s = settings.fix_timeout_s + settings.confirm_apart_s + settings.connect_s
        assert duty.bound_s() > longest_s + alarm_s
