"""The exits that are open, in flash, so that a new battery says none of them again.

After a loss of power everything else about a fence is unknown again: the first good fixes outside
are an exit with reason BOOT, also one that happened while the power was gone. Only an exit that
flash knows as open is not said again, and only within AGE_MAX_S of when flash was told: after a
longer time nobody knows whether it is still the same one, so it is said again, as BOOT.

What flash holds may be too little but never too much, since too much would hide an exit: an exit
that is over is taken out at once, a new one is put in when there is budget. Flash is written
  - with open exits in it at most WRITES_A_DAY times (one each EVERY_S, and BURST saved up); that
    is at a new exit, at the return from one of several, and each REFRESH_S while any is open;
  - with none in it at once, which takes one of the others before, so as often at most.
Ordinary days write nothing. The file: format, UTC, count, number and mark of each fence, CRC-16.
"""

import struct

from trygg_wire.crc16 import crc16, fits
from trygg_wire.layouts import OUTSIDE

EVERY_S = 900
BURST = 4
REFRESH_S = 1800
AGE_MAX_S = 3600
WRITES_A_DAY = 86400 // EVERY_S + BURST
_FORMAT = 1
_HEAD = ">BIB"
_ENTRY = ">BI"
_HEAD_SIZE = struct.calcsize(_HEAD)
_ENTRY_SIZE = struct.calcsize(_ENTRY)
SIZE_MAX = _HEAD_SIZE + 16 * _ENTRY_SIZE + 2


class OpenExits:
    """What flash holds, and when it may hold something else.

    next_s: on the FenceSet's clock, the end of the budget spent; it survives in RTC memory.
    """

    def __init__(self):
        self.next_s = 0
        self._held = []  # (number, mark) as in flash
        self._held_utc = 0  # when that was
        self._doubtful = ()  # of _held, those that are known from flash alone
        self._now_s = 0

    def owed(self, fences, clock):
        """The bytes that flash should be told now, or None. `clock`: the FenceSet's Elapsed."""
        out = _open(fences)
        if out == self._held and (not out or clock.time_s - self._held_utc < REFRESH_S):
            return None
        return self._affordable(out, clock)

    def ended(self, fences, clock):
        """The same for what flash holds and is over, without what is new."""
        out = _open(fences)
        still = [entry for entry in self._held if entry in out]
        return None if still == self._held else self._affordable(still, clock)

    def _affordable(self, out, clock):
        """`out` as bytes if there is budget; else nothing at all, if what flash holds is wrong."""
        self._now_s = clock.now_s
        if not out or self.next_s - clock.now_s <= (BURST - 1) * EVERY_S:
            return _pack(out, clock.time_s)
        for entry in self._held:
            if entry not in out:
                return _pack([], clock.time_s)
        return None

    def kept(self, data):
        """Flash holds `data`, which `owed` gave."""
        self._held_utc, self._held = _unpack(data)
        if self._held:
            self.next_s = max(self.next_s, self._now_s) + EVERY_S

    def load(self, data, fences):
        """Open the exits that flash holds; False, and nothing changed, if `data` is damaged."""
        found = _unpack(data)
        if found is None:
            return False
        self._held_utc, self._held = found
        doubtful = []
        for fence in fences:
            if (fence.number, fence.mark) in self._held:
                fence.state = OUTSIDE
                fence.take_up(self._held_utc)
                doubtful.append((fence.number, fence.mark))
        self._doubtful = doubtful
        return True

    def believe(self):
        """RTC memory knows the same and more: nothing of it is in doubt."""
        self._doubtful = ()

    def doubt(self, utc, fences):
        """Forget what flash alone knew, if by the clock it is too old to be the same exit."""
        if not utc or not self._doubtful:
            return
        if not 0 <= utc - self._held_utc <= AGE_MAX_S:
            for fence in fences:
                if (fence.number, fence.mark) in self._doubtful:
                    fence.doubt_exit()
        self._doubtful = ()


def _open(fences):
    return [(fence.number, fence.mark) for fence in fences if fence.state == OUTSIDE]


def _pack(entries, utc):
    data = struct.pack(_HEAD, _FORMAT, utc, len(entries))
    for entry in entries:
        data += struct.pack(_ENTRY, *entry)
    return data + struct.pack(">H", crc16(data))


def _unpack(data):
    """(UTC, list of (number, mark)), None if damaged."""
    if len(data) < _HEAD_SIZE + 2 or not fits(data) or data[0] != _FORMAT:
        return None
    _format, utc, count = struct.unpack_from(_HEAD, data, 0)
    end = _HEAD_SIZE + count * _ENTRY_SIZE
    if len(data) != end + 2:
        return None
    return utc, [struct.unpack_from(_ENTRY, data, at) for at in range(_HEAD_SIZE, end, _ENTRY_SIZE)]
