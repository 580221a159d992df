"""What a test may do at a bench, virtual or real. A test asks for the fixture `bench`:

    bench.power_on()
    bench.expect(r"boot \\d+, cause [12], wake 0")       # on the board's console, in order
    bench.wearer.walks(bench.north(200), 15.0)
    with bench.step("alarm at the webhook"):
        until(lambda: bench.centre.received("no.trygg.alarm"), "an alarm")

`needs` says what a test cannot do without: a real bench that lacks it skips the test, with the
reason; the virtual one lacks nothing.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pytest_embedded import Dut

from hil.centre import Centre, until
from hil.rig import CAPABILITIES, HOME, Rig
from hil.steps import Steps
from hil.wearer import Place, Wearer
from trygg_tools.route import moved

EXPECT_S = 30.0


class Bench:
    """`rig` has the board, `centre` the gateway and the webhook, `wearer` the receiver's words."""

    def __init__(self, rig: Rig, centre: Centre, wearer: Wearer, dut: Dut, steps: Steps,
                 artefacts: Path) -> None:  # fmt: skip
        self.rig, self.centre, self.wearer, self._dut = rig, centre, wearer, dut
        self.artefacts = artefacts
        self.step = steps.step
        self.device = centre.device
        rig.attach(dut.serial.proc)
        # pexpect reads a file here, which always has an answer: without a pause it never rests
        dut.pexpect_proc.delayafterread = 0.02

    # -- what a test cannot do without -----------------------------------------------------

    def needs(self, *capabilities: str) -> None:
        """Skip the test, with the reason, on a real bench that cannot do this."""
        for capability in capabilities:
            reason = self.rig.lacks(capability)
            if reason and self.rig.kind == "real":
                pytest.skip(f"this bench cannot {CAPABILITIES[capability]} ({reason})")
            assert not reason, f"{capability}: {reason}"

    # -- power, button, link ---------------------------------------------------------------

    def power_on(self) -> None:
        """It starts as after a loss of power, or (a real bench without a switch) is reset."""
        self.rig.power_on()

    def power_off(self) -> None:
        """The power is pulled; needs "power"."""
        self.rig.power_off()

    def press_button(self, ms: int) -> None:
        """The wearer's button, held for `ms`; needs "button"."""
        self.rig.press_button(ms)

    def link(self, there: bool) -> None:
        """The radio reaches the world, or not; needs "link"."""
        self.rig.link(there)

    def lives_through(self, seconds: float) -> None:
        """So long of the board's own time goes by; a virtual board's sleeps take none of ours."""
        until_s = self.rig.utc() + seconds
        self.hurries(seconds)
        until(lambda: self.rig.utc() >= until_s, f"{seconds} s of its time", seconds + EXPECT_S)

    def hurries(self, seconds: float) -> None:
        """For so long of its own time a virtual board's sleeps take none of ours; a real board
        takes its time. The test wants `behind_s` of as much in its mark."""
        self.rig.hurry(seconds)

    # -- the console -----------------------------------------------------------------------

    def expect(self, pattern: str, timeout: float = EXPECT_S) -> re.Match[bytes]:
        """The next place in the console's output where `pattern` is: dut.expect."""
        found: re.Match[bytes] = self._dut.expect(pattern, timeout=timeout)
        return found

    def type(self, data: bytes) -> None:
        """Bytes to the console as they are: `\\x03` is Ctrl-C, a line ends in `\\r`."""
        assert isinstance(data, bytes), "dut.write adds a line feed to text"
        self._dut.write(data)

    def console(self) -> str:
        """All that the console has printed so far."""
        return Path(self._dut.logfile).read_text("utf-8", "replace")

    @contextmanager
    def port_free(self) -> Iterator[str]:
        """The console's port for mpremote, `trygg flash` and the like; nobody else reads it."""
        with self._dut.serial.disable_redirect_thread():
            self._dut.serial.proc.close()
            yield self.rig.console_port
            self._dut.serial.proc.open()

    def felt(self, pattern: str, seconds: float = 10.0) -> bool:
        """Whether the wearer feels this pattern of firmware/tracker/signals.py; needs "felt"."""
        return self.rig.felt(pattern, seconds)

    # -- places ----------------------------------------------------------------------------

    def north(self, metres: float) -> Place:
        """A place so far north of home."""
        return moved(*HOME, metres, 0.0)

    @property
    def board(self) -> Any:
        """The virtual board itself, for what no real bench can do: `needs` it first."""
        return self.rig.board  # type: ignore[attr-defined]

    @property
    def modem(self) -> Any:
        """The simulated modem: `.scene.do(words)`; needs "modem"."""
        return self.rig.modem  # type: ignore[attr-defined]
