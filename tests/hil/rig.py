"""What a bench can do to a board, with two implementations: VirtualRig and RealRig.

A test speaks with `Bench` (bench.py), which has a Rig, a Centre (gateway and webhook), a Wearer
(the receiver's sentences) and the board's console. What a real bench may lack is a row of
CAPABILITIES; the virtual one lacks nothing.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from serial import Serial

from trygg_tools.provision.board_files import Network

if TYPE_CHECKING:
    from hil.technician import Technician

HOME = (59.920_800, 10.685_000)  # Skøyen, Oslo; nobody lives in that road
FENCE = {
    "number": 1, "name": "Skøyen", "keep": "in", "shape": "circle", "private": True,
    "lat": HOME[0], "lon": HOME[1], "radius_m": 40, "buffer_m": 5,
}  # fmt: skip
# hurried, so that an afternoon takes seconds; each is a row of docs/settings.md
SETTINGS = (
    "fix_floor_s=14",  # longer than the receiver is kept on for, so that it sleeps in between
    "v_max_dm_s=400",
    "deep_sleep_min_s=5",
    "confirm_apart_s=1",
    "alarm_fix_s=1",
    "health_s=3600",
)
CAPABILITIES = {
    "power": "pull the power: --power-command, or --hands for a person who does it",
    "button": "press the wearer's button: --button-command, or --hands",
    "link": "take the radio link away: --link-command, or --hands",
    "torn flash": "cut the power inside of one flash write: the virtual board only",
    "skipped sleep": "let hours of sleep take no time: the virtual board only",
    "modem": "a simulated modem on the board's UART: --modem-port and a board with a modem",
    "felt": "know what the wearer felt: --felt-command, or --hands",
}


class Wish(NamedTuple):
    """What a test wants: `@pytest.mark.bench(modem="sim7080", settings=("health_s=600",))`."""

    settings: tuple[str, ...] = ()  # on top of SETTINGS
    fences: tuple[Mapping[str, Any], ...] = (FENCE,)
    config: Mapping[str, Mapping[str, Any]] = {}  # on top of /config.json, section by section
    modem: str = ""  # a part of `trygg modem parts`; "": Wi-Fi
    firmware: Path | None = None  # another folder than the checkout's
    speed: int = 1  # the virtual board's world, times the real one; a real board has its own
    behind_s: int = 0  # the satellites' clock begins so far in the past (skipped sleeps catch up)


class Rig(Protocol):
    """Hands at the bench. Ports are what pyserial opens."""

    kind: str  # virtual | real
    board_name: str  # of `trygg board list`
    network: Network  # what its radio joins
    arch: str  # of native code; "": what the board's file says
    console_port: str
    gps_port: str
    address: str  # of this machine, as the board reaches it
    speed: int  # of its world; 1 is real time

    def unfit(self) -> str:
        """Why it cannot be what the test wishes; "" if it can."""

    def lacks(self, capability: str) -> str:
        """Why this bench cannot do it; "" if it can."""

    def prepare(self, technician: "Technician") -> None:
        """The technician's firmware and settings are on the board, and its console port is free."""

    def attach(self, console: Serial) -> None:
        """The console's port is open from now on."""

    def power_on(self) -> None:
        """It starts as after a power loss; what it then prints is not lost."""

    def power_off(self) -> None:
        """The power is pulled."""

    def press_button(self, ms: int) -> None:
        """The wearer's button."""

    def link(self, there: bool) -> None:
        """Whether its radio reaches anything."""

    def felt(self, pattern: str, seconds: float) -> bool:
        """Whether its motor says this within `seconds`, or has said it since power_on."""

    def hurry(self, seconds: float) -> None:
        """For so long of the board's time its sleeps take none of ours, where that can be."""

    def utc(self) -> float:
        """Unix seconds as the satellites know them in the board's world."""

    def close(self) -> None:
        """Everything off and let go."""
