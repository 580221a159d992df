"""What a sink has, held against the ledger: lost, double, invented, out of order, alarms late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

from trygg_tools.crash.said import Identity

OWN = 1 << 29  # boots from here on are the gateway's own words


class Seen(NamedTuple):
    """One effect at a sink, in the order in which they were had."""

    id: str
    lane: str


class Verdict(NamedTuple):
    """Of one sink; each a list of ids, empty when the promise is kept."""

    lost: list[str]  # a tracker was told to forget it
    double: list[str]
    invented: list[str]
    disordered: list[str]  # after a later one of its tracker, boot and lane

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong; order is judged apart, since behind a broker there is none."""
        return not (self.lost or self.double or self.invented)


def judge(covered: Set[Identity], said: Mapping[Identity, bool], seen: Sequence[Seen]) -> Verdict:
    """`covered`: what trackers were told to forget; `said`: all they ever made."""
    times = Counter(one.id for one in seen)
    known = {identity.id for identity in said}
    return Verdict(
        lost=sorted(identity.id for identity in covered if identity.id not in times),
        double=sorted(one for one, count in times.items() if count > 1),
        invented=sorted(one for one in times if one not in known and not is_own(one)),
        disordered=disordered(seen),
    )


def disordered(seen: Sequence[Seen]) -> list[str]:
    """Those that stand after one that their tracker made later, within a lane and boot."""
    newest: dict[tuple[str, str], int] = {}
    found = []
    for one in seen:
        start, _, seq = one.id.rpartition(":")
        if int(seq) < newest.get((start, one.lane), 0):
            found.append(one.id)
        newest[(start, one.lane)] = max(int(seq), newest.get((start, one.lane), 0))
    return found


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
