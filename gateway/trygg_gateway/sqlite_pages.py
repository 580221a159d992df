"""A SQLite file as pages and rows, for one that SQLite itself no longer reads. Pure, never fails.

After https://www.sqlite.org/fileformat2.html: every page that looks like a leaf of a table, or like
a page of an index (tables WITHOUT ROWID are stored as one), is read cell by cell, whichever tree it
belonged to. What cannot be a row is passed over. Whoever asks tells by a row's shape whose it is;
what stands on a page that was given free is found as well, and may be old.
"""

import struct
import sys
from array import array
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

HEADER: Final = b"SQLite format 3\0"
_LEAF_TABLE, _LEAF_INDEX, _INNER_INDEX = 0x0D, 0x0A, 0x02
PAGE: Final = 4096  # bytes, of every journal we make
MOST_PAGES: Final = 0x3FFFFFFF  # of a file
_FRAME: Final = 24  # bytes before each page in a WAL
_WAL_HEADER: Final = 32
_SIZES: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 8: 0, 9: 0}  # of integers, by serial type


class Row(NamedTuple):
    """One row and its page: `rowid` is None for what stands in an index."""

    page: int
    rowid: int | None
    values: tuple[Any, ...]


def page_size_of(head: bytes) -> int:
    """The page size that the first bytes of a file state, 0 if they are no SQLite file's."""
    if len(head) < 100 or head[:16] != HEADER:
        return 0
    size = int.from_bytes(head[16:18], "big")
    size = 65536 if size == 1 else size
    return size if size >= 512 and size & (size - 1) == 0 else 0


# -- the write-ahead log -----------------------------------------------------------------------


class Frame(NamedTuple):
    """A page in a WAL. `good`: its checksum follows from that of the frame before it."""

    page: int
    at: int  # where its bytes begin
    commits: int  # pages of the database with this commit, 0: it is no commit's last frame
    good: bool


class Wal(NamedTuple):
    """The frames of the newest generation, in their order; SQLite wants a good header."""

    page_size: int
    frames: list[Frame]
    header_good: bool = True

    @property
    def valid(self) -> int:
        """How many frames SQLite will take: up to the last commit before the first bad one."""
        taken = 0
        for number, frame in enumerate(self.frames, 1):
            if not (frame.good and self.header_good):
                break
            taken = number if frame.commits else taken
        return taken

    @property
    def commits_lost(self) -> int:
        """Commits behind the first bad frame, which SQLite passes over."""
        return sum(frame.good and frame.commits > 0 for frame in self.frames[self.valid :])


def read_wal(data: bytes) -> Wal | None:
    """What a -wal file holds; None if it is too short for any frame, or its header was never
    written: SQLite syncs that before the first commit, so there is none.

    Where its header is damaged it is taken for one of ours, made on a machine like this.
    """
    if len(data) < _WAL_HEADER + _FRAME or not any(data[:_WAL_HEADER]):
        return None
    magic, _, size, _, salt_1, salt_2, sum_1, sum_2 = struct.unpack(">8I", data[:_WAL_HEADER])
    order = ">" if magic & 1 else "<"
    header_good = magic & ~1 == 0x377F0682 and (_checksum(data[:24], order, 0, 0) == (sum_1, sum_2))
    if not header_good:
        size, order = PAGE, "<" if sys.byteorder == "little" else ">"
        salt_1, salt_2 = struct.unpack(">2I", data[_WAL_HEADER + 8 : _WAL_HEADER + 16])
    frames: list[Frame] = []
    for at in range(_WAL_HEADER, len(data) - _FRAME - size + 1, _FRAME + size):
        head = struct.unpack(">6I", data[at : at + _FRAME])
        if head[2:4] != (salt_1, salt_2):
            frames.append(Frame(0, at, 0, False))
        else:
            begun = _checksum(data[at : at + 8], order, sum_1, sum_2)
            body = data[at + _FRAME : at + _FRAME + size]
            good = _checksum(body, order, *begun) == head[4:6]
            frames.append(Frame(head[0], at + _FRAME, head[1], good))
        sum_1, sum_2 = head[4:6]
    while frames and not frames[-1].page:
        frames.pop()  # an older generation's
    return Wal(size, frames, header_good)


def last_commit(data: bytes) -> int:
    """The place, from 1, of the last commit's frame by its header alone; 0 for none.

    What `Wal.valid` is for a sound log, without a checksum: those take 0.1 s a MB.
    """
    if len(data) < _WAL_HEADER + _FRAME or not any(data[:_WAL_HEADER]):
        return 0
    size = int.from_bytes(data[8:12], "big")
    if not 512 <= size <= 65536:
        return -1
    salts, found = data[16:24], 0
    places = range(_WAL_HEADER, len(data) - _FRAME - size + 1, _FRAME + size)
    for number, at in enumerate(places, 1):
        if data[at + 8 : at + 16] == salts and data[at + 4 : at + 8] != b"\0\0\0\0":
            found = number
    return found


