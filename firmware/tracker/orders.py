"""Orders from the gateway: believed only when signed, applied whole or not at all, answered.

An order's MAC is HMAC-SHA256 with the tracker's own key over the device's name, a zero byte and
the frame before the MAC, so that an order for one tracker is worth nothing to another. Checked in
this turn: signature, answered before?, kind, version, expiry, body; the first that fails is the
reason of REFUSED.

Versions rise per kind, and one at or below the last applied is refused as old; for settings and
fences that last one is theirs, which is in flash with them, so that no cut of power can put the
two at odds. An order that was applied and comes again (its answer was lost) is answered as
before and not done twice: the last ANSWERED of them are remembered. A refusal is not remembered:
the same order gets the same answer, or, where only the clock was unknown, another chance.

A fence order is answered twice: APPLIED, and ARMED once a good fix has been judged under it.
What must be in flash before an answer may be sent is in `Taken.files`.
"""

import struct
from collections import namedtuple
from hashlib import sha256

from tracker.fence_file import pack as fence_file
from trygg_wire import codec
from trygg_wire.crc16 import crc16, fits
from trygg_wire.layouts import (
    APPLIED,
    ARMED,
    BAD_BODY,
    BAD_SIGNATURE,
    COMMAND,
    EXPIRED,
    FENCES,
    NO_CLOCK,
    NO_ROOM,
    OLD_VERSION,
    ORDER,
    REFUSED,
    SETTINGS,
    UNKNOWN_KIND,
)

ANSWERED = 16  # applied orders remembered with their answers
KEY_MIN = 16  # bytes; with a shorter key no order is believed
_BLOCK = 64  # SHA-256's, for HMAC (RFC 2104)
_FORMAT = 1
_HEAD = ">BIB"  # format, last command's version, how many
_ENTRY = ">BIIB"  # kind, id, version, result
_HEAD_SIZE = struct.calcsize(_HEAD)
_ENTRY_SIZE = struct.calcsize(_ENTRY)

# answers: list of dicts for an ANSWER record; command: its body (dict) or None, to be done once;
# files: ((name, bytes), ...) for /state, in this turn, before the answers go to the outbox
Taken = namedtuple("Taken", ("answers", "command", "files"))
_NOTHING = Taken([], None, ())


