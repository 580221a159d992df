"""Debian's Mosquitto as a process of its own, on a free port, for the benches."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

from trygg_tools.bench.report import BenchError

PROGRAM = Path("/usr/sbin/mosquitto")
BROKER_CONF = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 0
"""


class Mosquitto:
    """A broker with its defaults, but for a queue without a bound; `folder` must be its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        if not PROGRAM.exists():
            raise BenchError(
                f"start a broker: wanted {PROGRAM}, got none. Install it: apt-get install mosquitto"
            )
        conf = folder / "mosquitto.conf"
        conf.write_text(BROKER_CONF.format(port=self.port))
        self._process = subprocess.Popen(  # noqa: S603 - Debian's, and our own file
            [PROGRAM, "-c", str(conf)], stderr=subprocess.DEVNULL
        )

    def __enter__(self) -> Mosquitto:
        until = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
