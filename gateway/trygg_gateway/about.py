"""What is known of a tracker beside its records: the name people gave it, and its fences.

For sinks whose readers know things by name. `about_by(query)` looks into the journal's tables and
may wait for the disk; `nothing_known` is for a sink without a journal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from trygg_gateway import orders
from trygg_gateway.fence_shapes import shown_fence
from trygg_wire import layouts

_TRACKER = "SELECT name, added_ms FROM trackers WHERE device = ?"
_FENCES = """
    SELECT f.version, f.number, f.name, f.body, o.ordered_ms, o.state
    FROM fences AS f JOIN orders AS o ON o.device = f.device AND o.version = f.version
    WHERE o.kind = ? AND f.device = ? AND o.state NOT IN ('refused', 'expired')
    ORDER BY f.version DESC, f.number
"""


class KnownFence(NamedTuple):
    """A fence that was ordered; `circle` is (lat, lon, radius in metres), None for a polygon."""

    version: int
    number: int
    name: str
    made_s: int
    keep: str  # "in" or "out"
    in_force: bool
    circle: tuple[float, float, float] | None


class About(NamedTuple):
    """A tracker by the name people know, its fences newest version first, and since when it is
    registered as it is (Unix milliseconds; 0: it is not)."""

    name: str
    fences: Sequence[KnownFence] = ()
    since_ms: int = 0

    def fence(self, number: int | None, version: int | None = None) -> KnownFence | None:
        """The fence of that number, in that version or in the newest there is."""
        for fence in self.fences:
            if fence.number == number and version in (None, fence.version):
                return fence
        return None


Lookup = Callable[[str], About]


def nothing_known(device: str) -> About:
    """A tracker of which only the name on the wire is known."""
    return About(device)


def about_by(query: Callable[[str, tuple[Any, ...]], list[Any]]) -> Lookup:
    """The lookup in a journal's tables; `query(sql, values)` gives rows."""

    def about(device: str) -> About:
        found = query(_TRACKER, (device,))
        name, since_ms = found[0] if found else (device, 0)
        rows = query(_FENCES, (layouts.FENCES, device))
        applied = [row[0] for row in rows if row[5] in (orders.APPLIED, orders.ARMED)]
        newest = max(applied or [row[0] for row in rows], default=0)
        return About(name, [_fence(row, newest) for row in rows], since_ms)

    return about


def _fence(row: Sequence[Any], newest: int) -> KnownFence:
    version, number, name, body, ordered_ms, _ = row
    shown = shown_fence(name, json.loads(body))
    circle = (shown["lat"], shown["lon"], shown["radius_m"]) if "radius_m" in shown else None
    made_s = ordered_ms // 1000
    return KnownFence(version, number, name, made_s, shown["keep"], version == newest, circle)
