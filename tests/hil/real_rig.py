"""The bench with a real board: its console on --port, its receiver's UART on --gps-port.

What it cannot do by itself is done by commands or by a person (hands.py). Before each test the
board's own files are removed, so that no test finds what another left; the firmware is written only
where it differs. It has run against ports of virtual boards only (test_real_rig.py), so far.
"""

import contextlib
import time
from typing import NamedTuple

import serial

from hil.hands import Hands, HandsError
from hil.rig import Wish
from hil.serial_modem import SerialModem
from hil.technician import Technician
from trygg_tools import boards
from trygg_tools.flash.board_link import BoardLink
from trygg_tools.provision.board_files import Network
from trygg_tools.provision.wearer_before import forget

PULSE_S = 0.1


class Wiring(NamedTuple):
    """What the tester says of the bench."""

    port: str
    gps_port: str
    board: str  # of `trygg board list`
    address: str = "127.0.0.1"  # of this machine, as the board reaches it
    modem_port: str = ""
    arch: str = ""  # of native code; "": what the board's file says
    network: Network = Network()


class RealRig:
    """One board on a bench. `console` is the open port once pytest-embedded has it."""

    kind = "real"
    speed = 1

    def __init__(self, wiring: Wiring, hands: Hands, wish: Wish) -> None:
        self._wiring, self._hands, self._wish = wiring, hands, wish
        self.board_name, self.address = wiring.board, wiring.address
        self.console_port, self.gps_port = wiring.port, wiring.gps_port
        self.network, self.arch = wiring.network, wiring.arch
        self.has_modem = boards.read_board(boards.board_file(wiring.board)).link == "modem"
        self._console: serial.Serial | None = None
        self.modem = self._far_end()

    def lacks(self, capability: str) -> str:
        """Why not: no command, no person, no port, or no real bench can."""
        if capability in ("power", "button", "link", "felt"):
            there = self._hands.can(capability)
            return "" if there else f"neither --{capability}-command nor --hands"
        if capability == "modem":
            return "" if self.modem is not None else "no --modem-port, or a board without a modem"
        return "only the virtual board can"

    def unfit(self) -> str:
        """Why this bench cannot be what the test wants; "" if it can."""
        if self._wish.modem and not self.has_modem:
            return f"the test wants a modem, {self.board_name} has none"
        if not self._wish.modem and self.has_modem:
            return f"the test wants Wi-Fi, {self.board_name} has a modem"
        if self._wish.modem and self.modem is None:
            return "the test wants a simulated modem: --modem-port"
        return ""

    def prepare(self, technician: Technician) -> None:
        """Wiped, flashed where it differs, provisioned; off if its power can be switched."""
        if self._hands.can("power"):
            self._hands.do("power", "on", "Switch the board on")
        with BoardLink.open(self.console_port) as link:
            forget(link)
        technician.flash(self.console_port)
        technician.provision(self.console_port)
        technician.order()
        if self._hands.can("power"):
            self.power_off()

    def attach(self, console: serial.Serial) -> None:
        """The console's port is open from now on."""
        self._console = console

    def power_on(self) -> None:
        """The supply; without a switch for it the chip's reset by RTS, which is a power-on, too."""
        if self._hands.can("power"):
            self._hands.do("power", "on", "Switch the board on")
        else:
            self._reset_by_rts()

    def power_off(self) -> None:
        """By the relay or the person."""
        self._hands.do("power", "off", "Pull the board's power, battery and USB")

    def press_button(self, ms: int) -> None:
        """By the relay or the person."""
        self._hands.do("button", str(ms), f"Press the wearer's button for {ms / 1000:.1f} s")

    def link(self, there: bool) -> None:
        """By the access point's switch, the modem's far end, or a person with a metal tin."""
        if self.modem is not None:
            self.modem.scene.do(f"coverage {'on' if there else 'off'}")
            return
        how = "Give the board its network back" if there else "Take the board's network away"
        self._hands.do("link", "on" if there else "off", how)

    def felt(self, pattern: str, seconds: float) -> bool:
        """A person has felt it, or says no by ending the run."""
        self._hands.do("felt", pattern, f"Did the motor say `{pattern}`? (docs/patterns)")
        return True

    def utc(self) -> float:
        """This machine's clock."""
        return time.time()

    def hurry(self, seconds: float) -> None:
        """A real board sleeps as long as it sleeps."""

    def close(self) -> None:
        """The port's other users are gone; the board stays as it is."""
        if self.modem is not None:
            self.modem.close()
        if self._hands.can("power"):
            with contextlib.suppress(HandsError):
                self._hands.do("power", "off", "Switch the board off")

    def _reset_by_rts(self) -> None:
        if self._console is None:
            raise HandsError("the console is not open yet")
        try:
            self._console.dtr = False
            self._console.rts = True
            time.sleep(PULSE_S)
            self._console.rts = False
        except OSError as error:
            raise HandsError(
                f"{self.console_port}: cannot be reset by its RTS line ({error}): give"
                " --power-command or --hands"
            ) from None

    def _far_end(self) -> SerialModem | None:
        if not (self._wiring.modem_port and self.has_modem and self._wish.modem):
            return None
        return SerialModem(self._wish.modem, self._wiring.modem_port)
