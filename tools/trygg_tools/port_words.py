"""What stands against a serial port, said in words of a workshop."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def why_not(port: str, error: Exception) -> str:
    """Why `port` cannot be had, from what the system, pyserial or mpremote said; "" if it can tell
    nothing, and the error is about something else."""
    said = str(error)
    number = getattr(error, "errno", None)
    there = Path(port).exists() and "failed to access" in said  # mpremote says no more than that
    if port.startswith("/") and not Path(port).exists():
        return "no such port. `trygg flash --list` says which there are"
    if _is_another_thing(port):
        return "a file or another device, no serial port. `trygg flash --list` says which there are"
    if number == errno.EACCES or "ermission denied" in said or (there and not os.access(port, 6)):
        return (
            "no permission. Debian, Ubuntu: `sudo usermod -aG dialout $USER`, then log out and in"
            " again"
        )
    if there or "in use" in said or "busy" in said or number in (errno.EAGAIN, errno.EBUSY):
        return "another program has it, a serial monitor or mpremote perhaps. End that one"
    if number == errno.ENOENT or "could not open" in said or "failed to access" in said:
        return "no such port. `trygg flash --list` says which there are"
    return ""


def _is_another_thing(port: str) -> bool:
    """Whether something of that name is surely no serial port: a file, a folder, /dev/null.

    What may not be opened may be a port that somebody else has.
    """
    try:
        if not stat.S_ISCHR(os.stat(port).st_mode):
            return True
        device = os.open(port, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return not os.isatty(device)
    finally:
        os.close(device)
