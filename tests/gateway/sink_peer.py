"""What a row of sink_peers.py gives, and the records that most sinks take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gateway.records import NOW_S, report, row
from trygg_gateway.delivery import Delivery, delivery
from trygg_gateway.values import LIVE


def reports(number: int, first: int = 1, lane: int = LIVE) -> list[Delivery]:
    """Deliveries of reports with positions, numbered from `first`, a second apart."""
    return [
        delivery(row(report(1, seq, NOW_S + seq), id_=seq, lane=lane), "nord")
        for seq in range(first, first + number)
    ]


@dataclass
class Peer:
    """What a row gives; see sink_peers.py."""

    settings: str
    got: Callable[[], Sequence[str]]
    down: Callable[[], None]
    up: Callable[[], None]
    secrets: tuple[str, ...] = ()
    refuse: Callable[[str], None] | None = None
    stumble: Callable[[int], None] | None = None
    entries: Callable[..., list[Delivery]] = field(default=reports)
