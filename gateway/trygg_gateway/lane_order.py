"""The order within a lane: which records come after a later one of their tracker, and say so.

A lane hands records on in the journal's order, which is the order in which they were committed. So
a tracker's records leave in the order of (boot, seq), but for those that came late: lost on their
way and sent again, or told again by a broker that died. Such a record is not held back and not put
in front (what it should stand before has gone); its event says `overtaken`. What is not marked
rises strictly, in every lane, at every sink, also over crashes and restarts: whether a record is
marked follows from the journal alone, so it is the same at every try.

What the gateway itself says, and clashes, have numbers of their own and are never marked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from trygg_gateway.values import CLASH_BOOT, Row

TRACKERS: Final = 50_000  # remembered; beyond that all are looked up again

_OVERTAKER = """
    SELECT max(boot << 32 | seq) FROM records
    WHERE device = ? AND (boot, seq) > (?, ?) AND boot < ? AND lane = ? AND id < ?
"""
Query = Callable[[str, Sequence[Any]], list[Any]]


class LaneOrder:
    """One lane's. Rows are asked about in the journal's order, each once or again from anywhere."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._highest: dict[str, int] = {}  # tracker → boot << 32 | seq

    def overtaken(self, row: Row) -> bool:
        """Whether a later record of its tracker stands before it in the lane."""
        if row.boot >= CLASH_BOOT:
            return False
        place = row.boot << 32 | row.seq
        highest = self._highest.get(row.device)
        if highest is None:
            highest = self._before(row)
        self._highest[row.device] = max(highest, place)
        return highest > place

    def _before(self, row: Row) -> int:
        """The highest that stands before the first row of a tracker that is asked about."""
        if len(self._highest) >= TRACKERS:
            self._highest.clear()
        found = self._query(
            _OVERTAKER, (row.device, row.boot, row.seq, CLASH_BOOT, row.lane, row.id)
        )
        return int(found[0][0] or 0)
