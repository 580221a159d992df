"""What a sink has, held against the ledger: lost, double, invented, out of order, alarms late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from trygg_tools.crash.said import Identity

CLASH, OWN = 1 << 29, 1 << 30  # boots from here on: records kept apart, the gateway's own words


class Seen(NamedTuple):
    """One effect at a sink, in the order in which they were had.

    `marked`: its event says that it is out of order, overtaken or replayed (lane_order.py)."""

    id: str
    lane: str
    marked: bool = False


class Verdict(NamedTuple):
    """Of one sink; each a list of ids, empty when the promise is kept."""

    lost: list[str]  # a tracker was told to forget it
    double: list[str]
    invented: list[str]
    disordered: list[str]  # after a later one of its tracker and lane, and it does not say so
    mislabelled: list[str]  # it says that it was overtaken, and nothing later stands before it


def judge(covered: Set[Identity], said: Mapping[Identity, bool], seen: Sequence[Seen]) -> Verdict:
    """`covered`: what trackers were told to forget; `said`: all they ever made.

    A record that is kept apart as a clash is invented: no two of a fleet's have one identity."""
    times = Counter(one.id for one in seen)
    known = {identity.id for identity in said}
    return Verdict(
        lost=sorted(identity.id for identity in covered if identity.id not in times),
        double=sorted(one for one, count in times.items() if count > 1),
        invented=sorted(one for one in times if one not in known and not is_own(one)),
        disordered=disordered(seen),
        mislabelled=mislabelled(seen),
    )


def disordered(seen: Sequence[Seen]) -> list[str]:
    """Those that do not say so and stand after a later record of their tracker, within a lane."""
    return [one.id for one, is_late in _places(seen) if is_late and not one.marked]


def mislabelled(seen: Sequence[Seen]) -> list[str]:
    """Those that say so, and no later record of their tracker stands before them in their lane."""
    return [one.id for one, is_late in _places(seen) if one.marked and not is_late]


def _places(seen: Sequence[Seen]) -> Iterator[tuple[Seen, bool]]:
    """Each tracker's record as it came first, and whether a later one of its lane had come."""
    newest: dict[tuple[str, str], tuple[int, int]] = {}
    had = set()
    for one in seen:
        device, boot, seq = one.id.split(":")
        if one.id in had or int(boot) >= CLASH:
            continue
        had.add(one.id)
        place, before = (int(boot), int(seq)), newest.get((device, one.lane), (0, 0))
        yield one, place < before
        newest[(device, one.lane)] = max(place, before)


def overtaken(seen: Sequence[Seen], waiting: Mapping[str, bool]) -> float:
    """The share of `waiting` reports that came before the last of the `waiting` alarms.

    `waiting`: ids that stood before a closed sink, True for an alarm. 0 is best; without alarms
    first it is near 1."""
    order = [one.id for one in seen if one.id in waiting]
    alarms = [place for place, one in enumerate(order) if waiting[one]]
    reports = sum(not is_alarm for is_alarm in waiting.values())
    if not alarms or not reports:
        return 0.0
    return sum(not waiting[one] for one in order[: alarms[-1]]) / reports


def is_own(id_: str) -> bool:
    """Whether the gateway itself said that."""
    return int(id_.split(":")[1]) >= OWN
