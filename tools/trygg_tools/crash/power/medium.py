"""A disk as POSIX promises it, no better: what was not synced may be there, in part, or not at all.

`Medium.do` takes operations one by one; `Medium.left(keep)` is what a power cut leaves just then.
What is certain is a file's bytes as of its last sync, and a folder's names as of the folder's last
sync. Everything since is pending, and each piece of it may have reached the disk or not:

- a write in sectors of 512 bytes, each by itself, in any order against other writes;
- a truncation as a whole;
- making, renaming and removing a name as a whole, in their order within one name.

Bytes that lie between what reached the disk read as zeros, or as old bytes of somebody else's.
The renaming of a file says nothing of its bytes, nor the sync of a file of its name. Real file
systems promise more (ext4 and XFS keep the order of names); what survives this survives them.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from trygg_tools.crash.power import trace
from trygg_tools.crash.power.trace import Operation

SECTOR: Final = 512


class Pending(NamedTuple):
    """Something done to a file since its last sync."""

    order: int  # over the whole disk
    at: int
    data: bytes | None  # None: it was cut to `at` bytes


class File:
    """The bytes of one file, under whatever names; or a folder, which has none."""

    def __init__(self, synced: bytes = b"", *, is_folder: bool = False) -> None:
        self.synced = bytearray(synced)
        self.pending: list[Pending] = []
        self.is_folder = is_folder

    def sync(self) -> None:
        """All that was done is certain."""
        for done in self.pending:
            _apply(self.synced, done.at, done.data)
        self.pending.clear()


class Renaming(NamedTuple):
    """A name that was made, moved or removed since its folder's last sync."""

    order: int
    name: str
    node: File | None  # None: there is no such name any more
    was: str = ""  # the name it had before a rename


class Choice(NamedTuple):
    """What of the pending reaches the disk. Each is asked once a piece."""

    sector: Callable[[int], bool]  # of a write; the argument is its order
    whole: Callable[[int], bool]  # a truncation, a name
    filler: Callable[[int], bytes]  # so many bytes that nobody wrote


class Medium:
    """The disk below one root. Paths are absolute. `before`: files and their bytes, long synced."""

    def __init__(self, before: Mapping[str, bytes] | None = None) -> None:
        self._names = {path: File(held) for path, held in (before or {}).items()}  # certain
        self._live = dict(self._names)  # as programs see it
        self._renamed: list[Renaming] = []
        self._open: dict[tuple[int, int], str] = {}
        self._files: dict[tuple[int, int], File] = {}
        self._order = 0

    @property
    def pending(self) -> int:
        """How many pieces are uncertain."""
        files = {id(file): file for file in self._live.values()}
        return len(self._renamed) + sum(len(file.pending) for file in files.values())

    def do(self, operation: Operation) -> None:
        """One operation of the trace was done."""
        self._order += 1
        key = operation.pid, operation.fd
        if operation.kind == trace.OPEN:
            self._opened(operation)
        elif operation.kind == trace.CLOSE:
            self._open.pop(key, None)
            self._files.pop(key, None)
        elif operation.kind in (trace.WRITE, trace.TRUNCATE):
            data = operation.data if operation.kind == trace.WRITE else None
            self._files[key].pending.append(Pending(self._order, operation.number, data))
        elif operation.kind == trace.SYNC:
            self._sync(key)
        elif operation.kind == trace.RENAME:
            self._move(operation.path, operation.data.decode())
        elif operation.kind == trace.LINK:
            self._made(operation.data.decode(), self._live[operation.path])
        elif operation.kind == trace.UNLINK:
            self._live.pop(operation.path, None)
            self._renamed.append(Renaming(self._order, operation.path, None))
        elif operation.kind == trace.MKDIR:
            self._made(operation.path, File(is_folder=True))

    def _opened(self, operation: Operation) -> None:
        path = operation.path
        if path not in self._live:
            file = File()
            if operation.data == b"1":
                self._made(path, file)
            else:  # a folder that was there before the trace began
                file.is_folder = True
                self._live[path] = self._names[path] = file
        key = operation.pid, operation.fd
        self._open[key], self._files[key] = path, self._live[path]
        if operation.number:
            self._files[key].pending.append(Pending(self._order, 0, None))

    def _made(self, path: str, file: File) -> None:
        self._live[path] = file
        self._renamed.append(Renaming(self._order, path, file))

    def _move(self, old: str, new: str) -> None:
        file = self._live.pop(old)
        self._live[new] = file
        self._renamed.append(Renaming(self._order, new, file, old))

    def _sync(self, key: tuple[int, int]) -> None:
        self._files[key].sync()
        folder = self._open[key]
        rest = []
        for one in self._renamed:
            if folder in (posixpath.dirname(one.name), posixpath.dirname(one.was)):
                _rename(self._names, one)
            else:
                rest.append(one)
        self._renamed = rest

    def left(self, choice: Choice) -> dict[str, bytes]:
        """Path → bytes of every file that a power cut leaves now."""
        names = dict(self._names)
        for one in self._renamed:
            if choice.whole(one.order):
                _rename(names, one)
        return {
            path: _left_of(file, choice)
            for path, file in names.items()
            if not file.is_folder and self._is_reached(path, names)
        }

    def _is_reached(self, path: str, names: Mapping[str, File]) -> bool:
        """Whether every folder above it is there too, of those that were made meanwhile."""
        above = posixpath.dirname(path)
        while above in self._live and above in names:
            above = posixpath.dirname(above)
        return above not in self._live


def _rename(names: dict[str, File], one: Renaming) -> None:
    if one.was:
        names.pop(one.was, None)
    if one.node is None:
        names.pop(one.name, None)
    else:
        names[one.name] = one.node


def _left_of(file: File, choice: Choice) -> bytes:
    if not file.pending:
        return bytes(file.synced)
    out = bytearray(file.synced)
    for done in file.pending:
        if done.data is None:
            if choice.whole(done.order):
                _apply(out, done.at, None, choice.filler)
            continue
        for start, piece in sectors(done.at, done.data):
            if choice.sector(done.order):
                _apply(out, start, piece, choice.filler)
    return bytes(out)


def sectors(at: int, data: bytes) -> list[tuple[int, bytes]]:
    """The (offset, bytes) of what falls into each sector."""
    ends = range(at - at % SECTOR + SECTOR, at + len(data) + SECTOR, SECTOR)
    pieces, start = [], at
    for end in ends:
        end = min(end, at + len(data))
        if end > start:
            pieces.append((start, data[start - at : end - at]))
        start = end
    return pieces


def _zeros(size: int) -> bytes:
    return bytes(size)


def _apply(
    out: bytearray, at: int, data: bytes | None, filler: Callable[[int], bytes] = _zeros
) -> None:
    if data is None and len(out) > at:
        del out[at:]
        return
    if len(out) < at:
        out += filler(at - len(out))
    if data is not None:
        out[at : at + len(data)] = data
