"""Doubt: echoes must last, walkers are believed at once."""

from tracker.doubt import FAR, REACH_S, Doubt
from trygg_wire.layouts import INSIDE, NEAR, OUTSIDE


class Settings:
    """The rows that doubt reads, at their defaults."""

    accuracy_clamp_dm = 500
    v_max_dm_s = 20
    fix_margin_dm = 100
    doubt_s = 20


def at_home(accuracy_dm=100, now_s=1000):
    doubt = Doubt()
    assert doubt.weigh(INSIDE, -9000, accuracy_dm, now_s, Settings) == INSIDE
    return doubt


def test_who_walks_out_at_v_max_is_believed_at_once():
    for pause_s in (1, 20, REACH_S - 1):
        doubt = at_home()
        beyond_cm = -9000 + pause_s * 200 + 2 * 1000
        assert doubt.weigh(OUTSIDE, beyond_cm, 100, 1000 + pause_s, Settings) == OUTSIDE
        assert not doubt.open


def test_time_without_a_look_carries_nobody_past_the_boundary():
    for pause_s in (60, 600, 7200):
        doubt = at_home()
        assert doubt.weigh(OUTSIDE, 2600, 100, 1000 + pause_s, Settings) == NEAR
        assert doubt.open


def test_a_jump_is_near_until_it_has_lasted():
    for home_s, beyond_cm, lasts_s in ((600, 13000, 20), (1000, 60000, 20 * FAR)):
        doubt = at_home(now_s=home_s)
        for now_s in range(1028, 1028 + lasts_s):
            assert doubt.weigh(OUTSIDE, beyond_cm, 130, now_s, Settings) == NEAR
            assert doubt.open
            assert not doubt.lasted
        assert doubt.weigh(OUTSIDE, beyond_cm, 130, 1028 + lasts_s, Settings) == OUTSIDE
        assert doubt.lasted


def test_a_jump_that_comes_back_is_forgotten():
    doubt = at_home()
    assert doubt.weigh(OUTSIDE, 13000, 130, 1028, Settings) == NEAR
    assert doubt.weigh(INSIDE, -9000, 100, 1040, Settings) == INSIDE
    assert not doubt.open
    assert doubt.weigh(OUTSIDE, 13000, 130, 1049, Settings) == NEAR


def test_a_fix_that_owns_to_be_inexact_must_last_too():
    for accuracy_dm, counts_as in ((251, NEAR), (250, OUTSIDE)):
        doubt = at_home()
        assert doubt.weigh(OUTSIDE, -3000, accuracy_dm, 1020, Settings) == counts_as


def test_with_nothing_known_before_only_inexact_fixes_are_doubted():
    doubt = Doubt()
    assert doubt.weigh(OUTSIDE, 500000, 100, 5, Settings) == OUTSIDE
    assert doubt.weigh(OUTSIDE, 500000, 400, 5, Settings) == NEAR


def test_a_doubt_of_zero_seconds_is_none():
    class Never(Settings):
        doubt_s = 0

    doubt = at_home()
    assert doubt.weigh(OUTSIDE, 13000, 130, 1028, Never) == OUTSIDE


def test_time_without_fixes_makes_no_echo_true():
    doubt = at_home()
    for now_s in (1028, 1030, 1032, 1131, 1133, 1233, 1235):  # seconds of three searches
        assert doubt.weigh(OUTSIDE, 9000, 600, now_s, Settings) == NEAR
    for now_s in range(1236, 1247):
        assert doubt.weigh(OUTSIDE, 9000, 600, now_s, Settings) == NEAR
    assert doubt.weigh(OUTSIDE, 9000, 600, 1255, Settings) == OUTSIDE


def test_what_it_knows_survives_a_sleep():
    doubt = at_home()
    for now_s in range(1028, 1041):
        doubt.weigh(OUTSIDE, 3000, 130, now_s, Settings)
    after = Doubt()
    after.load(doubt.save(1040), 1040)
    assert after.open
    assert after.weigh(OUTSIDE, 3000, 130, 1047, Settings) == NEAR
    assert after.weigh(OUTSIDE, 3000, 130, 1048, Settings) == OUTSIDE
    empty = Doubt()
    empty.load(Doubt().save(5000), 5000)
    assert not empty.open
    assert empty.weigh(OUTSIDE, 500000, 100, 5000, Settings) == OUTSIDE


def test_a_sure_place_of_long_ago_is_forgotten():
    doubt = at_home()
    after = Doubt()
    after.load(doubt.save(1000 + 70000), 71000)
    assert after.weigh(OUTSIDE, 20000000, 100, 71000, Settings) == OUTSIDE
