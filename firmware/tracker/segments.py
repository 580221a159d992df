"""A ring of small files in flash that knows two operations: append records, remove a file.

`slots` files of at most `segment_bytes`, one flash block each. Records are appended to the newest
file and the file closed before `put` returns; nothing is ever changed in place. A file is a head
(mark, generation, crc32) and records (mark, lane, length, boot, seq, frame, crc32), little endian.
Reading skips a torn or damaged stretch to the next record whose crc32 fits, and counts it; a file
with a torn tail is read but not appended to again, for what follows a torn head could be lost.

When the flash fails (OSError): from put, start and remove it comes through, and none of the records
counts as written. The file may be appended to again if it is as long as before, else it stays as
it is. A file that cannot be read keeps its slot, and `look_again` goes on where reading stopped.

Wear: a record costs one erased sector (LittleFS copies the block that is appended to), a new file
at most two, a full ring a quarter more for its copies; a sleep costs none. With the default
settings that is about 100 sectors on a day at home, and at most 4,000 on a day outside with a
report every 30 s: 35 years for the 512 blocks of an ordinary 2 MB file system at 100,000 erasures
each, over which LittleFS spreads them. The fastest settings allowed (10 s) come to 12,000 a day.
The idea of a ring made of append and delete only: antirez/freakwan's history.py.
"""

import struct
from binascii import crc32

SEGMENT_BYTES = 4096
SLOTS = 33
MAX_FRAME = 1400
OVERHEAD = 16  # bytes a record takes besides its frame

_MARK = 0xA5
_FILE_HEAD = "<BI"
_FILE_HEAD_SIZE = 9  # with its crc32
_STRETCH = 128
_HEAD = "<BBHII"
_HEAD_SIZE = 12  # without the crc32, which follows the frame


def slot_name(slot):
    """The file of a slot."""
    return "/outbox/%02d" % slot


def _with_crc(data):
    return data + struct.pack("<I", crc32(data) & 0xFFFFFFFF)


def _fits(data):
    """True when the bytes end with their own crc32."""
    size = len(data) - 4
    crc = crc32(memoryview(data)[:size]) & 0xFFFFFFFF
    return size >= 0 and struct.unpack_from("<I", data, size)[0] == crc


def _read_record(file, at):
    """The head, frame and crc32 of the record at `at` of an open file; b"" if it is not sound."""
    file.seek(at)
    head = file.read(_HEAD_SIZE)
    if len(head) < _HEAD_SIZE or head[0] != _MARK:
        return b""
    size = struct.unpack_from("<H", head, 2)[0]
    if size > MAX_FRAME:
        return b""
    record = head + file.read(size + 4)
    return record if len(record) == OVERHEAD + size and _fits(record) else b""


def _next_mark(file, at):
    """The place of the next byte from `at` on that may begin a record, or the file's end."""
    file.seek(at)
    while True:
        stretch = file.read(_STRETCH)
        found = stretch.find(b"\xa5")
        if found >= 0:
            return at + found
        at += len(stretch)
        if len(stretch) < _STRETCH:
            return at


