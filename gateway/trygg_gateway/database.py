"""The shape of the journal's database for those who may not import its library.

`journal.write(fn)` calls `fn(db)` with one of these inside a transaction of the writer thread;
what `fn` does is committed whole or not at all.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

Values = Sequence[Any]


class Found(Protocol):
    """The rows a statement gives, each a tuple in the order of its columns."""

    @property
    def lastrowid(self) -> int | None:
        """The id of the row that an INSERT made."""

    @property
    def rowcount(self) -> int:
        """How many rows an INSERT, UPDATE or DELETE changed."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows left."""


class Database(Protocol):
    """One connection, inside a transaction that somebody else begins and ends."""

    def execute(self, sql: str, parameters: Values = ..., /) -> Found:
        """Run one statement with `?` filled from `parameters`."""

    def executemany(self, sql: str, parameters: Iterable[Values], /) -> Found:
        """Run one statement once for each of `parameters`."""
