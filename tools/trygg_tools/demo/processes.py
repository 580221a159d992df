"""The demo's other processes: the gateway and the webhook's receiver, started and ended here.

None of them outlives the demo, also if that is killed (mortal.py).
"""

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trygg_tools.demo.mortal import mortal


class DemoError(Exception):
    """The demo cannot go on; the text says what was wanted, what came and what to do."""


class Process:
    """One process of the demo, its output in a log file; ended by `stop`."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self.arguments = list(arguments)
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; its output is appended to the log."""
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                mortal(self.arguments),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the demo, which ends its parts in order
            )

    @property
    def pid(self) -> int:
        """Its process id; 0 before the start."""
        return self._process.pid if self._process else 0

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def how_it_ended(self) -> str:
        """In words: by which signal, or with which exit code."""
        code = self._process.poll() if self._process else None
        if code is None:
            return "it runs"
        if code < 0:
            return f"ended by {signal.Signals(-code).name}"
        return f"exit code {code}, see {self.log}"

    def wait_ready(self, url: str, seconds: float = 30) -> None:
        """Return when `url` answers; DemoError with the log's end if it ends or takes too long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not self.alive:
                raise DemoError(f"{self.name} ended at its start:\n{self._log_end()}")
            if answers(url):
                return
            time.sleep(0.05)
        raise DemoError(f"{self.name} did not answer in {seconds:.0f} s:\n{self._log_end()}")

    def stop(self, seconds: float = 10) -> None:
        """Ask it to end, and end it if it does not."""
        if self._process is not None:
            end(self._process, seconds)

    def _log_end(self) -> str:
        lines = self.log.read_text("utf-8", "replace").splitlines()[-8:]
        return "\n".join(f"  {line}" for line in lines)


def end(process: subprocess.Popen[Any], seconds: float = 10) -> None:
    """Ask a process to end; kill it if it has not after `seconds`."""
    process.terminate()  # does nothing to one that has ended
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    """Whether anything speaks HTTP at `url`."""
    try:
        with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - our own loopback address
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def run_command(*arguments: str) -> str:
    """What one `trygg gateway …` command prints; DemoError with what it said if it failed."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "trygg_gateway", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise DemoError(f"trygg gateway {' '.join(arguments)} failed:\n{said}")
    return done.stdout
