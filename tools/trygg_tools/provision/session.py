"""One flashed board becomes a tracker: registered, given its secrets, noted, and started.

The gateway registers first, since only it can make the secrets, and takes the orders that wait for
the tracker. If anything fails from there on, Ctrl-C too, the registration is taken back, so that
nothing stays that nobody wears. On the board /config.json is the last file: without it the firmware
does nothing, with it it has all it needs.

A tracker that gets new secrets (rotate, swap) has void ones until its board has them: the board is
tried twice, and then it is said that nobody speaks for the wearer now.

A board that was another wearer's forgets them first (wearer_before.py).
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from trygg_tools.boards import Board
from trygg_tools.flash.board_link import BoardLink
from trygg_tools.flash.errors import FlashError
from trygg_tools.provision.board_files import CONFIG, Network, board_files, network_kept
from trygg_tools.provision.gateway_side import GatewayRefused, GatewaySide
from trygg_tools.provision.inventory import Inventory, InventoryError
from trygg_tools.provision.wearer_before import forget

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
said["device"] = ""
try:
    with open("/config.json") as file:
        said["device"] = json.load(file)["device"]
except (OSError, ValueError, KeyError):
    pass
print(json.dumps(said))
"""

STEPS = 4
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

    Raises FlashError, GatewayRefused or InventoryError; board and gateway are then as they were,
    but that with `again` the text says so if the old secrets are void.
    """
    inventory.demand_writable()
    came_back = not again and inventory.was_revoked(wish.device)
    on("looking at the board; if it sleeps, press reset", 0, STEPS)
    with BoardLink.open(wish.port) as link:
        found = _demand_fit(link, wish)
        if again and found["device"] == wish.device:
            wish = wish._replace(network=network_kept(wish.network, link.read(CONFIG) or b""))
        on("registering", 1, STEPS)
        if again:
            with _ctrl_c_waits():  # between the two nobody could speak for the wearer
                said = gateway.rotate(wish.device)
                link = _given_again(link, wish, found["device"], said, on)
        else:
            said = _registered_and_given(link, wish, gateway, inventory, found, on)
        on("noting", 3, STEPS)
        link.restart()
    facts = {"device": wish.device, "board": wish.board.name, "firmware": found["version"]}
    try:
        if again and inventory.unit_of(wish.device) != found["unit"]:
            _order_settings_again(gateway, wish.device)
    finally:
        _note(inventory, found["unit"], facts)
    on("done", STEPS, STEPS)
    speaks_to = {"speaks_to": f"{said['host']}:{said['port']}"}
    return {"port": wish.port, "unit": found["unit"], **facts, **speaks_to,
            **_cares(wish, found), **({"came_back": True} if came_back else {})}  # fmt: skip


def _registered_and_given(
    link: BoardLink,
    wish: Wish,
    gateway: GatewaySide,
    inventory: Inventory,
    found: dict[str, Any],
    on: Progress,
) -> dict[str, Any]:
    """The credentials, now on the board too; of what fails nothing stays registered."""
    registered = False
    try:
        with _ctrl_c_waits():
            said = gateway.add(wish.device, wish.group, wish.name or wish.device)
            registered = True
        if wish.settings:
            gateway.order_settings(wish.device, list(wish.settings))
        if wish.fences is not None:
            gateway.order_fences(wish.device, wish.fences)
        on("giving secrets", 2, STEPS)
        # "": a tracker of that name that came back is the next wearer's, too
        _give(link, wish, "", board_files(wish.board, said, wish.network))
    except BaseException as error:
        if registered:  # else it is another's, or nobody's
            with _ctrl_c_waits(), suppress(GatewayRefused):
                gateway.revoke(wish.device)
            with suppress(InventoryError):
                why = str(error) or "ended by Ctrl-C"
                inventory.add(found["unit"], "refused", device=wish.device, why=why)
        raise
    return said


def _note(inventory: Inventory, unit: str, facts: dict[str, str]) -> None:
    try:
        inventory.add(unit, "provisioned", **facts)
    except InventoryError as error:
        text = f"{facts['device']} is provisioned and runs, but is not noted: {error}"
        raise InventoryError(text) from None


def _order_settings_again(gateway: GatewaySide, device: str) -> None:
    """The wearer's settings go to a board that has none, or others; which fences it has the gateway
    sees by itself. Not before the new secrets are on it: the old board would take the order."""
    try:
        gateway.order_settings_again(device)
    except GatewayRefused as error:
        raise GatewayRefused(
            f"{device} is provisioned and runs, but has the usual settings: {error}. Say `trygg"
            f" gateway order again {device}`"
        ) from None


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """Ctrl-C is heard at the end of this, not in the middle; by what is started in here, neither.

    The main thread hears it in Python, whichever thread the system chose: a mask alone does not
    keep it from the others, a handler alone not from a process that is started.
    """
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    pressed: list[int] = []
    in_main = threading.current_thread() is threading.main_thread()
    before = None
    if in_main:
        before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if in_main:
            signal.signal(signal.SIGINT, before)
    if pressed and callable(before):
        before(signal.SIGINT, None)


def _given_again(
    link: BoardLink, wish: Wish, was: str, said: dict[str, Any], on: Progress
) -> BoardLink:
    """The new secrets are on the board, which is reached once more if it goes away meanwhile."""
    files = board_files(wish.board, said, wish.network)
    on("giving secrets", 2, STEPS)
    with suppress(FlashError):
        _give(link, wish, was, files)
        return link
    link.close()
    try:
        link = BoardLink.open(wish.port)
        _give(link, wish, was, files)
    except FlashError as error:
        raise FlashError(
            f"{error}. {wish.device}'s old secrets are void and the new ones on no board: NOBODY"
            " SPEAKS FOR ITS WEARER until the same is said again and done"
        ) from None
    return link


def _cares(wish: Wish, found: dict[str, Any]) -> dict[str, str]:
    """What the person at the bench may not have thought of."""
    cares = {}
    if found["device"] not in ("", wish.device):
        cares["was_device"] = found["device"]
    if wish.board.link == "wifi" and not wish.network.ssid:
        cares["care"] = "no --wifi was given, so it reaches nobody: rotate it with one"
    return cares


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
    if wish.board.wiring is None:
        raise FlashError(
            f"{wish.port}: {wish.board.name} has no wiring in its file, so nobody can say which pin"
            " its receiver is on: `trygg board show`"
        )
    if found["config"] and not wish.replace:
        raise FlashError(
            f"{wish.port}: unit {found['unit']} is a tracker already:"
            f" {found['device'] or 'its name cannot be read'}. Say --replace if it is to become"
            f" {wish.device}; its secrets and what it has not sent yet are then gone"
        )
    return found


def _give(link: BoardLink, wish: Wish, was: str, files: dict[str, bytes]) -> None:
    """The files onto a board that was the tracker `was`; of another's it then knows nothing."""
    if was != wish.device:
        forget(link)
    for path, content in files.items():
        link.put(path, content)
