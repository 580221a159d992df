"""A gateway, a webhook receiver and some trackers, each a process of its own, for a kill test.

`Town.on_own_door` has the gateway's own listener with TLS and a password per tracker. The trackers
are the firmware's core (`trygg_tools.rig.live`) in hurried time; each writes a ledger of what was
safe in its flash. Both sinks, webhook and file, get everything.

Ports are fixed, since a gateway that is started again must be found where it was, and lie below
the range from which the kernel takes ports for outgoing connections: no caller of a gateway that
is down can take its port.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from gateway.gateway_process import GatewayProcess
from gateway.mosquitto import free_port
from journey.laps import FENCES, write_laps
from journey.victim import Victim, until
from trygg_wire import layouts

NAMES = ("aase", "bjarne", "dagny", "einar", "frida", "gudrun", "halvor", "ingrid")
GROUP = "nord"
PATIENCE_S = 30  # with a receiver that has much else to do
SPEED = 20  # tracker's seconds in one of ours
SETTINGS = (
    "v_max_dm_s=400",
    "fix_floor_s=5",
    "alarm_fix_s=1",
    "confirm_apart_s=1",
    "report_inside_s=60",
    "report_live_s=30",
    "alarm_report_s=10",
    "health_s=600",
)
SINKS = """
[sinks.webhook]
type = "http"
url = "http://127.0.0.1:{port}/hook"
secret_file = "secrets/webhook"

[sinks.archive]
type = "file"
path = "archive.jsonl"
"""


class Kept:
    """The ids (device:boot:seq) that trackers have written down, read on as their files grow."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, int] = {}
        self.all: set[str] = set()
        self.alarms: set[str] = set()
        self.twice: set[str] = set()

    def read_on(self) -> None:
        """Take up the lines that have come since."""
        for device in NAMES:
            file = self._folder / f"{device}.ledger"
            data = file.read_bytes() if file.exists() else b""
            start = self._read.get(device, 0)
            end = data.rfind(b"\n") + 1
            self._read[device] = end
            for line in data[start:end].split(b"\n"):
                self._take(device, line.split())

    def _take(self, device: str, words: list[bytes]) -> None:
        if len(words) != 3:
            return  # torn by a kill
        boot, seq, kind = map(int, words)
        name = f"{device}:{boot}:{seq}"
        if name in self.all:
            self.twice.add(name)
        self.all.add(name)
        if kind == layouts.ALARM:
            self.alarms.add(name)


class Town:
    """Made by `on_own_door`; `gateway` and `trackers` can be killed."""

    def __init__(self, root: Path, door: dict[str, dict[str, object]]) -> None:
        self.root = root
        self.archive = root / "gateway" / "archive.jsonl"
        self.received = root / "received.jsonl"
        self.kept = Kept(root)
        port = free_port()
        self.desk = GatewayProcess(root / "gateway", SINKS.format(port=port), **door)
        self.gateway = Victim(root / "gateway.log", "-m", "trygg_gateway", "run", "--config",
                              self.desk.config)  # fmt: skip
        secret = root / "gateway/secrets/webhook"
        self.webhook = Victim(root / "webhook.log", "-m", "trygg_tools.cli", "webhook",
                              "--secret-file", secret, "--out", self.received,
                              "--port", port)  # fmt: skip
        self._webhook_url = f"http://127.0.0.1:{port}"
        self.trackers: list[Victim] = []

    # -- building --------------------------------------------------------------------------

    @classmethod
    @contextmanager
    def on_own_door(cls, root: Path, seed: int) -> Iterator["Town"]:
        """Everything running, TLS on the gateway's own door; all ended in the end."""
        listener = {
            "host": "127.0.0.1",
            "port": free_port(),
            "tls": True,
            "cert": "tls/server.crt",
            "key": "tls/server.key",
        }
        town = cls(root, {"listener": listener})
        with ExitStack() as ending:
            town._settle(seed)
            town._start(ending)
            yield town

    def _settle(self, seed: int) -> None:
        """Register the trackers, order their fences and settings, write their walks."""
        fences = self.root / "fences.json"
        fences.write_text(json.dumps(FENCES))
        for number, device in enumerate(NAMES):
            self._issue(device)
            walk = write_laps(self.root / f"{device}.nmea", seed + number)
            self._command("fence", "set", device, fences)
            self._command("order", "settings", device, *SETTINGS)
            self.trackers.append(
                Victim(self.root / f"{device}.log", "-m", "trygg_tools.rig.live",
                       "--config", self.root / f"{device}.json",
                       "--folder", self.root / f"{device}-flash", "--walk", walk,
                       "--speed", SPEED, "--ledger", self.root / f"{device}.ledger")
            )  # fmt: skip

    def _issue(self, device: str) -> None:
        issued = self.root / f"{device}.issued"
        self._command("tracker", "add", device, "--group", GROUP, "--out", issued)
        said = json.loads(issued.read_text())
        tls = None
        if said["tls"]:
            tls = self.root / "ca.der"
            tls.write_bytes(base64.b64decode(said["ca_der"]))
        said["tls"] = str(tls) if tls else None
        (self.root / f"{device}.json").write_text(json.dumps(said))

    def _command(self, *words: object) -> str:
        done = self.desk.command(*words)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def _start(self, ending: ExitStack) -> None:
        ending.callback(self.webhook.stop)
        self.webhook.start()
        ending.callback(self.gateway.stop)
        self.gateway.start()
        until(lambda: self.delivered() is not None, 30, "the webhook's receiver answers")
        for tracker in self.trackers:
            ending.callback(tracker.kill)
            tracker.start()

    # -- asking ----------------------------------------------------------------------------

    def delivered(self) -> set[str] | None:
        """The ids that the webhook's receiver says it has; None while it does not answer."""
        self.webhook.demand_alive()
        try:
            answer = self._ask("received?ids=1")
        except httpx.TransportError:
            return None
        return set(answer.json()["ids"])

    def came_again(self) -> int:
        """How often the webhook's receiver got what it had, and did not keep it."""
        return int(self._ask("received").json()["doubles"])

    def lose_an_answer(self) -> None:
        """The receiver keeps the next event, and the gateway does not learn of it."""
        lost = [{"fault": "lost"}]
        httpx.post(f"{self._webhook_url}/faults", json=lost, trust_env=False, timeout=PATIENCE_S)

    def _ask(self, what: str) -> httpx.Response:
        return httpx.get(f"{self._webhook_url}/{what}", trust_env=False, timeout=PATIENCE_S)

    def quarantine(self) -> list[dict[str, object]]:
        """What the gateway has set aside."""
        rows: list[dict[str, object]] = json.loads(self._command("quarantine", "list", "--json"))
        return rows


def ids_of(file: Path) -> list[str]:
    """The ids of the whole lines of a file of events, in their order."""
    data = file.read_bytes() if file.exists() else b""
    whole = data[: data.rfind(b"\n") + 1]
    return [json.loads(line)["id"] for line in whole.splitlines()]