class Segments:
    """The files; `flash` is a Flash port. Counters: `torn` stretches, `flash_errors` in reading."""

    def __init__(self, flash, slots=SLOTS, segment_bytes=SEGMENT_BYTES):
        self._flash = flash
        self.segment_bytes = segment_bytes
        self._generations = [0] * slots  # 0: no file
        self._unread = {}  # slot: where to go on reading
        self._newest = -1
        self._newest_size = segment_bytes  # as good as full: the next record starts a file
        self._size_before = -1  # of a write that failed
        self.torn = 0
        self.flash_errors = 0

    def open(self, take):
        """Call take(slot, offset, lane, boot, seq) for every sound record, oldest file first."""
        for slot in range(len(self._generations)):
            self._generations[slot] = self._read_generation(slot)
        for slot in self.slots():
            if slot not in self._unread:
                self._newest = slot
                self._newest_size = self.segment_bytes
                self._read_on(slot, _FILE_HEAD_SIZE, take)

    def look_again(self, take):
        """Read what could not be read so far; `take` as for open."""
        for slot in sorted(self._unread):
            self._read_on(slot, self._unread[slot], take)

    def unread(self):
        """The slots whose files could not be read to their end."""
        return sorted(self._unread)

    def slots(self):
        """The slots in use, oldest first."""
        used = [slot for slot, generation in enumerate(self._generations) if generation]
        used.sort(key=lambda slot: self._generations[slot])
        return used

    def age(self, slot):
        """A number that is smaller the older the slot's file is."""
        return self._generations[slot]

    def newest(self):
        """The slot that is appended to, -1 when there is none."""
        return self._newest

    def can_hold(self, frame_size):
        """True when a file of its own would have room for such a frame."""
        return frame_size <= min(MAX_FRAME, self.segment_bytes - _FILE_HEAD_SIZE - OVERHEAD)

    def has_room(self, frame_size):
        """True when the newest file takes one more frame of this size."""
        if self._size_before >= 0:
            if self._flash.size(slot_name(self._newest)) == self._size_before:
                self._newest_size = self._size_before  # nothing of it was written
            self._size_before = -1
        return self._newest_size + OVERHEAD + frame_size <= self.segment_bytes

    def free(self):
        """The number of slots without a file."""
        return self._generations.count(0)

    def start(self):
        """Begin a new file in a free slot; False when there is none."""
        for slot in range(len(self._generations)):
            if not self._generations[slot]:
                generation = max(self._generations) + 1
                self._write(slot, "wb", [_with_crc(struct.pack(_FILE_HEAD, _MARK, generation))])
                self._generations[slot] = generation
                self._newest = slot
                self._newest_size = _FILE_HEAD_SIZE
                self._size_before = -1
                return True
        return False

    def put(self, records):
        """Append (lane, boot, seq, frame) records, for which there is room, in one go; their
        offsets in the newest file."""
        end = before = self._newest_size
        whole, offsets = [], []
        for lane, boot, seq, frame in records:
            head = struct.pack(_HEAD, _MARK, lane, len(frame), boot, seq)
            whole.append(_with_crc(head + frame))
            offsets.append(end)
            end += OVERHEAD + len(frame)
        self._newest_size, self._size_before = self.segment_bytes, before
        self._write(self._newest, "ab", whole)
        self._newest_size, self._size_before = end, -1
        return offsets

    def read(self, slot, offset):
        """The frame of the record at (slot, offset); b"" when it is damaged.

        An OSError is counted and passed on: the flash may well give it the next time.
        """
        try:
            with self._flash.open(slot_name(slot), "rb") as file:
                return _read_record(file, offset)[_HEAD_SIZE:-4]
        except OSError:
            self.flash_errors += 1
            raise

    def remove(self, slot):
        """Remove a slot's file."""
        try:
            self._flash.remove(slot_name(slot))
        except OSError:
            if self._flash.size(slot_name(slot)) >= 0:
                raise
        self._generations[slot] = 0
        self._unread.pop(slot, None)
        if slot == self._newest:
            self._newest = self._size_before = -1
            self._newest_size = self.segment_bytes

    def _write(self, slot, mode, parts):
        with self._flash.open(slot_name(slot), mode) as file:
            for part in parts:
                file.write(part)

    def _read_generation(self, slot):
        """The generation of a slot's file, 0 when there is none; 1, the oldest, when its head is
        damaged or cannot be read."""
        try:
            if self._flash.size(slot_name(slot)) < 0:
                return 0
            with self._flash.open(slot_name(slot), "rb") as file:
                head = file.read(_FILE_HEAD_SIZE)
        except OSError:
            self.flash_errors += 1
            self._unread[slot] = _FILE_HEAD_SIZE
            return 1
        if len(head) == _FILE_HEAD_SIZE and head[0] == _MARK and _fits(head):
            return max(1, struct.unpack_from(_FILE_HEAD, head)[1])
        return 1

    def _read_on(self, slot, at, take):
        """Hand over a file's sound records from `at` on; the file is appended to again only if it
        is the newest and sound to its very end."""
        torn = self.torn
        self._unread[slot] = at
        try:
            size = self._flash.size(slot_name(slot))
            if size < 0:
                self._generations[slot] = 0  # there never was one
            else:
                self._scan(slot, size, take)
        except OSError:
            self.flash_errors += 1
            return
        del self._unread[slot]
        if slot == self._newest and self.torn == torn:
            self._newest_size = size

    def _scan(self, slot, size, take):
        """Hand over records, noting how far it came."""
        at = self._unread[slot]
        skipping = size < at
        self.torn += skipping
        with self._flash.open(slot_name(slot), "rb") as file:
            while at < size:
                record = _read_record(file, at)
                if record:
                    _, lane, _, boot, seq = struct.unpack_from(_HEAD, record)
                    take(slot, at, lane, boot, seq)
                    at += len(record)
                else:
                    self.torn += not skipping
                    at = _next_mark(file, at + 1)
                skipping = not record
                self._unread[slot] = at
