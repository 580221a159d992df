"""The systems that are killed: ours, Mosquitto's bridge, thingsboard-gateway. Each in one shape.

A system takes what publishers say at `source` and brings it to `far`. `ids` reads from what comes
out at the far broker which numbers of which publisher it carries.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from trygg_gateway.init_folder import make_folder
from trygg_tools.crash import said
from trygg_tools.crash.broker import Broker
from trygg_tools.crash.ground import GROUP, register
from trygg_tools.crash.nursery import Nursery
from trygg_tools.peers import thingsboard
from trygg_tools.peers.thingsboard_platform import Platform
from trygg_wire import topics

# many, as thingsboard-gateway takes two messages that a device sends at once for one
PUBLISHERS = tuple(f"tracker-{number}" for number in range(1, 65))
Id = tuple[str, int]  # publisher and number
_BRIDGE = """\
persistence true
persistence_location {folder}/
connection far
address 127.0.0.1:{far}
topic # out 1
cleansession false
restart_timeout 1
notifications false
"""
_OURS = """\
[gateway]
name = "{group}"
[listener]
enabled = false
[broker]
url = "mqtt://127.0.0.1:{source}"
[console]
enabled = false
[log]
level = "error"
[sinks.far]
type = "mqtt"
url = "mqtt://127.0.0.1:{far}"
"""


class System(Protocol):
    """What is killed."""

    name: str
    listens: str  # what to subscribe to at the far broker

    def topic(self, device: str) -> str:
        """Where that publisher publishes."""

    def payload(self, number: int) -> bytes:
        """What it says."""

    def ids(self, topic: str, payload: bytes) -> Iterable[Id]:
        """What a message at the far broker carries."""

    async def start(self) -> None:
        """Start it, the first time or again."""

    def kill(self) -> None:
        """kill -9."""

    def end(self) -> None:
        """Leave nothing running."""


class Bridge:
    """Mosquitto's bridge, its persistence on with the default interval. It is the source itself."""

    name = "Mosquitto 2 bridge"
    listens = "trackers/#"

    def __init__(self, folder: Path, source: int, far: int) -> None:
        config = _BRIDGE.format(folder=folder / "bridge", far=far)
        self._broker = Broker(folder / "bridge", source, config)

    def topic(self, device: str) -> str:
        """Any would do."""
        return f"trackers/{device}/up"

    def payload(self, number: int) -> bytes:
        """The number."""
        return json.dumps({"seq": number}).encode()

    def ids(self, topic: str, payload: bytes) -> Iterable[Id]:
        """One."""
        return [(topic.split("/")[1], json.loads(payload)["seq"])]

    async def start(self) -> None:
        """Start it."""
        await self._broker.start()

    def kill(self) -> None:
        """kill -9."""
        self._broker.kill()

    def end(self) -> None:
        """The same."""
        self._broker.kill()


class Thingsboard:
    """thingsboard-gateway with its SQLite storage, as its manual sets it up."""

    listens = thingsboard.TELEMETRY

    def __init__(self, venv: Path, folder: Path, source: int, far: int, platform: int) -> None:
        """`platform` is the far broker itself, where somebody answers as a platform would."""
        self.name = f"thingsboard-gateway {thingsboard.version(venv)}"
        self._gateway = thingsboard.ThingsBoardGateway(
            venv, folder / "thingsboard", source_port=source, platform_port=far
        )
        self._platform = Platform(platform, lambda _device, _values: None)
        self._platform.__enter__()

    def topic(self, device: str) -> str:
        """Its own."""
        return thingsboard.UP.format(device=device)

    def payload(self, number: int) -> bytes:
        """Every field that it expects."""
        values = dict.fromkeys(thingsboard.FIELDS, 1) | {"seq": number, "time_s": int(time.time())}
        return json.dumps(values).encode()

    def ids(self, topic: str, payload: bytes) -> Iterable[Id]:
        """A pack of many."""
        for device, entries in json.loads(payload).items():
            for entry in entries:
                values = entry.get("values", entry)
                if "seq" in values:
                    yield device, int(values["seq"])

    async def start(self) -> None:
        """Begin; it is ready some seconds later."""
        self._gateway.start()

    def kill(self) -> None:
        """kill -9."""
        self._gateway.kill()

    def end(self) -> None:
        """It and its platform."""
        self._gateway.kill()
        self._platform.__exit__()


class Trygg:
    """Ours: broker door, journal, MQTT sink."""

    name = "Trygg"
    listens = "trygg/events/#"

    def __init__(self, nursery: Nursery, folder: Path, source: int, far: int) -> None:
        self._nursery = nursery
        self._folder = folder / "trygg"
        self._pid = 0
        make_folder(self._folder, GROUP, ["localhost"], loopback_only=True)
        text = _OURS.format(group=GROUP, source=source, far=far)
        (self._folder / "gateway.toml").write_text(text, "utf-8")
        register(self._folder / "data", PUBLISHERS)

    def topic(self, device: str) -> str:
        """A tracker's."""
        return str(topics.up(GROUP, device))

    def payload(self, number: int) -> bytes:
        """A report."""
        return said.report(1, number, int(time.time()))

    def ids(self, _topic: str, payload: bytes) -> Iterable[Id]:
        """One."""
        device, boot, seq = json.loads(payload)["id"].split(":")
        return [(device, int(seq))] if boot == "1" else []

    async def start(self) -> None:
        """Start it."""
        config = str(self._folder / "gateway.toml")
        self._pid = self._nursery.start(self._folder / "log", "run", "--config", config)

    def kill(self) -> None:
        """kill -9."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._nursery.wait(self._pid)
            self._pid = 0

    def end(self) -> None:
        """The same."""
        self.kill()
