"""Firmware and settings onto a board as a technician brings them: `trygg flash`, `trygg provision`.

The same functions that the commands call, over the board's console port. A file that a test wants
otherwise in /config.json is written afterwards over the same port.
"""

import json
import time
from pathlib import Path
from typing import Any

from hil.centre import Centre
from hil.rig import SETTINGS, Wish
from trygg_tools import boards
from trygg_tools.firmware_image import firmware_folder
from trygg_tools.flash import session as flashing
from trygg_tools.flash.board_link import BoardLink
from trygg_tools.provision import session as provisioning
from trygg_tools.provision.board_files import CONFIG, Network
from trygg_tools.provision.gateway_side import GatewayRefused, GatewaySide
from trygg_tools.provision.inventory import Inventory

GROUP = "nord"


class InProcess(GatewaySide):
    """The gateway's command line without a process for each word: a second less each."""

    def __init__(self, centre: Centre) -> None:
        super().__init__(centre.config)
        self._centre = centre

    def _run(self, words: list[str]) -> str:
        done = self._centre.command(*words)
        if done.returncode:
            raise GatewayRefused(done.stderr or done.stdout)
        return done.stdout


class Technician:
    """Knows what is to be on the board. `flash` and `provision` want its console port alone."""

    def __init__(self, wish: Wish, board_name: str, centre: Centre, device: str, network: Network,
                 arch: str = "") -> None:  # fmt: skip
        self.wish = wish
        self._board = boards.read_board(boards.board_file(board_name))
        self._centre, self._device, self._network, self._arch = centre, device, network, arch

    @property
    def firmware(self) -> Path:
        """What is flashed."""
        return self.wish.firmware or firmware_folder()

    def flash(self, port: str) -> dict[str, Any]:
        """`trygg flash PORT`: only what differs is written."""
        builder = flashing.Builder(self.firmware, self._arch)
        return flashing.flash(flashing.Wish(port, self._board), builder, _quietly)

    def provision(self, port: str) -> None:
        """`trygg provision add PORT DEVICE`; its orders are `order`'s."""
        wish = provisioning.Wish(
            port, self._device, self._board, GROUP, network=self._network, replace=True
        )
        stock = Inventory(self._centre.folder / "inventory.jsonl")
        provisioning.provision(wish, InProcess(self._centre), stock, _quietly)
        if self.wish.config:
            self._change_config(port)

    def order(self) -> None:
        """The settings and fences of the wish wait in the gateway, as signed orders."""
        gateway = InProcess(self._centre)
        gateway.order_settings(self._device, [*SETTINGS, *self.wish.settings])
        if self.wish.fences:
            fences = self._centre.folder / f"{self._device}.fences.json"
            fences.write_text(json.dumps(list(self.wish.fences)), "utf-8")
            gateway.order_fences(self._device, fences)

    def _change_config(self, port: str) -> None:
        with BoardLink.open(port) as link:
            config = json.loads(link.read(CONFIG) or b"{}")
            for section, values in self.wish.config.items():
                config[section] = {**config.get(section, {}), **values}
            link.put(CONFIG, json.dumps(config).encode())
            link.restart()
        time.sleep(0.1)  # the word is on its way when the port closes


def _quietly(what: str, done: int, of: int) -> None:
    """Progress that nobody watches."""
