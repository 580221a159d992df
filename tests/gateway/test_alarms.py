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


def test_a_raised_alarm_is_taken_once():
    event = alarms.taken("raised", None, "  Kari   Nordmann ", NOW_MS)
    assert event == alarms.Event(NOW_MS, "taken", "Kari Nordmann", "")
    with pytest.raises(Refused, match="Kari has taken"):
        alarms.taken("taken", "Kari", "Ola", NOW_MS)
    with pytest.raises(Refused, match="closed"):
        alarms.taken("closed", "Kari", "Ola", NOW_MS)


@pytest.mark.parametrize("state", ["raised", "taken"])
def test_an_open_alarm_is_closed_with_a_cause(state):
    event = alarms.closed(state, "Kari", "found by the lake,\n home again", NOW_MS)
    assert event == alarms.Event(NOW_MS, "closed", "Kari", "found by the lake, home again")


def test_a_closed_alarm_stays_closed():
    with pytest.raises(Refused, match="closed already"):
        alarms.closed("closed", "Kari", "again", NOW_MS)


@pytest.mark.parametrize(
    ("who", "cause"), [("", "x"), (" \n", "x"), ("Kari", ""), ("Kari", " "), ("K" * 101, "x"),
                       ("Kari", "x" * 501)],
)  # fmt: skip
def test_who_and_why_are_demanded(who, cause):
    with pytest.raises(Refused, match="Say"):
        alarms.closed("raised", who, cause, NOW_MS)
