"""One board from whatever it is to our firmware: the steps in their order, told as they go."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from trygg_tools.boards import Board
from trygg_tools.flash import chip as chips
from trygg_tools.flash.board_link import BoardLink
from trygg_tools.flash.bundle import Bundle, build
from trygg_tools.flash.errors import FlashError
from trygg_tools.flash.image import OLDEST, Image, check_image, find_image
from trygg_tools.flash.install import About, about, install
from trygg_tools.flash.serial_ports import serial_number

STARTS_S = 15  # a blank file system is made at the first start

Progress = Callable[[str, int, int], None]  # what, done, of
_BUILDING = threading.Lock()


class Wish(NamedTuple):
    """What is to be done with one port."""

    port: str
    board: Board
    micropython: str = ""  # a path or a version; "": what is on it stays
    sha256: str = ""


class Builder:
    """The firmware compiled once for each architecture that is asked for."""

    def __init__(self, firmware: Path, arch: str = "") -> None:
        self._firmware, self._arch = firmware, arch
        self._built: dict[str, Bundle] = {}

    def bundle(self, board: Board) -> Bundle:
        """For the board's chip, or for the one architecture this builder was given."""
        arch = self._arch or board.arch
        with _BUILDING:  # a row of boards asks for it at once
            if arch not in self._built:
                self._built[arch] = build(self._firmware, arch)
            return self._built[arch]


def flash(wish: Wish, builder: Builder, on: Progress) -> dict[str, Any]:
    """Do it; what was found and done. Raises FlashError, the board then being as it was or new."""
    said: dict[str, Any] = {"port": wish.port, "board": wish.board.name}
    if Path(wish.micropython).is_file():  # what is wrong with it needs no board to be seen
        check_image(Path(wish.micropython), wish.sha256)
    if wish.micropython:
        said |= _micropython(wish, on)
    on("building", 0, 1)
    bundle = builder.bundle(wish.board)
    on("stopping its program; if it sleeps, press reset", 0, 1)
    with _opened(wish, bool(wish.micropython)) as board:
        found = about(board)
        _demand_ours(wish, found)
        done = install(board, bundle, on)
        board.restart()
    return said | {
        "unit": found.unit,
        "device": found.device,
        "usb_serial": serial_number(wish.port),
        "micropython": ".".join(str(part) for part in found.version),
        "firmware": done.version,
        "slot": done.slot,
        "written": done.written,
        "kept": done.kept,
        "changed": done.changed,
    }


def _micropython(wish: Wish, on: Progress) -> dict[str, Any]:
    on("asking the chip", 0, 1)
    chip = chips.probe(wish.port)
    if chip.name != wish.board.chip:
        raise FlashError(
            f"{wish.port}: the chip is an {chip.name}, {wish.board.name} has an {wish.board.chip}."
            " Name the board that is there: `trygg board list`"
        )
    image: Image = check_image(
        find_image(wish.micropython, chip.name, wish.board.module), wish.sha256
    )
    chips.write(wish.port, chip, image, lambda percent: on("MicroPython", percent, 100))
    return {
        "chip": chip.name,
        "mac": chip.mac,
        "flash_mb": chip.flash_mb,
        "image": image.path.name,
        "image_sha256": image.sha256,
    }


def _opened(wish: Wish, fresh: bool) -> BoardLink:
    """The board's REPL; one that was just written takes some seconds to its first prompt."""
    until = time.monotonic() + (STARTS_S if fresh else 0)
    while True:
        try:
            return BoardLink.open(wish.port)
        except FlashError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.5)


def _demand_ours(wish: Wish, found: About) -> None:
    if found.name != "micropython" or found.version < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise FlashError(
            f"{wish.port}: wanted MicroPython {wanted} or newer, got {found.name}"
            f" {'.'.join(map(str, found.version))}. Give --micropython IMAGE"
        )
    machine = found.machine.lower().replace("-", "")
    if "esp32" in machine and (wish.board.chip == "esp32s3") != ("esp32s3" in machine):
        raise FlashError(
            f"{wish.port}: {wish.board.name} has an {wish.board.chip}, the board says"
            f" {found.machine}. Name the board that is there: `trygg board list`"
        )
