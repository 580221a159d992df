"""Whether all that a tracker said in a window of time is here, and went on: proven, or named.

A tracker numbers its records 1, 2, 3 ... from each start, so completeness is counting. Of each boot
the numbers are looked at that lie between the last record before the window and the first after it:
every one of them is held, or is named with what is known of it:

    open        waited for; asked of the tracker with every ack
    not_held    the tracker said that it has it no more
    age         nobody waits for it any longer
    journal     the journal had it, and was damaged or restored
    unknown     the gap book does not know of it yet: it is minutes old, or the book is behind
    deleted     it was here, and was deleted by age or on request: no gap

What this cannot see: what a tracker has said since it was last heard, and a start of which no
record was ever kept. Both are said (`heard_upto_s`, `boots_without`).
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
_TIME = "CASE time_s WHEN 0 THEN received_ms / 1000 ELSE time_s END"
_BOOTS = "SELECT DISTINCT boot FROM records WHERE device = ? AND boot < ? ORDER BY boot"
_BEFORE = f"SELECT max(seq) FROM records WHERE device = ? AND boot = ? AND {_TIME} < ?"  # noqa: S608
_AFTER = f"""
    SELECT min(seq) FROM records WHERE device = ? AND boot = ? AND seq > ? AND {_TIME} > ?
"""  # noqa: S608 - ours
_SEQS = "SELECT seq FROM records WHERE device = ? AND boot = ? AND seq BETWEEN ? AND ? ORDER BY seq"
_HEARD = f"SELECT max({_TIME}), max(received_ms) FROM records WHERE device = ? AND boot < ?"  # noqa: S608
_APART = """
    SELECT count(*) FROM records WHERE device = ? AND boot >= ? AND boot < ?
      AND received_ms BETWEEN ? AND ?
"""
_LANES = f"""
    SELECT lane, count(*), sum(id <= ?), min(CASE WHEN id > ? THEN received_ms END) FROM records
    WHERE device = ? AND lane = ? AND boot < ? AND {_TIME} BETWEEN ? AND ?
"""  # noqa: S608 - ours
_LET_GO = "SELECT first, last, newest_s FROM let_go WHERE device = ? AND boot = ?"
_SKIPPED = f"""
    SELECT count(*) FROM records AS r WHERE device = ? AND lane = ? AND boot < ?
      AND {_TIME} BETWEEN ? AND ? AND EXISTS (
        SELECT 1 FROM sink_skips AS s
        WHERE s.sink = ? AND s.lane = r.lane AND r.id > s.after AND r.id <= s.upto)
"""  # noqa: S608 - ours
_REFUSED = "SELECT count(*) FROM quarantine WHERE reason LIKE ? AND topic LIKE ?"


class Window(NamedTuple):
    """What is audited: a tracker, from and to, unix seconds, both within."""

    device: str
    from_s: int
    to_s: int


def audit(db: Database, window: Window, sinks: Mapping[str, Sequence[int]]) -> Json:
    """What is held of the window and what is not; `sinks` is name → the lanes that go to it."""
    known = {one["boot"]: one for one in gap_book.told(db, window.device)}
    held = [boot for (boot,) in db.execute(_BOOTS, (window.device, CLASH_BOOT)).fetchall()]
    boots = [one for boot in sorted({*known, *held}) if (one := _boot(db, window, boot, known))]
    heard_s, heard_ms = db.execute(_HEARD, (window.device, CLASH_BOOT)).fetchone()
    numbers = [one["boot"] for one in boots]
    gaps = [{"boot": one["boot"], **gap} for one in boots for gap in one["gaps"]]
    upto_ms = window.to_s * 1000 + 999
    apart = (window.device, CLASH_BOOT, 2 * CLASH_BOOT, window.from_s * 1000, upto_ms)
    return {
        **window._asdict(),
        "complete": not gaps,
        "records": sum(one["records"] for one in boots),
        "gaps": gaps,
        "missing": sum(gap["last"] - gap["first"] + 1 for gap in gaps),
        "boots": boots,
        "boots_without": [b for a, c in pairwise(numbers) for b in range(a + 1, c)],
        "kept_apart": db.execute(_APART, apart).fetchone()[0],
        "heard_upto_s": heard_s,
        "heard_ms": heard_ms,
        "sinks": [_sink(db, window, name, lane) for name in sinks for lane in sinks[name]],
    }


def _boot(db: Database, window: Window, boot: int, known: Mapping[int, Json]) -> Json | None:
    """One boot's part of the window; None if it has none."""
    book = known.get(boot, {"upto": 0, "gaps": []})
    gone = db.execute(_LET_GO, (window.device, boot)).fetchall()
    deleted = [(first, last) for first, last, _ in gone]
    low, high = _bounds(db, window, boot, book["upto"])
    low = max([low, *(last for _, last, newest_s in gone if newest_s < window.from_s)])
    seqs = [s for (s,) in db.execute(_SEQS, (window.device, boot, low + 1, high - 1)).fetchall()]
    lost = without(holes(low, high, seqs), deleted)
    if not seqs and not lost:
        return None
    return {
        "boot": boot,
        "first": low + 1,
        "last": high - 1,
        "records": len(seqs),
        "deleted": _count(within(deleted, low + 1, high - 1)),
        "gaps": [gap for one in lost for gap in _named(one, book["gaps"])],
    }


def _bounds(db: Database, window: Window, boot: int, upto: int) -> Range:
    """The numbers around the window: the last before it, the first after it."""
    device, from_s, to_s = window
    low = db.execute(_BEFORE, (device, boot, from_s)).fetchone()[0] or 0
    after = db.execute(_AFTER, (device, boot, low, to_s)).fetchone()[0]
    if after is not None:
        return low, after
    newest = db.execute(
        "SELECT max(seq) FROM records WHERE device = ? AND boot = ?", (device, boot)
    ).fetchone()[0]
    return low, max(upto, newest or 0, low) + 1


def holes(low: int, high: int, seqs: Sequence[int]) -> list[Range]:
    """The ranges between `low` and `high`, both without, that are not among ascending `seqs`."""
    return [(a + 1, b - 1) for a, b in pairwise([low, *seqs, high]) if b - a > 1]


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


def _sink(db: Database, window: Window, name: str, lane: int) -> Json:
    """How much of a lane in the window one sink has confirmed, and what it is owed."""
    found = db.execute(
        "SELECT id FROM cursors WHERE sink = ? AND lane = ?", (name, lane)
    ).fetchone()
    at = found[0] if found else 0
    device, from_s, to_s = window
    _, count, passed, oldest_ms = db.execute(
        _LANES, (at, at, device, lane, CLASH_BOOT, from_s, to_s)
    ).fetchone()
    skipped = (device, lane, CLASH_BOOT, from_s, to_s, name)
    refused = (f"refused by sink {name}:%", f"{device}:%")
    return {
        "sink": name,
        "lane": LANE_NAMES[lane],
        "records": count,
        "passed": passed or 0,
        "skipped": db.execute(_SKIPPED, skipped).fetchone()[0],  # of those, by a person
        "owed": count - (passed or 0),
        "owed_since_ms": oldest_ms,
        "ever_refused": db.execute(_REFUSED, refused).fetchone()[0],
    }
