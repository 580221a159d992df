"""One flashed board becomes a tracker: registered, given its secrets, noted, and started.

The gateway registers first, since only it can make the secrets. If the board then fails, the
registration is taken back, so that nothing stays that nobody wears. On the board /config.json is
the last file: without it the firmware does nothing, with it it has all it needs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from trygg_tools.boards import Board
from trygg_tools.flash.board_link import BoardLink
from trygg_tools.flash.errors import FlashError
from trygg_tools.provision.board_files import Network, board_files
from trygg_tools.provision.gateway_side import GatewayRefused, GatewaySide
from trygg_tools.provision.inventory import Inventory

_UNIT = """
import binascii, json, machine, os
files = os.listdir("/")
slot = ""
if "slot" in files:
    with open("/slot") as file:
        slot = file.read()
try:
    rom = "start.mpy" in os.listdir("/rom")
except OSError:
    rom = False
said = {"unit": binascii.hexlify(machine.unique_id()).decode(), "machine": os.uname()[4]}
said["firmware"] = "main.py" in files and (bool(slot) or rom)
said["version"] = (slot.split() + ["", ""])[1]
said["config"] = "config.json" in files
print(json.dumps(said))
"""

Progress = Callable[[str, int, int], None]


class Wish(NamedTuple):
    """Which board becomes which tracker."""

    port: str
    device: str
    board: Board
    group: str = "home"
    name: str = ""
    network: Network = Network()
    settings: tuple[str, ...] = ()
    fences: Path | None = None
    replace: bool = False  # the board has been a tracker, and may become this one


def provision(
    wish: Wish, gateway: GatewaySide, inventory: Inventory, on: Progress, *, again: bool = False
) -> dict[str, Any]:
    """Do it; what the board is now. `again`: the tracker is registered, and gets new secrets.

    Raises FlashError or GatewayRefused; the board and the gateway are then as they were.
    """
    on("looking at the board", 0, 4)
    with BoardLink.open(wish.port) as link:
        found = _demand_fit(link, wish)
        on("registering", 1, 4)
        said = gateway.rotate(wish.device) if again else _added(gateway, wish)
        try:
            on("giving secrets", 2, 4)
            _give(link, board_files(wish.board, said, wish.network))
        except FlashError as error:
            _take_back(gateway, inventory, wish, found["unit"], error, again)
            raise
        on("noting", 3, 4)
        inventory.add(
            found["unit"],
            "provisioned",
            device=wish.device,
            board=wish.board.name,
            firmware=found["version"],
        )
        link.restart()
    _order(gateway, wish)
    on("done", 4, 4)
    return {"port": wish.port, "device": wish.device, "unit": found["unit"],
            "board": wish.board.name, "firmware": found["version"]}  # fmt: skip


def unit_on(port: str) -> str:
    """The unit's own number."""
    with BoardLink.open(port) as link:
        unit: str = link.tell(_UNIT)["unit"]
    return unit


def _demand_fit(link: BoardLink, wish: Wish) -> dict[str, Any]:
    found: dict[str, Any] = link.tell(_UNIT)
    if not found["firmware"]:
        raise FlashError(
            f"{wish.port}: MicroPython, but no firmware on it. First: `trygg flash {wish.port}"
            " --board NAME`"
        )
    if found["config"] and not wish.replace:
        raise FlashError(
            f"{wish.port}: unit {found['unit']} is a tracker already. Say --replace if it is to"
            f" become {wish.device}; what it was is then gone"
        )
    return found


def _added(gateway: GatewaySide, wish: Wish) -> dict[str, Any]:
    return gateway.add(wish.device, wish.group, wish.name or wish.device)


def _give(link: BoardLink, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        link.put(path, content)


def _take_back(
    gateway: GatewaySide,
    inventory: Inventory,
    wish: Wish,
    unit: str,
    error: FlashError,
    again: bool,
) -> None:
    """The registration goes with the board; one that was there before stays, its wearer with it."""
    if not again:
        with suppress(GatewayRefused):
            gateway.revoke(wish.device)
    inventory.add(unit, "refused", device=wish.device, why=str(error))


def _order(gateway: GatewaySide, wish: Wish) -> None:
    if wish.settings:
        gateway.order_settings(wish.device, list(wish.settings))
    if wish.fences is not None:
        gateway.order_fences(wish.device, wish.fences)
