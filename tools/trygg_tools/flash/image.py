"""A MicroPython image that a technician has: its chip, its version, and that it is whole.

Source: ESP-IDF "Firmware Image Format" (magic 0xE9, chip id at byte 12; esptool's documentation).
The version is what MicroPython prints at its prompt and carries as text.
"""

from __future__ import annotations

import os
import re
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from trygg_tools.flash.errors import FlashError

MAGIC = 0xE9
CHIPS = {0: "esp32", 9: "esp32s3"}
OFFSETS = {"esp32": 0x1000, "esp32s3": 0x0}  # of the bootloader in flash
OLDEST = (1, 27)  # with ROMFS, .mpy 6.3 and the mends in PPP
_VERSION = re.compile(rb"MicroPython v(\d+)\.(\d+)\.(\d+)[^ ]* on (\d{4}-\d\d-\d\d)")

_NUMBER = re.compile(r"\d+\.\d+(\.\d+)?(-preview[.\w]*)?")
_FOR_MODULE = {
    "esp32-wrover": "ESP32_GENERIC-SPIRAM-v",
    "esp32-s3-octal": "ESP32_GENERIC_S3-SPIRAM_OCT-v",
}
_GENERIC = re.compile(r"ESP32_GENERIC(_S3)?-v")  # no variant of memory or of a maker


class Image(NamedTuple):
    """A checked image."""

    path: Path
    chip: str
    version: tuple[int, int, int]
    sha256: str
    offset: int


def find_image(text: str, chip: str | None = None, module: str = "") -> Path:
    """The path itself, or MicroPython's generic image of that version in mpflash's cache: the one
    for the module's memory if it is there, else the one for any.

    The cache may have images of other makers' boards with the same chip: those are named, and one
    of them is taken only by its path. Raises FlashError.
    """
    path = Path(text).expanduser()
    if path.is_file():
        return path
    folder = Path(os.environ.get("MPFLASH_FIRMWARE", Path.home() / "Downloads" / "firmware"))
    wanted = text.removeprefix("v")
    if not _NUMBER.fullmatch(wanted):
        raise FlashError(f"--micropython {text}: no such file, and no version as 1.29.0 either")
    found = [one for one in sorted(folder.rglob(f"*-v{wanted}.bin")) if _is_for(one, chip)]
    generic = [one for one in found if _GENERIC.match(one.name)]
    fitting = [one for one in found if one.name.startswith(_FOR_MODULE.get(module, "-"))]
    if found and not generic + fitting:
        raise FlashError(
            f"--micropython {text}: {folder} has images for certain boards only:"
            f" {', '.join(one.name for one in found[:5])}. Give the path of the right one"
        )
    if not found:
        raise FlashError(
            f"--micropython {text}: no such file, and none of that version for"
            f" {chip or 'this chip'} in {folder}. Get one: `mpflash download --version {text}"
            f" --board {'ESP32_GENERIC_S3' if chip == 'esp32s3' else 'ESP32_GENERIC'}`, or from"
            " https://micropython.org/download"
        )
    return (fitting or generic)[-1]


def check_image(path: Path, wanted_sha256: str = "") -> Image:
    """Read it whole and judge it. Raises FlashError, saying what it is instead."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FlashError(f"{path}: cannot be read: {error.strerror}") from None
    digest = sha256(data).hexdigest()
    wanted = wanted_sha256 or _beside(path)
    if wanted and digest != wanted.lower():
        raise FlashError(
            f"{path}: wanted sha256 {wanted[:16]}…, got {digest[:16]}…. It is damaged or another"
            " one: get it again"
        )
    chip = _chip_of(data)
    if chip is None:
        raise FlashError(
            f"{path}: wanted a MicroPython image for an ESP32 or ESP32-S3, got"
            f" {'an empty file' if not data else 'another kind of file'}. It ends in .bin and comes"
            " from https://micropython.org/download"
        )
    return Image(path, chip, _version_of(path, data), digest, OFFSETS[chip])


def _version_of(path: Path, data: bytes) -> tuple[int, int, int]:
    found = _VERSION.search(data)
    if found is None:
        raise FlashError(f"{path}: an image for an ESP32, but no MicroPython in it")
    version = (int(found[1]), int(found[2]), int(found[3]))
    if version < OLDEST:
        raise FlashError(
            f"{path}: MicroPython {'.'.join(map(str, version))}, wanted"
            f" {'.'.join(map(str, OLDEST))} or newer: older ones cannot run this firmware"
        )
    return version


def _chip_of(data: bytes) -> str | None:
    if len(data) < 4096 or data[0] != MAGIC:
        return None
    return CHIPS.get(int.from_bytes(data[12:14], "little"))


def _is_for(path: Path, chip: str | None) -> bool:
    try:
        with path.open("rb") as file:
            return chip is None or _chip_of(file.read(4096)) == chip
    except OSError:
        return False


def _beside(path: Path) -> str:
    """The hash in a file of sha256sum beside the image, "" if there is none."""
    beside = path.with_name(path.name + ".sha256")
    words = beside.read_text("ascii", "replace").split() if beside.is_file() else []
    return words[0] if words else ""
