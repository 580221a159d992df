"""What a batch of records says, put together to be written in one transaction. Pure.

Each record is decoded once; each tracker's state is folded once, from all that the batch has of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from trygg_gateway import boot_times
from trygg_gateway.decoder import decode
from trygg_gateway.devices import Device, Position, Record, fold, positions_of
from trygg_gateway.own_records import OWN_KIND
from trygg_gateway.values import CLASH_BOOT, LIVE, Row, Stray
from trygg_wire import codec, layouts

Json = dict[str, Any]


@dataclass(slots=True)
class Understood:
    """What was read so far; `states` is filled by `fold_states`, when all of it was."""

    # all that is of this life of its tracker
    by_tracker: dict[str, list[Record]] = field(default_factory=dict)
    states: dict[str, Device] = field(default_factory=dict)
    positions: list[Position] = field(default_factory=list)
    alarms: list[tuple[Row, Json]] = field(default_factory=list)
    answers: list[tuple[Row, Json]] = field(default_factory=list)
    healths: list[tuple[Row, Json]] = field(default_factory=list)  # of now, not of long ago
    strays: list[Stray] = field(default_factory=list)
    starts: dict[tuple[str, int], int] = field(default_factory=dict)  # (device, boot) → its begin

    def read(self, rows: Iterable[Row]) -> None:
        """Decode these rows and note what they say; what cannot be decoded is a stray."""
        for row in rows:
            if row.kind == OWN_KIND:
                continue  # ours: what it is about was written with it
            try:
                kind, values = decode(row.payload)
            except codec.WireError as error:
                self.strays.append(stray_of(row, str(error)))
                continue
            if kind == layouts.ALARM:
                self.alarms.append((row, values))
            if row.boot >= CLASH_BOOT:
                continue  # whose it is nobody can tell: it raises alarms and changes nothing else
            self._take((row, kind, values))

    def _take(self, record: Record) -> None:
        row, kind, values = record
        records = self.by_tracker.get(row.device)
        if records is None:
            self.by_tracker[row.device] = [record]
        else:
            records.append(record)
        if kind == layouts.ANSWER:
            self.answers.append((row, values))
        elif kind == layouts.HEALTH:
            self._take_health(row, values)
        else:
            self.positions += positions_of(row, kind, values)

    def _take_health(self, row: Row, values: Json) -> None:
        if row.lane == LIVE:  # old ones say nothing about today's fences
            self.healths.append((row, values))
        start_s = boot_times.start_of(layouts.HEALTH, values)
        if start_s:
            self.starts[row.device, row.boot] = start_s

    def fold_states(self, known: Callable[[str], Device]) -> None:
        """Each tracker's state after this batch; `known(device)` is the one before it."""
        for device, records in self.by_tracker.items():
            self.states[device] = fold(known(device), records)

    def leave_out(self, devices: AbstractSet[str]) -> None:
        """What these said is not known any more: they were forgotten while it was read."""
        for known in (self.by_tracker, self.states):
            for device in devices & known.keys():
                del known[device]
        self.positions = [one for one in self.positions if one.device not in devices]
        for of_rows in (self.alarms, self.answers, self.healths):
            of_rows[:] = [one for one in of_rows if one[0].device not in devices]
        for boot in [boot for boot in self.starts if boot[0] in devices]:
            del self.starts[boot]


def stray_of(row: Row, reason: str) -> Stray:
    """A record that cannot be understood, as the quarantine keeps it."""
    return Stray(f"{row.device}:{row.boot}:{row.seq}", row.payload, reason, row.received_ms)
