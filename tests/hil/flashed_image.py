"""A blank virtual board flashed by `trygg flash` over its console, once for all tests of a run."""

import fcntl
import shutil
from pathlib import Path

from hil.technician import Technician
from trygg_tools.rig.board import VirtualBoard

IMAGES = ("flash.img", "rom.img")
WHOLE = "whole"  # there when the images are


def copy_image(shared: Path, technician: Technician, target: Path) -> None:
    """The images of a flashed board into `target`; made in `shared` by whoever asks first, while
    other processes of the run wait."""
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / WHOLE).exists():
            _flash(shared / "board", technician)
            (shared / WHOLE).touch()
    target.mkdir(parents=True, exist_ok=True)
    for name in IMAGES:
        shutil.copy(shared / "board" / name, target / name)


def _flash(folder: Path, technician: Technician) -> None:
    board = VirtualBoard(folder, folder, None)
    try:
        board.start()
        technician.flash(str(board.console_link))
    finally:
        board.stop()
