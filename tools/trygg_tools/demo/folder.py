"""The demo's folder: what is made at the first start and used again at the next.

    gateway/         as `trygg gateway init` makes it: settings, certificates, secrets, journal
    trackers/NAME/   each tracker's flash and its console.log
    received.jsonl   what the webhook's receiver has got
    *.log            what the processes said

A second start goes on where the first stopped: the same trackers, the same journal. `--fresh`
removes the folder first, and only a folder that the demo made.
"""

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from trygg_tools.demo.processes import DemoError, run_command

WALKS = Path(__file__).parents[1] / "walks"
MARK = "trygg-demo"  # a file that says whose folder this is
GROUP = "demo"


class Ports(NamedTuple):
    """Where the demo listens, all on 127.0.0.1."""

    console: int
    listener: int
    webhook: int


class Wearer(NamedTuple):
    """One of the demo's people and where their tracker keeps its things."""

    device: str
    name: str
    walk: Path
    fence: dict[str, Any]
    credentials: Path
    folder: Path


class Folder:
    """The paths of one demo."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.gateway = root / "gateway"
        self.config = self.gateway / "gateway.toml"
        self.running = self.gateway / "data" / "running.json"  # while a gateway serves it
        self.secret = self.gateway / "secrets" / "webhook"
        self.received = root / "received.jsonl"
        self.trackers = root / "trackers"

    def clear(self) -> None:
        """Remove all of it; DemoError if it is not the demo's."""
        if not self.root.exists():
            return
        if not (self.root / MARK).exists():
            raise DemoError(f"{self.root} was not made by the demo, so it is not removed")
        shutil.rmtree(self.root)

    def make(self, ports: Ports) -> bool:
        """Make what is missing; True if this is the first start."""
        first = not self.config.exists()
        if first and self.root.exists() and any(self.root.iterdir()):
            if not (self.root / MARK).exists():
                raise DemoError(f"{self.root} holds other things; name another with --folder")
            shutil.rmtree(self.root)  # a first start that was interrupted
        self.trackers.mkdir(parents=True, exist_ok=True)
        (self.root / MARK).touch()
        if first:
            run_command("init", str(self.gateway), "--name", "demo", "--host", "127.0.0.1")
        self._write_settings(ports)
        return first

    def _write_settings(self, ports: Ports) -> None:
        """The few settings of the demo; everything else keeps its default."""
        self.config.write_text(
            f"""# Written by `trygg demo` at every start; `trygg gateway config` explains every key.
[gateway]
name = "demo"

[listener]
host = "127.0.0.1"
port = {ports.listener}
tls = true
cert = "tls/server.crt"
key = "tls/server.key"

[console]
port = {ports.console}

[sinks.webhook]
type = "http"
url = "http://127.0.0.1:{ports.webhook}/hook"
secret_file = "secrets/webhook"
""",
            "utf-8",
        )

    def wearers(self) -> list[Wearer]:
        """The three of walks.json."""
        found = []
        for said in json.loads((WALKS / "walks.json").read_text("utf-8")):
            device = said["name"].lower()
            home = self.trackers / device
            found.append(
                Wearer(
                    device,
                    said["name"],
                    WALKS / said["file"],
                    said["fence"],
                    self.trackers / f"{device}.json",
                    home,
                )
            )
        return found

    def provision(self, wearer: Wearer) -> None:
        """Register a tracker and order its fence, once."""
        if wearer.credentials.exists():
            return
        config = ["--config", str(self.config)]
        fence = self.trackers / f"{wearer.device}-fence.json"
        fence.write_text(json.dumps([wearer.fence]), "utf-8")
        run_command(
            "tracker", "add", wearer.device, "--group", GROUP, "--name", wearer.name,
            "--out", str(wearer.credentials), *config,
        )  # fmt: skip
        run_command("fence", "set", wearer.device, str(fence), "--who", "demo", *config)
