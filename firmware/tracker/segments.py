"""A ring of small files in flash that knows two operations: append a record, remove a file.

`slots` files of at most `segment_bytes`, one flash block each. A record is appended to the newest
file and the file closed before `put` returns; nothing is ever changed in place. A file is a head
(mark, generation, crc32) and records (mark, lane, length, boot, seq, frame, crc32), little endian.
Reading skips a torn or damaged stretch to the next record whose crc32 fits, and counts it; a file
with a torn tail is read but not appended to again, for what follows a torn head could be lost.

Errors: OSError from the flash comes through from put, start and remove; reading counts it instead.
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
    """The files; `flash` is a Flash port. Counters: `torn` stretches, `flash_errors`."""

    def __init__(self, flash, slots=SLOTS, segment_bytes=SEGMENT_BYTES):
        self._flash = flash
        self._segment_bytes = segment_bytes
        self._generations = [0] * slots  # 0: no file
        self._newest = -1
        self._newest_size = segment_bytes  # as good as full: the next record starts a file
        self.torn = 0
        self.flash_errors = 0

    def open(self, take):
        """Call take(slot, offset, lane, boot, seq) for every sound record, oldest file first."""
        for slot in range(len(self._generations)):
            head = self._file_head(slot)
            if head is not None:
                self._generations[slot] = _generation(head)
        for slot in self.slots():
            self._newest = slot
            try:
                clean, end = self._scan(slot, take)
            except OSError:
                self.flash_errors += 1
                clean, end = False, 0
            self._newest_size = end if clean else self._segment_bytes

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

    def has_room(self, frame_size):
        """True when the newest file takes one more frame of this size."""
        return self._newest_size + OVERHEAD + frame_size <= self._segment_bytes

    def free(self):
        """The number of slots without a file."""
        return len(self._generations) - len(self.slots())

    def start(self):
        """Begin a new file in a free slot; False when there is none."""
        for slot in range(len(self._generations)):
            if not self._generations[slot]:
                generation = max(self._generations) + 1
                self._write(slot, "wb", _with_crc(struct.pack(_FILE_HEAD, _MARK, generation)))
                self._generations[slot] = generation
                self._newest = slot
                self._newest_size = _FILE_HEAD_SIZE
                return True
        return False

    def put(self, lane, boot, seq, frame):
        """Append a record to the newest file, which has room; give (slot, offset) of it."""
        at = self._newest_size
        head = struct.pack(_HEAD, _MARK, lane, len(frame), boot, seq)
        self._newest_size = self._segment_bytes  # if the write fails its tail may be torn
        self._write(self._newest, "ab", _with_crc(head + frame))
        self._newest_size = at + OVERHEAD + len(frame)
        return self._newest, at

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
        self._flash.remove(slot_name(slot))
        self._generations[slot] = 0
        if slot == self._newest:
            self._newest = -1
            self._newest_size = self._segment_bytes

    def _write(self, slot, mode, data):
        with self._flash.open(slot_name(slot), mode) as file:
            file.write(data)

    def _file_head(self, slot):
        """The head of a slot's file; None when there is none."""
        try:
            if self._flash.size(slot_name(slot)) < 0:
                return None
            with self._flash.open(slot_name(slot), "rb") as file:
                return file.read(_FILE_HEAD_SIZE)
        except OSError:
            self.flash_errors += 1
            return None

    def _scan(self, slot, take):
        """Hand over a file's sound records; (sound to its very end, its size)."""
        size = self._flash.size(slot_name(slot))
        at = _FILE_HEAD_SIZE
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
        return not skipping, size


def _generation(head):
    """A file's generation; one with a damaged head counts as the oldest, 1."""
    if len(head) == _FILE_HEAD_SIZE and head[0] == _MARK and _fits(head):
        return struct.unpack_from(_FILE_HEAD, head)[1]
    return 1
