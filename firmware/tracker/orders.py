"""Orders from the gateway: believed only when signed, applied whole or not at all, answered.

An order's MAC is HMAC-SHA256 with the tracker's own key over the device's name, a zero byte and
the frame before the MAC, so that an order for one tracker is worth nothing to another. Checked in
this turn: signature, answered before?, kind, version, expiry, body; the first that fails is the
reason of REFUSED. Only an order that expires, while the clock is unknown, is neither: it is
answered RECEIVED with NO_CLOCK, and is to be taken again when the time is known.

What an order brings is looked through, then written to flash, then put in force, then answered
(order_changes.py). Flash that cannot be written refuses the order (NO_FLASH), one that the heap is
too small for is refused too (NO_ROOM), and nothing of it is in force. Power that goes in between
leaves the old or the new file whole; if it is the new one, the order is in force at the next start,
and answered when it comes again. So it is when memory fails after flash has the new fences: a
restart is asked for, without an answer.

Versions rise per kind, and one at or below the last applied is refused as old; but for commands
that last one is in flash with what it brought, so that no cut of power can put the two at odds. An
order that was applied and comes again (its answer was lost) is answered as before and not done
twice: the last ANSWERED of them are remembered. Only ALARM_CLOSED is, for it changes nothing the
second time, and power may have gone before it was done. Flash that does not take that memory stops
no order but RESTART, which could be done again after every start. A refusal is not remembered: the
same order gets the same answer.

A fence order is answered twice: APPLIED, and ARMED once a good fix has been judged under it.
"""

import struct
from collections import namedtuple

from tracker import order_changes
from trygg_wire import codec
from trygg_wire.crc16 import crc16, fits
from trygg_wire.layouts import (
    ALARM_CLOSED,
    APPLIED,
    ARMED,
    BAD_BODY,
    BAD_SIGNATURE,
    COMMAND,
    EXPIRED,
    FENCES,
    NO_CLOCK,
    NO_FLASH,
    NO_ROOM,
    OLD_VERSION,
    ORDER,
    RECEIVED,
    REFUSED,
    RESTART,
    UNKNOWN_KIND,
)

ANSWERED = 16  # applied orders remembered with their answers
_FORMAT = 1
_HEAD = ">BIB"  # format, last command's version, how many
_ENTRY = ">BIIB"  # kind, id, version, result
_HEAD_SIZE = struct.calcsize(_HEAD)
_ENTRY_SIZE = struct.calcsize(_ENTRY)

# answers: list of dicts for an ANSWER record; command: its body (dict) or None, to be done once;
# changed: True when settings, fences, keys or anchors are others than before
# restart: True when the tracker is to start anew at once, for its fences to be those of flash
Taken = namedtuple("Taken", ("answers", "command", "changed", "restart"))
_NOTHING = Taken([], None, False, False)
_START_ANEW = Taken([], None, False, True)


