"""A whole gateway as its own process, as an operator starts it, and a tracker that talks to it."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, NamedTuple

import httpx
from typer.testing import CliRunner

from gateway.raw_tracker import RawTracker
from gateway.receiver import SECRET
from trygg_gateway.cli import app
from trygg_gateway.init_folder import make_folder
from trygg_wire import packets

SECONDS = 60


class Done(NamedTuple):
    """What a command did."""

    returncode: int
    stdout: str
    stderr: str


class GatewayProcess:
    """The gateway of one folder; `start`, `kill` and `start` again."""

    def __init__(self, folder: Path, sinks: str = "", **tables: dict[str, object]) -> None:
        self.folder = folder
        make_folder(folder, "nord", ["localhost", "127.0.0.1"], loopback_only=True)
        (folder / "secrets/webhook").write_text(SECRET + "\n")
        self.config = folder / "gateway.toml"
        self.settings(sinks, **tables)
        self.process: subprocess.Popen[str] | None = None
        self.ports: dict[str, int] = {}
        self.err: Path | None = None  # where its log goes; None: to `log`, when it has ended

    def settings(self, sinks: str = "", **tables: dict[str, object]) -> None:
        """Write the file anew: free ports, `tables` on top, sinks as TOML text."""
        wanted = {"listener": {"port": 0}, "console": {"port": 0}, **tables}
        lines = []
        for table, values in wanted.items():
            lines.append(f"[{table}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        self.config.write_text("\n".join(lines) + "\n" + sinks)

    def __enter__(self) -> "GatewayProcess":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.end()

    def start(self) -> "GatewayProcess":
        """Start it and wait for its ready line."""
        if self.err is None:
            self.process = _python("run", "--config", self.config)
        else:
            with self.err.open("a") as log:
                self.process = _python("run", "--config", self.config, err=log)
        line = _line(self.process)
        if not line.startswith("ready: "):
            raise AssertionError(f"no ready line but {line!r}: {self.process.communicate()[1]}")
        said = json.loads((self.folder / "data/running.json").read_text())
        assert said["pid"] == self.process.pid
        self.ports = {
            name: int(place.rpartition(":")[2])
            for name, place in said.items()
            if name in ("listener", "console")
        }
        return self

    def kill(self) -> None:
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self._ended()

    def end(self) -> int:
        """SIGTERM if it still runs; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self._ended()

    def _ended(self) -> int:
        self.log = self.process.communicate(timeout=SECONDS)[1] or ""
        return self.process.returncode

    def command(self, *words: object) -> Done:
        """`trygg gateway ...` beside this gateway, in the test's own process, which is quicker."""
        done = CliRunner().invoke(app, [*map(str, words), "--config", str(self.config)])
        return Done(done.exit_code, done.stdout, done.stderr)

    def try_to_run(self) -> Done:
        """`trygg gateway run` that is expected to end by itself."""
        process = _python("run", "--config", self.config)
        out, err = process.communicate(timeout=SECONDS)
        return Done(process.returncode, out, err)

    def add(self, device: str = "astrid", group: str = "nord") -> dict[str, object]:
        """Register a tracker by the command line; its credentials."""
        out = self.folder / f"{device}.json"
        out.unlink(missing_ok=True)
        done = self.command("tracker", "add", device, "--group", group, "--out", out)
        assert done.returncode == 0, done.stderr
        return json.loads(out.read_text())

    def tracker(self, credentials: dict[str, object]) -> RawTracker:
        """A tracker that has logged in and listens on its down topic."""
        device, group = str(credentials["device"]), str(credentials["group"])
        line = RawTracker(int(str(credentials["port"])), device, group)
        assert line.log_in(str(credentials["password"]).encode()) == (False, 0)
        assert line.subscribe() == [1]
        return line

    def ask(self, path: str) -> httpx.Response:
        """GET of the console."""
        url = f"http://127.0.0.1:{self.ports['console']}{path}"
        return httpx.get(url, trust_env=False, timeout=SECONDS)


def packets_until(line: RawTracker, wanted: int, ids: set[int]) -> list[bytes]:
    """Read until every packet id of `ids` has its PUBACK and `wanted` messages came down."""
    down = []
    while ids or len(down) < wanted:
        packet = line.receive()
        assert packet is not None, "the gateway closed the line"
        kind, flags, body = packet
        if kind == packets.PUBACK:
            ids.discard(packets.read_puback(body))
        elif kind == packets.PUBLISH:
            _, _, packet_id, payload, _, _ = packets.read_publish(flags, body)
            line.write(packets.puback(packet_id))
            down.append(payload)
    return down


def until(true, what="it"):
    """The first true value of `true()`; an assertion after SECONDS."""
    end = time.monotonic() + SECONDS
    while True:
        value = true()
        if value:
            return value
        assert time.monotonic() < end, f"{what} did not come true in {SECONDS} s"
        time.sleep(0.02)


def run_gateway(settings: Path) -> subprocess.Popen[str]:
    """A gateway on settings that somebody else made, ready; whoever asks ends it."""
    process = _python("run", "--config", settings)
    line = _line(process)
    assert line.startswith("ready: "), f"no ready line but {line!r}: {process.communicate()[1]}"
    return process


def _python(*words: object, err: int | IO[str] = subprocess.PIPE) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(
        [sys.executable, "-m", "trygg_gateway", *map(str, words)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=err,
        text=True,
    )


def _line(process: subprocess.Popen[str]) -> str:
    """The first line on standard output, in time; "" if it ended without one."""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        assert selector.select(SECONDS), "the gateway said nothing"
        return process.stdout.readline()
