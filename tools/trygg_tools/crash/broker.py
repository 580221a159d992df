"""A Mosquitto that can be killed and comes back where it was, having forgotten everything."""

from __future__ import annotations

import asyncio
import getpass
import shutil
import signal
import subprocess
import time
from pathlib import Path

START_S = 10


def mosquitto() -> str:
    """Where the broker is; /usr/sbin is on few people's path."""
    found = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if found is None:
        raise FileNotFoundError("mosquitto is not installed: apt-get install mosquitto")
    return found


class Broker:
    """One broker on `port` of loopback; `config` is added to its configuration."""

    def __init__(self, folder: Path, port: int, config: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = port
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        lines = [f"listener {port} 127.0.0.1", "allow_anonymous true", "max_queued_messages 0",
                 f"user {getpass.getuser()}", config]  # fmt: skip
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n", "utf-8")

    async def start(self) -> None:
        """Start it; returns when it can be connected to."""
        command = [mosquitto(), "-c", str(self._folder / "mosquitto.conf")]
        with (self._folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603, ASYNC220
        until = time.monotonic() + START_S
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                if self._process.poll() is not None or time.monotonic() > until:
                    why = (self._folder / "mosquitto.log").read_text("utf-8", "replace")[-500:]
                    raise RuntimeError(f"mosquitto did not start on {self.port}: {why}") from None
                await asyncio.sleep(0.005)
            else:
                writer.close()
                return

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(10)
            self._process = None
