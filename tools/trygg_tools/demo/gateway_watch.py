"""Which gateway serves the demo's folder now: the demo's own, or one started by hand since."""

import json
import os
from pathlib import Path
from typing import NamedTuple

from trygg_tools.demo.processes import Process


class Seen(NamedTuple):
    """The gateway at one look; pid 0: there is none."""

    pid: int
    ours: bool


class GatewayWatch:
    """Looks at the demo's own process and at the file that a running gateway leaves."""

    def __init__(self, process: Process, running: Path) -> None:
        self._process = process
        self._running = running

    def look(self) -> Seen:
        """The gateway that runs now. One that was killed with -9 leaves its file, and is none."""
        if self._process.alive:
            return Seen(self._process.pid, ours=True)
        pid = self._said_pid()
        return Seen(pid if pid and _runs(pid) else 0, ours=False)

    def _said_pid(self) -> int:
        try:
            said = json.loads(self._running.read_text("utf-8"))
            return int(said["pid"])
        except (OSError, ValueError, KeyError):
            return 0


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
