"""A tracker without hardware: the firmware, byte for byte, in real MicroPython.

    board = VirtualBoard(folder, firmware, {"device": "solveig-1", ...})
    board.flash_firmware()
    board.start()
    board.feed_gps(b"$GPRMC,...")
    board.wait_line("alarm", 10)
    board.stop()

Every method may be called from any thread. In lockstep time stands still but for `run_for`.
"""

import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from trygg_tools.firmware_image import rom_image
from trygg_tools.linker import main_file
from trygg_tools.rig.board.board_modem import BoardModem
from trygg_tools.rig.board.chip import Chip, I2cPart, Pins
from trygg_tools.rig.board.flash_image import ROM_BLOCKS, FlashImage
from trygg_tools.rig.board.host import Event, Host, start_thread
from trygg_tools.rig.board.interpreter import HERE, interpreter_command
from trygg_tools.rig.board.timebase import Mode, Timebase
from trygg_tools.rig.felt import Felt

ARCH = "x64"  # of native code; all else is the same on every chip
# The firmware's heap. Objects of this 64-bit build take 1.83 times what they take on a chip
# (measured: trygg_tools/bits32.py), so it is 87 KB there, of 165 that an ESP32 shows free.
HEAP_KB = 160
SHIM_BYTES = 43_104  # measured; tests/tools/test_virtual_board_heap.py keeps it true
T = TypeVar("T")


