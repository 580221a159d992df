"""The journal's file: whole or not, as SQLite's own check says; and what it was told to keep."""

from collections.abc import Iterator
from typing import Any, Protocol

from trygg_gateway.doctor.finding import Finding, error, good, warning

PART = "journal"
MOST = 20  # faults that are told
MANY_ASIDE = 1000


class Journal(Protocol):
    """What is asked of the journal."""

    def query(self, sql: str, values: Any = ...) -> list[Any]:
        """The rows of one SELECT."""


def look(journal: Journal, deep: bool) -> Iterator[Finding]:
    """`deep` compares every index with its table too, which takes minutes for gigabytes."""
    check = "integrity_check" if deep else "quick_check"
    rows = [str(row[0]) for row in journal.query(f"PRAGMA {check}({MOST})")]
    if rows != ["ok"]:
        yield error(
            PART, f"SQLite finds {len(rows)} faults, the first: {rows[0]}",
            "Records may be unreadable",
            "Stop the gateway, copy the folder away, and start it: what is damaged is set aside",
        )  # fmt: skip
    else:
        depth = "every page and index" if deep else "every page; --deep compares indexes too"
        yield good(PART, f"whole ({depth})")
    (records,) = journal.query("SELECT count(*) FROM records")[0]
    (aside,) = journal.query("SELECT count(*) FROM quarantine")[0]
    if aside > MANY_ASIDE:
        yield warning(
            PART, f"{aside:,} messages are set aside, beside {records:,} records",
            "Something speaks to the gateway that it does not understand",
            "trygg gateway quarantine list",
        )  # fmt: skip
