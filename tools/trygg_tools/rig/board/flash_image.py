"""The board's flash: an image file of 4 KiB blocks that can be torn at a chosen write.

Bits are as on NOR flash: an erase makes a block 0xFF, a program can only clear bits. Beside it
lies the ROM partition, a file of its own that the running board only reads.
"""

import os
from pathlib import Path

BLOCK = 4096
BLOCKS = 512


class PowerCut(Exception):
    """The power goes now: this write did not finish."""


class FlashImage:
    """A file of BLOCKS blocks; counts erases and programs as `operations`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rom = path.with_name("rom.img")
        self.operations = 0
        self._tear: tuple[int, int] | None = None
        if not path.exists():
            path.write_bytes(b"\xff" * BLOCK * BLOCKS)
        self.descriptor = os.open(path, os.O_RDWR)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self.descriptor)

    def tear(self, operation: int, byte: int) -> None:
        """Cut the power in the `operation`-th write from now (1: the next) after `byte` bytes."""
        self._tear = (self.operations + operation, byte)

    def erase(self, block: int) -> None:
        """The block becomes 0xFF; PowerCut when it was to be torn."""
        self._write(block * BLOCK, b"\xff" * BLOCK)

    def program(self, block: int, offset: int, data: bytes) -> None:
        """Clear bits of the block from `offset` on; PowerCut when it was to be torn."""
        place = block * BLOCK + offset
        old = os.pread(self.descriptor, len(data), place)
        both = int.from_bytes(old, "big") & int.from_bytes(data, "big")
        self._write(place, both.to_bytes(len(data), "big"))

    def _write(self, place: int, data: bytes) -> None:
        self.operations += 1
        torn = self._tear is not None and self.operations >= self._tear[0]
        if torn and self._tear is not None:
            data = data[: self._tear[1]]
            self._tear = None
        os.pwrite(self.descriptor, data, place)
        if torn:
            raise PowerCut
