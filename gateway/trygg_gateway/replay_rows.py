"""What a replay is made of: the rows of a window, and a plan of it before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from trygg_gateway.lane_reading import bytes_of, portion
from trygg_gateway.own_delivery import Address
from trygg_gateway.values import LANE_NAMES, Row

Query = Callable[[str, Sequence[Any]], list[Any]]
PLANNED: Final = 1000  # rows read at once for a plan
_COUNTERS: Final = ("undecodable", "let_go", "overtaken")


class Window(NamedTuple):
    """Which records: of one tracker ("" for every one), received from `from_ms` up to `to_ms`."""

    device: str
    from_ms: int
    to_ms: int


class Plan(NamedTuple):
    """What would go: events by lane, the first and the last by their ids, and bytes of JSON."""

    records: int
    lanes: dict[str, int]
    bytes: int
    first: str
    first_ms: int
    last: str
    last_ms: int
    undecodable: int


def rows_of(
    query: Query, window: Window, after: int, upto: int, lanes: Sequence[int], most: int
) -> list[Row]:
    """The next rows of a window after row `after`, in the journal's order.

    `+lane`: by its number and not by the lane's index, or each batch would sort what is left.
    """
    marks = ", ".join("?" * len(lanes))
    sql = (
        f"SELECT {', '.join(Row._fields)} FROM records"  # noqa: S608 - our own names
        f" WHERE id > ? AND id <= ? AND received_ms >= ? AND received_ms < ? AND +lane IN ({marks})"
        " AND (? = '' OR device = ?) ORDER BY id LIMIT ?"
    )
    values = after, upto, window.from_ms, window.to_ms, *lanes, window.device, window.device, most
    return [Row._make(found) for found in query(sql, values)]


def plan(
    query: Query,
    window: Window,
    lanes: Sequence[int],
    gateway: str,
    address: Address,
    progress: Callable[[int], None] = lambda records: None,
) -> Plan:
    """What a replay of the window would send, read and made but not sent."""
    counters = dict.fromkeys(_COUNTERS, 0)
    by_lane = {LANE_NAMES[lane]: 0 for lane in lanes}
    found = Plan(0, by_lane, 0, "", 0, "", 0, 0)
    (upto,) = query("SELECT coalesce(max(id), 0) FROM records", ())[0]
    after = 0
    while rows := rows_of(query, window, after, upto, lanes, PLANNED):
        after = rows[-1].id
        entries = portion(rows, gateway, address, counters, None).entries
        for entry in entries:
            by_lane[LANE_NAMES[entry.lane]] += 1
        if entries:
            newest = entries[-1]
            if not found.records:
                found = found._replace(first=entries[0].id, first_ms=entries[0].received_ms)
            found = found._replace(last=newest.id, last_ms=newest.received_ms)
        found = found._replace(
            records=found.records + len(entries), bytes=found.bytes + bytes_of(entries)
        )
        progress(found.records)
    return found._replace(undecodable=counters["undecodable"])