def _checksum(data: bytes, order: str, one: int, two: int) -> tuple[int, int]:
    words = array("I", data)
    if order == ">":
        words.byteswap()
    for at in range(0, len(words), 2):
        one = (one + words[at] + two) & 0xFFFFFFFF
        two = (two + words[at + 1] + one) & 0xFFFFFFFF
    return one, two


# -- rows --------------------------------------------------------------------------------------


def rows_in(image: Any, page_size: int) -> Iterator[Row]:
    """Every row that can be read in `image` (bytes, or a map of the file)."""
    reader = _Pages(image, page_size)
    for page in range(1, len(image) // page_size + 1):
        yield from reader.rows(page)


class _Pages:
    def __init__(self, image: Any, page_size: int) -> None:
        self._image = image
        self._size = page_size
        reserved = image[20] if len(image) > 20 and image[:16] == HEADER else 0
        self._usable = page_size - reserved if page_size - reserved >= 480 else page_size

    def rows(self, number: int) -> Iterator[Row]:
        page = self._page(number)
        start = 100 if number == 1 else 0
        kind = page[start]
        if kind not in (_LEAF_TABLE, _LEAF_INDEX, _INNER_INDEX):
            return
        count = int.from_bytes(page[start + 3 : start + 5], "big")
        cells = start + (12 if kind == _INNER_INDEX else 8)
        if cells + 2 * count > self._usable:
            return
        for place in range(cells, cells + 2 * count, 2):
            at = int.from_bytes(page[place : place + 2], "big")
            try:
                yield Row(number, *self._cell(page, at, kind))
            except (IndexError, ValueError, struct.error):
                continue  # damaged, or never a cell

    def _page(self, number: int) -> bytes:
        at = (number - 1) * self._size
        return bytes(self._image[at : at + self._size])

    def _cell(self, page: bytes, at: int, kind: int) -> tuple[int | None, tuple[Any, ...]]:
        at += 4 if kind == _INNER_INDEX else 0
        length, at = _varint(page, at)
        rowid = None
        if kind == _LEAF_TABLE:
            rowid, at = _varint(page, at)
            rowid -= (rowid >> 63) << 64
        record = self._payload(page, at, length, kind)
        return rowid, _values(record)

    def _payload(self, page: bytes, at: int, length: int, kind: int) -> bytes:
        """The record that begins in this cell and goes on in overflow pages."""
        most = self._usable - 35
        if kind != _LEAF_TABLE:
            most = (self._usable - 12) * 64 // 255 - 23
        if not 0 < length <= len(self._image):
            raise ValueError
        here = length
        if length > most:
            least = (self._usable - 12) * 32 // 255 - 23
            here = least + (length - least) % (self._usable - 4)
            here = here if here <= most else least
        if at + here > self._usable:
            raise ValueError
        record = page[at : at + here]
        follows = int.from_bytes(page[at + here : at + here + 4], "big") if here < length else 0
        parts = [record]
        missing = length - here
        while missing > 0:
            if not 0 < follows <= len(self._image) // self._size:
                raise ValueError
            more = self._page(follows)
            parts.append(more[4 : 4 + min(missing, self._usable - 4)])
            missing -= len(parts[-1])
            follows = int.from_bytes(more[:4], "big")
        return b"".join(parts)


def _values(record: bytes) -> tuple[Any, ...]:
    """The columns of a record; it is whole and nothing is left over."""
    head, at = _varint(record, 0)
    types = []
    while at < head:
        serial, at = _varint(record, at)
        types.append(serial)
    if at != head:
        raise ValueError
    values: list[Any] = []
    for serial in types:
        value, at = _value(record, at, serial)
        values.append(value)
    if at != len(record):
        raise ValueError
    return tuple(values)


def _value(record: bytes, at: int, serial: int) -> tuple[Any, int]:
    if serial >= 12:
        size = (serial - 12) // 2
        data = record[at : at + size]
        if len(data) != size:
            raise ValueError
        return (data.decode("utf-8") if serial & 1 else data), at + size
    if serial == 7:
        return struct.unpack(">d", record[at : at + 8])[0], at + 8
    if serial == 0:
        return None, at
    size = _SIZES.get(serial, -1)
    if size < 0 or at + size > len(record):
        raise ValueError
    if serial >= 8:
        return serial - 8, at
    return int.from_bytes(record[at : at + size], "big", signed=True), at + size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(at, at + 8):
        byte = data[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    return value << 8 | data[at + 8], at + 9
