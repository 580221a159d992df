"""What a power cut at each stroke of a recorded run would have left in the flash.

Two media. *Strict*: what was written before the cut is there, byte by byte, and nothing else.
*Reordering*: what was written to a file since it was opened may be there in any order or not at
all, until the file is closed; closing, renaming and removing are whole and at once. LittleFS
promises more than either: nothing of an open file is there before its close ("file updates are not
actually committed to the filesystem until sync or close is called on the file", "remove and rename
are atomic, even in event of power-loss": its README), which is the order NONE below. MicroPython's
`close` is LittleFS's, and flash on the chip has no cache behind it.

Of a file that is open, each order leaves a choice of its pages of PAGE bytes, the others erased
(0xFF): none at all, only the newest, every second, the other ones, a seeded choice. A file opened
anew may be the old one, or an emptied one, or the old one with new pages over it.
"""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from trygg_tools.rig.flash import CLOSE, MAKE, OPEN, REMOVE, RENAME, WRITE

PAGE = 16
Files = dict[str, bytes]
Log = list[tuple[str, str, object]]
TAILS = (b"", b"\xff" * 9, b"\xa5\x00\x04\x00")  # garbage behind a torn write, on the strict medium


class Cut(NamedTuple):
    """A cut before stroke `stroke`, and one state of the flash after it."""

    stroke: int
    files: Files


class _Medium:
    """The files as the run sees them, as they were last closed, and which are open."""

    def __init__(self) -> None:
        self.seen: Files = {}
        self.closed: Files = {}
        self.open: set[str] = set()

    def take(self, operation: str, name: str, what: object) -> None:
        """One operation, whole."""
        if operation == MAKE:
            self.seen[name] = b""
            self.closed.setdefault(name, b"")
            self.open.add(name)
        elif operation == OPEN:
            self.open.add(name)
        elif operation == WRITE:
            assert isinstance(what, bytes)
            self.seen[name] += what
        elif operation == CLOSE:
            self.closed[name] = self.seen[name]
            self.open.discard(name)
        elif operation == RENAME:
            assert isinstance(what, str)
            for files in (self.seen, self.closed):
                files[what] = files.pop(name)
        elif operation == REMOVE:
            for files in (self.seen, self.closed):
                files.pop(name)


def strict(log: Log) -> Iterator[Cut]:
    """Every cut on the strict medium; after a torn write with each of TAILS in turn."""
    for stroke, medium, torn in _strokes(log):
        files = dict(medium.seen)
        if torn:
            name, part = torn
            files[name] += part + (TAILS[stroke % len(TAILS)] if part else b"")
        yield Cut(stroke, files)


def reordering(log: Log, seed: int = 1) -> Iterator[Cut]:
    """Every cut on the reordering medium, once for each different thing it may leave."""
    chance = Random(seed)  # noqa: S311 - which pages arrive
    for stroke, medium, torn in _strokes(log):
        yield Cut(stroke, dict(medium.closed))
        for name in sorted(medium.open):
            new = medium.seen[name] + (torn[1] if torn and torn[0] == name else b"")
            left = {medium.closed[name]}
            for data in _halves(medium.closed[name], new, chance):
                if data not in left:
                    left.add(data)
                    yield Cut(stroke, {**medium.closed, name: data})


def _strokes(log: Log) -> Iterator[tuple[int, _Medium, tuple[str, bytes] | None]]:
    """Each place where the power can go: the medium before, and (file, bytes of a write so far)."""
    medium, stroke = _Medium(), 0
    for operation, name, what in log:
        if operation == WRITE:
            assert isinstance(what, bytes)
            for done in range(len(what)):
                yield stroke, medium, (name, what[:done])
                stroke += 1
        elif operation in (MAKE, RENAME, REMOVE):
            yield stroke, medium, None
            stroke += 1
        elif operation == CLOSE and name in medium.open:
            yield stroke - 1, medium, None  # all is written, and the writer does not know it yet
        medium.take(operation, name, what)
    yield stroke, medium, None


def _halves(old: bytes, new: bytes, chance: Random) -> Iterator[bytes]:
    """What may be there of a file between `old` and `new`."""
    begin = len(old) if new.startswith(old) else 0
    pages = range(begin // PAGE, -(-len(new) // PAGE)) if len(new) > begin else range(0)
    choices = (
        pages[-1:],
        pages[::2],
        pages[1::2],
        [page for page in pages if chance.random() < 0.5],
        pages,
    )
    for choice in choices:
        yield _laid(new[:begin], new, choice)
        if not begin and old:
            yield _laid(old, new, choice)


def _laid(ground: bytes, new: bytes, pages: "range | list[int]") -> bytes:
    """`ground` with those pages of `new` upon it, erased flash in between."""
    data = bytearray(ground)
    for page in pages:
        begin, end = max(page * PAGE, 0), min((page + 1) * PAGE, len(new))
        if len(data) < end:
            data += b"\xff" * (end - len(data))
        data[max(begin, 0) : end] = new[begin:end]
    if len(ground) <= len(new) and new.startswith(ground):
        data[: len(ground)] = ground
    return bytes(data)
