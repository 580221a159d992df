"""A gateway with many trackers, as a process of its own, for the `alarm` bench.

The folder is what `trygg gateway init` makes: own front door with TLS, an http sink. The trackers
are registered and their fences and settings ordered before it starts, in this process, because a
command line for each of a hundred takes minutes.
"""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tracker.search import KEEP_ON_S
from tracker.settings import ROWS
from trygg_gateway.database import Database
from trygg_gateway.init_folder import make_folder
from trygg_gateway.journal import Journal
from trygg_gateway.order_book import queue, queue_fences
from trygg_gateway.registry import Issued, Registry
from trygg_gateway.service import JOURNAL, RUNNING
from trygg_tools.bench.report import BenchError
from trygg_tools.demo.processes import Process
from trygg_wire import codec, layouts

GROUP = "bench"
HOST = "127.0.0.1"
START_S = 30
HOME = (59.927, 10.701)  # of every tracker: the middle of its fence
RADIUS_M = 100
FENCE = {"number": 1, "name": "home", "keep": "in", "private": True, "shape": "circle",
         "lat": HOME[0], "lon": HOME[1], "radius_m": RADIUS_M}  # fmt: skip
# the shortest pause in which receiver and chip are off, so that a round takes 20 s and not 30
SETTINGS = {"fix_floor_s": KEEP_ON_S + 1, "deep_sleep_min_s": 5}


class AlarmGateway:
    """The gateway of `folder`, with an http sink at `sink_url`; stopped when the context ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        make_folder(folder, "bench", [HOST])
        self._process = Process(
            "the gateway",
            ["-m", "trygg_gateway", "run", "--config", str(folder / "gateway.toml")],
            folder / "gateway.log",
        )

    @property
    def secret(self) -> str:
        """What the sink's events are signed with."""
        return (self._folder / "secrets" / "webhook").read_text("ascii").strip()

    def register(self, devices: Sequence[str]) -> list[dict[str, Any]]:
        """Register the trackers and order fence and settings: each one's config, without port."""
        journal = Journal.visit(self._folder / "data" / JOURNAL)
        try:
            registry = Registry(journal, _now_ms)
            issued = [registry.add(device, GROUP, device) for device in devices]
            owed = journal.write(lambda db: [_order(db, device) for device in devices]).result()
        finally:
            journal.close()
        return [self._config(one, orders) for one, orders in zip(issued, owed, strict=True)]

    def _config(self, issued: Issued, orders: list[int]) -> dict[str, Any]:
        return {
            "device": issued.tracker.device,
            "group": GROUP,
            "host": HOST,
            "tls": str(self._folder / "tls" / "ca.der"),
            "password": issued.password,
            "order_key": issued.tracker.order_key.hex(),
            "boot_floor": 0,
            "orders": orders,
        }

    def start(self, sink_url: str) -> int:
        """Start it; the port of its front door. BenchError with its last words if it ends."""
        (self._folder / "gateway.toml").write_text(_settings(sink_url), "utf-8")
        self._process.start()
        running = self._folder / "data" / RUNNING
        until = time.monotonic() + START_S
        while time.monotonic() < until and self._process.alive:
            if running.exists():
                return int(json.loads(running.read_text("utf-8"))["listener"].rpartition(":")[2])
            time.sleep(0.05)
        said = (self._folder / "gateway.log").read_text("utf-8", "replace")[-2000:]
        raise BenchError(f"the gateway did not start in {START_S} s:\n{said}")

    def __enter__(self) -> "AlarmGateway":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stop()


def _settings(sink_url: str) -> str:
    return f"""\
[gateway]
name = "bench"
[listener]
port = 0
tls = true
cert = "tls/server.crt"
key = "tls/server.key"
[console]
port = 0
[sinks.webhook]
type = "http"
url = "{sink_url}"
secret_file = "secrets/webhook"
"""


def _order(db: Database, device: str) -> list[int]:
    """Owe one tracker its settings and its fence; the ids of both orders."""
    changes = [{"number": row[0], "value": SETTINGS[row[1]]} for row in ROWS if row[1] in SETTINGS]
    body: bytes = codec.encode_body(layouts.SETTINGS, {"settings": changes})
    return [
        queue(db, device, layouts.SETTINGS, body, 0, "bench", _now_ms()),
        queue_fences(db, device, [FENCE], 0, "bench", _now_ms()),
    ]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
