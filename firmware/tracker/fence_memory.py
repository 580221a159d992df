"""What the fences know, as bytes that survive a sleep and a reset.

The bytes fit RTC memory beside the rest of the tracker's, and carry their own CRC; the newest
FIXES_KEPT fixes go along, so that the first fix after a sleep is judged against the one before
it and an alarm has its evidence. A fence is recognised by its number and its definition's mark,
never by the version of its set: what has not changed keeps what it knew, what has changed knows
nothing, and bytes written under another version do no harm.
"""

import struct

from tracker.fix import Fix
from trygg_wire.crc16 import crc16, fits
from trygg_wire.layouts import OUTSIDE

FIXES_KEPT = 3
_FORMAT = 2
# format, version, now, utc, last fix at, end of OpenExits' budget, flags, fences, fixes
_HEAD = ">BIIIIIBBB"
_FENCE = ">BIBBIBBHi"  # number, mark, state and flags, votes, near since, Doubt.save's
_FIX = ">IiiIHHB"
_HEAD_SIZE = struct.calcsize(_HEAD)
_FENCE_SIZE = struct.calcsize(_FENCE)
_FIX_SIZE = struct.calcsize(_FIX)
SIZE_MAX = _HEAD_SIZE + 16 * _FENCE_SIZE + FIXES_KEPT * _FIX_SIZE + 2


class Memory:
    """What is taken along: the FenceSet fills it for `pack`, and takes it from `unpack`.

    fixes: of Fix, newest first. now_s, fix_at_s, exits_next_s: on the FenceSet's clock; time_s:
    the UTC of now_s or 0. saved: what `give_back` gives the fences.
    """

    def __init__(self, version, now_s, time_s, fix_at_s, armed, no_fix_said, exits_next_s):
        self.version = version
        self.now_s = now_s
        self.time_s = time_s
        self.fix_at_s = fix_at_s
        self.armed = armed
        self.no_fix_said = no_fix_said
        self.exits_next_s = exits_next_s
        self.fixes = []
        self.saved = []


def pack(memory, fences):
    """The bytes of a Memory and its fences, at most SIZE_MAX."""
    fixes = memory.fixes[:FIXES_KEPT]
    flags = (1 if memory.armed else 0) | (2 if memory.no_fix_said else 0)
    times = (memory.now_s, memory.time_s, memory.fix_at_s, memory.exits_next_s)
    counts = (flags, len(fences), len(fixes))
    parts = [struct.pack(_HEAD, *((_FORMAT, memory.version) + times + counts))]
    for fence in fences:
        parts.append(struct.pack(_FENCE, *_row(fence, memory.now_s)))
    for fix in fixes:
        place = (fix.time_s, fix.lat_e6, fix.lon_e6, fix.accuracy_dm)
        rest = (min(fix.speed_dm_s, 65535), fix.course_deg, min(fix.satellites, 255))
        parts.append(struct.pack(_FIX, *(place + rest)))
    data = b"".join(parts)
    return data + struct.pack(">H", crc16(data))


def unpack(data):
    """The Memory in `data`; None if damaged."""
    if len(data) < _HEAD_SIZE + 2 or not fits(data) or data[0] != _FORMAT:
        return None
    head = struct.unpack_from(_HEAD, data, 0)
    _format, version, now_s, time_s, fix_at_s, exits_next_s, flags, fence_count, fix_count = head
    fixes_at = _HEAD_SIZE + fence_count * _FENCE_SIZE
    if len(data) != fixes_at + fix_count * _FIX_SIZE + 2 or fix_at_s > now_s:
        return None
    said = (bool(flags & 1), bool(flags & 2), exits_next_s)
    memory = Memory(version, now_s, time_s, fix_at_s, *said)
    for at in range(fixes_at, len(data) - 2, _FIX_SIZE):
        memory.fixes.append(Fix(*(struct.unpack_from(_FIX, data, at) + (0,))))
    for at in range(_HEAD_SIZE, fixes_at, _FENCE_SIZE):
        memory.saved.append(struct.unpack_from(_FENCE, data, at))
    return memory


def give_back(memory, fences):
    """Let each of `fences` know what was saved of it, and nothing else."""
    for fence in fences:
        fence.forget()
        for number, mark, state, votes, near_since_s, *doubt in memory.saved:
            if fence.number == number and fence.mark == mark and state & 7 <= OUTSIDE:
                fence.state = state & 7
                fence.been_inside = bool(state & 8)
                fence.near_said = bool(state & 16)
                fence.began = bool(state & 32)
                fence.in_force = bool(state & 64) or not fence.windows
                fence.returning = bool(state & 128)
                fence.out_votes = votes >> 3 & 7
                fence.in_votes = votes & 7
                fence.near_since_s = near_since_s
                fence.doubt.load(doubt, memory.now_s)
                fence.take_up(memory.time_s)


def returned(data, fences):
    """The bytes `data` with each exit in them that is over now made one that is perhaps over.

    For RTC memory before a BACK is kept: after a reset in between, the next fixes say either BACK,
    perhaps again, or LEFT (Fence.returning). Nothing else changes; bytes that are damaged stay so.
    """
    memory = unpack(data)
    if memory is None:
        return data
    changed = bytearray(data[:-2])
    for i in range(len(memory.saved)):
        number, mark, state = memory.saved[i][:3]
        for fence in fences:
            ours = fence.number == number and fence.mark == mark
            if ours and state & 7 == OUTSIDE and fence.state != OUTSIDE:
                at = _HEAD_SIZE + i * _FENCE_SIZE + 5
                changed[at] = state & 0x78 | 128
                changed[at + 1] = 0  # votes
    return bytes(changed) + struct.pack(">H", crc16(changed))


def _row(fence, now_s):
    state = fence.state
    flags = (fence.been_inside, fence.near_said, fence.began, fence.in_force, fence.returning)
    for i in range(len(flags)):
        state |= 8 << i if flags[i] else 0
    votes = fence.out_votes << 3 | fence.in_votes
    row = (fence.number, fence.mark, state, votes, fence.near_since_s)
    return row + fence.doubt.save(now_s)
