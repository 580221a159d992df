"""The file sink: one CloudEvents JSON object a line, on the disk before it counts as confirmed.

A batch is one append and one fsync. Whatever goes wrong, the file is opened anew before the next
batch, and opening repairs it:

- a last line without its newline was torn by a crash. It was never confirmed, so it is cut off
  and comes again (a foreign line is not ours to cut: it gets its newline);
- a power cut may leave damage between whole lines (torn_lines.py). It was not confirmed either,
  and is made blank: spaces, where a reader of JSON lines finds nothing;
- between the fsync and the cursor a kill -9 leaves lines that are written but not confirmed.
  They come again, and are known by their id: opening reads the ids in the last TAIL bytes, and a
  delivery whose id is among them is not written twice. Per lane two batches can be in that state
  (one being written, one being settled), two more of a replay, and eight of the largest fit in
  TAIL (lane_reading.BATCH_BYTES). What somebody has replayed is written again.

A file that was moved away (log rotation) is noticed at the next batch and begun anew.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from trygg_gateway.delivery import Delivery
from trygg_gateway.sinks.port import Answer, Later
from trygg_gateway.sinks.torn_lines import damaged, is_torn, read

TAIL = 16 * 1024 * 1024


class FileSink:
    """JSON lines at `path`; made with mode 0600, since it holds people's whereabouts."""

    batch = 1000
    alarm_batch = 200
    confirms = Answer.STORED

    def __init__(self, path: Path, *, tail: int = TAIL) -> None:
        self._path = path
        self._tail = tail
        self._fd = -1
        self._written: set[str] = set()
        # one thread of its own: lanes take turns, and a disk that hangs holds up nobody else
        self._thread = ThreadPoolExecutor(1, "file-sink")
        self.counters = {"torn_lines_cut": 0, "damaged_lines_blanked": 0, "doubles_skipped": 0}

    async def start(self) -> None:
        """Open and repair. Later if the file cannot be opened."""
        await self._on_disk(self._open)

    async def stop(self) -> None:
        """Close the file, once the write under way has ended."""
        with suppress(Later):
            await self._on_disk(self._close)
        self._thread.shutdown(wait=False)

    async def deliver(self, entries: Sequence[Delivery]) -> Answer:
        """Append the entries not there yet and wait for the disk; all or Later."""
        await self._on_disk(lambda: self._append(entries))
        return Answer.STORED

    async def _on_disk(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._tried, work)

    def _tried(self, work: Callable[[], None]) -> None:
        try:
            work()
        except OSError as error:
            self._close()
            raise Later(f"{self._path}: {error.strerror}") from None

    def _append(self, entries: Sequence[Delivery]) -> None:
        if not self._is_the_file():
            self._open()
        fresh = [one for one in entries if one.id not in self._written or "replayed" in one.data]
        self.counters["doubles_skipped"] += len(entries) - len(fresh)
        if fresh:
            _write_durably(self._fd, b"".join([entry.json + b"\n" for entry in fresh]))

    def _is_the_file(self) -> bool:
        """Whether what is open is still what stands at the path."""
        if self._fd < 0:
            return False
        try:
            there = os.stat(self._path)
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(self._fd))

    def _open(self) -> None:
        self._close()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        _sync_folder(self._path.parent)
        self._repair()
        os.fsync(self._fd)  # what a killed gateway wrote counts only once it is on the disk

    def _repair(self) -> None:
        """Mend the end of the file, and learn the ids that stand there."""
        size = os.fstat(self._fd).st_size
        start = max(0, size - self._tail)
        tail = os.pread(self._fd, size - start, start)
        whole = tail.rfind(b"\n") + 1
        first = tail.find(b"\n") + 1 if start else 0  # the rest of a line whose begin is not read
        lines = read(tail[first:whole])
        for line in damaged(lines):
            self._blank(start + first + line.at, line.size)
        if whole < len(tail):
            self._end_line(start + whole, tail[whole:])
        self._written |= {line.id for line in lines if line.id is not None}

    def _blank(self, at: int, size: int) -> None:
        """Spaces over damage. Not through our own descriptor, which appends wherever it is told."""
        fd = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.pwrite(fd, b" " * size, at)
        finally:
            os.close(fd)
        self.counters["damaged_lines_blanked"] += 1

    def _end_line(self, at: int, torn: bytes) -> None:
        """End a line that has no end: cut it at `at` if it is ours, else give it a newline."""
        if is_torn(torn):
            os.ftruncate(self._fd, at)
            self.counters["torn_lines_cut"] += 1
        else:
            os.write(self._fd, b"\n")

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _write_durably(fd: int, data: bytes) -> None:
    """Write every byte and wait for the disk; OSError leaves the file as it was before.

    After a failed fsync the kernel may call pages clean that never reached the disk, so the bytes
    must go: a later opening would take their ids for written.
    """
    before = os.fstat(fd).st_size
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(fd, view) :]
        os.fsync(fd)
    except OSError:
        os.ftruncate(fd, before)
        raise


def _sync_folder(folder: Path) -> None:
    """Make a new file's name as lasting as its content."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
