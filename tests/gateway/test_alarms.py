"""An alarm's life, and its one timeline."""

import pytest

from gateway.records import NOW_MS, NOW_S, PLACE, alarm, row
from trygg_gateway import alarms
from trygg_gateway.values import Refused
from trygg_wire import codec, layouts

STORED_MS = NOW_MS + 400


def made(frame):
    values = codec.decode(frame)[1]
    return (
        alarms.alarm_of(row(frame), values, STORED_MS),
        alarms.first_events(row(frame), values, STORED_MS),
    )


def evidence(age_s, distance_dm):
    return PLACE | {"age_s": age_s, "satellites": 8, "distance_dm": distance_dm}


def test_the_timeline_begins_with_the_first_fix_outside():
    told = [evidence(2, 310), evidence(5, 260), evidence(5, 120), evidence(5, -40)]
    alarm_, events = made(alarm(1, 9, NOW_S - 1, evidence=told, fix_age_s=2))
    assert [(event.at_ms, event.event) for event in events] == [
        ((NOW_S - 13) * 1000, "outside"), ((NOW_S - 1) * 1000, "raised"), (STORED_MS, "stored"),
    ]  # fmt: skip
    assert events[0].text == "12 m outside, ± 5 m"
    assert (alarm_.state, alarm_.raised_s, alarm_.late_by_s) == ("raised", NOW_S - 1, 1)
    assert (alarm_.lat_e6, alarm_.fix_age_s) == (PLACE["lat_e6"], 2)


def test_a_late_alarm_says_how_late():
    assert made(alarm(1, 9, NOW_S - 7200))[0].late_by_s == 7200


@pytest.mark.parametrize("values", [{"test": 1}, {"what": layouts.TEST}])
def test_a_test_is_marked_however_it_is_said(values):
    assert made(alarm(1, 9, **values))[0].test == 1


def test_an_alarm_without_evidence_has_no_position():
    assert made(alarm(1, 9, what=layouts.SOS, evidence=[]))[0].lat_e6 is None


def at(state, taken_by="Kari", what=layouts.LEFT):
    return alarms.Standing(state, None if state == "raised" else taken_by, what)


OPEN = ["raised", "taken", "on_the_way", "at_the_person"]


def test_a_raised_alarm_is_taken_once():
    event = alarms.taken(at("raised"), "  Kari   Nordmann ", NOW_MS)
    assert event == alarms.Event(NOW_MS, "taken", "Kari Nordmann", "")
    for state in ("taken", "on_the_way", "at_the_person"):
        with pytest.raises(Refused, match="Kari has taken"):
            alarms.taken(at(state), "Ola", NOW_MS)
    with pytest.raises(Refused, match="closed"):
        alarms.taken(at("closed"), "Ola", NOW_MS)


def test_who_goes_has_taken_it_with_that():
    events = alarms.moved(at("raised"), "on_the_way", "Ola", NOW_MS)
    assert [(event.event, event.who) for event in events] == [("taken", "Ola"),
                                                              ("on_the_way", "Ola")]  # fmt: skip
    (event,) = alarms.moved(at("taken"), "at_the_person", "Ola", NOW_MS)
    assert event == alarms.Event(NOW_MS, "at_the_person", "Ola", "")


@pytest.mark.parametrize(
    ("state", "to", "why"),
    [("closed", "on_the_way", "closed"), ("at_the_person", "on_the_way", "at the person already"),
     ("on_the_way", "on_the_way", "on the way already"),
     ("at_the_person", "at_the_person", "at the person already")],
)  # fmt: skip
def test_nobody_goes_backwards(state, to, why):
    with pytest.raises(Refused, match=why):
        alarms.moved(at(state), to, "Ola", NOW_MS)


@pytest.mark.parametrize("state", OPEN)
def test_an_open_alarm_is_passed_on_and_not_reopened(state):
    assert alarms.passed_on(at(state), "Kari", NOW_MS).event == "passed_on"
    with pytest.raises(Refused, match="open"):
        alarms.reopened(at(state), "Kari", "again", NOW_MS)


def test_a_closed_alarm_is_reopened_with_a_cause_and_not_passed_on():
    event = alarms.reopened(at("closed"), "Kari", "not she", NOW_MS)
    assert event == alarms.Event(NOW_MS, "reopened", "Kari", "not she")
    with pytest.raises(Refused, match="closed"):
        alarms.passed_on(at("closed"), "Kari", NOW_MS)
    with pytest.raises(Refused, match="Say why"):
        alarms.reopened(at("closed"), "Kari", " ", NOW_MS)
    with pytest.raises(Refused, match="nothing to reopen"):
        alarms.reopened(at("closed", what=layouts.BACK), "Kari", "not she", NOW_MS)


@pytest.mark.parametrize("state", OPEN)
def test_an_open_alarm_is_closed_with_a_cause(state):
    event = alarms.closed(at(state), "Kari", "found by the lake,\n home again", NOW_MS)
    assert event == alarms.Event(NOW_MS, "closed", "Kari", "found by the lake, home again")


def test_a_closed_alarm_stays_closed():
    with pytest.raises(Refused, match="closed already"):
        alarms.closed(at("closed"), "Kari", "again", NOW_MS)


@pytest.mark.parametrize(
    ("who", "cause"), [("", "x"), (" \n", "x"), ("Kari", ""), ("Kari", " "), ("K" * 101, "x"),
                       ("Kari", "x" * 501)],
)  # fmt: skip
def test_who_and_why_are_demanded(who, cause):
    with pytest.raises(Refused, match="Say"):
        alarms.closed(at("raised"), who, cause, NOW_MS)
