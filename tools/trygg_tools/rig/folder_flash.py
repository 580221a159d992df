"""The Flash port on a folder of this machine: what a simulated tracker keeps between two runs.

Names are the board's ("/outbox/00"); folders are made as they are needed. No torn writes here:
`rig/flash.py` has those. Runs under both interpreters.
"""

import os

EEXIST = 17
SECTOR = 4096


class FolderFlash:
    """Port Flash under `root`, which is made when it is missing."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._sectors = 0
        self._make(root)

    def open(self, name: str, mode: str):  # type: ignore[no-untyped-def]
        """Open a file of the board; a folder in its name is made when it is written."""
        if mode != "rb":
            self._sectors += 1 if mode == "ab" else 2
        if mode != "rb" and "/" in name[1:]:
            self._make(self.root + name[: name.rindex("/")])
        return open(self.root + name, mode)

    def rename(self, a: str, b: str) -> None:
        """Give the file `a` the name `b`, replacing what had it."""
        os.rename(self.root + a, self.root + b)
        self._sectors += self.size(b) // SECTOR

    def remove(self, name: str) -> None:
        """Remove a file."""
        os.remove(self.root + name)

    def size(self, name: str) -> int:
        """The file's bytes, -1 when there is none."""
        try:
            return os.stat(self.root + name)[6]
        except OSError:
            return -1

    def free(self) -> int:
        """Bytes left on this machine's disk."""
        stat = os.statvfs(self.root)
        return stat[0] * stat[3]

    def start(self) -> None:
        """Begin a run of the firmware: its sectors are counted anew."""
        self._sectors = 0

    def sectors(self) -> int:
        """Sectors erased since this start, counted as on the chip."""
        return self._sectors

    def _make(self, folder: str) -> None:
        try:
            os.mkdir(folder)
        except OSError as error:
            if error.errno != EEXIST:
                raise
