"""Many rows in few statements.

Between two rows of `executemany` SQLite's thread lets the interpreter go and has to wait for it
again, beside a busy event loop for milliseconds. A statement of many rows is one such wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain

from trygg_gateway.database import Database, Values

ROWS_MAX, ROWS_STEP = 512, 32  # rows in one statement: 512, 480 ... 32, then 31 ... 1


@cache
def _statement(head: str, width: int, rows: int) -> str:
    marks = f"({', '.join('?' * width)})"
    return f"{head} VALUES {', '.join([marks] * rows)}"


def insert(db: Database, head: str, rows: Sequence[Values]) -> None:
    """`head` is "INSERT ... INTO table"; each of `rows` has a value for every column."""
    at = 0
    while at < len(rows):
        size = min(len(rows) - at, ROWS_MAX)
        size -= size % ROWS_STEP if size > ROWS_STEP else 0
        piece = rows[at : at + size]
        at += size
        db.execute(_statement(head, len(piece[0]), size), list(chain.from_iterable(piece)))
