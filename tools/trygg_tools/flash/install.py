"""Puts a bundle on a board so that a cable pulled at any moment leaves the old or the new, whole.

There are two places for a firmware, in the halves of the ROMFS partition or in the folders /fw/a
and /fw/b; /slot names the one that boot.py finds and main.py starts. Written is always the other
one, and of it only what differs. Then it is read back and compared, and only then /slot is renamed
into place: the one step that changes which firmware runs, and LittleFS does it whole or not at all
(https://github.com/littlefs-project/littlefs, DESIGN.md).

    /slot                        what it names
    "0 9f3a...", "262144 9f3a..."  a half of the partition by its first byte, and the version there
    "/fw/a 9f3a..."              a folder
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple

from trygg_tools.flash.board_link import BoardLink
from trygg_tools.flash.bundle import BLOCK, BOOT, MAIN, Bundle, blocks
from trygg_tools.flash.errors import FlashError

SLOT = "/slot"
WINDOW_BITS = 12  # of what the chip unpacks
Progress = Callable[[str, int, int], None]

_ABOUT = """
import binascii, json, machine, os, sys
about = {"name": sys.implementation[0], "machine": os.uname()[4], "port": sys.platform}
about["version"] = list(sys.implementation[1])[:3]
about["mpy"] = sys.implementation._mpy
about["files"] = os.listdir("/")
about["unit"] = binascii.hexlify(machine.unique_id()).decode()
stat = os.statvfs("/")
about["free"] = stat[0] * stat[3]
try:
    import vfs
    about["rom"] = len(memoryview(vfs.rom_ioctl(2, 0))) if vfs.rom_ioctl(1) else 0
except (AttributeError, OSError, TypeError):
    about["rom"] = 0
about["device"] = ""
try:
    with open("/config.json") as file:
        about["device"] = json.load(file)["device"]
except (OSError, ValueError, KeyError, TypeError):
    pass
print(json.dumps(about))
"""
_HASHES = """
import hashlib, binascii, json, vfs
rom = memoryview(vfs.rom_ioctl(2, 0))
def digest(at):
    return binascii.hexlify(hashlib.sha256(rom[at : at + 4096]).digest()[:8]).decode()
print(json.dumps([digest(at) for at in range(%d, %d, 4096)]))
"""
_WHOLE = """
import hashlib, binascii, json, vfs
rom = memoryview(vfs.rom_ioctl(2, 0))
print(json.dumps(binascii.hexlify(hashlib.sha256(rom[%d:%d]).digest()).decode()))
"""
_WRITER = """
import binascii, deflate, io
from esp32 import Partition
part = Partition.find(Partition.TYPE_DATA, label="romfs")[0]
block = bytearray(4096)
def write(number, packed):
    deflate.DeflateIO(io.BytesIO(binascii.a2b_base64(packed)), deflate.ZLIB).readinto(block)
    part.writeblocks(number, block)
"""
_LISTED = """
import json, os
def listed(folder, found):
    try:
        for entry in os.ilistdir(folder):
            path = folder + "/" + entry[0]
            if entry[1] & 0x4000:
                listed(path, found)
            else:
                found.append(path)
    except OSError:
        pass
    return found
