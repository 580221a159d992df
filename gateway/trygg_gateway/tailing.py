"""The journal's newest records as one line or one JSON each, without whereabouts unless asked for.

What is dropped is what no log line may hold (logs.py): keys that name a place, and what looks like
a coordinate in a text.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from trygg_gateway import own_records
from trygg_gateway.database import Database
from trygg_gateway.delivery import KIND_NAMES, Undecodable, delivery
from trygg_gateway.logs import redact
from trygg_gateway.values import ALARM, CLASH_BOOT, LANE_NAMES, Row

Json = dict[str, Any]

GATEWAY_KIND: Final = "gateway"
KINDS: Final = {name: number for number, name in KIND_NAMES.items()} | {
    GATEWAY_KIND: own_records.OWN_KIND
}
MOST: Final = 500  # rows of one look


class Wanted(NamedTuple):
    """Which records; an empty list is every one."""

    devices: Sequence[str] = ()
    lanes: Sequence[int] = ()
    kinds: Sequence[int] = ()


def newest(db: Database, wanted: Wanted, count: int) -> tuple[list[Row], int]:
    """The last `count` records there are, oldest first, and the journal's last row."""
    where, values = _where(wanted)
    sql = f"SELECT * FROM (SELECT {_COLUMNS} FROM records WHERE {where} ORDER BY id DESC LIMIT ?)"  # noqa: S608
    rows = db.execute(f"{sql} ORDER BY id", (*values, count)).fetchall() if count else []
    (last,) = db.execute("SELECT coalesce(max(id), 0) FROM records").fetchone()
    return [Row._make(row) for row in rows], last


def after(db: Database, wanted: Wanted, id_: int) -> tuple[list[Row], int]:
    """What came after row `id_`, at most MOST, and the row up to which that is all."""
    where, values = _where(wanted)
    sql = f"SELECT {_COLUMNS} FROM records WHERE id > ? AND id <= ? AND {where} ORDER BY id LIMIT ?"  # noqa: S608
    (last,) = db.execute("SELECT coalesce(max(id), 0) FROM records").fetchone()
    rows = [Row._make(row) for row in db.execute(sql, (id_, last, *values, MOST)).fetchall()]
    return rows, rows[-1].id if len(rows) == MOST else last


_COLUMNS = ", ".join(Row._fields)


def _where(wanted: Wanted) -> tuple[str, list[Any]]:
    parts: list[str] = ["1"]
    values: list[Any] = []
    for column, some in zip(("device", "lane", "kind"), wanted, strict=True):
        if some:
            parts.append(f"{column} IN ({', '.join('?' * len(some))})")
            values += some
    return " AND ".join(parts), values


def event_of(row: Row, gateway: str, positions: bool) -> Json:
    """A record as JSON; without `positions` nothing of where anybody is or was."""
    try:
        event = _own(row) if row.kind == own_records.OWN_KIND else delivery(row, gateway).data
    except (Undecodable, ValueError) as error:
        event = {"device": row.device, "boot": row.boot, "seq": row.seq,
                 "kind": "unreadable", "why": str(error)}  # fmt: skip
    event = {**event, "lane": LANE_NAMES[row.lane], "received_ms": row.received_ms}
    return event if positions else dict(redact(None, "", event))


def shows_places(event: Json) -> bool:
    """Whether an event tells where somebody is."""
    return bool(event.get("positions") or event.get("evidence") or event.get("position"))


def _own(row: Row) -> Json:
    said = own_records.read(row.payload)
    return {"device": row.device, "boot": row.boot, "seq": row.seq, "kind": GATEWAY_KIND,
            "form": said.form, "what": said.what, **said.data}  # fmt: skip


def line_of(row: Row, event: Json) -> str:
    """A record as a line for people, never with a coordinate."""
    at = datetime.fromtimestamp(row.received_ms / 1000).astimezone().strftime("%H:%M:%S")
    number = f"{_boot_words(row.boot)}:{row.seq}"
    mark = "!" if row.lane == ALARM else " "
    words = ", ".join(filter(None, _words(event)))
    return (
        f"{at} {mark} {row.device:<16} {event['lane']:<7} {event['kind']:<8} {number:<10} {words}"
    )


def _boot_words(boot: int) -> str:
    """A tracker's own number; else what it says under is not one: kept apart, or the gateway's."""
    if boot < CLASH_BOOT:
        return str(boot)
    return "apart" if boot < own_records.OWN_BOOT else "own"


def _words(event: Json) -> list[str]:
    kind = event["kind"]
    if kind == "report":
        return [event["fence_state"], *_power(event), _late(event)]
    if kind == "alarm":
        test = "test" if event["test"] else ""
        return [event["what"], event["reason"], test, event["fence_state"], *_power(event),
                _late(event)]  # fmt: skip
    if kind == "health":
        return [f"firmware {event['firmware']}", "SAFE MODE" if event["safe_mode"] else "",
                *_power(event), _late(event)]  # fmt: skip
    if kind == "answer":
        return [f"order {event['order_id']} {event['result']}", event.get("reason") or ""]
    if kind == GATEWAY_KIND:
        return [event["form"], str(event["what"]), str(event.get("text", ""))]
    return [str(event.get("why", ""))]


def _power(event: Json) -> list[str]:
    percent = event["battery_percent"]
    charging = "charging" if event["charging"] else ""
    return [f"{percent} %" if percent is not None else "", charging]


def _late(event: Json) -> str:
    return f"late by {event['late_by_s']} s" if event["late"] else ""
