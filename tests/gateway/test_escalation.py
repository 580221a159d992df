"""Who is told of an alarm that nobody has taken, and when: by the wall's clock and by the row."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.records import NOW_MS
from trygg_gateway import own_records
from trygg_gateway.config import ConfigError, parse
from trygg_gateway.escalation import (
    CHANNEL,
    PERSON,
    Call,
    Duty,
    Facts,
    Person,
    Policy,
    due,
    in_force,
    roster,
    upcoming,
)
from trygg_gateway.policies import policy_of
from trygg_gateway.schedules import windows_of
from trygg_wire import layouts

OSLO = ZoneInfo("Europe/Oslo")
INGRID, PAAL, KARI = (
    Person(key, key.title(), (f"sms-{key}",)) for key in ("ingrid", "paal", "kari")
)
ALWAYS = Duty(frozenset(), (), (INGRID, PAAL, KARI))
POLICY = Policy(
    channels=("centre", "sms", "siren"),
    duties=(ALWAYS,),
    call_for=frozenset({layouts.LEFT, own_records.SILENT}),
    zone=OSLO,
)


def facts(**changes):
    return Facts(
        **{"alarm_id": 1, "group": "nord", "what": layouts.LEFT, "test": False, "state": "raised",
           "since_ms": NOW_MS, **changes}
    )  # fmt: skip


def steps(after_s, policy=POLICY, **changes):
    return [(one.kind, one.who) for one in due(policy, facts(**changes), NOW_MS + after_s * 1000)]


def called(*times_s):
    return [Call(PERSON, at + 1, NOW_MS + second * 1000) for at, second in enumerate(times_s)]


def test_the_first_on_call_is_called_at_once_and_the_next_after_a_minute():
    assert steps(0) == [(PERSON, "Ingrid")]
    assert steps(19, calls=called(0)) == []
    assert steps(59, calls=called(0), confirmed={"centre": True}) == []
    assert steps(60, calls=called(0), confirmed={"centre": True}) == [(PERSON, "Paal")]
    assert steps(179, calls=called(0, 60), confirmed={"centre": True}) == []
    assert steps(180, calls=called(0, 60), confirmed={"centre": True}) == [(PERSON, "Kari")]


def test_when_the_list_is_at_its_end_it_begins_again():
    confirmed = {"centre": True}
    assert steps(299, calls=called(0, 60, 180), confirmed=confirmed) == []
    assert steps(300, calls=called(0, 60, 180), confirmed=confirmed) == [(PERSON, "Ingrid")]


def test_a_channel_that_has_not_confirmed_gets_company_and_goes_on():
    assert (CHANNEL, "sms") not in steps(19, calls=called(0))
    assert steps(20, calls=called(0)) == [(CHANNEL, "sms")]
    begun = [*called(0), Call(CHANNEL, 1, NOW_MS + 20_000)]
    assert steps(39, calls=begun) == []
    assert steps(40, calls=begun) == [(CHANNEL, "siren")]
    assert steps(40, calls=begun, confirmed={"centre": True}) == [], "late, and yet in time"
    assert steps(59, calls=[*begun, Call(CHANNEL, 2, NOW_MS + 40_000)]) == []


def test_a_channel_that_refuses_is_not_waited_for():
    assert steps(0, calls=called(0), confirmed={"centre": False}) == [(CHANNEL, "sms")]


def test_who_passes_it_on_has_the_next_called_at_once():
    passed = NOW_MS + 10_000
    confirmed = {"centre": True}
    assert steps(10, calls=called(0), passed_on_ms=passed, confirmed=confirmed) == [
        (PERSON, "Paal")
    ]
    assert steps(12, calls=called(0, 10), passed_on_ms=passed, confirmed=confirmed) == []


@pytest.mark.parametrize(
    "changes",
    [{"test": True}, {"state": "taken"}, {"state": "on_the_way"}, {"state": "at_the_person"},
     {"state": "closed"}],
)  # fmt: skip
def test_tests_and_what_somebody_has_are_nobodys_call(changes):
    assert steps(9999, **changes) == []


def test_a_warning_is_told_once_and_calls_nobody():
    assert steps(9999, what=own_records.WEAK_LINK) == []
    assert steps(9999, what=own_records.SINK_BEHIND) == []
    assert steps(0, what=layouts.BATTERY_LOW) == []
    assert steps(20, what=layouts.BATTERY_LOW) == [(CHANNEL, "sms")]
    assert steps(0, what=own_records.SILENT) == [(PERSON, "Ingrid")]


def test_what_is_due_is_due_once_and_the_rest_follows_at_its_own_wait():
    late = steps(3600, calls=called(0), confirmed={"centre": True})
    assert late == [(PERSON, "Paal")], "a gateway that was down calls one, not sixty"


def at(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=OSLO).timestamp() * 1000)


@pytest.mark.parametrize(
    ("schedule", "moment", "open_"),
    [
        ("mon-fri 07:00-15:00", "2026-11-20T07:00", True),  # a Friday
        ("mon-fri 07:00-15:00", "2026-11-20T06:59", False),
        ("mon-fri 07:00-15:00", "2026-11-20T15:00", False),
        ("mon-fri 07:00-15:00", "2026-11-21T08:00", False),
        ("fri 22:00-07:00", "2026-11-21T06:59", True),  # begun on Friday
        ("fri 22:00-07:00", "2026-11-20T06:59", False),
        ("sun 22:00-07:00", "2026-11-23T03:00", True),
        ("daily 00:00-24:00", "2026-11-22T23:59", True),
        ("daily 22:00-07:00", "2026-03-29T03:30", True),  # the night that has no 02:30
        ("daily 02:00-03:00", "2026-10-25T02:30", True),  # the night that has two
        ("", "2026-11-22T12:00", True),
    ],
)
def test_the_calendar_goes_by_the_clock_on_the_wall(schedule, moment, open_):
    assert in_force(windows_of(schedule), OSLO, at(moment)) is open_


def test_the_first_row_that_fits_counts():
    night = Duty(frozenset({"nord"}), tuple(windows_of("daily 22:00-07:00")), (KARI,))
    policy = POLICY._replace(duties=(night, ALWAYS))
    assert roster(policy, "nord", at("2026-11-22T23:00")) == (KARI,)
    assert roster(policy, "sor", at("2026-11-22T23:00"))[0] == INGRID
    assert roster(policy, "nord", at("2026-11-22T12:00"))[0] == INGRID
    assert roster(policy._replace(duties=(night,)), "nord", at("2026-11-22T12:00")) == ()


def test_without_channels_and_calendar_nothing_follows():
    assert upcoming(Policy(call_for=POLICY.call_for), facts(), NOW_MS) == []


SETTINGS = """
[sinks.centre]
type = "file"
path = "a"
[sinks.sms]
type = "file"
path = "b"
standby = true
[people.ingrid]
name = "Ingrid Bakke"
sinks = ["sms"]
[on_call.nights]
people = ["ingrid"]
groups = ["solbakken"]
when = "daily 21:00-07:00"
[alarms]
channels = ["centre", "sms"]
next_person_seconds = [30, 90, 240]
second_channel_seconds = 5
call_for = ["sos", "silent"]
"""


def test_the_settings_become_the_policy(tmp_path):
    policy = policy_of(parse(SETTINGS, tmp_path / "gateway.toml"))
    assert policy.waits_ms == (30_000, 60_000, 150_000)
    assert policy.second_ms == 5000
    assert policy.call_for == {layouts.SOS, own_records.SILENT}
    (duty,) = policy.duties
    assert (duty.groups, duty.people[0].name) == (frozenset({"solbakken"}), "Ingrid Bakke")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('channels = ["centre", "sms"]', 'channels = ["centre", "smss"]', "[sinks.smss]"),
        ('sinks = ["sms"]', 'sinks = ["tlf"]', "[sinks.tlf]"),
        ('people = ["ingrid"]', 'people = ["ola"]', "[people.ola]"),
        ("[30, 90, 240]", "[90, 30]", "does not rise"),
        ('"daily 21:00-07:00"', '"nightly"', "no window"),
        ('["sos", "silent"]', '["fire"]', "alarms.call_for"),
        ('name = "Ingrid Bakke"\n', "", "people.ingrid.name is missing"),
        ('groups = ["solbakken"]', "group = []", "Did you mean on_call.nights.groups?"),
        ("[alarms]", '[alarms]\ntime_zone = "Oslo"', "no time zone"),
    ],
)
def test_a_mistake_in_the_calendar_is_told_before_the_night(tmp_path, old, new, told):
    assert old in SETTINGS
    with pytest.raises(ConfigError) as caught:
        parse(SETTINGS.replace(old, new), tmp_path / "gateway.toml")
    assert told in str(caught.value)