class Orders:
    """Takes order frames for `device` (its name) and changes `homes`, an order_changes.Homes.

    `keep(name, parts)` replaces a file in /state or raises OSError. refused counts orders that were
    refused, damaged frames that are no order at all, flash_errors what could not be kept.
    """

    def __init__(self, device, homes, keep):
        self.refused = 0
        self.damaged = 0
        self.flash_errors = 0
        self._named = device.encode() + b"\0"
        self._homes = homes
        self._keep = keep
        self._command_version = 0
        self._answered = []  # (kind, order_id, version, result), oldest first

    def take(self, frame, time_s):
        """A Taken for the frame (bytes) of an order; `time_s` is UTC, 0 while it is unknown."""
        view = memoryview(frame)
        try:
            kind, order = codec.decode(view)
        except codec.WireError:
            kind = None
        if kind != ORDER:
            self.damaged += 1
            return _NOTHING
        if not self._is_ours(order["mac"], codec.order_signed_part(view)):
            return self._refuse(order, BAD_SIGNATURE)
        again = self._again(order)
        if again:
            return again
        reason = self._too_late(order, time_s)
        if reason == NO_CLOCK:
            return _answer(order, RECEIVED, NO_CLOCK)
        if reason:
            return self._refuse(order, reason)
        return self._apply(order)

    def armed(self):
        """A Taken with the answer ARMED for the fences in force, once they have judged a fix."""
        fences = self._homes.fences
        if not fences.armed:
            return _NOTHING
        for i in range(len(self._answered)):
            kind, order_id, version, result = self._answered[i]
            if kind == FENCES and version == fences.version and result == APPLIED:
                self._answered[i] = (kind, order_id, version, ARMED)
                self.keep("orders", (self.save(),))
                return _answer({"order_id": order_id, "version": version}, ARMED, 0)
        return _NOTHING

    def keep(self, name, parts):
        """Replace a file in /state; False, and counted, if the flash does not take it. MemoryError
        for fences that there is no room for."""
        try:
            self._keep(name, parts)
        except (OSError, MemoryError) as error:
            if name == "fences" and isinstance(error, MemoryError):
                raise
            self.flash_errors += 1
            return False
        return True

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

    # -- whether to look into it -----------------------------------------------------------

    def _is_ours(self, mac, signed):
        """Whether the signature is one of ours; the first by the next key ends the one before.

        If flash does not take that, both are there again after a start, which does no harm.
        """
        keys = self._homes.keys
        if keys.is_next(mac, self._named, signed):
            keys.hand_over()
            if self.keep("keys", (keys.save(),)):
                self.keep("keys2", (keys.save(),))
            return True
        return keys.believes(mac, self._named, signed)

    def _again(self, order):
        """The Taken for an order that was applied already, or None.

        A remembered answer counts only while what it brought is in force: a settings or fences
        file that was lost makes its order new. In force and not remembered is an order whose
        start was cut short between its files: it is remembered now, and answered.
        """
        version = order["version"]
        home = order_changes.home(self._homes, order["order_kind"])
        if home and home.version < version:
            return None
        for kind, order_id, its_version, result in self._answered:
            if kind == order["order_kind"] and its_version == version:
                if order_id != order["order_id"]:
                    return None
                command = codec.decode_body(COMMAND, order["body"]) if kind == COMMAND else None
                if command and command["command"] != ALARM_CLOSED:
                    command = None
                return _answer(order, result, 0, command)
        if home and home.version == version:
            self._remember(order)
            return _answer(order, APPLIED, 0)
        return None

    def _too_late(self, order, time_s):
        """The reason not to look into the body, or 0."""
        home = order_changes.home(self._homes, order["order_kind"])
        if home is None and order["order_kind"] != COMMAND:
            return UNKNOWN_KIND
        if order["version"] <= (home.version if home else self._command_version):
            return OLD_VERSION
        if not order["expires_s"]:
            return 0
        if not time_s:
            return NO_CLOCK
        return EXPIRED if time_s >= order["expires_s"] else 0

    # -- looking into it -------------------------------------------------------------------

    def _apply(self, order):
        """Look into the body. One that is too large for the heap is refused, not died of."""
        kind, body = order["order_kind"], order["body"]
        command = None
        try:
            if kind == COMMAND:
                command = codec.decode_body(COMMAND, body)
                reason = self._take_command(order, command["command"])
            else:
                change = order_changes.CHANGES[kind]
                reason = change(self._homes, order["version"], body, self.keep)
        except codec.WireError:
            reason = BAD_BODY
        except MemoryError:
            reason = NO_ROOM
        if reason == order_changes.AT_THE_NEXT_START:
            return _START_ANEW
        if reason:
            return self._refuse(order, reason)
        if kind != COMMAND:
            self._remember(order)
        return _answer(order, APPLIED, 0, command, kind != COMMAND)

    def _take_command(self, order, command):
        before = self._command_version, self._answered
        self._command_version = order["version"]
        if not self._remember(order) and command == RESTART:
            self._command_version, self._answered = before
            return NO_FLASH
        return 0

    def _remember(self, order):
        """Answer this order the same when it comes again; False if only until the next start."""
        entry = (order["order_kind"], order["order_id"], order["version"], APPLIED)
        self._answered = self._answered[1 - ANSWERED :] + [entry]
        return self.keep("orders", (self.save(),))

    def _refuse(self, order, reason):
        self.refused += 1
        return _answer(order, REFUSED, reason)


def _answer(order, result, reason, command=None, changed=False):
    """A Taken with one answer."""
    answer = {
        "order_id": order["order_id"],
        "order_version": order["version"],
        "result": result,
        "reason": reason,
    }
    return Taken([answer], command, changed, False)
