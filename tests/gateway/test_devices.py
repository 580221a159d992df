"""The state of a tracker: whatever order its records come in, the newest of each part counts."""

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.records import LATER_PLACE, NOW_MS, NOW_S, PLACE, alarm, health, report, row
from trygg_gateway.devices import Device, fold, positions_of, time_of
from trygg_wire import codec, layouts


def folded(*frames, state=None):
    state = state or Device("astrid")
    for frame in frames:
        kind, values = codec.decode(frame)
        state = fold(state, [(row(frame), kind, values)])
    return state


def withheld(seq, **values):
    return report(1, seq, coordinates_withheld=1, fixes=[], **values)


def test_a_report_says_how_the_tracker_stands():
    state = folded(report(2, 5, NOW_S - 10, battery_percent=55, charging=1))
    assert (state.battery_percent, state.charging, state.battery_mv) == (55, 1, 3900)
    assert state.next_report_by_s == NOW_S - 10 + 600
    assert state.fence_state == layouts.INSIDE
    assert state.fix_time_s == NOW_S - 14
    assert (state.lat_e6, state.lon_e6) == (PLACE["lat_e6"], PLACE["lon_e6"])
    assert state.position_time_s == NOW_S - 14
    assert state.heard_ms == NOW_MS + 250


def test_an_unknown_battery_is_unknown():
    assert folded(report(1, 1, battery_percent=101)).battery_percent is None


def test_a_withheld_position_takes_the_dot_away():
    state = folded(report(1, 1), withheld(2))
    assert (state.lat_e6, state.lon_e6, state.position_withheld) == (None, None, 1)
    assert state.position_time_s == 0
    assert state.fix_time_s, "how old the newest fix is may be known"


def test_an_older_position_that_comes_late_does_not_show_under_a_withheld_one():
    assert folded(withheld(2), report(1, 1)).lat_e6 is None


def test_a_report_without_a_fix_leaves_the_last_position_with_its_age():
    state = folded(report(1, 1, NOW_S - 500), report(1, 2, fixes=[], fix_age_s=504))
    assert state.lat_e6 == PLACE["lat_e6"]
    assert state.position_time_s == state.fix_time_s == NOW_S - 504


def test_an_alarm_shows_where_even_after_a_withheld_report():
    state = folded(withheld(1), alarm(1, 2))
    assert (state.lat_e6, state.position_withheld) == (PLACE["lat_e6"], 0)
    assert state.fence_state == layouts.OUTSIDE


def test_an_alarm_without_evidence_leaves_a_withheld_position_withheld():
    state = folded(withheld(1), alarm(1, 2, what=layouts.BATTERY_LOW, evidence=[]))
    assert (state.lat_e6, state.position_withheld) == (None, 1)


def test_never_a_fix_is_no_fix_time():
    assert folded(report(1, 1, fixes=[], fix_age_s=layouts.AGE_NEVER)).fix_time_s == 0


FRAMES = [
    report(1, 8, battery_percent=80), withheld(9, battery_percent=70),
    health(1, 10), alarm(1, 11, battery_percent=60), report(2, 1, battery_percent=50),
]  # fmt: skip


@pytest.mark.parametrize("order", list(itertools.permutations(range(len(FRAMES)))))
def test_records_in_any_order_end_in_the_same_state(order):
    assert folded(*(FRAMES[place] for place in order)) == folded(*FRAMES)


STATUSES = st.tuples(st.integers(1, 2), st.integers(1, 6), st.integers(NOW_S - 90, NOW_S + 9))
RECORDS = STATUSES.flatmap(
    lambda at: st.sampled_from(
        [
            report(*at), alarm(*at), health(*at), withheld(at[1]), report(*at, fixes=[]),
            report(*at, fixes=[], fix_age_s=layouts.AGE_NEVER), alarm(*at, evidence=[]),
            report(at[0], at[1], layouts.EPOCH + 40, time_is_uptime=1),
            report(at[0], at[1], layouts.EPOCH + 40, time_is_uptime=1, coordinates_withheld=1),
            report(*at, battery_percent=at[1], fixes=[LATER_PLACE], fix_age_s=60),
        ]
    )
)  # fmt: skip


@given(st.lists(RECORDS, min_size=1, max_size=12), st.integers(0, 12))
@settings(max_examples=300, deadline=None)
def test_records_folded_together_end_in_the_state_of_one_after_the_other(frames, before):
    state = folded(*frames[:before])
    together = [(row(frame), *codec.decode(frame)) for frame in frames[before:]]
    if together:
        assert fold(state, together) == folded(*frames[before:], state=state)


def test_health_is_kept_whole():
    state = folded(health(1, 4))
    assert state.firmware == "0.1.0"
    assert state.settings_version == state.fence_version == 5
    assert json.loads(state.health)["records_dropped"] == 5


def test_an_answer_is_only_being_heard():
    frame = codec.encode(layouts.ANSWER, {
        "boot": 1, "seq": 5, "time_s": NOW_S - layouts.EPOCH, "time_is_uptime": 0, "order_id": 1,
        "order_version": 1, "result": layouts.APPLIED, "reason": 0,
    })  # fmt: skip
    assert folded(frame) == Device("astrid", heard_ms=NOW_MS + 250)


def test_a_clock_ahead_of_ours_promises_nothing_from_the_future():
    assert folded(report(1, 1, NOW_S + 86_400)).next_report_by_s == NOW_S + 600


def test_a_time_that_is_not_known_is_never_guessed():
    frame = report(1, 1, layouts.EPOCH + 40, time_is_uptime=1)
    kind, values = codec.decode(frame)
    assert time_of(row(frame), values) == 0
    assert positions_of(row(frame), kind, values) == []
    state = folded(frame)
    assert (state.time_s, state.fix_time_s, state.lat_e6) == (0, 0, None)
    assert state.next_report_by_s == NOW_S + 600, "it was not made later than it came"
    assert time_of(row(frame), values, start_s=NOW_S - 100) == NOW_S - 60
    assert time_of(row(frame), values, start_s=NOW_S) == NOW_S, "nor dated later"


def test_the_ages_of_a_track_add_up():
    frame = report(1, 1, fixes=[PLACE, LATER_PLACE, PLACE | {"age_s": 30}])
    kind, values = codec.decode(frame)
    times = [position.time_s for position in positions_of(row(frame), kind, values)]
    assert times == [NOW_S - 4, NOW_S - 64, NOW_S - 94]
