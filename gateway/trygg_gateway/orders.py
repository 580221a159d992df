"""What a tracker is ordered to do, and what is still owed to it. Pure.

An order is signed and sent again and again, the same bytes, until the tracker says it is
applied or refused, or it expires (promise 2, 9). One refused for its signature is still owed: what
does not fit is the key and not the order, as between `tracker rotate` and the moment the tracker
gets the new file. It is sent again more rarely, until a key fits.

A tracker refuses a version that is not above the last it applied of that kind, so of each kind only
the oldest open order is sent: the next follows when that one is settled. A fence set replaces the
one before whole, so a newer one supersedes it.
"""

import hmac
from collections.abc import Iterable
from typing import Any, NamedTuple

from trygg_gateway.values import wire_of
from trygg_wire import codec, layouts

Json = dict[str, Any]

QUEUED, SENT, RECEIVED = "queued", "sent", "received"
APPLIED, ARMED, REFUSED = "applied", "armed", "refused"
EXPIRED, SUPERSEDED, WITHDRAWN = "expired", "superseded", "withdrawn"
OWED = (QUEUED, SENT, RECEIVED)
NOT_SENT = (EXPIRED, SUPERSEDED, WITHDRAWN)  # any more; a late answer still counts

KINDS = {layouts.SETTINGS: "settings", layouts.FENCES: "fences", layouts.COMMAND: "command",
         layouts.KEY: "key", layouts.ANCHORS: "anchors"}  # fmt: skip
RESEND_MS = 15_000  # while the tracker is heard, an unsettled order is sent again after this
KEY_PAUSE_MS = 600_000  # the same for one whose signature did not fit

_AFTER = {
    layouts.RECEIVED: RECEIVED,
    layouts.APPLIED: APPLIED,
    layouts.ARMED: ARMED,
    layouts.REFUSED: REFUSED,
}


class Order(NamedTuple):
    """One open order as the order book holds it."""

    id: int
    device: str
    version: int
    kind: int
    frame: bytes
    expires_s: int
    state: str
    reason: int = layouts.NONE  # of the last answer

    @property
    def resend_ms(self) -> int:
        """How long after it was sent it is sent again, if the tracker is heard then."""
        return KEY_PAUSE_MS if self.reason == layouts.BAD_SIGNATURE else RESEND_MS


def signed_frame(
    order_id: int, version: int, expires_s: int, kind: int, body: bytes, device: str, key: bytes
) -> bytes:
    """The order's frame with its HMAC-SHA256 over device, NUL and the frame before the MAC."""
    unsigned = codec.encode(
        layouts.ORDER,
        {
            "order_id": order_id,
            "version": version,
            "expires_s": wire_of(expires_s),
            "order_kind": kind,
            "body": body,
            "mac": bytes(32),
        },
    )
    said = device.encode() + b"\0" + codec.order_signed_part(unsigned)
    frame: bytes = codec.order_with_mac(unsigned, hmac.digest(key, said, "sha256"))
    return frame


def state_after(state: str, result: int, reason: int = layouts.NONE) -> str:
    """The order's state when its tracker answered `result` for `reason` (layouts' numbers).

    Answers come in any order and more than once: nothing goes back, and only `applied` becomes
    something else once it is settled, namely `armed`.
    """
    answered = _AFTER[result]
    if answered == REFUSED and reason == layouts.BAD_SIGNATURE:
        return state
    if state in OWED or (state in NOT_SENT and answered != RECEIVED):
        return answered
    if state == APPLIED and answered == ARMED:
        return ARMED
    return state


def to_send(open_orders: Iterable[Order], now_s: int) -> list[Order]:
    """Of one tracker's open orders the oldest of each kind that has not expired."""
    first: dict[int, Order] = {}
    for order in sorted(open_orders):
        if not order.expires_s or order.expires_s > now_s:
            first.setdefault(order.kind, order)
    return list(first.values())


def command_body(command: int, boot: int = 0, seq: int = 0) -> bytes:
    """The body of a command; `boot` and `seq` name the alarm it is about."""
    values = {"command": command, "alarm_boot": boot, "alarm_seq": seq}
    body: bytes = codec.encode_body(layouts.COMMAND, values)
    return body


def anchors_body(radios: Iterable[tuple[int, bytes]]) -> bytes:
    """The body of an anchors order: (layouts.WIFI or BLE, 6 bytes) each, at most four."""
    rows = [{"radio": radio, "id": address} for radio, address in radios]
    body: bytes = codec.encode_body(layouts.ANCHORS, {"anchors": rows})
    return body


def settings_body(settings: dict[int, int]) -> bytes:
    """The body of a settings order: setting number → value."""
    rows = [{"number": number, "value": value} for number, value in settings.items()]
    body: bytes = codec.encode_body(layouts.SETTINGS, {"settings": rows})
    return body
