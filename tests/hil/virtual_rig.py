"""The bench in this machine: real MicroPython on a virtual board, everything else as on a desk.

A blank board is flashed once in a run, by `trygg flash` over its console; each test's board begins
as a copy of it, so that no test inherits what another did.
"""

import time
from pathlib import Path

import pytest
from serial import Serial

from hil.flashed_image import copy_image
from hil.rig import Wish
from hil.technician import Technician
from micropython_wheel import PUBLISHED
from trygg_tools.provision.board_files import Network
from trygg_tools.rig.board import VirtualBoard, micropython_folder
from trygg_tools.rig.board.board_modem import BoardModem
from trygg_tools.rig.board.timebase import Mode

ARCH = "x64"  # of native code on the virtual board
WIFI = Network("trygg", "hemmelig")
EPOCH_2020 = 1_577_836_800


class VirtualRig:
    """One board; `board` and `modem` are there for what no real bench can do."""

    kind = "virtual"
    address = "127.0.0.1"
    network = WIFI
    arch = ARCH
    board: VirtualBoard  # once prepared

    def __init__(self, folder: Path, flashed: Path, wish: Wish) -> None:
        """`flashed`: a folder for images of boards that were flashed in this run."""
        if micropython_folder() is None:
            (pytest.fail if PUBLISHED else pytest.skip)("no MicroPython here")
        self.board_name = "esp32-modem-bench" if wish.modem else "esp32-bench"
        self._wish, self._flashed, self._folder = wish, flashed, folder
        self._start_utc = time.time() - wish.behind_s
        self.modem = self._soldered()
        self.speed = wish.speed
        self.console_port, self.gps_port = str(folder / "console"), str(folder / "gps")

    def unfit(self) -> str:
        """It is what is wished."""
        return ""

    def lacks(self, capability: str) -> str:
        """Nothing, but for a modem that was not asked for."""
        missing = capability == "modem" and self.modem is None
        return "no modem: @pytest.mark.bench(modem=...)" if missing else ""

    def prepare(self, technician: Technician) -> None:
        """A copy of the board that was flashed, provisioned, and off."""
        own = self._wish.firmware is not None
        shared = self._folder.with_name("flashed") if own else self._flashed
        shared.mkdir(exist_ok=True)
        copy_image(shared, technician, self._folder)
        mode: Mode = "times" if self.speed > 1 else "real"
        folder = self._folder
        self.board = VirtualBoard(folder, folder, None, mode, self.speed, modem=self.modem)
        self.board.start()
        technician.provision(self.console_port)
        self.board.power_cut()
        technician.order()

    def attach(self, console: Serial) -> None:
        """It needs no line of it."""

    def power_on(self) -> None:
        """The supply is there."""
        self.board.power_on()

    def power_off(self) -> None:
        """Off at once."""
        self.board.power_cut()

    def press_button(self, ms: int) -> None:
        """For so long of the board's time."""
        self.board.press_button(ms)

    def link(self, there: bool) -> None:
        """Wi-Fi's coverage, or the modem's network."""
        if self.modem is None:
            self.board.set_coverage(there)
        else:
            self.modem.scene.do(f"coverage {'on' if there else 'off'}")

    def felt(self, pattern: str, seconds: float) -> bool:
        """The pattern that its motor was seen to make."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if any(one.kind == "felt" and one.detail[0] == pattern for one in self.board.events):
                return True
            time.sleep(0.05)
        return False

    def hurry(self, seconds: float) -> None:
        """The world jumps over its sleeps: the test wishes `behind_s` of as much or more."""
        assert seconds <= self._wish.behind_s, "the board would live in the future: behind_s"
        self.board.skip_sleeps(seconds)

    def utc(self) -> float:
        """The world's: real time but for sleeps that were skipped."""
        return self._start_utc + self.board.world_s

    def close(self) -> None:
        """The process ends, the ports go."""
        if hasattr(self, "board"):
            self.board.stop()

    def _soldered(self) -> BoardModem | None:
        if not self._wish.modem:
            return None
        return BoardModem(self._wish.modem, real=True, start_s=int(self._start_utc) - EPOCH_2020)
