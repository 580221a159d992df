"""A real Mosquitto for a test: own folder, own loopback port, ended by its process id.

    with Mosquitto(tmp_path, "max_inflight_messages 100") as broker:
        ... broker.url ...
        broker.kill(); broker.start()   # the same port again, as after a crash

Anybody may connect unless `users` are given, who are then the only ones. Debian's `mosquitto`
and `mosquitto_passwd` must be installed (CONTRIBUTING.md); a test without them fails, it is not
skipped.
"""

import getpass
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

START_SECONDS = 30
PORTS = range(10_000, 32_000)
WORKERS = 8  # test processes that have ports of their own
_given: set[int] = set()


def program(name: str) -> str:
    """Where an installed program of Mosquitto is; /usr/sbin is on few people's path."""
    found = shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/bin")
    assert found, f"{name} is not installed: apt-get install mosquitto mosquitto-clients"
    return found


def free_port() -> int:
    """A loopback port that nobody listens on, and that nobody is given by chance later on.

    A server that is started again has to be found where it was. So it lies below the range from
    which the kernel takes ports for whoever asks for any (ip(7), ip_local_port_range), each test
    process takes its own of them, and none comes twice.
    """
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = random.choice(PORTS[process % WORKERS :: WORKERS])
        if port in _given:
            continue
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        _given.add(port)
        return port


class Mosquitto:
    """One broker. `config` is appended to its configuration file, `users` are name → password."""

    def __init__(
        self,
        folder: Path,
        config: str = "",
        *,
        users: dict[str, str] | None = None,
        tls: tuple[Path, Path] | None = None,
    ) -> None:
        self.folder = folder
        self.port = 0
        self._config = config
        self._users = users or {}
        self._tls = tls
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Mosquitto":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """As `broker.url` wants it."""
        return f"{'mqtts' if self._tls else 'mqtt'}://localhost:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the running broker."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start, on the port it had before if it had one; returns when it can be connected to."""
        for _ in range(5):
            port = self.port or free_port()
            command = [program("mosquitto"), "-c", str(self._write_config(port))]
            with open(self.folder / "mosquitto.log", "ab") as log:
                self._process = subprocess.Popen(command, stdout=log, stderr=log)
            if self._came_up(port):
                self.port = port
                return
        raise AssertionError((self.folder / "mosquitto.log").read_text("utf-8", "replace"))

    def stop(self) -> None:
        """Ask it to end, and wait for that."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9: what it held in memory is gone."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def _came_up(self, port: int) -> bool:
        assert self._process is not None
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                time.sleep(0.01)
            else:
                return self._process.poll() is None
        self._end(signal.SIGKILL)  # another one took the port meanwhile
        return False

    def _write_config(self, port: int) -> Path:
        lines = [f"listener {port} 127.0.0.1", "max_queued_messages 0"]
        lines.append(f"user {getpass.getuser()}")  # as root it would be one who cannot read these
        if self._tls:
            lines += [f"certfile {self._tls[0]}", f"keyfile {self._tls[1]}"]
        if self._users:
            lines += ["allow_anonymous false", f"password_file {self._write_users()}"]
        else:
            lines.append("allow_anonymous true")
        path = self.folder / "mosquitto.conf"
        path.write_text("\n".join([*lines, self._config, ""]), encoding="utf-8")
        return path

    def _write_users(self) -> Path:
        path = self.folder / "users"
        text = "".join(f"{name}:{password}\n" for name, password in self._users.items())
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        subprocess.run([program("mosquitto_passwd"), "-U", str(path)], check=True)
        return path
