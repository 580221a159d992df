# mypy: ignore-errors
"""The board's flash as a block device of 4 KiB blocks: reads here, writes through the host.

The host counts the writes and can tear one: it writes the first bytes and cuts the power.
"""

import ops
import wire

BLOCK = 4096


class Flash:
    """The extended block protocol that LittleFS wants."""

    def __init__(self, descriptor, blocks):
        self._image = open(descriptor, "rb")  # noqa: SIM115 (open as long as the start)
        self._blocks = blocks

    def readblocks(self, block, buffer, offset=0):
        self._image.seek(block * BLOCK + offset)
        self._image.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        wire.ask(ops.FLASH_PROGRAM, "<HH", block, offset, data=buffer)

    def ioctl(self, op, argument):
        if op == 4:
            return self._blocks
        if op == 5:
            return BLOCK
        if op == 6:
            wire.ask(ops.FLASH_ERASE, "<H", argument)
        return 0
