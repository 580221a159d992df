"""What the gateway could not read, set aside whole: nothing else waits for it (promise 10).

The table is bounded in rows and bytes, since whoever reaches a door can fill it: what one tracker
does by OF_ONE, what all strangers do by OF_STRANGERS, what sinks refuse by OF_ONE for each tracker
and by OF_REFUSED for all, and the whole by WHOLE. The oldest of that kind goes first, and is
counted. So nobody pushes out what somebody else did, and a flood never costs more disk than WHOLE.
Of one commit only what will be kept is written at all. Functions take the database inside a
transaction of the journal.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from trygg_gateway.database import Database
from trygg_gateway.values import STRANGERS, Stray


class Bound(NamedTuple):
    """How much is kept, the newest of it."""

    rows: int
    bytes: int


WHOLE = Bound(10_000, 64 << 20)
OF_ONE = Bound(500, 4 << 20)
OF_STRANGERS = Bound(4_000, 24 << 20)
OF_REFUSED = Bound(2_000, 12 << 20)
ROWS_MAX = WHOLE.rows
BY_SINK = "refused by sink "  # how the reason of what a sink will not take begins

_INSERT = """
    INSERT INTO quarantine (topic, payload, reason, received_ms, device) VALUES (?, ?, ?, ?, ?)
"""
# the newest row that no longer fits, counted from the newest down; it and all older ones go
_TOO_OLD = """
    SELECT max(id) FROM (
        SELECT id, sum(length(payload)) OVER newest AS bytes, row_number() OVER newest AS place
        FROM quarantine {whose} WINDOW newest AS (ORDER BY id DESC)
    ) WHERE bytes > ? OR place > ?
"""
_REFUSED = f"substr(reason, 1, {len(BY_SINK)}) = '{BY_SINK}'"
_OF_ONE = f"device = ? AND ({_REFUSED}) = ?"


# nothing is kept of who was forgotten and not registered since (forgetting.py)
_FORGOTTEN = """
    SELECT device FROM forgotten EXCEPT SELECT device FROM trackers WHERE revoked = 0
"""


def set_aside(db: Database, strays: Sequence[Stray]) -> int:
    """Keep the strays; how many of these or of older ones went for the bounds."""
    forgotten = {device for (device,) in db.execute(_FORGOTTEN).fetchall()}
    of: dict[tuple[str, bool], list[Stray]] = defaultdict(list)
    for stray in strays:
        if not forgotten & {stray.device, stray.topic.partition(":")[0]}:
            of[stray.device, stray.reason.startswith(BY_SINK)].append(stray)
    dropped = 0
    for (device, refused), its in of.items():
        bound = _bound(device)
        kept = its[-bound.rows :]
        db.executemany(_INSERT, kept)
        dropped += len(its) - len(kept)
        if device:
            dropped += _trim(db, _OF_ONE, (device, refused), bound)
    if any(refused for _, refused in of):
        dropped += _trim(db, _REFUSED, (), OF_REFUSED)
    return dropped + trim(db, WHOLE.rows, WHOLE.bytes)


def _bound(device: str) -> Bound:
    if not device:
        return WHOLE
    return OF_STRANGERS if device == STRANGERS else OF_ONE


def _trim(db: Database, whose: str, values: Sequence[Any], bound: Bound) -> int:
    """Let the oldest of some go until their bound holds; how many went."""
    select = _TOO_OLD.format(whose=f"WHERE {whose}")
    (newest_to_go,) = db.execute(select, (*values, bound.bytes, bound.rows)).fetchone()
    if newest_to_go is None:
        return 0
    delete = f"DELETE FROM quarantine WHERE {whose} AND id <= ?"  # noqa: S608 - our own words
    return db.execute(delete, (*values, newest_to_go)).rowcount


def trim(db: Database, rows_max: int, bytes_max: int) -> int:
    """Let the oldest go until both bounds hold; how many went."""
    return _trim(db, "true", (), Bound(rows_max, bytes_max))


def newest(db: Database, limit: int) -> list[dict[str, Any]]:
    """The newest strays, JSON-ready: the payload as hex."""
    found = db.execute(
        "SELECT id, topic, payload, reason, received_ms FROM quarantine ORDER BY id DESC LIMIT ?",
        (limit,),
    )
    return [
        {
            "id": id_,
            "topic": topic,
            "size": len(payload),
            "payload_hex": payload.hex(),
            "reason": reason,
            "received_ms": received_ms,
        }
        for id_, topic, payload, reason, received_ms in found.fetchall()
    ]
