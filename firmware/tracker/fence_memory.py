"""What the fences know, as bytes that survive a sleep, a reset and a new battery.

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
_FORMAT = 1
_HEAD = ">BIIIIBBB"  # format, version, now, utc, last fix at, flags, fences, fixes
_FENCE = ">BIBBI"  # number, mark, state and flags, votes, near since
_FIX = ">IiiIHHB"
_HEAD_SIZE = struct.calcsize(_HEAD)
_FENCE_SIZE = struct.calcsize(_FENCE)
_FIX_SIZE = struct.calcsize(_FIX)
SIZE_MAX = _HEAD_SIZE + 16 * _FENCE_SIZE + FIXES_KEPT * _FIX_SIZE + 2


class Memory:
    """What is taken along: the FenceSet fills it for `pack`, and takes it from `unpack`.

    fences: a list of Fence. fixes: of Fix, newest first. now_s, fix_at_s: on the FenceSet's
    clock; time_s: the UTC of now_s or 0.
    """

    def __init__(self, version, now_s, time_s, fix_at_s, armed, no_fix_said):
        self.version = version
        self.now_s = now_s
        self.time_s = time_s
        self.fix_at_s = fix_at_s
        self.armed = armed
        self.no_fix_said = no_fix_said
        self.fixes = []


def carry_over(old, new):
    """Let each Fence of `new` that is defined as one of `old` know what that one knew."""
    for fence in new:
        for before in old:
            if before.mark == fence.mark and before.number == fence.number:
                _copy(before, fence)


def pack(memory, fences):
    """The bytes of a Memory and its fences, at most SIZE_MAX."""
    fixes = memory.fixes[:FIXES_KEPT]
    flags = (1 if memory.armed else 0) | (2 if memory.no_fix_said else 0)
    head = (_FORMAT, memory.version, memory.now_s, memory.time_s, memory.fix_at_s, flags)
    parts = [struct.pack(_HEAD, *(head + (len(fences), len(fixes))))]
    for fence in fences:
        state = fence.state | (8 if fence.been_inside else 0) | (16 if fence.near_said else 0)
        votes = fence.out_votes << 3 | fence.in_votes
        parts.append(
            struct.pack(_FENCE, fence.number, fence.mark, state, votes, fence.near_since_s)
        )
    for fix in fixes:
        place = (fix.time_s, fix.lat_e6, fix.lon_e6, fix.accuracy_dm)
        rest = (min(fix.speed_dm_s, 65535), fix.course_deg, min(fix.satellites, 255))
        parts.append(struct.pack(_FIX, *(place + rest)))
    data = b"".join(parts)
    return data + struct.pack(">H", crc16(data))


def unpack(data, fences):
    """The Memory in `data`, and what it holds of `fences` put into them; None if damaged."""
    if len(data) < _HEAD_SIZE + 2 or not fits(data) or data[0] != _FORMAT:
        return None
    head = struct.unpack_from(_HEAD, data, 0)
    _format, version, now_s, time_s, fix_at_s, flags, fence_count, fix_count = head
    fixes_at = _HEAD_SIZE + fence_count * _FENCE_SIZE
    if len(data) != fixes_at + fix_count * _FIX_SIZE + 2 or fix_at_s > now_s:
        return None
    memory = Memory(version, now_s, time_s, fix_at_s, bool(flags & 1), bool(flags & 2))
    for at in range(fixes_at, len(data) - 2, _FIX_SIZE):
        memory.fixes.append(Fix(*(struct.unpack_from(_FIX, data, at) + (0,))))
    for at in range(_HEAD_SIZE, fixes_at, _FENCE_SIZE):
        _remember(struct.unpack_from(_FENCE, data, at), fences)
    return memory


def _remember(saved, fences):
    """Give what was saved to the fence it was saved of, if that is still there."""
    number, mark, state, votes, near_since_s = saved
    for fence in fences:
        if fence.number == number and fence.mark == mark and state & 7 <= OUTSIDE:
            fence.state = state & 7
            fence.been_inside = bool(state & 8)
            fence.near_said = bool(state & 16)
            fence.out_votes = votes >> 3 & 7
            fence.in_votes = votes & 7
            fence.near_since_s = near_since_s


def _copy(before, fence):
    fence.state = before.state
    fence.been_inside = before.been_inside
    fence.near_said = before.near_said
    fence.out_votes = before.out_votes
    fence.in_votes = before.in_votes
    fence.near_since_s = before.near_since_s
    fence.distance_cm = before.distance_cm
