"""The orders owed to trackers: queued in the database, sent when the tracker is heard.

`OrderBook` keeps the open ones in memory, so that hearing a tracker costs one dictionary look-up;
`reload` reads them again, which is how orders queued by the command line are found. Everything
it remembers can be lost: an order sent twice is answered twice and applied once.
"""

import json
from collections.abc import Callable
from typing import NamedTuple

import structlog

from trygg_gateway import order_keys, orders
from trygg_gateway.database import Database
from trygg_gateway.fence_shapes import Json, fences_body, wire_fence
from trygg_gateway.journal import Journal
from trygg_gateway.local_time import local_time
from trygg_gateway.orders import Order
from trygg_wire import codec, layouts

log = structlog.get_logger("orders")

_OPEN = """
    SELECT id, device, version, kind, frame, expires_s, state, reason FROM orders
    WHERE state IN ('queued', 'sent', 'received')
"""
_EXPIRE = """
    UPDATE orders SET state = 'expired', changed_ms = ?
    WHERE state IN ('queued', 'sent', 'received') AND expires_s > 0 AND expires_s <= ?
"""
_INSERT = """
    INSERT INTO orders (device, version, kind, body, frame, expires_s, state, ordered_ms,
                        ordered_by, changed_ms)
    SELECT ?, max(coalesce(max(version), 0), coalesce((SELECT CAST(value AS INTEGER) FROM meta
        WHERE key = 'order_floor'), 0)) + 1, ?, ?, x'', ?, 'queued', ?, ?, ?
    FROM orders WHERE device = ? AND kind = ?
"""
_SUPERSEDE = """
    UPDATE orders SET state = 'superseded', changed_ms = ?
    WHERE device = ? AND kind = ? AND version < ? AND state IN ('queued', 'sent', 'received')
"""


_IN_FORCE = """
    SELECT version, body FROM orders
    WHERE device = ? AND kind = ? AND state IN ('applied', 'armed') ORDER BY version DESC LIMIT 1
"""
_SETTINGS_SAID = """
    SELECT body FROM orders WHERE device = ? AND kind = ?
        AND state IN ('queued', 'sent', 'received', 'applied', 'armed') ORDER BY version
"""
_OWED = """
    SELECT count(*) FROM orders
    WHERE device = ? AND kind = ? AND state IN ('queued', 'sent', 'received')
"""
_REFUSED_LATELY = """
    SELECT 1 FROM orders
    WHERE device = ? AND kind = ? AND ordered_by = ? AND state = 'refused' AND changed_ms > ?
"""
_FORGET_RADIOS = """
    UPDATE orders SET body = x'', frame = x''
    WHERE kind = ? AND body != x'' AND state NOT IN ('queued', 'sent', 'received')
"""
_SAME_FENCES = """
    INSERT INTO fences (device, version, number, name, body)
    SELECT fences.device, orders.version, number, name, fences.body FROM fences, orders
    WHERE orders.id = ? AND fences.device = ? AND fences.version = ?
"""


RESTORED_BY = "gateway: the tracker lost its fences"  # who ordered them again
RESTORE_PAUSE_MS = 86_400_000  # after a tracker has refused that


class Answered(NamedTuple):
    """An order that its tracker answered: what it was about, its state before and after."""

    kind: int
    body: bytes
    was: str
    state: str


def queue(
    db: Database, device: str, kind: int, body: bytes, expires_s: int, who: str, now_ms: int
) -> int:
    """Owe the tracker one more order; its id. Raises Refused if the tracker is not registered."""
    key = order_keys.key_of(db, device)
    values = (device, kind, body, expires_s, now_ms, who, now_ms, device, kind)
    order_id = db.execute(_INSERT, values).lastrowid
    assert order_id is not None
    (version,) = db.execute("SELECT version FROM orders WHERE id = ?", (order_id,)).fetchone()
    frame = orders.signed_frame(order_id, version, expires_s, kind, body, device, key)
    db.execute("UPDATE orders SET frame = ? WHERE id = ?", (frame, order_id))
    if kind == layouts.FENCES:
        db.execute(_SUPERSEDE, (now_ms, device, kind, version))
    return order_id


def queue_key(db: Database, device: str, who: str, now_ms: int) -> int:
    """Owe the tracker a new key to sign its orders with; the order's id.

    Raises Refused: the tracker is not registered, or a new key is owed already.
    """
    body = order_keys.next_body(db, device)
    return queue(db, device, layouts.KEY, body, 0, who, now_ms)


