"""What the settings say of alarms and of the watch, as the pure parts want it."""

from itertools import pairwise
from zoneinfo import ZoneInfo

from trygg_gateway import own_records
from trygg_gateway.battery_course import Needs
from trygg_gateway.config import Config
from trygg_gateway.delivery import WHATS
from trygg_gateway.escalation import Duty, Person, Policy
from trygg_gateway.gateway_health import Limits
from trygg_gateway.schedules import windows_of
from trygg_gateway.watched import Rules


def policy_of(config: Config) -> Policy:
    """Channels, waits, people and their calendar."""
    section = config.alarms
    marks_ms = [0, *(1000 * seconds for seconds in section.next_person_seconds)]
    people = {
        key: Person(key, person.name, tuple(person.sinks)) for key, person in config.people.items()
    }
    duties = tuple(
        Duty(
            frozenset(row.groups),
            tuple(windows_of(row.when)),
            tuple(people[key] for key in row.people),
        )
        for row in config.on_call.values()
    )
    return Policy(
        channels=tuple(section.channels),
        second_ms=1000 * section.second_channel_seconds,
        waits_ms=tuple(b - a for a, b in pairwise(marks_ms)),
        duties=duties,
        call_for=frozenset(_number(name) for name in section.call_for),
        zone=ZoneInfo(section.time_zone),
    )


def rules_of(config: Config) -> Rules:
    """When a tracker is silent, and what its battery needs."""
    section = config.watch
    return Rules(
        least_s=section.grace_seconds,
        most_s=section.grace_most_seconds,
        needs=Needs(section.day_needs_hours, section.off_charger_percent),
        not_armed_s=60 * section.not_armed_minutes,
        zone=ZoneInfo(config.alarms.time_zone),
    )


def limits_of(config: Config) -> Limits:
    """When the gateway itself is not well."""
    return Limits(config.watch.commit_seconds, config.watch.disk_free_mb << 20)


def _number(name: str) -> int:
    """The number of an alarm by its name."""
    return own_records.SILENT if name == "silent" else WHATS.index(name)
