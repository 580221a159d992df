"""Runs under MicroPython: the outbox and the boot number on LittleFS itself, in a RAM block device.

`micropython -X heapsize=6m on_littlefs.py FIRMWARE STEP` lives a short life (a small ring filled
past its end, acks, settings, three starts) while every write and erase of the device is noted.
Then, for every STEPth of them, the device as a cut in the middle of it leaves it (the operation not
begun, half done, or done with its last bytes wrong) is mounted and the firmware started on it:
what was kept must be there. Prints one JSON line.
"""

import json
import struct
import sys

import vfs

sys.path.insert(0, sys.argv[1])
sys.path.insert(0, sys.argv[1] + "/esp32")

from flash import Flash

from tracker import boot_number, state_files
from tracker.outbox import Outbox

BLOCK, BLOCKS = 4096, 40
SLOTS, SEGMENT = 5, 512
ALARMS = (3, 4, 11, 19, 27, 28, 35, 44, 57)


class Device:
    """A block device that notes what is done to it."""

    def __init__(self, data):
        self.data = data
        self.log = None
        self.erased = 0

    def readblocks(self, number, buffer, offset=0):
        at = number * BLOCK + offset
        buffer[:] = self.data[at : at + len(buffer)]

    def writeblocks(self, number, buffer, offset=0):
        self._put(number * BLOCK + offset, bytes(buffer))

    def ioctl(self, operation, number):
        if operation == 4:
            return BLOCKS
        if operation == 5:
            return BLOCK
        if operation == 6:
            self.erased += 1
            self._put(number * BLOCK, None)
        return 0

    def _put(self, at, data):
        if self.log is not None:
            self.log.append((at, data))
        if data is None:
            data = b"\xff" * BLOCK
        self.data[at : at + len(data)] = data


def mounted(device):
    """The device's file system as the root of all names."""
    vfs.mount(vfs.VfsLfs2(device), "/")
    return Flash()


def frame_of(seq):
    return bytes([seq]) * 40


def opened(flash):
    outbox = Outbox(flash, SLOTS, SEGMENT)
    outbox.open()
    return outbox


def start(flash, noise):
    outbox = opened(flash)
    boot = boot_number.next_boot(flash, 0, outbox.highest_boot(), noise)
    boot_number.keep(flash, boot)
    return boot, outbox


def waiting(outbox):
    return {outbox.identity(place): place for place in range(outbox.waiting())}


def live(flash, device, notes):
    """The life; notes get (writes so far, what must be kept, boot, settings)."""
    boots, seq = [], 0
    for last in (25, 50, 70):
        boot, outbox = start(flash, len(boots))
        boots.append(boot)
        while seq < last:
            seq += 1
            assert outbox.append(0 if seq in ALARMS else 1, boot, seq, frame_of(seq), 0)
            if seq % 20 == 0:
                state_files.save(flash, "settings", struct.pack("<I", seq) * 50)
            if seq in (12, 60):
                for place in range(outbox.waiting()):
                    outbox.sent(place)
                outbox.ack(boot, seq - 5, [{"first": seq - 9, "count": 2}])
            notes.append((len(device.log), set(waiting(outbox)), boot, seq // 20 * 20))


def check(data, before, after):
    """What a start on such a device finds; a sentence, or None when all is well."""
    device = Device(data)
    flash = mounted(device)
    try:
        boot, outbox = start(flash, 5)
        there = waiting(outbox)
        for identity in before[1] & after[1]:
            if identity not in there:
                return f"record {identity} is lost"
        for identity in there:
            if outbox.frame(there[identity]) != frame_of(identity[1]):
                return f"record {identity} is anothers"
        if boot <= before[2]:
            return f"boot {boot} was used before"
        settings = state_files.load(flash, "settings")
        wanted = [struct.pack("<I", one[3]) * 50 if one[3] else b"" for one in (before, after)]
        if settings not in wanted:
            return "the settings are neither old nor new"
        if not outbox.append(0, boot, 1, frame_of(1), 0):
            return "a record is refused"
        if (boot, 1) not in waiting(opened(flash)):
            return "the newest record is lost"
    finally:
        vfs.umount("/")
    return None


def states(base, log):
    """Each device that a cut leaves: (write that was cut, its data)."""
    data = bytearray(base)
    for number, (at, part) in enumerate(log):
        whole = part or b"\xff" * BLOCK
        yield number, bytearray(data)
        half = bytearray(data)
        half[at : at + len(whole) // 2] = whole[: len(whole) // 2]
        yield number, half
        data[at : at + len(whole)] = whole
        if part is not None:
            wrong = bytearray(data)
            for last in range(at + len(whole) - 4, at + len(whole)):
                wrong[last] &= 0x5A
            yield number, wrong


def wear(flash, device):
    """(sectors counted, blocks erased) for records, for files of state written anew, and for ready
    shapes, which are larger than a block."""
    before = flash.sectors(), device.erased
    outbox = Outbox(flash)
    outbox.open()
    for seq in range(300):
        outbox.append(1, 9, seq + 1, bytes(100), 0)
    middle = flash.sectors(), device.erased
    for number in range(200):
        state_files.save(flash, "fences", bytes([number]) * (8 if number % 2 else 3000))
    small = flash.sectors(), device.erased
    for size in (4095, 4096, 9000, 14000) * 5:
        pieces = [bytes(890)] * (size // 890) + [bytes(size % 890)]
        state_files.save_parts(flash, "shapes", pieces)
    after = flash.sectors(), device.erased
    return [
        (middle[0] - before[0], middle[1] - before[1]),
        (small[0] - middle[0], small[1] - middle[1]),
        (after[0] - small[0], after[1] - small[1]),
    ]


def main(step):
    vfs.umount("/")
    device = Device(bytearray(b"\xff" * (BLOCK * BLOCKS)))
    vfs.VfsLfs2.mkfs(device)
    base = bytes(device.data)
    device.log, notes = [], [(0, set(), 0, 0)]
    flash = mounted(device)
    live(flash, device, notes)
    log, device.log = device.log, None
    worn = wear(flash, device)
    vfs.umount("/")
    faults, tried, at = [], 0, 0
    for count, (number, data) in enumerate(states(base, log)):
        while at + 1 < len(notes) and notes[at + 1][0] <= number:
            at += 1
        if count % step:
            continue
        tried += 1
        fault = check(data, notes[at], notes[min(at + 1, len(notes) - 1)])
        if fault:
            faults.append(f"cut in write {number}: {fault}")
    print(json.dumps({"writes": len(log), "states": tried, "faults": faults[:10], "wear": worn}))


main(int(sys.argv[2]))
