"""Parcels for the tests: single records and strays on their way into a journal, and back."""

from collections.abc import Callable
from typing import Any

from trygg_gateway.journal import Journal
from trygg_gateway.journal_rows import WIDTH
from trygg_gateway.values import ALARM, Entry, Parcel, Stray


def nobody_waits(_token: int, _count: int) -> None:
    """A confirm that nobody is told of."""


def parcel(*kept: Entry | Stray, confirm: Any = nobody_waits, token: int = 0) -> Parcel:
    """Records and strays as one parcel, as ingest makes it."""
    made = Parcel(confirm, token, len(kept))
    for one in kept:
        if isinstance(one, Stray):
            made.strays.append(one)
        else:
            (made.alarms if one.lane == ALARM else made.others).extend(one)
    return made


def put_one(
    journal: Journal,
    kept: Entry | Stray,
    confirm: Callable[[int], None] | None = None,
    token: int = 0,
) -> bool:
    """Put one record or stray in a parcel of its own; `confirm(token)` when it is committed."""
    if confirm is None:
        return journal.put(parcel(kept))
    return journal.put(parcel(kept, confirm=lambda token, _count: confirm(token), token=token))


def entries(flat: list[Any]) -> list[Entry]:
    """The records of one of a parcel's lists."""
    return [Entry(*flat[at : at + WIDTH]) for at in range(0, len(flat), WIDTH)]
