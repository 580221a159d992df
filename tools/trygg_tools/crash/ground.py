"""What stands before the first process does: names, passwords, ports that nobody has."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterable
from pathlib import Path

from trygg_gateway.journal import Journal
from trygg_gateway.registry import Registry

GROUP = "nord"
OLD = "jon"  # said something to the first Trygg, and nothing since
NAMES = ("aase", "bjarne", "dagny", "einar", "frida", "gudrun", "halvor", "ingrid")


def register(data: Path, names: Iterable[str] = NAMES) -> dict[str, str]:
    """Register trackers in the journal of that folder; device → password."""
    journal = Journal.open(data / "journal.sqlite")
    try:
        registry = Registry(journal, lambda: time.time_ns() // 1_000_000)
        return {name: registry.add(name, GROUP, name.title()).password for name in names}
    finally:
        journal.close()


def quiet_port(dice: random.Random) -> int:
    """A loopback port that nobody listens on and that no outgoing connection is given."""
    while True:
        port = dice.randrange(15_000, 32_000)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
