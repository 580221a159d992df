"""What is put on a board: the firmware linked and compiled, as one image or as files."""

from __future__ import annotations

import tempfile
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from trygg_tools.firmware_image import compiled, linked_folder, rom_image
from trygg_tools.linker import FINDS_FIRMWARE, main_file

BLOCK = 4096
BOOT, MAIN = "/boot.py", "/main.py"


class Bundle(NamedTuple):
    """A firmware for one kind of chip; `files` by the name below their slot's folder."""

    version: str  # the first 12 hex digits of the sha256 of all its files
    image: bytes  # for a ROMFS partition, whole blocks
    files: dict[str, bytes]
    boot: bytes  # the boot.py that finds either
    main: bytes  # the main.py that calls it


def build(firmware: Path, arch: str) -> Bundle:
    """Compile `firmware` for `arch`. Raises FirmwareError, naming the file that does not."""
    files: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory(prefix="trygg-flash-") as scratch:
        top = Path(scratch)
        linked_folder(firmware, top)
        for path in sorted(top.rglob("*.py")):
            name = path.relative_to(top)
            files[name.with_suffix(".mpy").as_posix()] = compiled(path, name.as_posix(), arch)
    image = rom_image(firmware, arch)
    boot, main = FINDS_FIRMWARE.encode(), main_file(firmware).encode()
    total = sha256(boot + main)
    for file, code in files.items():
        total.update(file.encode() + b"\0" + sha256(code).digest())
    padded = image.ljust(-(-len(image) // BLOCK) * BLOCK, b"\xff")
    return Bundle(total.hexdigest()[:12], padded, files, boot, main)


def blocks(image: bytes) -> list[bytes]:
    """The image in blocks of the flash."""
    return [image[at : at + BLOCK] for at in range(0, len(image), BLOCK)]
