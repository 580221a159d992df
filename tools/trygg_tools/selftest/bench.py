"""The board on the bench: our firmware's own chip files at its REPL, wired as /config.json says.

What is tested is what will run: Power, Uart and BoardIo are the firmware's own files (this tool's
copy of them: on the board they are linked into one with others), with the arguments that
provisioning wrote.
"""

from __future__ import annotations

import json
import time
from base64 import b64decode
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from trygg_tools.firmware_image import firmware_folder
from trygg_tools.flash.board_link import BoardLink
from trygg_tools.flash.errors import FlashError

PATIENT_MS = 3_600_000  # of the watchdog: a self-test takes minutes, a tracker's bites in two
STARTS_S = 5.0  # two seconds asleep, a chip's start, and a file written

_LOADED = """
import sys
class Loaded:
    %s = %s
sys.modules[%r] = Loaded
"""
_SETUP = """
import binascii, json, time
with open("/config.json") as file:
    config = json.load(file)
power = Power(watchdog_ms=%d, **config["power"])
io = BoardIo(**config["io"])
lines, LINE = {}, bytes((13, 10))
def line(name, **arguments):
    if name not in lines:
        lines[name] = Uart(**arguments)
    return lines[name]
def heard(name, ms, final=False):
    got, until = b"", time.ticks_add(time.ticks_ms(), ms)
    while time.ticks_diff(until, time.ticks_ms()) > 0 and len(got) < 6000:
        got += lines[name].read()
        if final and got[-2:] == LINE and (got[-6:-2] == LINE + b"OK" or b"ERROR" in got):
            break
        time.sleep_ms(10)
    power.feed()
    print(json.dumps(binascii.b2a_base64(got).decode()))
"""

_SCOUT = """
import os
os.rename("/main.kept", "/main.py")
import binascii, json, machine, time
said = {"cause": machine.reset_cause(), "wake": machine.wake_reason()}
said["rtc"] = binascii.hexlify(machine.RTC().memory()).decode()
with open("/selftest.new", "w") as file:
    json.dump(said, file)
os.rename("/selftest.new", "/selftest.json")
time.sleep(60)
machine.reset()
"""
_NONE_LEFT = """
import os
if "selftest.json" in os.listdir("/"):
    os.remove("/selftest.json")
"""
_MAIN_BACK = """
import os
if "main.kept" in os.listdir("/"):
    os.rename("/main.kept", "/main.py")
"""


class Bench:
    """A link to a provisioned board, and the config it has."""

    def __init__(self, port: str, connect: Callable[[str], BoardLink] = BoardLink.open) -> None:
        self.port = port
        self._connect = connect
        self.link = connect(port)
        self.config: dict[str, Any] = {}
        try:
            self._set_up()
        except BaseException:
            self.link.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """A test that ended before its time, by Ctrl-C too, leaves a tracker that runs."""
        if kind is not None:
            self.link.restart()
        self.link.close()

    def _set_up(self) -> None:
        said = self.link.read("/config.json")
        if said is None:
            raise FlashError(
                f"{self.port}: no /config.json on the board: it is not provisioned. First:"
                " `trygg provision add`"
            )
        try:
            self.config = json.loads(said)
            self.config["device"], self.config["energy"], self.config["power"]
        except (ValueError, KeyError, TypeError):
            raise FlashError(
                f"{self.port}: /config.json on the board is none of ours, or damaged. `trygg"
                " provision rotate` writes it anew"
            ) from None
        self._load()

    def _load(self) -> None:
        """The chip's files, each with names of its own, and what is made of them."""
        optional = []  # which Power and BoardIo import when they are made
        if self.config["power"].get("pmu"):
            optional.append(("axp2101", "Axp2101"))
        if self.config["io"].get("accelerometer"):
            optional.append(("lis2dh", "Lis2dh"))
        whole = [("power", "Power"), ("uart", "Uart"), ("board_io", "BoardIo")]
        for file, name in optional + whole:
            source = (firmware_folder() / "esp32" / f"{file}.py").read_text("utf-8")
            self.link.run(f"names = {{}}\nexec({source!r}, names)\n{name} = names[{name!r}]")
        for file, name in optional:
            self.link.run(_LOADED % (name, name, file))
        self.link.run(_SETUP % PATIENT_MS)

    def open_line(self, name: str, arguments: dict[str, Any]) -> None:
        """A UART under a name."""
        self.link.run(f"line({name!r}, **{arguments!r})")

    def heard(self, name: str, ms: int) -> bytes:
        """What comes on it in so many milliseconds."""
        return b64decode(self.link.tell(f"heard({name!r}, {ms})"))

    def said(self, name: str, data: bytes, ms: int) -> bytes:
        """Say a command on it, and what comes then: up to its OK or ERROR, or for so long."""
        words = f"lines[{name!r}].write({data!r})\nheard({name!r}, {ms}, True)"
        return b64decode(self.link.tell(words))

    def ask(self, expression: str) -> Any:
        """A value of the board's."""
        return self.link.tell(f"print(json.dumps({expression}))")

    def rail(self, name: str, on: bool) -> None:
        """Switch a supply."""
        self.link.run(f"power.rail({name!r}, {on!r})")

    def leave_and_come_back(self, code: str) -> dict[str, Any]:
        """Run `code`, which ends the program (a reset, a sleep); what the next start found.

        {cause, wake, rtc}: the chip's numbers and its RTC memory in hex, noted by a main.py for
        this one start: the first it does is to put the real one back, and whatever happens that
        one runs within a minute. Raises FlashError if the board does not come back.
        """
        self.link.run(_NONE_LEFT)  # of a test that was ended in the middle
        self.link.put("/main.kept", self.link.read("/main.py") or b"")
        self.link.put("/main.py", _SCOUT.encode())
        with suppress(FlashError):
            self.link.leave(code)
        time.sleep(STARTS_S)  # a word from us before it has noted what it found would end it
        self.link = self._connect(self.port)
        said = self.link.read("/selftest.json")
        if said is None:
            self.link.run(_MAIN_BACK)
            raise FlashError(f"{self.port}: the program did not start again in {STARTS_S:.0f} s")
        self.link.run("import os\nos.remove('/selftest.json')")
        self._load()
        found: dict[str, Any] = json.loads(said)
        return found
