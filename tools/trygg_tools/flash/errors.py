"""What stops a technician, said in words of a workshop."""

from __future__ import annotations

import errno
import os
from pathlib import Path


class FlashError(Exception):
    """It cannot go on; the text says the port, what was wanted, what came and what to do."""


def of_the_port(port: str, error: Exception) -> FlashError:
    """The same for what pyserial, mpremote or the system said about a port."""
    said = str(error)
    number = getattr(error, "errno", None)
    there = Path(port).exists() and "failed to access" in said  # mpremote says no more than that
    if port.startswith("/") and not Path(port).exists():
        return FlashError(f"{port}: no such port. `trygg flash --list` says which there are")
    if number == errno.EACCES or "ermission denied" in said or (there and not os.access(port, 6)):
        return FlashError(
            f"{port}: no permission. Debian, Ubuntu: `sudo usermod -aG dialout $USER`, then log out"
            " and in again"
        )
    if there or "in use" in said or "busy" in said or number in (errno.EAGAIN, errno.EBUSY):
        return FlashError(
            f"{port}: another program has it, a serial monitor or mpremote perhaps. End that one"
        )
    if number == errno.ENOENT or "could not open" in said or "failed to access" in said:
        return FlashError(f"{port}: no such port. `trygg flash --list` says which there are")
    last = said.splitlines()[-1] if said else "no answer"
    return FlashError(
        f"{port}: the board went away ({last}). Look at the cable, then do the same again: on the"
        " board is the old or the new firmware, whole"
    )
