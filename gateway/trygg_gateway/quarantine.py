"""What the gateway could not read, set aside whole: nothing else waits for it (promise 10).

The table is bounded in rows and bytes, since strangers can fill it: the oldest goes first, and
`trim` says how many went. Functions take the database inside a transaction of the journal.
"""

from collections.abc import Sequence
from typing import Any

from trygg_gateway.database import Database
from trygg_gateway.values import Stray

ROWS_MAX = 10_000
BYTES_MAX = 64 << 20

_INSERT = "INSERT INTO quarantine (topic, payload, reason, received_ms) VALUES (?, ?, ?, ?)"
# the newest row that no longer fits, counted from the newest down; it and all older ones go
_TOO_OLD = """
    SELECT max(id) FROM (
        SELECT id, sum(length(payload)) OVER newest AS bytes, row_number() OVER newest AS place
        FROM quarantine WINDOW newest AS (ORDER BY id DESC)
    ) WHERE bytes > ? OR place > ?
"""


def set_aside(db: Database, strays: Sequence[Stray]) -> int:
    """Keep the strays; how many older ones went to make room for them."""
    db.executemany(_INSERT, strays)
    return trim(db, ROWS_MAX, BYTES_MAX)


def trim(db: Database, rows_max: int, bytes_max: int) -> int:
    """Let the oldest go until both bounds hold; how many went."""
    (newest_to_go,) = db.execute(_TOO_OLD, (bytes_max, rows_max)).fetchone()
    if newest_to_go is None:
        return 0
    return db.execute("DELETE FROM quarantine WHERE id <= ?", (newest_to_go,)).rowcount


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
