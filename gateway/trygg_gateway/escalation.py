"""Who is told of an alarm that nobody has taken, and when. Pure.

Three clocks run from the moment `since_ms` at which an alarm was stored (or reopened), all of them
only while it is `raised`, none of them for a test or for a warning:

- **Channels.** Sinks in an order. The first gets every alarm as any sink does. The next begins in
  parallel when none before it has confirmed within `second_ms`, at once if one has refused; and so
  on down the row.
- **People.** The first on call is called at once, the next when nobody took it within the first of
  `waits_ms`, the one after that within the second; then the list goes round with the last wait.
- **Passed on.** Somebody gives it back: the next person is called at once.

Each wait counts from the call before it, and what is due while the gateway is down is done when it
starts; the one after follows at its own wait. So nothing is remembered but the calls themselves.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, NamedTuple

from trygg_gateway import alarms, own_records

Json = dict[str, Any]

CHANNEL, PERSON = "channel", "person"
DAY_MIN: Final = 1440


class Person(NamedTuple):
    """Somebody who can be called, and the sinks by which they are reached."""

    key: str
    name: str
    sinks: tuple[str, ...]


class Duty(NamedTuple):
    """One row of the calendar: who is on call for some groups, in some hours."""

    groups: frozenset[str]  # none: every group
    windows: tuple[Json, ...]  # as schedules.py reads them; none: always
    people: tuple[Person, ...]  # in the order in which they are called


class Policy(NamedTuple):
    """How alarms are followed up."""

    channels: tuple[str, ...] = ()
    second_ms: int = 20_000
    waits_ms: tuple[int, ...] = (60_000, 120_000)
    duties: tuple[Duty, ...] = ()
    call_for: frozenset[int] = frozenset()  # alarms.what for which people are called
    zone: tzinfo = UTC


NOBODY_CALLED: Final = Policy()


class Call(NamedTuple):
    """One row of `calls` of this round."""

    kind: str
    step: int
    at_ms: int


class Facts(NamedTuple):
    """What is known of one open alarm."""

    alarm_id: int
    group: str
    what: int
    test: bool
    state: str
    since_ms: int
    calls: Sequence[Call] = ()
    confirmed: Mapping[str, bool] = {}  # sink → it confirmed (True) or refused (False)
    passed_on_ms: int = 0  # last, 0 never


class Step(NamedTuple):
    """Somebody to be told: the `step`th of its kind, due at `due_ms`."""

    kind: str
    step: int
    who: str
    to: tuple[str, ...]
    due_ms: int
    why: str


def due(policy: Policy, facts: Facts, now_ms: int) -> list[Step]:
    """The steps that are due now and not taken yet: at most one of each kind."""
    return [step for step in upcoming(policy, facts, now_ms) if step.due_ms <= now_ms]


def upcoming(policy: Policy, facts: Facts, now_ms: int) -> list[Step]:
    """The next step of each kind, due or not; `now_ms` decides who is on call."""
    is_alarm = own_records.form_of(facts.what) == own_records.ALARM_FORM
    if facts.test or not is_alarm or facts.state != alarms.RAISED:
        return []
    found = [_next_channel(policy, facts), _next_person(policy, facts, now_ms)]
    return [step for step in found if step is not None]


def roster(policy: Policy, group: str, now_ms: int) -> tuple[Person, ...]:
    """Who is on call for a group, in their order: the first row of the calendar that fits."""
    for duty in policy.duties:
        if (not duty.groups or group in duty.groups) and in_force(
            duty.windows, policy.zone, now_ms
        ):
            return duty.people
    return ()


def in_force(windows: Sequence[Json], zone: tzinfo, now_ms: int) -> bool:
    """Whether one of the windows is open by the wall's clock; no window at all means always."""
    if not windows:
        return True
    local = datetime.fromtimestamp(now_ms / 1000, zone)
    minute = 60 * local.hour + local.minute
    for window in windows:
        for days_ago in (0, 1):
            begins_on = 64 >> (local.weekday() - days_ago) % 7
            since = minute + days_ago * DAY_MIN - window["from_min"]
            if window["days"] & begins_on and 0 <= since < window["minutes"]:
                return True
    return False


def _next_channel(policy: Policy, facts: Facts) -> Step | None:
    begun = [call for call in facts.calls if call.kind == CHANNEL]
    step = len(begun) + 1
    if step >= len(policy.channels):
        return None
    before = policy.channels[:step]
    if any(facts.confirmed.get(sink) for sink in before):
        return None
    since_ms = begun[-1].at_ms if begun else facts.since_ms
    refused = facts.confirmed.get(before[-1]) is False
    due_ms = since_ms + (0 if refused else policy.second_ms)
    why = "refused it" if refused else f"has not confirmed in {policy.second_ms // 1000} s"
    who = policy.channels[step]
    return Step(CHANNEL, step, who, (who,), due_ms, f"{before[-1]} {why}")


def _next_person(policy: Policy, facts: Facts, now_ms: int) -> Step | None:
    if facts.what not in policy.call_for:
        return None
    called = [call for call in facts.calls if call.kind == PERSON]
    people = roster(policy, facts.group, now_ms)
    if not people:
        return None
    step = len(called) + 1
    person = people[(step - 1) % len(people)]
    due_ms, why = _person_due(policy, facts, called)
    return Step(PERSON, step, person.name, person.sinks, due_ms, why)


def _person_due(policy: Policy, facts: Facts, called: Sequence[Call]) -> tuple[int, str]:
    if not called:
        return facts.since_ms, "the first on call"
    last_ms = called[-1].at_ms
    if facts.passed_on_ms > last_ms:
        return facts.passed_on_ms, "it was passed on"
    wait_ms = policy.waits_ms[min(len(called), len(policy.waits_ms)) - 1]
    return last_ms + wait_ms, f"nobody took it in {wait_ms // 1000} s"
