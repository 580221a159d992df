"""The fences of flash with their shapes computed, so that a start has them in milliseconds.

Every wake from deep sleep is a start, and computing 16 polygons of 64 corners from the signed body
would take a chip seconds. What is in force is the signed body's, always: this file says of which
bytes of the fences' file it was made, and by which firmware, and is not used for any other, nor
damaged; then it is computed and written anew.

The file: head (of the firmware and of the fences' file a check, version, zone, how many), for each
fence its numbers, windows and shape (array("i"), low byte first, as each of our chips has it), and
crc32 of it all. It is written and read fence by fence.
"""

import struct
from array import array
from binascii import crc32

from tracker import VERSION, shape, state_files
from tracker.fence_rule import Fence

_HEAD = "<IIIhBB"
_FENCE = "<BBBHIHH"  # number, keep, private, buffer_dm, mark, bytes of windows and of shape
_FIRMWARE = crc32((VERSION + _HEAD + _FENCE).encode()) & 0xFFFFFFFF


def mark_of(parts):
    """What the fences' file, made of these parts, is known by."""
    mark = 0
    for part in parts:
        mark = crc32(part, mark)
    return mark & 0xFFFFFFFF


def parts(fences, mark):
    """The file for the FenceSet `fences`, whose own file has the mark `mark`, part by part."""
    offset_min, dst = fences.zone
    part = struct.pack(_HEAD, _FIRMWARE, mark, fences.version, offset_min, dst, len(fences.all()))
    check = crc32(part)
    yield part
    for fence in fences.all():
        head = (fence.number, fence.keep, fence.private, fence.buffer_dm, fence.mark)
        data = bytes(fence.shape.data)
        part = struct.pack(_FENCE, *head, len(fence.windows), len(data)) + fence.windows + data
        check = crc32(part, check)
        yield part
    yield struct.pack("<I", check & 0xFFFFFFFF)


def restore(fences, flash, mark):
    """Put the fences in force in the FenceSet `fences`, which has none; False, and nothing done, if
    the file is not there, damaged, or not of the fences' file with that mark and this firmware."""
    file = state_files.open_to_read(flash, "shapes")
    if file is None:
        return False
    try:
        found = _read(file, mark)
    except (OSError, MemoryError):
        found = None
    file.close()
    if found is None:
        return False
    fences.take(*found)
    return True


def _read(file, mark):
    """(version, zone, fences) of an open file; None as in `restore`."""
    head = file.read(struct.calcsize(_HEAD))
    if len(head) < struct.calcsize(_HEAD):
        return None
    firmware, made_of, version, offset_min, dst, count = struct.unpack(_HEAD, head)
    if firmware != _FIRMWARE or made_of != mark:
        return None
    zone, fences, check = (offset_min, dst), [], crc32(head)
    for _ in range(count):
        fence, check = _read_fence(file, zone, check)
        if fence is None:
            return None
        fences.append(fence)
    if file.read(8) != struct.pack("<I", check & 0xFFFFFFFF):
        return None
    return version, zone, fences


def _read_fence(file, zone, check):
    """(Fence or None, the crc32 so far)."""
    head = file.read(struct.calcsize(_FENCE))
    if len(head) < struct.calcsize(_FENCE):
        return None, 0
    number, keep, private, buffer_dm, mark, windows_size, size = struct.unpack(_FENCE, head)
    windows, data = file.read(windows_size), file.read(size)
    if len(windows) < windows_size or len(data) < size or size & 3:
        return None, 0
    its_shape = shape.ready(array("i", data))
    if its_shape is None:
        return None, 0
    numbers = (number, keep, private, buffer_dm)
    fence = Fence(numbers, mark, its_shape, windows, zone)
    return fence, crc32(data, crc32(windows, crc32(head, check)))
