"""The board's flash: an image file of 4 KiB blocks that can be torn at a chosen write.

Bits are as on NOR flash: an erase makes a block 0xFF, a program can only clear bits. Beside it
lies the ROM partition, a file of its own, which the running board has in its memory to read.
"""

import os
from pathlib import Path

BLOCK = 4096
BLOCKS = 512
ROM_BLOCKS = 128  # of the partition `romfs`: room for two images


class PowerCut(Exception):
    """The power goes now: this write did not finish."""


class FlashImage:
    """A file of BLOCKS blocks; counts erases and programs as `operations`."""

    def __init__(self, path: Path, rom_blocks: int = ROM_BLOCKS) -> None:
        self.path = path
        self.rom = path.with_name("rom.img") if rom_blocks else None
        self.operations = 0
        self._tear: tuple[int, int] | None = None
        if not path.exists():
            path.write_bytes(b"\xff" * BLOCK * BLOCKS)
        self.descriptor = os.open(path, os.O_RDWR)
        self._rom = -1
        if self.rom is not None:
            if not self.rom.exists():
                self.rom.write_bytes(b"\xff" * BLOCK * rom_blocks)
            self._rom = os.open(self.rom, os.O_RDWR)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self.descriptor)
        if self._rom >= 0:
            os.close(self._rom)

    def load_rom(self, image: bytes) -> None:
        """The partition holds `image` and nothing else; the board is off."""
        os.pwrite(self._rom, image.ljust(ROM_BLOCKS * BLOCK, b"\xff"), 0)

    def write_rom(self, block: int, data: bytes) -> None:
        """Erase and write one block of the partition; PowerCut when it was to be torn."""
        self._write(block * BLOCK, data, self._rom)

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

    def _write(self, place: int, data: bytes, descriptor: int | None = None) -> None:
        self.operations += 1
        torn = self._tear is not None and self.operations >= self._tear[0]
        if torn and self._tear is not None:
            data = data[: self._tear[1]]
            self._tear = None
        os.pwrite(self.descriptor if descriptor is None else descriptor, data, place)
        if torn:
            raise PowerCut
