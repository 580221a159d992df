"""The recovery ladder: which step follows which failure, how long it rests, what it counts."""

from tracker.modem import ladder
from tracker.modem.ladder import CHIP_RESET, NO_ANSWER, NO_NETWORK, NO_SERVICE, PAUSE, Ladder

PROBE, END_SERVICE, DETACH, RADIO, REBOOT, POWER_KEY, POWER_RAIL = 1, 2, 3, 4, 5, 6, 7


def _climb(place, times):
    climb = Ladder()
    return [climb.failed(place, 0) for _ in range(times)]


def test_all_eight_steps_are_taken_where_each_can_help():
    service = [END_SERVICE, DETACH, RADIO, REBOOT, POWER_KEY, POWER_RAIL, CHIP_RESET, PAUSE]
    assert _climb(NO_SERVICE, 8) == service
    assert _climb(NO_NETWORK, 7) == service[1:]
    assert _climb(NO_ANSWER, 5) == [PROBE, POWER_KEY, POWER_RAIL, CHIP_RESET, PAUSE]


def test_a_failure_further_back_goes_on_from_the_step_that_was_reached():
    climb = Ladder()
    assert climb.failed(NO_SERVICE, 0) == END_SERVICE
    assert climb.failed(NO_NETWORK, 0) == DETACH
    assert climb.failed(NO_ANSWER, 0) == POWER_KEY
    assert climb.failed(NO_SERVICE, 0) == POWER_RAIL


def test_pauses_grow_to_an_hour_and_stay_there():
    climb = Ladder()
    now_s = 0
    pauses = []
    while len(pauses) < 5:
        if climb.failed(NO_NETWORK, now_s) == PAUSE:
            pauses.append(climb.until_s - now_s)
            assert climb.rests(climb.until_s - 1)
            assert not climb.rests(climb.until_s)
            assert climb.local()
            now_s = climb.until_s
            assert climb.again() == POWER_KEY
    assert pauses == [900, 1800, 3600, 3600, 3600]


def test_after_a_pause_the_modem_is_power_cycled_and_the_chip_is_left_alone():
    climb = Ladder()
    while climb.failed(NO_NETWORK, 0) != PAUSE:
        pass
    assert climb.again() == POWER_KEY
    assert [climb.failed(NO_NETWORK, 0) for _ in range(2)] == [POWER_RAIL, PAUSE]
    assert climb.tried[CHIP_RESET - 1] == 1
    assert climb.again() == POWER_KEY
    climb.worked()
    assert climb.helped[POWER_KEY - 1] == 1


def test_an_alarm_makes_pauses_short_those_under_way_too():
    climb = Ladder()
    while climb.failed(NO_ANSWER, 1000, True) != PAUSE:
        pass
    assert climb.until_s == 1000 + ladder.PAUSE_ALARM_S
    while climb.failed(NO_ANSWER, 2000) != PAUSE:
        pass
    assert climb.until_s == 2000 + 1800
    climb.hurry(2100)
    assert climb.until_s == 2100 + ladder.PAUSE_ALARM_S


def test_in_a_pause_a_search_that_cannot_begin_is_no_climb_and_waits():
    climb = Ladder()
    while climb.failed(NO_ANSWER, 1000) != PAUSE:
        pass
    before = (climb.until_s, climb.pauses, climb.step, list(climb.tried))
    assert 1000 < climb.search_s <= 1000 + ladder.DEAF_S
    assert climb.failed(NO_ANSWER, 1100) == PAUSE
    assert climb.search_s == 1100 + ladder.DEAF_S
    assert (climb.until_s, climb.pauses, climb.step, climb.tried) == before


def test_a_step_that_helped_is_credited_and_the_climb_is_over():
    climb = Ladder()
    climb.failed(NO_SERVICE, 0)
    climb.failed(NO_SERVICE, 0)
    climb.worked()
    assert climb.tried[:3] == [0, 1, 1]
    assert climb.helped[:3] == [0, 0, 1]
    assert climb.step == 0
    assert not climb.local()
    climb.worked()
    assert climb.helped[:3] == [0, 0, 1]
    assert climb.failed(NO_SERVICE, 0) == END_SERVICE


def test_the_climb_outlives_a_reset():
    climb = Ladder()
    for _ in range(5):
        climb.failed(NO_ANSWER, 77)
    again = Ladder()
    assert again.load(climb.save())
    assert again.save() == climb.save()
    assert again.rests(78)
    assert not again.load(b"123")
    assert not again.load(b"\x09" + climb.save()[1:])


def test_every_step_has_a_name():
    names = ladder.NAMES.split("|")
    assert len(names) == PAUSE + 1
    assert names[POWER_RAIL] == "power rail"
