"""The key that orders are signed with; two of them while one is handed over to the next.

A KEY order carries the next key, hidden by the one it replaces, and is signed with that one. From
then on orders are believed that are signed with either, until the first that is signed with the
next: then the gateway has heard that the order was applied, and the one before counts no more.
Power may go at any moment: the tracker has one key or both, and the gateway signs with one of
those that it has.

The file in flash has a copy, written after it: with one of them lost or damaged the other counts.
It is at most one step behind, of which the gateway has not been told. Without either only the key
of provisioning counts: orders by a later one are refused (BAD_SIGNATURE) and counted, records go
on as ever, and the cure is provisioning.

Both belong to the key of /config.json that they started from: a tracker that was provisioned anew
has a new one there, and what was handed over before is void.
"""

import struct

from tracker.signature import hmac_sha256, same
from trygg_wire.crc16 import crc16, fits

KEY_MIN = 16  # bytes; with a shorter key no order is believed
_FORMAT = 1
_HEAD = ">BI8sBB"  # format, version, whose, bytes of the key and of the next
_HEAD_SIZE = struct.calcsize(_HEAD)


class OrderKeys:
    """`provisioned` is the key of /config.json; version: that of the last KEY order, 0 none."""

    def __init__(self, provisioned):
        self.version = 0
        self._mark = hmac_sha256(provisioned, b"trygg keys")[:8]
        self._key = provisioned
        self._next = b""

    def believes(self, mac, *signed):
        """Whether `mac` is that of the parts `signed`, by a key that counts."""
        return self.is_next(mac, *signed) or _is_by(self._key, mac, signed)

    def is_next(self, mac, *signed):
        """Whether it is by the next key, while there is one."""
        return bool(self._next) and _is_by(self._next, mac, signed)

    def unwrapped(self, version, wrapped):
        """The key (32 bytes) in a KEY order's body; see WIRE.md."""
        mask = hmac_sha256(self._key, b"trygg key", struct.pack(">I", version))
        return bytes([wrapped[i] ^ mask[i] for i in range(32)])

    def put_in_force(self, version, next_key):
        """Believe `next_key` too, and, when it has been used, it alone."""
        self.version = version
        self._next = next_key

    def hand_over(self):
        """The next key has been used: the one before counts no more."""
        self._key = self._next
        self._next = b""

    def save(self, version=None, next_key=None):
        """The keys as bytes for flash, at most 17 and both; with `next_key` as they would be."""
        if next_key is None:
            version, next_key = self.version, self._next
        lengths = (len(self._key), len(next_key))
        data = struct.pack(_HEAD, _FORMAT, version, self._mark, *lengths) + self._key + next_key
        return data + struct.pack(">H", crc16(data))

    def load(self, data):
        """Take up what `save` gave; False, and nothing changed, if it is damaged."""
        if len(data) < _HEAD_SIZE + 2 or not fits(data) or data[0] != _FORMAT:
            return False
        _format, version, mark, key_bytes, next_bytes = struct.unpack_from(_HEAD, data, 0)
        if len(data) != _HEAD_SIZE + key_bytes + next_bytes + 2:
            return False
        if mark == self._mark:
            next_at = _HEAD_SIZE + key_bytes
            self.version = version
            self._key = data[_HEAD_SIZE:next_at]
            self._next = data[next_at:-2]
        return True


def _is_by(key, mac, signed):
    return len(key) >= KEY_MIN and same(hmac_sha256(key, *signed), mac)
