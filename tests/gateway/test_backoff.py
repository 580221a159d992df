"""Waits between tries: doubling, bounded, jittered, and a receiver's wish within limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trygg_gateway.backoff import ALARM, TELEMETRY, Backoff


def waits(schedule, tries, chance=lambda: 1.0):
    backoff = Backoff(schedule, chance)
    return [backoff.failed() for _ in range(tries)]


def test_an_alarm_is_tried_again_within_seconds_however_long_it_takes():
    assert waits(ALARM, 8) == [0.5, 1, 2, 4, 8, 15, 15, 15]


def test_telemetry_waits_up_to_five_minutes():
    assert waits(TELEMETRY, 11) == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 2000))
def test_a_wait_is_between_three_quarters_and_the_whole_of_its_step(chance, tries):
    for plain, jittered in zip(waits(ALARM, tries), waits(ALARM, tries, lambda: chance)):
        assert 0.75 * plain <= jittered <= plain


def test_two_sinks_that_failed_together_come_back_apart():
    assert waits(ALARM, 3, lambda: 0.1) != waits(ALARM, 3, lambda: 0.9)


def test_success_starts_the_next_row_of_failures_from_the_first_wait():
    backoff = Backoff(ALARM, lambda: 1.0)
    for _ in range(9):
        backoff.failed()
    backoff.worked()
    assert backoff.failures == 0
    assert backoff.failed() == 0.5


def test_a_receiver_gets_the_time_it_asks_for():
    assert Backoff(ALARM, lambda: 1.0).failed(30.0) == 30.0


@pytest.mark.parametrize(("schedule", "limit"), [(ALARM, 60.0), (TELEMETRY, 3600.0)])
def test_a_receiver_cannot_ask_for_more_than_the_class_allows(schedule, limit):
    assert Backoff(schedule, lambda: 1.0).failed(86_400.0) == limit


def test_a_receiver_that_asks_for_less_than_our_wait_does_not_shorten_it():
    backoff = Backoff(TELEMETRY, lambda: 1.0)
    assert [backoff.failed(0.0) for _ in range(4)] == [1, 2, 4, 8]
