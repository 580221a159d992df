"""What was true at which stroke of a recorded life."""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

from tracker.outbox import Outbox
from trygg_tools.rig.cut_states import Log
from trygg_tools.rig.flash import Flash

Identity = tuple[int, int]
Records = dict[Identity, bytes]
ALARM = True


@dataclass
class Notes:
    """Strokes rise; `records` what waited in flash then, `states` what orders had set by then."""

    log: Log = field(default_factory=list)
    strokes: list[int] = field(default_factory=list)
    records: list[Records] = field(default_factory=list)
    boots: list[tuple[int, int]] = field(default_factory=list)  # (stroke, boot in use)
    states: list[tuple[int, Any]] = field(default_factory=list)
    answered: list[tuple[int, str, int]] = field(default_factory=list)  # (stroke, what, version)

    def kept(self, stroke: int) -> Records:
        """What a cut before this stroke must leave: what waited before it and after it."""
        after = bisect_right(self.strokes, stroke)
        before = self.records[after - 1] if after else {}
        if after == len(self.records):
            return before
        then = self.records[after]
        return {identity: frame for identity, frame in before.items() if identity in then}

    def used_boots(self, stroke: int) -> set[int]:
        """The boot numbers that records had before this stroke."""
        return {boot for at, boot in self.boots if at <= stroke}

    def possible_states(self, stroke: int) -> list[Any]:
        """What orders had set before this stroke or with it."""
        at = [number for number, (when, _) in enumerate(self.states) if when <= stroke]
        first = at[-1] if at else 0
        return [state for _, state in self.states[first : first + 2]]

    def owed(self, stroke: int, what: str) -> int:
        """The newest version of `what` that was answered as applied before this stroke."""
        return max((v for at, name, v in self.answered if at <= stroke and name == what), default=0)


class NotedOutbox:
    """Writes down what waits in an outbox after each thing that changes it."""

    def __init__(self, outbox: Outbox, flash: Flash, notes: Notes) -> None:
        self._outbox, self._flash, self._notes = outbox, flash, notes
        for name in ("append", "ack", "settle"):
            setattr(outbox, name, self._noted(getattr(outbox, name)))
        self.note()

    def note(self) -> None:
        """What waits in flash now."""
        self._notes.strokes.append(self._flash.strokes)
        self._notes.records.append(in_flash(self._outbox))

    def _noted(self, act: Any) -> Any:
        def noted(*values: Any) -> Any:
            result = act(*values)
            self.note()
            return result

        return noted


def in_flash(outbox: Outbox) -> Records:
    """Every record that waits in flash, by its identity."""
    found = {}
    for place in range(outbox.waiting()):
        identity = outbox.identity(place)
        if not outbox.in_ram(place):
            found[identity] = outbox.frame(place)
    return found
