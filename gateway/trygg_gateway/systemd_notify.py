"""Telling systemd how we are: ready, reloading, stopping, alive. sd_notify(3) in a few lines.

Outside a unit with Type=notify there is no NOTIFY_SOCKET, and all of it does nothing.
"""

import os
import socket
import time
from collections.abc import Mapping


def notify(text: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Send `text` ("READY=1", several in lines); False if nobody listens. Never raises."""
    place = environment.get("NOTIFY_SOCKET", "")
    if not place:
        return False
    address = "\0" + place[1:] if place.startswith("@") else place  # @: abstract, unix(7)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.connect(address)
            line.sendall(text.encode())
    except OSError:
        return False
    return True


def reloading() -> str:
    """That a reload has begun; systemd wants to know when, by the machine's counter."""
    return f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}"


def watchdog_s(environment: Mapping[str, str] = os.environ) -> float | None:
    """Within how many seconds systemd wants a sign of life; None if it does not. sd_watchdog(3)."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    pid = environment.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdigit() or int(microseconds) == 0 or pid != str(os.getpid()):
        return None
    return int(microseconds) / 1e6
