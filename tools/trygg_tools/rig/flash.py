"""A flash file system in memory whose power can be cut at every byte of every write.

The model is strict: a write reaches the flash byte by byte, so that a cut leaves any prefix of it,
and what lies behind may be garbage (`tail`). Truncating, renaming and removing are single
operations that happen or do not. LittleFS is kinder (a file changes at its close or not at all);
what survives here survives there. Each byte and each operation is one *stroke*; `cut_at` says how
many strokes the power lasts. Runs under both interpreters.
"""

from trygg_tools.rig.power import PowerCut

ENOENT, ENOSPC, EIO = 2, 28, 5


class Flash:
    """Port Flash over a dict of files, with power cuts, failures and a size."""

    def __init__(self, capacity: int = 2 << 20) -> None:
        self.files: dict[str, bytes] = {}
        self.capacity = capacity
        self.strokes = 0
        self.cut_at = -1
        self.tail = b""
        self.failing = 0
        self.writes = 0
        self._sectors = 0
        self._dark = False

    # -- the rig's side --------------------------------------------------------------------

    def power_on(self) -> None:
        """Give the power back after a cut; nothing is planned to be cut then."""
        self._dark = False
        self.cut_at = -1

    def stroke(self) -> bool:
        """Count one byte or operation; False when the power goes before it."""
        if self._dark:
            raise PowerCut
        if self.strokes == self.cut_at:
            self._dark = True
            return False
        self.strokes += 1
        return True

    def check(self) -> None:
        """Raise what the flash raises now: PowerCut in the dark, OSError when made to fail."""
        if self._dark:
            raise PowerCut
        if self.failing:
            raise OSError(self.failing)

    # -- the port --------------------------------------------------------------------------

    def open(self, name: str, mode: str) -> "File":
        """Open for "rb", "wb" or "ab"; OSError(ENOENT) when there is nothing to read."""
        self.check()
        if mode == "rb":
            if name not in self.files:
                raise OSError(ENOENT)
            return File(self, name, False)
        if mode == "wb" or name not in self.files:
            self._one_operation()
            self.files[name] = b""
        self.writes += 1
        self._sectors += 1 if mode == "ab" else 2
        return File(self, name, True)

    def rename(self, a: str, b: str) -> None:
        """Give the file `a` the name `b`, replacing what had it."""
        self.check()
        if a not in self.files:
            raise OSError(ENOENT)
        self._one_operation()
        self.files[b] = self.files.pop(a)

    def remove(self, name: str) -> None:
        """Remove a file; OSError(ENOENT) when there is none."""
        self.check()
        if name not in self.files:
            raise OSError(ENOENT)
        self._one_operation()
        self.files.pop(name)

    def size(self, name: str) -> int:
        """The file's bytes, -1 when there is none."""
        if self._dark:
            raise PowerCut
        return len(self.files[name]) if name in self.files else -1

    def free(self) -> int:
        """Bytes left on the flash."""
        return self.capacity - sum([len(data) for data in self.files.values()])

    def start(self) -> None:
        """Begin a run of the firmware: its sectors are counted anew."""
        self._sectors = 0

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
        self._flash.check()
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
        flash.check()
        if not self._writing or len(data) > flash.free():
            raise OSError(ENOSPC)
        for done in range(len(data)):
            if not flash.stroke():
                flash.files[self._name] += bytes(data[:done]) + flash.tail
                raise PowerCut
        flash.files[self._name] += bytes(data)
        return len(data)

    def close(self) -> None:
        """Let go of the file; what was written is there already."""
        self._flash.check()

    def __enter__(self) -> "File":
        return self

    def __exit__(self, *_reason: object) -> None:
        return None
