"""Which start of the tracker this is: a number that no start before it had (promise 1).

It stands in two files that are written in turns, the lower one first, each with its CRC; the higher
sound one counts. So a cut while one is written, or one that rots, leaves the other:

- both sound: one more than the higher;
- one lost: it may have been one ahead of the other, so two more, and both are written anew;
- both lost, or never provisioned: any number of three bytes, by chance, for nobody knows better.

Never less than one more than provisioning's `boot_floor`, than every boot that waits in the outbox,
and than what the gateway teaches (Recorder.learn).
"""

import struct
from binascii import crc32

from tracker import state_files

MOST = (1 << 28) - 1  # from 1 << 29 on the gateway names records itself: WIRE.md
UNKNOWN = -1  # of a floor: provisioning said nothing

_NAMES = ("boot0", "boot1")
_FORMAT = "<II"
_LOST = -1
_CHANCE_FROM = 1 << 14  # from here on a number takes three bytes of a record,
_CHANCE_SPAN = 1 << 20  # up to 1 << 21


def next_boot(flash, floor, seen, noise):
    """The number of this start; `floor` of provisioning, `seen` in the outbox, `noise` chance."""
    last = _last(flash)
    if last == _LOST or (last == 0 and floor == UNKNOWN):
        last = _CHANCE_FROM + noise % _CHANCE_SPAN
    return min(max(last, floor, seen), MOST - 1) + 1


def keep(flash, boot):
    """Have the number of this start in flash; OSError when that cannot be written."""
    data = struct.pack("<I", boot)
    data += struct.pack("<I", crc32(data) & 0xFFFFFFFF)
    numbers = [_read(flash, name) for name in _NAMES]
    lower = 0 if numbers[0] <= numbers[1] else 1
    state_files.save(flash, _NAMES[lower], data)
    if numbers[1 - lower] != boot - 1 or boot == 1:
        state_files.save(flash, _NAMES[1 - lower], data)


def _last(flash):
    """The number of the last start at most, 0 when there was none, _LOST when nobody knows."""
    low, high = sorted([_read(flash, name) for name in _NAMES])
    if low > 0:
        return high
    if high > 0:
        return high + 1
    return 0 if low == 0 else _LOST


def _read(flash, name):
    """The number in a file, 0 when there is no such file, _LOST when it is not to be had."""
    data = state_files.load(flash, name)
    if data == b"":
        return 0
    if data is None or len(data) != 8:
        return _LOST
    boot, crc = struct.unpack(_FORMAT, data)
    sound = crc == crc32(data[:4]) & 0xFFFFFFFF and 0 < boot <= MOST
    return boot if sound else _LOST
