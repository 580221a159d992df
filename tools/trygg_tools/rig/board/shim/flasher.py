# mypy: ignore-errors
"""Writes files into a flash image, as mpremote would into a board's flash.

Arguments: the image, "keep" or "format", then source and target in turn. What is in the image
already stays with "keep", unless the file system cannot be read.
"""

import os
import sys

import vfs

BLOCK = 4096


class Image:
    """The image as LittleFS's block device, without a host."""

    def __init__(self, path):
        self._file = open(path, "r+b")  # noqa: SIM115 (open as long as the start)
        self._blocks = os.stat(path)[6] // BLOCK

    def readblocks(self, block, buffer, offset=0):
        self._file.seek(block * BLOCK + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        self._file.seek(block * BLOCK + offset)
        self._file.write(buffer)

    def ioctl(self, op, argument):
        if op == 4:
            return self._blocks
        if op == 5:
            return BLOCK
        if op == 6:
            self.writeblocks(argument, b"\xff" * BLOCK)
        return 0


def mount(path, keep):
    image = Image(path)
    if not keep:
        vfs.VfsLfs2.mkfs(image)
    try:
        vfs.mount(vfs.VfsLfs2(image), "/flash")
    except OSError:
        vfs.VfsLfs2.mkfs(image)
        vfs.mount(vfs.VfsLfs2(image), "/flash")


def make_folders(target):
    parts = target.strip("/").split("/")[:-1]
    path = "/flash"
    for part in parts:
        path += "/" + part
        try:
            os.mkdir(path)
        except OSError:
            continue  # it is there


def copy(source, target):
    make_folders(target)
    with open(source, "rb") as old, open("/flash" + target, "wb") as new:
        while True:
            data = old.read(4096)
            if not data:
                return
            new.write(data)


mount(sys.argv[1], sys.argv[2] == "keep")
for at in range(3, len(sys.argv), 2):
    copy(sys.argv[at], sys.argv[at + 1])
vfs.umount("/flash")
