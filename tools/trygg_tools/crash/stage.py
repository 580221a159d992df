"""One gateway in a folder of its own, its door, its sinks, its trackers: what a round plays on."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import ssl
import time
from pathlib import Path
from typing import Any, Protocol

from trygg_gateway.init_folder import make_folder
from trygg_tools.crash.broker import Broker
from trygg_tools.crash.collector import Collector, EventsKept
from trygg_tools.crash.events import Events
from trygg_tools.crash.fleet import Fleet, LightTracker
from trygg_tools.crash.ground import GROUP, NAMES, OLD, quiet_port, register
from trygg_tools.crash.hook import Hook, Served
from trygg_tools.crash.old_journal import make_old

READY_S, STOP_S = 30, 20
DOORS = ("listener", "broker")
SINKS = """
[sinks.hook]
type = "http"
url = "http://127.0.0.1:{port}/hook"
secret_file = "secrets/webhook"
timeout_seconds = 15

[sinks.archive]
type = "file"
path = "archive.jsonl"

[sinks.far]
type = "mqtt"
url = "mqtt://127.0.0.1:{far}"
client_id = "nord"
"""
TLS = 'tls = true\ncert = "tls/server.crt"\nkey = "tls/server.key"\n'
TLS_SHARE = 0.3  # of the rounds on the own door
EVENTS = "trygg/events/#"


class Starter(Protocol):
    """Starts gateways: a Nursery, or what runs them under a tracer."""

    def start(self, log: Path, *words: str) -> int:
        """Start `trygg gateway words...`; its process id."""

    def wait(self, pid: int) -> int:
        """The exit code of one that was killed or asked to stop."""


class EndedByItself(Exception):
    """The gateway ended although nobody killed it; the text is the end of its log."""


class Stage:
    """`start` it, play, `stop` it. The gateway's process is `pid` while it lives, else None."""

    def __init__(
        self,
        folder: Path,
        starter: Starter,
        door: str,
        dice: random.Random,
        tls_share: float = TLS_SHARE,
    ) -> None:
        self.folder = folder
        self.door = door
        self.pid: int | None = None
        self.heard = asyncio.Event()
        self._archive = Events(folder / "gateway/archive.jsonl")
        self._hooked = Events(folder / "hook.jsonl")
        self.log = folder / "gateway.log"
        self.config = folder / "gateway/gateway.toml"
        self._starter = starter
        port = quiet_port(dice)
        self.broker = Broker(folder / "broker", port) if door == "broker" else None
        make_folder(folder / "gateway", GROUP, ["localhost"], loopback_only=True)
        secret = (folder / "gateway/secrets/webhook").read_text("ascii").strip()
        self.served = Served(Hook(secret, folder / "hook.jsonl"))
        self._far = Broker(folder / "far", quiet_port(dice))
        self._far_events = EventsKept()
        self._collector = Collector(self._far.port, EVENTS, self._far_events.take)
        tls = self.broker is None and dice.random() < tls_share
        self._settle(port, tls=tls)
        trust = ssl.create_default_context(cafile=folder / "gateway/tls/ca.crt") if tls else None
        self.data = folder / "gateway/data"
        passwords = register(self.data, (*NAMES, OLD))
        trackers = [
            LightTracker(
                GROUP, name, None if self.broker else passwords[name], port, self.heard.set,
                # behind the own door a PUBACK means committed: half of the trackers rely on it
                forgets_at_puback=self.broker is None and number % 2 == 1,
                tls=trust,
            )
            for number, name in enumerate(NAMES)
        ]  # fmt: skip
        self.fleet = Fleet(trackers, random.Random(dice.random()))  # noqa: S311 - a seed

    def begin_old(self, records: int) -> None:
        """Before the start: the journal is one of version 1, with so many records."""
        self.fleet.past = make_old(self.data, OLD, records)

    def settle_again(self, timeout_s: int) -> None:
        """Another time-out for the webhook, in the settings of a gateway that runs."""
        text = self.config.read_text("utf-8")
        text = re.sub(r"timeout_seconds = \d+", f"timeout_seconds = {timeout_s}", text)
        self.config.write_text(text, "utf-8")

    def back_up(self, to: Path) -> int:
        """Begin a backup beside the gateway; the process id."""
        words = ("backup", str(to), "--config", str(self.config))
        return self._starter.start(self.folder / "backup.log", *words)

    def end(self, pid: int, *, at_once: bool) -> None:
        """Wait for a backup, or kill -9 it; nothing if it has ended."""
        if at_once:
            os.kill(pid, signal.SIGKILL)
        self._starter.wait(pid)

    def _settle(self, port: int, *, tls: bool) -> None:
        """Write the settings."""
        door = f"[listener]\nport = {port}\n" + (TLS if tls else "")
        if self.broker is not None:
            door = f'[listener]\nenabled = false\n[broker]\nurl = "mqtt://127.0.0.1:{port}"\n'
        text = f'[gateway]\nname = "{GROUP}"\n{door}[console]\nenabled = false\n'
        text += '[log]\nlevel = "warning"\n' + SINKS.format(
            port=self.served.port, far=self._far.port
        )
        self.config.write_text(text, "utf-8")

    async def start(self) -> None:
        """Everything running, the trackers silent."""
        self.served.start()
        await self._far.start()
        await self._collector.start()
        if self.broker is not None:
            await self.broker.start()
        self.start_gateway()
        self.fleet.start()
        self.fleet.burst(1, 0)
        await self.hear()

    def events(self) -> dict[str, list[dict[str, Any]]]:
        """What each sink has, in the order in which it came."""
        return {
            "file": self._archive.read_on(),
            "webhook": self._hooked.read_on(),
            "mqtt": list(self._far_events.events.values()),
        }

    def came_again(self) -> dict[str, int]:
        """How often a receiver got what it had, and knew it by its id."""
        return {"webhook": self.served.hook.came_again, "mqtt": self._far_events.came_again}

    def other_content(self) -> list[str]:
        """Ids under which a receiver was told two different things."""
        return self.served.hook.other_content + self._far_events.other_content

    async def stop(self) -> int:
        """End everything; the gateway's exit code."""
        await self.fleet.stop()
        code = await self.stop_gateway()
        await self.served.stop()
        await self._collector.stop()
        self._far.stop()
        if self.broker is not None:
            self.broker.stop()
        return code

    # -- the gateway -----------------------------------------------------------------------

    def start_gateway(self) -> None:
        """Start it; returns at once, so that it can be killed while it starts."""
        self.heard.clear()
        self.pid = self._starter.start(self.log, "run", "--config", str(self.config))

    def kill_gateway(self) -> None:
        """kill -9, if it lives."""
        if self.pid is not None:
            self.demand_alive()
            os.kill(self.pid, signal.SIGKILL)
            self._starter.wait(self.pid)
            self.pid = None

    async def stop_gateway(self) -> int:
        """SIGTERM; its exit code, and -9 of one that has not ended in STOP_S."""
        if self.pid is None:
            return 0
        os.kill(self.pid, signal.SIGTERM)
        until = time.monotonic() + STOP_S
        while not _is_gone(self.pid):
            if time.monotonic() > until:
                os.kill(self.pid, signal.SIGKILL)
            await asyncio.sleep(0.01)
        code = self._starter.wait(self.pid)
        self.pid = None
        return code

    def demand_alive(self) -> None:
        """Raise EndedByItself if the gateway has."""
        if self.pid is not None and _is_gone(self.pid):
            said = self.log.read_text("utf-8", "replace").splitlines()[-20:]
            raise EndedByItself("\n".join(said))

    async def ready(self) -> None:
        """Return as soon as the gateway says where it is reached, which it does last."""
        until = time.monotonic() + READY_S
        while not self._says_it_runs():
            self.demand_alive()
            if time.monotonic() > until:
                raise TimeoutError(f"the gateway is not ready in {READY_S} s")
            await asyncio.sleep(0.005)

    def _says_it_runs(self) -> bool:
        try:
            said = json.loads((self.data / "running.json").read_text("utf-8"))
        except (OSError, ValueError):
            return False
        return bool(said["pid"] == self.pid)

    async def hear(self, seconds: float = READY_S) -> None:
        """Return as soon as a tracker was acknowledged something since the gateway's start."""
        until = time.monotonic() + seconds
        while not self.heard.is_set():
            self.demand_alive()
            if time.monotonic() > until:
                raise TimeoutError(f"no tracker heard anything in {seconds} s")
            await asyncio.sleep(0.002)


def _is_gone(pid: int) -> bool:
    """Whether the process has ended, also when nobody has waited for it yet."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except FileNotFoundError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"
