"""A flash file system in memory: its power can be cut at every byte, any one of its calls can fail.

The model is strict: a write reaches the flash byte by byte, so that a cut leaves any prefix of it,
and what lies behind may be garbage (`tail`). Truncating, renaming and removing are single
operations that happen or do not. Each byte and each operation is one *stroke*; `cut_at` says how
many strokes the power lasts. With `log` a list, every stroke is written down, so that
`cut_states.py` can tell what a cut at any of them would have left, also on a medium that takes
bytes in another order.

`fail_at` is the number of the one call that fails with EIO, `fail_done` says how much of it is done
all the same: NOTHING, HALF (of a write, or nothing) or ALL. Runs under both interpreters.
"""

from trygg_tools.rig.power import PowerCut

ENOENT, ENOSPC, EIO = 2, 28, 5
NOTHING, HALF, ALL = 0, 1, 2
SECTOR = 4096
MAKE, OPEN, WRITE, CLOSE, RENAME, REMOVE = "make", "open", "write", "close", "rename", "remove"


class Flash:
    """Port Flash over a dict of files, with power cuts, failures and a size."""

    def __init__(self, capacity: int = 2 << 20) -> None:
        self.files: dict[str, bytes] = {}
        self.capacity = capacity
        self.strokes = 0
        self.cut_at = -1
        self.tail = b""
        self.failing = 0
        self.calls = 0
        self.fail_at = -1
        self.fail_done = NOTHING
        self.writes = 0
        self.log: list[tuple[str, str, object]] | None = None  # (operation, file, new name or data)
        self._sectors = 0
        self._dark = False

    # -- the rig's side --------------------------------------------------------------------

    def power_on(self) -> None:
        """Give the power back after a cut; nothing is planned to be cut then."""
        self._dark = False
        self.cut_at = -1

    def start(self) -> None:
        """Begin a run of the firmware: its sectors are counted anew."""
        self._sectors = 0

    def stroke(self) -> bool:
        """Count one byte or operation; False when the power goes before it."""
        if self._dark:
            raise PowerCut
        if self.strokes == self.cut_at:
            self._dark = True
            return False
        self.strokes += 1
        return True

    def call(self) -> bool:
        """Count one call of the firmware: True when it is to fail after it was done.

        Raises what the flash raises now: PowerCut in the dark, OSError when made to fail.
        """
        if self._dark:
            raise PowerCut
        if self.failing:
            raise OSError(self.failing)
        self.calls += 1
        if self.calls - 1 != self.fail_at:
            return False
        if self.fail_done == NOTHING:
            raise OSError(EIO)
        return True

    def note(self, operation: str, name: str, what: object = b"") -> None:
        """Write a stroke down, if there is a log."""
        if self.log is not None:
            self.log.append((operation, name, what))

    # -- the port --------------------------------------------------------------------------

    def open(self, name: str, mode: str) -> "File":
        """Open for "rb", "wb" or "ab"; OSError(ENOENT) when there is nothing to read."""
        fails = self.call()
        if mode == "rb":
            if name not in self.files:
                raise OSError(ENOENT)
        elif mode == "wb" or name not in self.files:
            self._one_operation()
            self.files[name] = b""
            self.note(MAKE, name)
        else:
            self.note(OPEN, name)
        if mode != "rb":
            self.writes += 1
            self._sectors += 1 if mode == "ab" else 2
        if fails:
            self.note(CLOSE, name)
            raise OSError(EIO)
        return File(self, name, mode != "rb")

    def rename(self, a: str, b: str) -> None:
        """Give the file `a` the name `b`, replacing what had it."""
        fails = self.call()
        if a not in self.files:
            raise OSError(ENOENT)
        self._one_operation()
        self.files[b] = self.files.pop(a)
        self._sectors += len(self.files[b]) // SECTOR
        self.note(RENAME, a, b)
        if fails:
            raise OSError(EIO)

    def remove(self, name: str) -> None:
        """Remove a file; OSError(ENOENT) when there is none."""
        fails = self.call()
        if name not in self.files:
            raise OSError(ENOENT)
        self._one_operation()
        self.files.pop(name)
        self.note(REMOVE, name)
        if fails:
            raise OSError(EIO)

    def size(self, name: str) -> int:
        """The file's bytes, -1 when there is none."""
        if self.call():
            raise OSError(EIO)
        return len(self.files[name]) if name in self.files else -1

    def free(self) -> int:
        """Bytes left on the flash."""
        return self.capacity - sum([len(data) for data in self.files.values()])

    def sectors(self) -> int:
        """Sectors erased since this start, counted as on the chip."""
        return self._sectors

    def _one_operation(self) -> None:
        if not self.stroke():
            raise PowerCut


class File:
    """An open file of the rig's flash."""

    def __init__(self, flash: Flash, name: str, writing: bool) -> None:
        self._flash = flash
        self._name = name
        self._writing = writing
        self._at = 0

    def read(self, count: int = -1) -> bytes:
        """Read up to `count` bytes from the current place."""
        if self._flash.call():
            raise OSError(EIO)
        data = self._flash.files[self._name]
        end = len(data) if count < 0 else min(len(data), self._at + count)
        part = data[self._at : end]
        self._at = end
        return part

    def seek(self, at: int) -> int:
        """Move to byte `at`."""
        self._at = at
        return at

    def write(self, data: bytes) -> int:
        """Append `data`; a cut leaves a prefix, and garbage behind it if the rig says so."""
        flash = self._flash
        fails = flash.call()
        if not self._writing or len(data) > flash.free():
            raise OSError(ENOSPC)
        if fails and flash.fail_done == HALF:
            data = data[: len(data) // 2]
        for done in range(len(data)):
            if not flash.stroke():
                flash.files[self._name] += bytes(data[:done]) + flash.tail
                raise PowerCut
        flash.files[self._name] += bytes(data)
        flash.note(WRITE, self._name, bytes(data))
        if fails:
            raise OSError(EIO)
        return len(data)

    def close(self) -> None:
        """Let go of the file; what was written is there already."""
        if not self._writing:
            return
        self._writing = False
        fails = self._flash.call()
        self._flash.note(CLOSE, self._name)
        if fails:
            raise OSError(EIO)

    def __enter__(self) -> "File":
        return self

    def __exit__(self, *_reason: object) -> None:
        self.close()
