"""Ticks: compared across the wrap, in small integers only."""

from tracker import ticks


def test_a_later_tick_is_positive_and_an_earlier_one_negative():
    assert ticks.diff(1500, 1000) == 500
    assert ticks.diff(1000, 1500) == -500
    assert ticks.diff(7, 7) == 0


def test_the_wrap_at_2_to_the_30_is_crossed_in_both_directions():
    before = (1 << 30) - 10
    after = ticks.add(before, 25)
    assert after == 15
    assert ticks.diff(after, before) == 25
    assert ticks.diff(before, after) == -25
    assert ticks.add(after, -25) == before


def test_the_farthest_readings_that_can_be_told_apart():
    longest = (1 << 29) - 1
    for start in (0, 1, 12345, (1 << 29), (1 << 30) - 1):
        assert ticks.diff(ticks.add(start, longest), start) == longest
        assert ticks.diff(start, ticks.add(start, longest)) == -longest


def test_every_result_is_a_tick():
    for start in (0, (1 << 30) - 1):
        for step in (-(1 << 29) + 1, -1, 0, 1, (1 << 29) - 1):
            assert 0 <= ticks.add(start, step) < 1 << 30