class VirtualBoard:
    """One board: its flash in `folder`, its ports as links there, its life in `events`."""

    def __init__(
        self,
        folder: Path,
        firmware: Path,
        config: Mapping[str, Any] | None,
        mode: Mode = "real",
        speed: int = 1,
        heap_kb: int = HEAP_KB,
        pins: Pins | None = None,
        tick_start_ms: int = 0,
        modem: BoardModem | None = None,
        rom: bool = True,
    ) -> None:
        """`firmware`: the folder that is flashed; `config`: becomes /config.json on the board, None
        for one that is not provisioned;
        `modem`: one soldered on, else whoever opens the pty `modem` is it; `rom`: whether its
        MicroPython has a ROMFS partition (without one only small firmwares fit its heap)."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.firmware = firmware
        self.config = None if config is None else dict(config)
        self.console_link = folder / "console"
        self.gps_link = folder / "gps"
        self.modem_link = folder / "modem"
        self.log: list[str] = []
        self.events: list[Event] = []
        self._callbacks: list[Callable[[str], None]] = []
        self._news = threading.Condition()
        self._image = FlashImage(folder / "flash.img", ROM_BLOCKS if rom else 0)
        self._log_file = (folder / "console.log").open("a", encoding="utf-8")
        self._host = Host(
            folder,
            Timebase(mode, speed),
            Chip(
                pins or Pins(), tick_start_ms, sha256(str(folder.resolve()).encode()).digest()[:6]
            ),
            self._image,
            Felt(),
            heap_kb * 1024 + SHIM_BYTES,
            self._line,
            self._event,
            modem,
        )
        self.modem = modem
        self._thread = start_thread(self._host)

    # flash and power

    def flash_firmware(
        self, extra: Mapping[str, bytes] | None = None, keep: bool = True
    ) -> list[str]:
        """Write the firmware into the ROM partition, main.py, /config.json and `extra` beside it.

        The names of the files written. With `keep` the board's own files (state, outbox) stay.
        The board must be off.
        """
        self._image.load_rom(rom_image(self.firmware, ARCH))
        sources: dict[str, Path] = {}
        with tempfile.TemporaryDirectory() as scratch:
            more = {
                "/main.py": main_file(self.firmware).encode(),
                **(extra or {}),
            }
            if self.config is not None:
                more["/config.json"] = json.dumps(self.config).encode()
            for number, (target, content) in enumerate(more.items()):
                sources[target] = Path(scratch) / str(number)
                sources[target].write_bytes(content)
            pairs = [str(part) for target, source in sources.items() for part in (source, target)]
            command = interpreter_command(
                str(HERE / "shim" / "flasher.py"),
                str(self._image.path),
                "keep" if keep else "format",
                *pairs,
            )
            subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)  # noqa: S603
        return list(sources)

    def start(self) -> None:
        """Switch it on."""
        self._do(self._host.power_on)

    power_on = start

    def stop(self) -> None:
        """Switch it off for good: the process ends, the links go, flash and log stay."""
        if self._thread.is_alive():
            self._host.post(self._host.close)
            self._thread.join(10)
            self._image.close()
            self._log_file.close()

    def power_cut(self) -> None:
        """Off at once; `power_on` brings it back with empty RTC memory."""
        self._do(self._host.power_cut)

    def reset_button(self) -> None:
        """The EN button: as a short power loss."""
        self._do(self._host.press_reset)

    def kill_at_flash_write(self, operation: int, byte: int) -> None:
        """Cut the power in the `operation`-th flash write from now, after `byte` bytes of it."""
        self._do(lambda: self._image.tear(operation, byte))

    @property
    def flash_operations(self) -> int:
        """Programs and erases so far."""
        return self._image.operations

    # the world around it

    def feed_gps(self, data: bytes) -> None:
        """The receiver sends `data` at its baud rate; lost when nobody listens."""
        line = self._host.chip.lines[self._host.chip.pins.gps_uart]
        self._do(lambda: line.feed(data, self._host.timebase.now_us()))

    def at(self, seconds: float, action: Callable[["VirtualBoard"], None]) -> None:
        """Call `action(board)` when the board's world is `seconds` old."""
        self._do(lambda: self._host.schedule.add(int(seconds * 1e6), lambda: action(self)))

    def set_coverage(self, present: bool) -> None:
        """Whether the radio reaches anything."""
        self._do(lambda: setattr(self._host.chip.radio, "coverage", present))

    def set_battery_mv(self, millivolts: int) -> None:
        """The battery's voltage."""
        self._do(lambda: setattr(self._host.chip, "battery_mv", millivolts))

    def set_charging(self, charging: bool) -> None:
        """The charger's power-good pin: low while on the charger."""
        pin = self._host.chip.pins.charging
        self._do(lambda: self._host.set_level(pin, 0 if charging else None))

    def set_strap(self, closed: bool) -> None:
        """The strap's contact: low while it is closed."""
        pin = self._host.chip.pins.worn
        self._do(lambda: self._host.set_level(pin, 0 if closed else None))

    def set_i2c(self, address: int, part: I2cPart) -> None:
        """A part on the board's I2C."""
        self._do(lambda: self._host.chip.i2c.__setitem__(address, part))

    def set_beacons(self, beacons: dict[bytes, int]) -> None:
        """The BLE beacons round the board: address (6 bytes) to dBm."""
        self._do(lambda: setattr(self._host.chip, "beacons", beacons))

    def set_still(self) -> None:
        """An accelerometer is there and feels nothing: its interrupt is low."""
        self._do(lambda: self._host.set_level(self._host.chip.pins.motion, 0))

    def move(self, ms: int) -> None:
        """The wearer moves: the accelerometer holds its interrupt for `ms`."""
        self._do(lambda: self._move(ms))

    def _move(self, ms: int) -> None:
        host = self._host
        pin = host.chip.pins.motion
        host.set_level(pin, 1)
        host.schedule.add(host.timebase.now_us() + ms * 1000, lambda: host.set_level(pin, 0))

    def press_button(self, ms: int) -> None:
        """The wearer presses for `ms` of the board's time."""
        self._do(lambda: self._press(ms))

    def _press(self, ms: int) -> None:
        host = self._host
        pin = host.chip.pins.button
        host.set_level(pin, 0)
        host.schedule.add(host.timebase.now_us() + ms * 1000, lambda: host.set_level(pin, None))

    def skip_sleeps(self, seconds: float) -> None:
        """For so long of its time the world jumps over each deep sleep; all else takes its time.

        For hours of a board that speaks with real peers. Whoever feeds it goes by `world_s`."""
        until_us = self._host.timebase.now_us() + int(seconds * 1e6)
        self._do(lambda: setattr(self._host, "sleepless_us", until_us))

    # looking at it

    @property
    def starts(self) -> int:
        """How often the processor has started."""
        return sum(event.kind == "start" for event in self.events)

    @property
    def heap_left(self) -> int:
        """Bytes of heap the firmware had at its last start."""
        return self._host.heap_left

    @property
    def gps_lost(self) -> tuple[int, int]:
        """GPS bytes lost to a full buffer, and to a UART that was off."""
        line = self._host.chip.lines[self._host.chip.pins.gps_uart]
        return self._do(lambda: (line.lost_full, line.lost_off))

    @property
    def world_s(self) -> float:
        """How old the board's world is, in its own seconds."""
        return self._host.timebase.now_us() / 1e6

    def on_line(self, callback: Callable[[str], None]) -> None:
        """Call `callback(line)` for every console line, in the board's thread: be quick."""
        self._callbacks.append(callback)

    def run_for(self, seconds: float, deadline_s: float = 110) -> None:
        """Let `seconds` of the board's time go by; TimeoutError after `deadline_s` of ours."""
        host = self._host
        goal = host.timebase.now_us() + int(seconds * 1e6)
        reached = threading.Event()

        def begin() -> None:
            host.limit_us = goal
            host.schedule.add(goal, reached.set)

        self._do(begin)
        if not reached.wait(deadline_s):
            raise TimeoutError(f"{self.folder.name}: {seconds} s did not pass in {deadline_s} s")

    def wait_line(self, text: str, seconds: float = 30, since: int = 0) -> str:
        """The first console line from the `since`-th on that has `text`; TimeoutError."""
        return self._wait(lambda: next((x for x in self.log[since:] if text in x), None), seconds)

    def wait_event(self, kind: str, seconds: float = 30, since: int = 0) -> Event:
        """The first event of `kind` from the `since`-th on; TimeoutError."""
        wanted = lambda: next((e for e in self.events[since:] if e.kind == kind), None)  # noqa: E731
        return self._wait(wanted, seconds)

    def _wait(self, look: Callable[[], T | None], seconds: float) -> T:
        end = time.monotonic() + seconds
        with self._news:
            while (found := look()) is None:
                if not self._news.wait(end - time.monotonic()):
                    raise TimeoutError(f"{self.folder.name}: log ends {self.log[-5:]}")
        return found

    def _line(self, line: str) -> None:
        self._log_file.write(line + "\n")
        self._log_file.flush()
        with self._news:
            self.log.append(line)
            self._news.notify_all()
        for callback in self._callbacks:
            callback(line)

    def _event(self, event: Event) -> None:
        with self._news:
            self.events.append(event)
            self._news.notify_all()

    def _do(self, action: Callable[[], T]) -> T:
        """Run `action` in the board's thread and give its result."""
        if threading.current_thread() is self._thread:
            return action()
        result: Future[T] = Future()

        def run() -> None:
            try:
                result.set_result(action())
            except Exception as error:  # noqa: BLE001 (handed to the caller)
                result.set_exception(error)

        self._host.post(run)
        return result.result(30)
