"""The keys that orders are signed with, and how one is handed over to the next.

A tracker that has applied a KEY order believes the old key and the next, until an order signed
with the next has come. So the old one signs until APPLIED is heard, and with that commit the next
one signs, what is still owed too. Whatever is lost or cut off in between, both sides have a key in
common. While one hand-over is owed no other begins.

By hand (`tracker rotate`, a tracker provisioned anew) the new key counts at once, and a hand-over
that was owed is void: the tracker will not have the key it began from.
"""

import hmac
import secrets

from trygg_gateway import orders
from trygg_gateway.database import Database
from trygg_gateway.values import Refused
from trygg_wire import codec, layouts

_OPEN = """
    SELECT id, version, kind, body, expires_s FROM orders
    WHERE device = ? AND state IN ('queued', 'sent', 'received')
"""
_VERSION = """
    SELECT max(coalesce(max(version), 0), coalesce((SELECT CAST(value AS INTEGER) FROM meta
        WHERE key = 'order_floor'), 0)) + 1 FROM orders WHERE device = ? AND kind = ?
"""
_VOID = """
    UPDATE orders SET state = 'superseded', changed_ms = ?
    WHERE device = ? AND kind = ? AND state IN ('queued', 'sent', 'received')
"""


def key_of(db: Database, device: str) -> bytes:
    """The key that signs now. Raises Refused if the tracker is not registered."""
    found = db.execute(
        "SELECT order_key FROM trackers WHERE device = ? AND revoked = 0", (device,)
    ).fetchone()
    if found is None:
        raise Refused(f"{device} is not registered, so nothing can be ordered of it.")
    key: bytes = found[0]
    return key


def next_body(db: Database, device: str) -> bytes:
    """The body of a KEY order with a new key. Raises Refused: one is owed already."""
    if any(kind == layouts.KEY for _, _, kind, _, _ in db.execute(_OPEN, (device,)).fetchall()):
        raise Refused(
            f"{device} is owed a new key already, and takes it when it is next heard."
            " See `trygg gateway order list`."
        )
    (version,) = db.execute(_VERSION, (device, layouts.KEY)).fetchone()
    wrapped = _masked(secrets.token_bytes(32), key_of(db, device), version)
    body: bytes = codec.encode_body(layouts.KEY, {"wrapped": wrapped})
    return body


def hand_over(db: Database, device: str, version: int, body: bytes) -> None:
    """The tracker has applied this KEY order: its key signs from now on, what is owed too."""
    found = db.execute("SELECT order_key FROM trackers WHERE device = ?", (device,)).fetchone()
    wrapped = codec.decode_body(layouts.KEY, body)["wrapped"]
    key = _masked(wrapped, found[0], version)
    db.execute("UPDATE trackers SET order_key = ? WHERE device = ?", (key, device))
    sign_anew(db, device, key)


def issued(db: Database, device: str, key: bytes, now_ms: int) -> None:
    """The tracker gets this key by hand: a hand-over that was owed is void."""
    db.execute(_VOID, (now_ms, device, layouts.KEY))
    sign_anew(db, device, key)


def sign_anew(db: Database, device: str, key: bytes) -> None:
    """Sign every order still owed to the tracker with `key`."""
    for order_id, version, kind, body, expires_s in db.execute(_OPEN, (device,)).fetchall():
        frame = orders.signed_frame(order_id, version, expires_s, kind, body, device, key)
        db.execute("UPDATE orders SET frame = ?, reason = 0 WHERE id = ?", (frame, order_id))


def _masked(key: bytes, by: bytes, version: int) -> bytes:
    """A KEY order's key hidden by another, or found again; see WIRE.md."""
    mask = hmac.digest(by, b"trygg key" + version.to_bytes(4, "big"), "sha256")
    return bytes(one ^ other for one, other in zip(key, mask, strict=True))
