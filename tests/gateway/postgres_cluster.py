"""A real PostgreSQL for the tests of a process: one cluster, on a free port, as no root.

    cluster = running()          # the same for the whole process, ended when it ends
    cluster.stop(); cluster.start()
    cluster.query("SELECT 1")    # as the superuser

Debian's `postgresql` must be installed (.ci/peers); a test without it fails, it is not skipped.
"""

import atexit
import functools
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from gateway.mosquitto import free_port

PASSWORD = "bak fjellet ligger skogen"
USER = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def program(name: str) -> str:
    """Where an installed program of PostgreSQL is; Debian keeps them off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    here = str(found[-1]) if found else shutil.which(name)
    assert here, f"{name} is not installed: apt-get install postgresql"
    return here


class Cluster:
    """One cluster in a folder of its own; user and database `trygg`, password PASSWORD."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="trygg-pg-"))
        self.data = self.folder / "data"
        self.port = free_port()
        (self.folder / "password").write_text(PASSWORD)
        self._give(self.folder, self.folder / "password")
        self._run("initdb", "-D", str(self.data), "-U", "trygg", "-A", "scram-sha-256",
                  "--no-sync", "--no-instructions", "-E", "UTF8", "--locale", "C",
                  f"--pwfile={self.folder}/password")  # fmt: skip
        settings = f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nmax_connections = 20\n"
        settings += f"unix_socket_directories = '{self.folder}'\nshared_buffers = 16MB\n"
        with open(self.data / "postgresql.conf", "a") as file:
            file.write(settings)
        self.start()
        self.query("CREATE DATABASE trygg", database="postgres")

    def start(self) -> None:
        """Start it; returns when it takes connections."""
        self._run("pg_ctl", "-D", str(self.data), "-l", f"{self.folder}/log", "-w", "start")

    def stop(self) -> None:
        """End it at once, with what it had committed."""
        self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "stop")

    def remove(self) -> None:
        """End it and its folder."""
        subprocess.run(
            [program("pg_ctl"), "-D", str(self.data), "-m", "immediate", "stop"],
            user=USER, capture_output=True, check=False, cwd="/",
        )  # fmt: skip
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str = "trygg") -> str:
        """As the sink's table wants it."""
        return f"postgresql://trygg@127.0.0.1:{self.port}/{database}"

    def query(self, sql: str, *parameters: object, database: str = "trygg") -> list[tuple]:
        """The rows of a statement, committed."""
        where = f"host=127.0.0.1 port={self.port} user=trygg dbname={database}"
        with psycopg.connect(where, password=PASSWORD, autocommit=True) as connection:
            cursor = connection.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def file(self, name: str, content: bytes) -> Path:
        """A file that the server can read and nobody else."""
        path = self.folder / name
        path.write_bytes(content)
        path.chmod(0o600)
        self._give(path)
        return path

    def _give(self, *paths: Path) -> None:
        if os.geteuid() == 0:
            for path in paths:
                shutil.chown(path, USER, USER)

    def _run(self, name: str, *arguments: str) -> None:
        log = self.folder / "commands"
        with open(log, "ab") as out:
            command = [program(name), *arguments]
            ended = subprocess.run(command, user=USER, stdout=out, stderr=out, cwd="/", check=False)
        assert ended.returncode == 0, log.read_text()


@functools.cache
def running() -> Cluster:
    """The cluster of this process."""
    cluster = Cluster()
    atexit.register(cluster.remove)
    return cluster


def new_name() -> str:
    """A schema or database that nobody has yet."""
    return f"t_{secrets.token_hex(4)}"
