"""The bench of our own door in its short form: everything is counted, and nobody is lost."""

import pytest

from trygg_tools.bench import doors


@pytest.mark.parametrize("with_tls", [False, True])
def test_a_few_trackers_are_measured_and_none_of_them_is_lost(with_tls):
    figures = doors.once(with_tls, trackers=20, busy=10, seconds=0.3)
    assert 0 < figures["kib_a_connection"] < 500
    assert figures["logins_per_s"] > 0
    assert figures["rush_per_s"] > 0
    assert 0 < figures["rush_p50_ms"] <= figures["rush_p99_ms"]
    assert figures["calm_p99_ms"] > 0
    assert figures["flood_opened_per_s"] > 0
    assert figures["lost_of_the_logged_in"] == 0


def test_a_storm_is_let_in_with_new_hashes_and_with_old_ones():
    found = doors.storms(False, 20)
    assert 0 < found["storm_seconds"] < 20
    assert 0 < found["storm_old_hashes_seconds"] < 20
