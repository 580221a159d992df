"""The journal's file: whole or not, what was done to mend it, and how much is set aside."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from trygg_gateway.doctor.finding import Finding, error, good, warning

PART = "journal"
MOST = 20  # faults that are told
MANY_ASIDE = 1000


class Journal(Protocol):
    """What is asked of the journal."""

    def query(self, sql: str, values: Any = ...) -> list[Any]:
        """The rows of one SELECT."""


def look(journal: Journal, whole: Callable[[], Sequence[str]] | None) -> Iterator[Finding]:
    """`whole` looks at every record and index, seconds for a million records; None: the pages."""
    if whole is None:
        rows = [str(row[0]) for row in journal.query(f"PRAGMA quick_check({MOST})")]
        faults, depth = [row for row in rows if row != "ok"], "every page; --deep looks further"
    else:
        faults, depth = list(whole()), "every page, every index, every record's CRC"
    if faults:
        yield error(
            PART, f"{len(faults)} faults, the first: {faults[0]}", "Records may be unreadable",
            "Stop the gateway, copy the folder away, and start it: what can be read is kept, the"
            " rest is named and set aside",
        )  # fmt: skip
    else:
        yield good(PART, f"whole ({depth})")
    yield from _told(journal)


def _told(journal: Journal) -> Iterator[Finding]:
    for what, why, file in journal.query("SELECT what, why, file FROM mendings ORDER BY id DESC"):
        yield warning(
            PART, f"it was {what}: {why}", "Identities that this touched are in `trygg gateway"
            " audit`, which says `journal` of them", f"What it was before stands in {file}",
        )  # fmt: skip
    (records,) = journal.query("SELECT count(*) FROM records")[0]
    (aside,) = journal.query("SELECT count(*) FROM quarantine")[0]
    if aside > MANY_ASIDE:
        yield warning(
            PART, f"{aside:,} messages are set aside, beside {records:,} records",
            "Something speaks to the gateway that it does not understand",
            "trygg gateway quarantine list",
        )  # fmt: skip
