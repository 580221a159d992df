"""How each sink stands, for people: read from the journal, whether a gateway runs or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from trygg_gateway import sink_book
from trygg_gateway.database import Database
from trygg_gateway.values import LANE_NAMES

Json = dict[str, Any]

_ROW: Final = "SELECT begun_ms, paused_ms, paused_by, circuit, trouble FROM sinks WHERE sink = ?"
_BEHIND: Final = "SELECT count(*), min(received_ms) FROM records WHERE lane = ? AND id > ?"


def standing(db: Database, sink: str, kind: str, lanes: Sequence[int], now_ms: int) -> Json:
    """One sink: what it is, whether it is paused or in trouble, and what it owes by lane."""
    found = db.execute(_ROW, (sink,)).fetchone() or (0, 0, "", "closed", "")
    begun_ms, paused_ms, paused_by, circuit, trouble = found
    owed = [_lane(db, sink, lane, now_ms) for lane in lanes]
    waiting = sink_book.replays(db, sink, only_waiting=True)
    return {
        "sink": sink,
        "type": kind,
        "state": "paused" if paused_ms else "in trouble" if circuit != "closed" else "well",
        "begun_ms": begun_ms or None,
        "paused_ms": paused_ms or None,
        "paused_by": paused_by or None,
        "circuit": circuit,
        "trouble": trouble or None,
        "behind": sum(lane["records"] for lane in owed),
        "waits_s": max(lane["waits_s"] for lane in owed),
        "lanes": owed,
        "replays": [_replay(one) for one in waiting],
    }


def whole(db: Database, sink: str, kind: str, lanes: Sequence[int], now_ms: int) -> Json:
    """The same with its history: every replay, and what was skipped."""
    said = standing(db, sink, kind, lanes, now_ms)
    skipped = [{**one, "lane": LANE_NAMES[one["lane"]]} for one in sink_book.skips(db, sink)]
    return {**said, "replays": [_replay(one) for one in sink_book.replays(db, sink)],
            "skipped": skipped}  # fmt: skip


def _lane(db: Database, sink: str, lane: int, now_ms: int) -> Mapping[str, Any]:
    cursor = db.execute("SELECT id FROM cursors WHERE sink = ? AND lane = ?", (sink, lane))
    (at,) = cursor.fetchone() or (0,)
    records, oldest_ms = db.execute(_BEHIND, (lane, at)).fetchone()
    waits_s = max(0, now_ms - oldest_ms) // 1000 if oldest_ms else 0
    return {"lane": LANE_NAMES[lane], "at": at, "records": records, "waits_s": waits_s}


def _replay(one: sink_book.Replay) -> Json:
    done = one.state == sink_book.DONE
    percent = 100 if done or not one.upto else 100 * one.at // one.upto
    return {**one._asdict(), "percent": percent}
