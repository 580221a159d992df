"""Files on the chip's LittleFS.

Each file written costs one erased sector where it was appended to, two where it was written anew,
renamed and removed later, and one more for each whole sector of a file that is renamed: at most
that by measurement on LittleFS (tests/tools/test_littlefs.py; LittleFS copies the last block of a
file that is appended to). What is appended to is smaller than a sector.
A file is safe once it is closed: LittleFS commits at close and needs no sync. `rename`
replaces an existing file in one step, also when the power goes in the middle.
"""

import os

ENOENT = 2
IS_FOLDER = 0x4000
SECTOR = 4096


class Flash:
    """Opens, renames, removes and measures files; OSError when the file system fails."""

    def __init__(self):
        self._sectors = 0

    def open(self, name, mode):
        """The file `name`; a missing folder above it is made when the mode writes."""
        if mode[0] != "r":
            self._sectors += 1 if mode[0] == "a" else 2
        try:
            return open(name, mode)
        except OSError as error:
            if error.args[0] != ENOENT or mode[0] == "r":
                raise
        self._make_folder(name)
        return open(name, mode)

    def rename(self, a, b):
        """`a` becomes `b`; an older `b` is gone."""
        os.rename(a, b)
        self._sectors += self._stat(b)[1] // SECTOR

    def remove(self, name):
        """The file is gone; OSError when there was none."""
        os.remove(name)

    def size(self, name):
        """Bytes in the file; -1 when there is none, OSError when it cannot be told."""
        try:
            mode, size = self._stat(name)
        except OSError as error:
            if error.args[0] != ENOENT:
                raise
            return -1
        return -1 if mode & IS_FOLDER else size

    def free(self):
        """Bytes not taken on the file system."""
        about = os.statvfs("/")
        return about[1] * about[4]  # fragment size * fragments available

    def sectors(self):
        """How many sectors were erased for what was written since this start, at most."""
        return self._sectors

    def _stat(self, name):
        about = os.stat(name)
        return about[0], about[6]

    def _make_folder(self, name):
        cut = name.rfind("/")
        if cut > 0:
            os.mkdir(name[:cut])
