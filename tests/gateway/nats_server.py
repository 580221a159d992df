"""A real nats-server with JetStream for a test: own folder, own port, ended by its process id.

Debian's `nats-server` must be installed (.ci/peers); a test without it fails, it is not skipped.
"""

import asyncio
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nats

from gateway.mosquitto import free_port, program

PASSWORD = "fjorden er stille i dag"


class NatsServer:
    """One server; user `trygg`, password PASSWORD. `config` is appended to its configuration."""

    def __init__(self, folder: Path, config: str = "") -> None:
        self.folder = folder
        self.port = free_port()
        text = f"""
            listen: "127.0.0.1:{self.port}"
            jetstream {{ store_dir: "{folder}/jetstream" }}
            authorization {{ user: trygg, password: "{PASSWORD}" }}
            {config}
        """
        (folder / "nats.conf").write_text(text)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "NatsServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start; returns when it greets."""
        with open(self.folder / "nats.log", "ab") as log:
            command = [program("nats-server"), "-c", str(self.folder / "nats.conf")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + 30
        while b"Server is ready" not in self._said():
            assert self._process.poll() is None, self._said()
            assert time.monotonic() < until, self._said()
            time.sleep(0.01)

    def _said(self) -> bytes:
        text = (self.folder / "nats.log").read_bytes()
        return text[text.rfind(b"Starting nats-server") :]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it, and wait for that."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def do(self, work):
        """What the coroutine function `work(jetstream)` returns, at this server."""

        async def at_the_server():
            url = f"nats://127.0.0.1:{self.port}"
            client = await nats.connect(url, user="trygg", password=PASSWORD, connect_timeout=20)
            try:
                return await work(client.jetstream(timeout=20))
            finally:
                await client.close()

        with ThreadPoolExecutor(1) as thread:  # also for those who have an event loop
            return thread.submit(asyncio.run, at_the_server()).result()

    def kept(self, stream="TRYGG"):
        """The messages of a stream, oldest first."""

        async def read(jetstream):
            state = (await jetstream.stream_info(stream)).state
            numbers = range(state.first_seq or 1, state.last_seq + 1)
            return [await jetstream.get_msg(stream, seq) for seq in numbers]

        return self.do(read)
