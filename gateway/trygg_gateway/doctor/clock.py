"""Whether the machine's clock can be believed: synchronised, how far off, has it jumped.

The kernel says it itself, by adjtimex(2) with modes = 0, which anybody may ask: TIME_ERROR means
that no time server steers the clock. `struct timex` is laid out for 64-bit Linux.
"""

import ctypes
from collections.abc import Iterator
from typing import NamedTuple

from trygg_gateway.doctor.finding import Finding, error, good, note, warning

PART = "clock"
TIME_ERROR = 5
UNKNOWN = -1
OFF_MS = 500
DRIFT_PPM = 200
DAY_MS = 86_400_000
_WHY = "Silence, lateness and an order's expiry are judged by it"
_TODO = "Turn on systemd-timesyncd or chrony (timedatectl set-ntp true)"


class Kernel(NamedTuple):
    """What the kernel says of its clock. `state` UNKNOWN: it could not be asked."""

    state: int
    off_ms: float = 0.0  # the most it may be off
    drift_ppm: float = 0.0


class _Timex(ctypes.Structure):
    _fields_ = [
        ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long), ("esterror", ctypes.c_long), ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    ]  # fmt: skip


def ask_kernel() -> Kernel:
    """The kernel's own word on its clock."""
    try:
        timex = _Timex()
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return Kernel(UNKNOWN)
    return Kernel(state, timex.maxerror / 1000, timex.freq / 65_536)


def look(kernel: Kernel, newest_ms: int, jumped_ms: int, now_ms: int) -> Iterator[Finding]:
    """`newest_ms`: when the newest record came; `jumped_ms`: the last jump the gateway noticed.

    0 for never, both.
    """
    yield _synchronised(kernel)
    if abs(kernel.drift_ppm) > DRIFT_PPM:
        yield warning(
            PART,
            f"it is steered by {kernel.drift_ppm:.0f} parts in a million",
            "Without its time server it would be off by more than 17 s a day",
            "Look at the machine; a virtual one may want another clock source",
        )
    if newest_ms > now_ms + 1000:
        yield error(
            PART,
            f"the newest record came {(newest_ms - now_ms) // 1000} s in the future",
            "The clock was set back since, or was wrong then. " + _WHY,
            "Set the clock, and look at `trygg gateway alarms list` for what was raised meanwhile",
        )
    if jumped_ms and now_ms - jumped_ms < 7 * DAY_MS:
        days = (now_ms - jumped_ms) // DAY_MS
        yield warning(PART, f"it jumped {days} days ago", _WHY, "Find out who set it")


def _synchronised(kernel: Kernel) -> Finding:
    if kernel.state == UNKNOWN:
        return note(PART, "whether it is synchronised could not be asked", _WHY, _TODO)
    if kernel.state == TIME_ERROR:
        return warning(PART, "no time server steers it", _WHY, _TODO)
    if kernel.off_ms > OFF_MS:
        return warning(
            PART, f"it is steered, and may be off by {kernel.off_ms / 1000:.1f} s", _WHY,
            "Look at the way to the time server (timedatectl timesync-status)",
        )  # fmt: skip
    return good(PART, f"steered by a time server, off by {kernel.off_ms:.0f} ms at most")