print(json.dumps(listed(%r, [])))
"""


class About(NamedTuple):
    """What a board says of itself."""

    name: str
    machine: str
    version: tuple[int, ...]
    rom_bytes: int
    free_bytes: int
    has_main: bool
    unit: str  # the chip's own number, as on its label
    device: str  # the tracker that it is, "" for none


class Done(NamedTuple):
    """What an installation came to."""

    version: str
    slot: str
    written: int  # blocks or files
    kept: int  # that were there already
    changed: bool  # whether another firmware starts than before


def about(board: BoardLink) -> About:
    """Ask the board."""
    said = board.tell(_ABOUT)
    return About(
        said["name"],
        said["machine"],
        tuple(said["version"]),
        said["rom"],
        said["free"],
        "main.py" in said["files"],
        said["unit"],
        said["device"],
    )


def install(board: BoardLink, bundle: Bundle, on: Progress = lambda what, done, of: None) -> Done:
    """The bundle runs at the next start. Raises FlashError; the board then starts what it had."""
    found = about(board)
    said = (board.read(SLOT) or b"").decode("ascii", "replace")
    slot = said.split()[0] if said.split() else ""
    place = _into_partition if found.rom_bytes >= 2 * len(bundle.image) else _into_folder
    at, written, kept = place(board, bundle, found, slot, on)
    wanted = f"{at} {bundle.version}"
    changed = _switch(board, bundle, found, wanted if said != wanted else "")
    return Done(bundle.version, at, written, kept, changed)


def _switch(board: BoardLink, bundle: Bundle, found: About, slot: str) -> bool:
    """Make it the one that starts; `slot`: what /slot is to say, "" if it does. Whether it changed.

    A board of before slots has no boot.py and starts what it has, whatever /slot says: so /slot
    goes first. On a blank one it goes last: without it the first half starts, where the new one is.
    """
    ours = {MAIN: bundle.main, BOOT: bundle.boot}
    there = board.hashes(list(ours))
    wanted = {path: content for (path, content), hash_ in zip(ours.items(), there, strict=True)
              if hash_ != _sum(content)}  # fmt: skip
    if slot:
        wanted = (
            {SLOT: slot.encode(), **wanted} if found.has_main else {**wanted, SLOT: slot.encode()}
        )
    for path, content in wanted.items():
        board.put(path, content)
    return bool(wanted)


# -- a partition ---------------------------------------------------------------------------


def _into_partition(
    board: BoardLink, bundle: Bundle, found: About, slot: str, on: Progress
) -> tuple[str, int, int]:
    """(slot, blocks written, kept): the half that does not run, unless this runs already."""
    half = found.rom_bytes // 2 // BLOCK * BLOCK
    runs = _running_half(slot, half, found)
    if runs is not None and _digest(board, runs, len(bundle.image)) == _sum(bundle.image):
        return str(runs), 0, len(bundle.image) // BLOCK
    start = half if runs == 0 else 0
    written = _write_blocks(board, bundle.image, start, on)
    got = _digest(board, start, len(bundle.image))
    if got != _sum(bundle.image):
        raise FlashError(
            f"{board.port}: the image on the board is not what was sent: wanted sha256"
            f" {_sum(bundle.image)[:12]}, got {got[:12]}. The old firmware stays; try again, and if"
            " it says so again the board's flash is worn out"
        )
    return str(start), written, len(bundle.image) // BLOCK - written


def _running_half(slot: str, half: int, found: About) -> int | None:
    """Where the firmware that main.py starts lies; None if it is in no half."""
    if slot.isdigit():
        return half if int(slot) else 0
    return 0 if found.has_main and not slot else None


def _write_blocks(board: BoardLink, image: bytes, start: int, on: Progress) -> int:
    there: list[str] = board.tell(_HASHES % (start, start + len(image)))
    wanted = blocks(image)
    different = [
        number
        for number, block in enumerate(wanted)
        if sha256(block).hexdigest()[:16] != there[number]
    ]
    if different:
        board.run(_WRITER)
    for count, number in enumerate(different):
        on("writing", count, len(different))
        packer = zlib.compressobj(9, zlib.DEFLATED, WINDOW_BITS)
        packed = packer.compress(wanted[number]) + packer.flush()
        board.run(f"write({start // BLOCK + number}, {b64encode(packed)!r})")
    on("writing", len(different), len(different))
    return len(different)


def _digest(board: BoardLink, start: int, length: int) -> str:
    said: str = board.tell(_WHOLE % (start, start + length))
    return said


def _sum(data: bytes) -> str:
    return sha256(data).hexdigest()


# -- folders -------------------------------------------------------------------------------


def _into_folder(
    board: BoardLink, bundle: Bundle, found: About, slot: str, on: Progress
) -> tuple[str, int, int]:
    """(slot, files written, kept): the folder that does not run, unless this runs already."""
    if slot.startswith("/") and not _differing(board, bundle, slot):
        return slot, 0, len(bundle.files)
    target = "/fw/b" if slot == "/fw/a" else "/fw/a"
    wanted = sum(len(code) for code in bundle.files.values())
    if found.free_bytes < wanted and not _there(board, target):
        raise FlashError(
            f"{board.port}: the firmware needs {wanted // 1024} KB beside the one that runs, the"
            f" board has {found.free_bytes // 1024} KB free. Use a MicroPython image with a larger"
            " file system or with a ROMFS partition"
        )
    differing = _differing(board, bundle, target)
    _make_folders(board, bundle, target)
    for count, name in enumerate(differing):
        on("writing", count, len(differing))
        board.put(f"{target}/{name}", bundle.files[name])
    on("writing", len(differing), len(differing))
    _drop_strangers(board, bundle, target)
    left = _differing(board, bundle, target)
    if left:
        raise FlashError(
            f"{board.port}: {left[0]} on the board is not what was sent. The old firmware stays;"
            " try again"
        )
    return target, len(differing), len(bundle.files) - len(differing)


def _there(board: BoardLink, folder: str) -> list[str]:
    found: list[str] = board.tell(_LISTED % folder)
    return found


def _differing(board: BoardLink, bundle: Bundle, folder: str) -> list[str]:
    """The names of the bundle that the folder lacks or has otherwise."""
    hashes = board.hashes([f"{folder}/{name}" for name in bundle.files])
    wanted = [_sum(code) for code in bundle.files.values()]
    return [
        name
        for name, there, right in zip(bundle.files, hashes, wanted, strict=True)
        if there != right
    ]


def _make_folders(board: BoardLink, bundle: Bundle, target: str) -> None:
    folders = {"/fw", target}
    for name in bundle.files:
        parts = name.split("/")[:-1]
        folders.update(f"{target}/{'/'.join(parts[:depth])}" for depth in range(1, len(parts) + 1))
    board.run(
        "import os\n"
        f"for folder in {sorted(folders)!r}:\n"
        " try:\n  os.mkdir(folder)\n"
        " except OSError:\n  pass"
    )


def _drop_strangers(board: BoardLink, bundle: Bundle, target: str) -> None:
    """Files of an older firmware would be imported in place of nothing."""
    wanted = {f"{target}/{name}" for name in bundle.files}
    strangers = [path for path in _there(board, target) if path not in wanted]
    if strangers:
        board.run(f"import os\nfor path in {strangers!r}:\n os.remove(path)")
