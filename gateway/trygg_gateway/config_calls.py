"""Whether what is addressed to somebody can get there: lanes of their sinks, hours of the calendar.

Pure. A call, and an alarm for a further channel, go in the alarm lane: a sink without that lane
never sees one, and nobody notices before the night.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from trygg_gateway.config import Config
from trygg_gateway.escalation import DAY_MIN, Duty
from trygg_gateway.schedules import DAYS

WEEK_MIN: Final = 7 * DAY_MIN


def deaf_sinks(config: Config) -> Iterator[tuple[str, str]]:
    """(setting, sentence) of each sink that is to be told of alarms and has no lane for them."""
    named = dict.fromkeys(config.alarms.channels, "alarms.channels")
    for key, person in config.people.items():
        named |= dict.fromkeys(person.sinks, f"people.{key}.sinks")
    for sink, setting in named.items():
        section = config.sinks[sink]
        if not section.standby and "alarm" not in section.lanes:
            text = f"sinks.{sink}.lanes has no alarm, so no alarm and no call ever gets there."
            yield setting, f'{text} Add "alarm" to it, or name another sink'


def hours_alone(duties: Sequence[Duty]) -> Iterator[str]:
    """A sentence for each group of trackers that has hours in which nobody is on call."""
    groups = {group for duty in duties for group in duty.groups}
    others = [""] if any(not duty.groups for duty in duties) else []
    for group in [*sorted(groups), *others]:
        hours = _alone([duty for duty in duties if not duty.groups or group in duty.groups])
        if hours:
            whose = f"group {group}" if group else "every group" if not groups else "other groups"
            yield (
                f"nobody is on call for {whose} {hours}: an alarm then calls nobody. Add a last row"
                " without `when`, as in [on_call.else] of docs/alarms.md"
            )


def _alone(duties: Sequence[Duty]) -> str:
    """The first hours of the week in which none of the duties is open, in words; "" for none."""
    taken = bytearray(WEEK_MIN)
    for duty in duties:
        if not duty.windows:
            return ""
        for window in duty.windows:
            for day in range(7):
                if window["days"] & 64 >> day:
                    begin = day * DAY_MIN + window["from_min"]
                    for minute in range(begin, begin + window["minutes"]):
                        taken[minute % WEEK_MIN] = 1
    begin = taken.find(0)
    end = taken.find(1, begin) if 1 in taken[begin:] else WEEK_MIN
    return "" if begin < 0 else f"from {_moment(begin)} to {_moment(end)}"


def _moment(minute: int) -> str:
    day, of_day = divmod(minute % WEEK_MIN, DAY_MIN)
    return f"{DAYS[day]} {of_day // 60:02d}:{of_day % 60:02d}"
