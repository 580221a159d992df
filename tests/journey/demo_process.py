"""`trygg demo` as a newcomer starts it, in a folder and on ports of a test's own."""

import os
import re
import signal
import subprocess
import sys
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path

from gateway.console_rig import until
from gateway.mosquitto import free_port

START_S = 60
END_S = 40
MARK = "TRYGG_JOURNEY"  # every process that the demo starts inherits it, however deep


class DemoProcess:
    """The demo's process, what it has printed, and every process that came of it."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder / "demo"
        self.said_file = folder / "demo.txt"
        self._mark = uuid.uuid4().hex
        ports = quiet_ports(3)
        self.page = f"http://127.0.0.1:{ports[0]}/"
        self._command = [
            *(sys.executable, "-m", "trygg_tools.cli", "demo", "--fresh"),
            *("--folder", str(self.folder), "--console-port", str(ports[0])),
            *("--listener-port", str(ports[1]), "--webhook-port", str(ports[2])),
            *options,
        ]

    def start(self) -> None:
        """Start it; returns when it says that it is ready."""
        with self.said_file.open("wb") as out:
            self.process = subprocess.Popen(
                self._command,
                env={**environment(), MARK: self._mark},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        until(self._ready, f"the demo is ready; it said: {self.said}", START_S)

    def _ready(self) -> bool:
        assert self.process.poll() is None, self.said
        return "Ready after" in self.said

    @property
    def said(self) -> str:
        """All that stood in the terminal so far."""
        return self.said_file.read_text("utf-8", "replace")

    def printed(self, pattern: str) -> str:
        """The first group of `pattern` in what it has printed."""
        found = re.search(pattern, self.said)
        assert found, f"{pattern} is not in: {self.said}"
        return found.group(1)

    def log_of(self, device: str) -> str:
        """A tracker's own log."""
        return (self.folder / "trackers" / device / "console.log").read_text("utf-8")

    def living(self) -> set[int]:
        """The pids of the demo and of everything it has started that still runs."""
        wanted = f"{MARK}={self._mark}".encode()
        return {int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ")
                if wanted in _read(path)}  # fmt: skip

    def interrupt(self) -> int:
        """Ctrl-C; its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(END_S)

    def clear_away(self) -> None:
        """Kill what a failed test has left running."""
        for pid in self.living():
            with suppress(ProcessLookupError):  # it ends with the one before it
                os.kill(pid, signal.SIGKILL)
        self.process.wait(END_S)


@contextmanager
def demo(folder: Path, *options: str):
    """A demo that is ready; whatever of it still runs at the end is killed."""
    running = DemoProcess(folder, *options)
    try:
        running.start()
        yield running
    finally:
        running.clear_away()


@contextmanager
def gateway_again(command: str, log: Path):
    """The printed command in "another terminal"; ended at the end."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command.split(), env=environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(END_S)


def quiet_ports(count: int) -> list[int]:
    """Ports that are free, and that no outgoing connection can take until the demo listens."""
    return [free_port() for _ in range(count)]


def environment() -> dict[str, str]:
    """This process's, with this checkout's packages first."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # ended meanwhile, or another user's
        return b""
