"""The next of a lane (or of a replay), read and made into what a sink is given. In a thread.

What is not for the sink, what cannot be decoded (the reader has set it aside) and what was let go
meanwhile (deleted by age or because somebody asked) is passed by, the last two counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from trygg_gateway.delivery import Delivery, Undecodable
from trygg_gateway.lane_order import LaneOrder
from trygg_gateway.own_delivery import Address, delivery_for
from trygg_gateway.values import Row

# of payloads in one batch. Its events take some 18 times as much, and a file sink looks for doubles
# in so many bytes of its file as eight batches can have
BATCH_BYTES: Final = 96 * 1024


class Portion(NamedTuple):
    """Rows in their order, and the entries made of those that are for the sink."""

    rows: list[Row]
    entries: list[Delivery]


def cut(rows: list[Row]) -> list[Row]:
    """The first rows, as many as fit into a batch; one in any case."""
    room = BATCH_BYTES
    for place, row in enumerate(rows):
        room -= len(row.payload)
        if room < 0 and place:
            return rows[:place]
    return rows


def portion(
    rows: list[Row],
    gateway: str,
    address: Address,
    counters: dict[str, int],
    order: LaneOrder | None,
) -> Portion:
    """The entries of `rows` for one sink; `order` None: a replay, which says so instead."""
    entries = []
    for row in rows:
        late = order.overtaken(row) if order is not None else False
        entry = entry_of(row, gateway, address, counters)
        if entry is None:
            continue
        if late:
            counters["overtaken"] += 1
        entries.append(marked(entry, "overtaken") if late else entry)
    return Portion(rows, [marked(one, "replayed") for one in entries] if order is None else entries)


def entry_of(row: Row, gateway: str, address: Address, counters: dict[str, int]) -> Delivery | None:
    """What one sink gets of a row; None if nothing."""
    try:
        return delivery_for(row, gateway, address)
    except Undecodable:
        counters["undecodable" if row.payload else "let_go"] += 1
        return None


def marked(entry: Delivery, name: str) -> Delivery:
    """The same entry with a word in its data: "overtaken", "replayed"."""
    return entry._replace(data={**entry.data, name: True})


def bytes_of(entries: Sequence[Delivery]) -> int:
    """How many bytes of events they are."""
    return sum(len(entry.json) for entry in entries)
