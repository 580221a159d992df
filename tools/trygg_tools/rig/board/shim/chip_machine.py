# mypy: ignore-errors
"""The chip's module machine: starts, sleeps, watchdog, RTC; the rest of it from its own files."""

import struct
import time as host_time

import ops
import timers
import wire
from chip_esp32 import wake_sources
from chip_i2c import I2C  # noqa: F401
from chip_pins import ADC, Pin  # noqa: F401
from chip_uart import UART  # noqa: F401
from timers import Timer  # noqa: F401

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5
PIN_WAKE = 2
EXT0_WAKE = 2
EXT1_WAKE = 3
TIMER_WAKE = 4
SLEEP = 2
DEEPSLEEP = 4

_RETAINED_MAX = 2048
_start = [0, 0]


def began(cause, wake):
    """Called once by the boot script."""
    _start[0] = cause
    _start[1] = wake


def reset_cause():
    return _start[0]


def wake_reason():
    return _start[1]


def reset():
    wire.tell(ops.RESET)
    wire.halt()


def soft_reset():
    wire.tell(ops.SOFT_RESET)
    wire.halt()


def deepsleep(ms=0):
    wire.tell(ops.DEEP_SLEEP, "<qbBQB", ms * 1000, *wake_sources())
    wire.halt()


def unique_id():
    return wire.unit


def freq(hertz=None):
    return 160000000 if hertz is None else None


def idle():
    timers.wait_until(wire.now_us() + 1000)


def disable_irq():
    return 0


def enable_irq(state):
    pass


class RTC:
    """Clock and the 2,048 bytes that a deep sleep keeps."""

    def datetime(self, parts=None):
        if parts is None:
            us = wire.now_us() + wire.utc_minus_now_us
            y, mo, d, h, mi, s, wd = host_time.gmtime(us // 1000000 + ops.EPOCH)[:7]
            return y, mo, d, wd, h, mi, s, us % 1000000
        y, mo, d, _, h, mi, s, us = parts
        seconds = host_time.mktime((y, mo, d, h, mi, s, 0, 0)) - ops.EPOCH
        wire.set_utc(seconds * 1000000 + us)
        return None

    init = datetime

    def memory(self, data=None):
        if data is not None:
            if len(data) > _RETAINED_MAX:
                raise ValueError("buffer too long")
            wire.tell(ops.RTC_WRITE, data=data)
            return None
        kept = b""
        while True:
            part = wire.ask(ops.RTC_READ, "<H", len(kept))
            (length,) = struct.unpack_from("<H", part)
            kept += bytes(part[2:])
            if len(kept) >= length:
                return kept


class WDT:
    """Once started it must be fed; the host resets the chip when it is not."""

    def __init__(self, id=0, timeout=5000):
        wire.ask(ops.WATCHDOG, "<I", timeout)

    def feed(self):
        wire.tell(ops.FEED)
