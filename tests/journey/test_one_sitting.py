"""A technician's one sitting: a blank board, three commands, and an alarm confirmed at the webhook.

The board is the virtual one with real MicroPython, the ports are ptys, mpremote's transport and the
gateway's own process are the real ones, the link is Wi-Fi's sockets with TLS on loopback. Two
minutes are allowed, the issue's bound.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.gateway_process import GatewayProcess
from gateway.receiver import served
from micropython_wheel import PUBLISHED
from trygg_gateway.tls import issue_server, make_ca
from trygg_tools import walks
from trygg_tools.rig.board import VirtualBoard, micropython_folder
from trygg_tools.rig.live import epochs

SITTING_S = 120
SINKS = """
[sinks.webhook]
type = "http"
url = "{url}"
secret_file = "secrets/webhook"
"""


@contextmanager
def somebody_at_the_bench(board: VirtualBoard) -> Iterator[None]:
    """Presses reset once, when the tracker sleeps, as the command says."""
    over, since = threading.Event(), len(board.log)

    def stand_by() -> None:
        while not over.wait(0.2):
            if any("raw REPL" in line for line in board.log[since:]):
                return  # it listens: what sleeps from now on was told to
            if board.events[-1].kind == "sleep":
                board.reset_button()
                return

    thread = threading.Thread(target=stand_by)
    thread.start()
    yield
    over.set()
    thread.join()


def trygg(*words: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "trygg_tools.cli", *words, "--json"],
        capture_output=True, text=True, timeout=SITTING_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def gateway(tmp_path):
    """A gateway with TLS on a free port and a webhook that keeps each id once."""
    with served(tmp_path / "kept.jsonl") as webhook:
        process = GatewayProcess(tmp_path / "gateway", SINKS.format(url=webhook.url))
        tls = process.folder / "tls"
        if not (tls / "ca.key").exists():
            make_ca(tls, "nord")
        issue_server(tls, ["127.0.0.1", "localhost"])
        listener = {"port": 0, "tls": True, "cert": "tls/server.crt", "key": "tls/server.key"}
        process.settings(SINKS.format(url=webhook.url), listener=listener)
        with process:
            yield process, webhook


@pytest.fixture
def board(tmp_path):
    """A blank board under the sky: its receiver says what Bjørn's said in the park."""
    if micropython_folder() is None:
        (pytest.fail if PUBLISHED else pytest.skip)("no MicroPython here")
    board = VirtualBoard(tmp_path / "board", tmp_path, None)
    over = threading.Event()

    def sky() -> None:
        began = time.monotonic()
        for at_ms, data in epochs(walks.FOLDER / "bjorn.nmea", time.time_ns() // 1_000_000):
            if over.wait(max(0.0, began + at_ms / 1000 - time.monotonic())):
                return
            board.feed_gps(data)

    thread = threading.Thread(target=sky)
    board.start()
    thread.start()
    yield board
    over.set()
    thread.join()
    board.stop()


@pytest.mark.timeout(240)
def test_from_a_blank_board_to_an_alarm_at_the_webhook_in_one_sitting(tmp_path, gateway, board):
    process, webhook = gateway
    port, config = str(board.console_link), str(process.config)
    wifi = tmp_path / "wifi.json"
    wifi.write_text('{"ssid": "trygg", "password": "hemmelig"}')
    began = time.monotonic()
    flashed = trygg("flash", port, "--board", "esp32-bench", "--arch", "x64", "-q")
    assert flashed["changed"] is True
    provisioned = trygg(
        "provision", "add", port, "bjorn-1", "--board", "esp32-bench", "--config", config,
        "--wifi", str(wifi), "--label", str(tmp_path / "bjorn-1.png"), "-q",
    )  # fmt: skip
    with somebody_at_the_bench(board):
        tested = trygg(
            "selftest", port, "--config", config, "--sky", "30", "--no-hands",
            "--pdf", str(tmp_path / "bjorn-1.pdf"),
            "--inventory", str(process.folder / "inventory.jsonl"),
        )  # fmt: skip
    took_s = time.monotonic() - began
    parts = tested["parts"]
    print(json.dumps({"sitting_s": round(took_s, 1), **tested}))
    assert tested["passed"]
    assert tested["unit"] == provisioned["unit"]
    assert parts["battery"]["mv"] == pytest.approx(3950, abs=30)
    assert parts["receiver"]["satellites"] >= 4
    assert parts["rtc memory"]["verdict"] == "ok"
    assert (parts["deep sleep"]["reset_cause"], parts["deep sleep"]["wake_reason"]) == (4, 4)
    assert parts["gateway"]["verdict"] == "ok"
    assert parts["test alarm"]["verdict"] == "ok"
    assert parts["button"]["verdict"] == "not asked"
    assert webhook.received(device="bjorn-1", type="no.trygg.alarm.test")["unique"] == 1
    assert (tmp_path / "bjorn-1.pdf").read_bytes().startswith(b"%PDF")
    events = [json.loads(line)["event"] for line in lines_of(process.folder / "inventory.jsonl")]
    assert events == ["provisioned", "tested"]
    assert took_s < SITTING_S


def lines_of(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()
