"""One radio for two: who has it, for how long, and what an alarm does to a running search."""

from tracker.modem import arbiter
from tracker.modem.arbiter import GNSS, LTE, Arbiter


def _judge(one, now_s, searches=False, talk=None, ready=False, urgent=False, reach=False):
    one.judge(now_s, searches, talk, ready, urgent, reach)
    return one.holder


def test_a_search_has_it_at_once_while_lte_wants_nothing_and_gives_it_back():
    one = Arbiter(True)
    assert _judge(one, 100, searches=True) == GNSS
    assert _judge(one, 140, searches=True) == GNSS
    assert _judge(one, 141) == LTE
    assert one.interrupted == 0


def test_a_session_that_talks_keeps_it_for_its_time_after_it_was_connected():
    one = Arbiter(True)
    assert _judge(one, 0, True, True) == LTE
    assert _judge(one, 40, True, True, True) == LTE
    assert _judge(one, 40 + arbiter.LTE_MOST_S - 1, True, True, True) == LTE
    assert _judge(one, 40 + arbiter.LTE_MOST_S, True, True, True) == GNSS


def test_one_that_does_not_get_connected_gives_it_up_sooner():
    one = Arbiter(True)
    assert _judge(one, arbiter.CONNECT_S - 1, True, True) == LTE
    assert _judge(one, arbiter.CONNECT_S, True, True) == GNSS


def test_a_quiet_session_lets_a_search_begin():
    one = Arbiter(True)
    _judge(one, 0, True, True, True)
    assert _judge(one, arbiter.QUIET_S - 1, True, False, True) == LTE
    assert _judge(one, arbiter.QUIET_S, True, False, True) == GNSS


def test_an_alarm_takes_it_from_a_running_search_at_once():
    one = Arbiter(True)
    assert _judge(one, 0, searches=True) == GNSS
    assert _judge(one, 3, True, True, urgent=True) == LTE
    assert one.interrupted == 1
    assert _judge(one, 3 + arbiter.ALARM_MOST_S - 1, True, True, True, True) == LTE
    assert _judge(one, 3 + arbiter.ALARM_MOST_S, True, True, True, True) == GNSS


def test_what_is_to_be_said_waits_for_a_search_less_long_while_an_alarm_is_open():
    for reach, most_s in ((False, arbiter.GNSS_MOST_S), (True, arbiter.GNSS_REACH_S)):
        one = Arbiter(True)
        _judge(one, 0, searches=True)
        assert _judge(one, most_s - 1, True, True, reach=reach) == GNSS
        assert _judge(one, most_s, True, True, reach=reach) == LTE


def test_a_search_that_lte_does_not_wait_for_is_never_cut():
    one = Arbiter(True)
    _judge(one, 0, searches=True)
    assert _judge(one, 10 * arbiter.GNSS_MOST_S, searches=True) == GNSS


def test_radios_of_their_own_are_not_shared():
    assert _judge(Arbiter(False), 0, searches=True) == LTE


def test_the_bound_holds_an_attempt_without_cover_and_what_sharing_costs():
    assert Arbiter(False).worst_s() == arbiter.ATTEMPT_S
    assert Arbiter(True).worst_s() >= max(arbiter.ATTEMPT_S, arbiter.WAIT_S + arbiter.YIELD_S)
