"""Whether all that a tracker said in a window of time is here, and went on: proven, or named.

A tracker numbers its records 1, 2, 3 ... from each start, so completeness is counting. A number
that is not held lies between two that are, and so does its time: if that stretch touches the
window, it is named, with what is known of it. Before a boot's first stands the boot before.

    open        waited for; asked of the tracker with every ack
    not_held    the tracker said that it has it no more
    age         nobody waits for it any longer
    journal     the journal had it, and was damaged or restored
    unknown     the gap book does not know of it yet: it is minutes old, or the book is behind
    deleted     it was here, and was deleted by age or on request: no gap

What this cannot see: what a tracker has said since it was last heard, and a start of which no
record was ever kept. Both are said (`heard_upto_s`, `boots_without`). A window is complete only as
far as the tracker was heard, or had promised to be silent: what lies beyond (`unproven_s`) is a
tracker that is flat or out of reach, and nobody knows what it holds.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from trygg_gateway import gap_book
from trygg_gateway.database import Database
from trygg_gateway.values import CLASH_BOOT, LANE_NAMES

Json = dict[str, Any]
Range = tuple[int, int]

UNKNOWN: Final = "unknown"
PORTION: Final = 500  # rows of one look, newest first
MARGIN_S: Final = 86_400  # a whole portion older than the window by this, and the rest is older too
REPORT_S: Final = 900  # a rest of a tracker that promised none: report_inside_s, docs/settings.md
_NEVER, _EVER = -(1 << 62), 1 << 62

_BOOTS = "SELECT DISTINCT boot FROM records WHERE device = ? AND boot < ?"
_ROWS = """
    SELECT seq, CASE time_s WHEN 0 THEN received_ms / 1000 ELSE time_s END, received_ms, lane, id
    FROM records WHERE device = ? AND boot = ? AND seq < ? ORDER BY seq DESC LIMIT ?
"""
_LET_GO = "SELECT first, last, newest_s FROM let_go WHERE device = ? AND boot = ?"
_APART = """
    SELECT count(*) FROM records WHERE device = ? AND boot >= ? AND boot < ?
      AND received_ms BETWEEN ? AND ?
"""
_PROMISED = "SELECT next_report_by_s FROM devices WHERE device = ?"
_REFUSED = "SELECT count(*) FROM quarantine WHERE reason LIKE ? AND topic LIKE ?"


class Window(NamedTuple):
    """What is audited: a tracker, from and to, unix seconds, both within."""

    device: str
    from_s: int
    to_s: int

    def touches(self, low_s: int, high_s: int) -> bool:
        """Whether a stretch of time has something in common with it."""
        return low_s <= self.to_s and high_s >= self.from_s


class Held(NamedTuple):
    """One record that is there; `time_s` is the tracker's, else when it came."""

    seq: int
    time_s: int
    received_ms: int
    lane: int
    id: int


class Boot(NamedTuple):
    """A boot's newest records, descending; `whole` if those are all it has."""

    number: int
    held: Sequence[Held]
    whole: bool


def audit(db: Database, window: Window, sinks: Mapping[str, Sequence[int]]) -> Json:
    """What is held of the window and what is not; `sinks` is name → the lanes that go to it."""
    book = {one["boot"]: one for one in gap_book.told(db, window.device)}
    numbers = {boot for (boot,) in db.execute(_BOOTS, (window.device, CLASH_BOOT)).fetchall()}
    boots = [_read(db, window, number) for number in sorted(numbers | book.keys())]
    shown = [one for one in _judged(db, window, boots, book) if one["records"] or one["gaps"]]
    gaps = [{"boot": one["boot"], **gap} for one in shown for gap in one["gaps"]]
    rows = [row for boot in boots for row in boot.held if window.touches(row.time_s, row.time_s)]
    upto_ms = window.to_s * 1000 + 999
    apart = (window.device, CLASH_BOOT, 2 * CLASH_BOOT, window.from_s * 1000, upto_ms)
    heard = [max(boot.held, key=lambda row: row.received_ms) for boot in boots if boot.held]
    heard_upto_s = max((row.time_s for row in heard), default=None)
    unproven_s = _unproven(db, window, heard_upto_s)
    return {
        **window._asdict(),
        "complete": not gaps and not unproven_s,
        "unproven_s": unproven_s,
        "records": len(rows),
        "gaps": gaps,
        "missing": sum(gap["last"] - gap["first"] + 1 for gap in gaps),
        "boots": shown,
        "boots_without": _without_any([one["boot"] for one in shown]),
        "kept_apart": db.execute(_APART, apart).fetchone()[0],
        "heard_upto_s": heard_upto_s,
        "heard_ms": max((row.received_ms for row in heard), default=None),
        "sinks": [_sink(db, window, rows, name, lane) for name in sinks for lane in sinks[name]],
    }


def _unproven(db: Database, window: Window, heard_upto_s: int | None) -> int:
    """Seconds at the window's end in which it was neither heard nor had promised to be silent."""
    if heard_upto_s is None:
        return window.to_s - window.from_s
    (promised_s,) = db.execute(_PROMISED, (window.device,)).fetchone() or (0,)
    upto_s = max(heard_upto_s + REPORT_S, promised_s)
    return max(0, window.to_s - max(upto_s, window.from_s))