def queue_fences(
    db: Database,
    device: str,
    fences: list[Json],
    expires_s: int,
    who: str,
    now_ms: int,
    time_zone: str = "",
) -> int:
    """Owe the tracker a whole new fence set, as people write it; the order's id.

    `time_zone` is the name of the one that schedules go by. Raises Refused: a fence that is not
    one, a zone that a tracker cannot follow, or the tracker not registered.
    """
    local = local_time(time_zone, now_ms // 1000) if time_zone else None
    body = fences_body(fences, local)
    order_id = queue(db, device, layouts.FENCES, body, expires_s, who, now_ms)
    (version,) = db.execute("SELECT version FROM orders WHERE id = ?", (order_id,)).fetchone()
    for fence in fences:
        wire = wire_fence(fence)
        name = str(fence.get("name") or f"fence {wire['number']}")
        db.execute(
            "INSERT INTO fences (device, version, number, name, body) VALUES (?, ?, ?, ?, ?)",
            (device, version, wire["number"], name, json.dumps(wire)),
        )
    return order_id


def restore_fences(db: Database, device: str, version: int, now_ms: int) -> int | None:
    """Owe a tracker its fences again if it says that an older `version` than applied is in force.

    It has lost them: a damaged file, a board that was flashed anew. The same fences go under a
    new version, since it may remember the old one as done. The order's id; None if all is well, if
    an order for fences is owed already, or if the tracker has refused to take them back within
    RESTORE_PAUSE_MS: that order says why (`no_flash`, `no_room`), and asking at each health record
    would not help.
    """
    in_force = db.execute(_IN_FORCE, (device, layouts.FENCES)).fetchone()
    if in_force is None or version >= in_force[0]:
        return None
    if db.execute(_OWED, (device, layouts.FENCES)).fetchone()[0]:
        return None
    lately = (device, layouts.FENCES, RESTORED_BY, now_ms - RESTORE_PAUSE_MS)
    if db.execute(_REFUSED_LATELY, lately).fetchone() is not None:
        return None
    order_id = queue(db, device, layouts.FENCES, in_force[1], 0, RESTORED_BY, now_ms)
    db.execute(_SAME_FENCES, (order_id, device, in_force[0]))
    return order_id


def repeat_settings(db: Database, device: str, who: str, now_ms: int) -> int | None:
    """Owe a tracker whose board is another one now all settings that were ever ordered and not
    refused; the order's id, None if there were none. Raises Refused: it is not registered."""
    order_keys.key_of(db, device)
    rows: dict[int, int] = {}
    for (body,) in db.execute(_SETTINGS_SAID, (device, layouts.SETTINGS)).fetchall():
        said = codec.decode_body(layouts.SETTINGS, body)["settings"]
        rows |= {row["number"]: row["value"] for row in said}  # a later one replaces an earlier
    if not rows:
        return None
    return queue(db, device, layouts.SETTINGS, orders.settings_body(rows), 0, who, now_ms)


def answered(db: Database, device: str, values: Json, now_ms: int) -> Answered | None:
    """Write what a tracker answered to an order; None if it is none of its own.

    A new key that is applied signs from this commit on.
    """
    found = db.execute(
        "SELECT id, kind, body, state FROM orders WHERE id = ? AND device = ? AND version = ?",
        (values["order_id"], device, values["order_version"]),
    ).fetchone()
    if found is None:
        return None
    order_id, kind, body, was = found
    state = orders.state_after(was, values["result"], values["reason"])
    if state != was or state in orders.OWED:
        db.execute(
            "UPDATE orders SET state = ?, reason = ?, changed_ms = ? WHERE id = ?",
            (state, values["reason"], now_ms, order_id),
        )
    if kind == layouts.ANCHORS:
        forget_radios(db)
    if kind == layouts.KEY and state == orders.APPLIED and was in orders.OWED:
        order_keys.hand_over(db, device, values["order_version"], body)
    return Answered(kind, body, was, state)


def _expire(db: Database, now_ms: int) -> None:
    db.execute(_EXPIRE, (now_ms, now_ms // 1000))
    forget_radios(db)


def forget_radios(db: Database) -> None:
    """Wipe the radios of the home from every order that is no longer owed.

    Who knows a BSSID can look up where that home is (promise 8), and nothing here needs it any
    more; a tracker that has lost its radios is told them again by a person. Fences stay: they are
    shown, and given back. What was wiped is gone from the file too (secure_delete), at the latest
    when its write-ahead log begins anew.
    """
    db.execute(_FORGET_RADIOS, (layouts.ANCHORS,))


class OrderBook:
    """What is owed to whom, in the event loop's thread."""

    def __init__(self, journal: Journal, now_ms: Callable[[], int]) -> None:
        self.counters = {"orders_sent": 0, "orders_expired": 0}
        self._journal = journal
        self._now_ms = now_ms
        self._open: dict[str, list[Order]] = {}
        self._sent_ms: dict[int, int] = {}
        journal.write(forget_radios)  # of an older journal
        self.reload()

    @property
    def owed(self) -> int:
        """How many orders are open."""
        return sum(len(open_orders) for open_orders in self._open.values())

    def reload(self) -> set[str]:
        """Read all open orders again, let go what has expired; the devices with a new one."""
        known = {order.id for open_orders in self._open.values() for order in open_orders}
        found: dict[str, list[Order]] = {}
        for row in self._journal.query(_OPEN):
            order = Order(*row)
            found.setdefault(order.device, []).append(order)
        self._open = found
        open_ids = {order.id for open_orders in found.values() for order in open_orders}
        self._sent_ms = {id_: ms for id_, ms in self._sent_ms.items() if id_ in open_ids}
        now_ms = self._now_ms()
        expired = [
            order.id
            for open_orders in found.values()
            for order in open_orders
            if 0 < order.expires_s <= now_ms // 1000
        ]
        if expired:
            self.counters["orders_expired"] += len(expired)
            log.warning("orders_expired", orders=expired[:20], count=len(expired))
            self._journal.write(lambda db: _expire(db, now_ms))
        return {
            device
            for device, open_orders in found.items()
            if any(order.id not in known for order in open_orders)
        }

    def due(self, device: str) -> list[Order]:
        """What to send to a tracker that is heard now: owed, and not sent just before."""
        open_orders = self._open.get(device)
        if not open_orders:
            return []
        now_ms = self._now_ms()
        return [
            order
            for order in orders.to_send(open_orders, now_ms // 1000)
            if not 0 <= now_ms - self._sent_ms.get(order.id, -order.resend_ms) < order.resend_ms
        ]

    def sent(self, order: Order) -> None:
        """A door took the order's frame for its tracker."""
        self.counters["orders_sent"] += 1
        now_ms = self._sent_ms[order.id] = self._now_ms()
        if order.state == orders.QUEUED:
            self._journal.write(
                lambda db: db.execute(
                    "UPDATE orders SET state = 'sent', changed_ms = ?"
                    " WHERE id = ? AND state = 'queued'",
                    (now_ms, order.id),
                )
            )
