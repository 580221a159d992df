"""Who holds a TCP port of this machine, so that "address already in use" can name the culprit.

Read from /proc (Linux): the listening sockets of net/tcp and net/tcp6, then which process has one
of them open. Elsewhere, or without the right to look into another user's process, the answer is
shorter, never an error.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

_LISTENING = "0A"  # include/net/tcp_states.h: TCP_LISTEN


class PortTaken(Exception):
    """A port cannot be listened on; the text says which, who holds it and what to do."""


def free_port(host: str = "127.0.0.1") -> int:
    """A port that is free now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def demand_free(host: str, port: int, setting: str) -> None:
    """Return if `port` can be listened on at `host`; PortTaken otherwise, naming its `setting`."""
    if port == 0:
        return
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, proto) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        raise PortTaken(_sentence(host, port, setting, error)) from None


def _sentence(host: str, port: int, setting: str, error: OSError) -> str:
    held_by = holder(port)
    why = f"{held_by} listens there" if held_by else (error.strerror or str(error))
    return (
        f"cannot listen on {host} port {port} ({setting}): {why}. End that program, or set"
        f" {setting} to another port"
    )


def holder(port: int, proc: Path = Path("/proc")) -> str | None:
    """The program listening on `port`, as "mosquitto (pid 123)"; None if nobody does."""
    inodes = _listening_inodes(port, proc)
    if not inodes:
        return None
    for process in proc.glob("[0-9]*"):
        if _has_open(process, inodes):
            return f"{_name(process)} (pid {process.name})"
    return "a program of another user"


def _listening_inodes(port: int, proc: Path) -> set[str]:
    """Socket inodes of /proc/net/tcp lines that listen on `port`; proc(5) has the columns."""
    found = set()
    for table in ("net/tcp", "net/tcp6"):
        for line in _lines(proc / table)[1:]:
            columns = line.split()
            local_port = int(columns[1].rpartition(":")[2], 16)
            if columns[3] == _LISTENING and local_port == port:
                found.add(f"socket:[{columns[9]}]")
    return found


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("ascii").splitlines()
    except OSError:
        return []


def _has_open(process: Path, links: set[str]) -> bool:
    try:
        return any(_link(entry) in links for entry in (process / "fd").iterdir())
    except OSError:  # ended meanwhile, or not ours to look at
        return False


def _link(entry: Path) -> str:
    try:
        return os.readlink(entry)
    except OSError:  # closed meanwhile
        return ""


def _name(process: Path) -> str:
    """The command as typed where it is readable, for "python3 -m ..." says more than "python3"."""
    try:
        words = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return "a program"
    first = os.path.basename(words[0]) or "a program"
    more = words[1 : 3 if words[1:2] == ["-m"] else 2] if "python" in first else []
    return " ".join([first, *(os.path.basename(word) for word in more)]).strip()