class Orders:
    """Takes order frames for `device` (its name) signed with `key` (bytes).

    refused counts orders that were refused, damaged counts frames that are no order at all.
    """

    def __init__(self, device, key, settings, fences):
        self.refused = 0
        self.damaged = 0
        self._device = device.encode()
        self._key = key
        self._settings = settings
        self._fences = fences
        self._command_version = 0
        self._answered = []  # (kind, order_id, version, result), oldest first

    def take(self, frame, time_s):
        """A Taken for the frame (bytes) of an order; `time_s` is UTC, 0 while it is unknown."""
        try:
            kind, order = codec.decode(frame)
        except codec.WireError:
            kind = None
        if kind != ORDER:
            self.damaged += 1
            return _NOTHING
        if not self._is_ours(frame, order["mac"]):
            return self._refuse(order, BAD_SIGNATURE)
        again = self._again(order)
        if again:
            return again
        reason = self._too_late(order, time_s)
        if reason:
            return self._refuse(order, reason)
        return self._apply(order)

    def armed(self):
        """A Taken with the answer ARMED for the fences in force, once they have judged a fix."""
        if not self._fences.armed:
            return _NOTHING
        for i in range(len(self._answered)):
            kind, order_id, version, result = self._answered[i]
            if kind == FENCES and version == self._fences.version and result == APPLIED:
                self._answered[i] = (kind, order_id, version, ARMED)
                order = {"order_id": order_id, "version": version}
                return Taken([_answer(order, ARMED, 0)], None, (("orders", self.save()),))
        return _NOTHING

    def save(self):
        """The last orders and their answers as bytes for flash, at most 168, with their CRC."""
        parts = [struct.pack(_HEAD, _FORMAT, self._command_version, len(self._answered))]
        for entry in self._answered:
            parts.append(struct.pack(_ENTRY, *entry))
        data = b"".join(parts)
        return data + struct.pack(">H", crc16(data))

    def load(self, data):
        """Take up what `save` gave; False, and nothing changed, if `data` is damaged."""
        if len(data) < _HEAD_SIZE + 2 or not fits(data) or data[0] != _FORMAT:
            return False
        _format, command_version, count = struct.unpack_from(_HEAD, data, 0)
        end = _HEAD_SIZE + count * _ENTRY_SIZE
        if len(data) != end + 2:
            return False
        self._command_version = command_version
        self._answered = [
            struct.unpack_from(_ENTRY, data, at) for at in range(_HEAD_SIZE, end, _ENTRY_SIZE)
        ]
        return True

    def _is_ours(self, frame, mac):
        if len(self._key) < KEY_MIN:
            return False
        signed = self._device + b"\0" + codec.order_signed_part(frame)
        return same(hmac_sha256(self._key, signed), mac)

    def _again(self, order):
        """The Taken for an order that was applied already, or None.

        A remembered answer counts only while what it brought is in force: a settings or fences
        file that was lost makes its order new. In force and not remembered is an order whose
        start was cut short between its files: it is remembered now, and answered.
        """
        version = order["version"]
        in_force = self._version_in_force(order["order_kind"])
        if 0 <= in_force < version:
            return None
        for kind, order_id, its_version, result in self._answered:
            if kind == order["order_kind"] and its_version == version:
                same_order = order_id == order["order_id"]
                return Taken([_answer(order, result, 0)], None, ()) if same_order else None
        return self._applied(order, None, ()) if version == in_force else None

    def _version_in_force(self, kind):
        """The version in force from flash, of those kinds that have one; -1 for the others."""
        if kind == SETTINGS:
            return self._settings.version
        return self._fences.version if kind == FENCES else -1

    def _too_late(self, order, time_s):
        """The reason not to look into the body, or 0."""
        kind = order["order_kind"]
        if kind not in (SETTINGS, FENCES, COMMAND):
            return UNKNOWN_KIND
        last = self._command_version if kind == COMMAND else self._version_in_force(kind)
        if order["version"] <= last:
            return OLD_VERSION
        if not order["expires_s"]:
            return 0
        if not time_s:
            return NO_CLOCK
        return EXPIRED if time_s >= order["expires_s"] else 0

    def _apply(self, order):
        """Look into the body. One that is too large for the heap is refused, not died of."""
        kind = order["order_kind"]
        try:
            values = codec.decode_body(kind, order["body"])
            reason = self._put_in_force(kind, order["version"], values)
        except codec.WireError:
            reason = BAD_BODY
        except MemoryError:
            reason = NO_ROOM
        if reason:
            return self._refuse(order, reason)
        files = ()
        if kind == SETTINGS:
            files = (("settings", self._settings.save()),)
        elif kind == FENCES:
            files = (("fences", fence_file(order["version"], order["body"])),)
        return self._applied(order, values if kind == COMMAND else None, files)

    def _put_in_force(self, kind, version, values):
        if kind == SETTINGS:
            return self._settings.apply(version, values["settings"])
        if kind == FENCES:
            return self._fences.replace(version, values)
        self._command_version = version
        return 0

    def _applied(self, order, command, files):
        entry = (order["order_kind"], order["order_id"], order["version"], APPLIED)
        self._answered = self._answered[1 - ANSWERED :] + [entry]
        files += (("orders", self.save()),)
        return Taken([_answer(order, APPLIED, 0)], command, files)

    def _refuse(self, order, reason):
        self.refused += 1
        return Taken([_answer(order, REFUSED, reason)], None, ())


def hmac_sha256(key, message):
    """HMAC-SHA256 (RFC 2104) of `message` with a `key` of any length, 32 bytes."""
    if len(key) > _BLOCK:
        key = sha256(key).digest()
    key = key + bytes(_BLOCK - len(key))
    inner = sha256(bytes([byte ^ 0x36 for byte in key]))
    inner.update(message)
    outer = sha256(bytes([byte ^ 0x5C for byte in key]))
    outer.update(inner.digest())
    return outer.digest()


def same(one, other):
    """Whether two byte strings are equal, in a time that does not tell where they differ."""
    if len(one) != len(other):
        return False
    difference = 0
    for i in range(len(one)):
        difference |= one[i] ^ other[i]
    return difference == 0


def _answer(order, result, reason):
    return {
        "order_id": order["order_id"],
        "order_version": order["version"],
        "result": result,
        "reason": reason,
    }