def _read(db: Database, window: Window, number: int) -> Boot:
    """The boot from its newest record back to what is older than the window for certain."""
    held: list[Held] = []
    while True:
        below = held[-1].seq if held else _EVER
        found = db.execute(_ROWS, (window.device, number, below, PORTION)).fetchall()
        portion = [Held._make(row) for row in found]
        held += portion
        if len(portion) < PORTION:
            return Boot(number, held, whole=True)
        if max(row.time_s for row in portion) < window.from_s - MARGIN_S:
            return Boot(number, held, whole=False)


def _judged(
    db: Database, window: Window, boots: Sequence[Boot], book: Mapping[int, Json]
) -> list[Json]:
    """Each boot's part of the window."""
    ends = [max((row.time_s for row in boot.held), default=_NEVER) for boot in boots]
    begins = [min((row.time_s for row in boot.held), default=_EVER) for boot in boots]
    found = []
    for at, boot in enumerate(boots):
        before_s = max(ends[:at], default=_NEVER)
        after_s = min(begins[at + 1 :], default=_EVER)
        known = book.get(boot.number, {"upto": 0, "gaps": []})
        stretches = lost_of(boot, window, known["upto"], before_s, after_s)
        gone = db.execute(_LET_GO, (window.device, boot.number)).fetchall()
        lost = without(stretches, ((first, last) for first, last, _ in gone))
        late = [(first, last) for first, last, newest_s in gone if newest_s >= window.from_s]
        seqs = [row.seq for row in boot.held if window.touches(row.time_s, row.time_s)]
        found.append(
            {
                "boot": boot.number,
                "first": min(seqs, default=None),
                "last": max(seqs, default=None),
                "records": len(seqs),
                "deleted": _count(stretches) - _count(without(stretches, late)),
                "gaps": [gap for one in lost for gap in _named(one, known["gaps"])],
            }
        )
    return found


def lost_of(boot: Boot, window: Window, upto: int, before_s: int, after_s: int) -> list[Range]:
    """The ranges of a boot that are not held and may be of the window, ascending.

    `upto` is the highest number known, `before_s` when the boot before ended, `after_s` when the
    next began.
    """
    highest = max([upto, *(row.seq for row in boot.held[:1])])
    edges = [(highest + 1, after_s), *((row.seq, row.time_s) for row in boot.held)]
    if boot.whole:
        edges.append((0, min(before_s, edges[-1][1])))
    lost = [
        (low + 1, high - 1)
        for (high, high_s), (low, low_s) in pairwise(edges)
        if high - low > 1 and window.touches(min(low_s, high_s), max(low_s, high_s))
    ]
    return lost[::-1]


def _without_any(numbers: Sequence[int]) -> list[int]:
    """Boots between two others of which nothing is known."""
    return [boot for a, b in pairwise(numbers) for boot in range(a + 1, b)]


def without(ranges: Iterable[Range], gone: Iterable[Range]) -> list[Range]:
    """What is left of the ranges when others are taken out."""
    left = list(ranges)
    for first, last in gone:
        left = [
            part
            for low, high in left
            for part in ((low, min(high, first - 1)), (max(low, last + 1), high))
            if part[0] <= part[1]
        ]
    return left


def within(ranges: Iterable[Range], low: int, high: int) -> list[Range]:
    """The parts of the ranges that lie between `low` and `high`, both within."""
    cut = ((max(first, low), min(last, high)) for first, last in ranges)
    return [(first, last) for first, last in cut if first <= last]


def _count(ranges: Iterable[Range]) -> int:
    return sum(last - first + 1 for first, last in ranges)


def _named(lost: Range, book: Sequence[Json]) -> list[Json]:
    """A range that is not held, in the parts that the gap book knows something of."""
    parts = []
    for gap in book:
        for first, last in within([(gap["first"], gap["last"])], *lost):
            why = gap["why"] or gap["state"]
            parts.append({"first": first, "last": last, "why": why, "since_ms": gap["found_ms"]})
    rest = without([lost], [(part["first"], part["last"]) for part in parts])
    parts += [{"first": a, "last": b, "why": UNKNOWN, "since_ms": None} for a, b in rest]
    return sorted(parts, key=lambda part: part["first"])


def _sink(db: Database, window: Window, rows: Sequence[Held], name: str, lane: int) -> Json:
    """How much of a lane in the window one sink has confirmed, and what it is owed."""
    found = db.execute("SELECT id FROM cursors WHERE sink = ? AND lane = ?", (name, lane))
    (at,) = found.fetchone() or (0,)
    skips = db.execute("SELECT after, upto FROM sink_skips WHERE sink = ? AND lane = ?",
                       (name, lane)).fetchall()  # fmt: skip
    own = [row for row in rows if row.lane == lane]
    owed = [row.received_ms for row in own if row.id > at]
    refused = (f"refused by sink {name}:%", f"{window.device}:%")
    return {
        "sink": name,
        "lane": LANE_NAMES[lane],
        "records": len(own),
        "passed": len(own) - len(owed),
        "skipped": sum(any(a < row.id <= b for a, b in skips) for row in own),  # of those
        "owed": len(owed),
        "owed_since_ms": min(owed, default=None),
        "ever_refused": db.execute(_REFUSED, refused).fetchone()[0],
    }
