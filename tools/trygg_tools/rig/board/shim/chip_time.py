# mypy: ignore-errors
"""The chip's module time: epoch 2000, ticks that wrap at 2^30, sleeps that tell the host."""

import time as host_time

import ops
import timers
import wire

_MASK = (1 << 30) - 1
_HALF = 1 << 29


def ticks_us():
    return (wire.now_us() - wire.boot_us + wire.tick_start_ms * 1000) & _MASK


def ticks_ms():
    return ((wire.now_us() - wire.boot_us) // 1000 + wire.tick_start_ms) & _MASK


def ticks_cpu():
    return ticks_us()


def ticks_diff(a, b):
    return ((a - b + _HALF) & _MASK) - _HALF


def ticks_add(a, b):
    if not -_HALF <= b < _HALF:
        raise OverflowError("ticks interval overflow")
    return (a + b) & _MASK


def time():
    return (wire.now_us() + wire.utc_minus_now_us) // 1000000


def time_ns():
    return (wire.now_us() + wire.utc_minus_now_us) * 1000


def gmtime(seconds=None):
    return host_time.gmtime((time() if seconds is None else seconds) + ops.EPOCH)[:8]


localtime = gmtime


def mktime(parts):
    return host_time.mktime(parts) - ops.EPOCH


def sleep_us(us):
    if us < 1000:
        wire.pause_us(us)
    else:
        timers.wait_until(wire.now_us() + us)


def sleep_ms(ms):
    timers.wait_until(wire.now_us() + ms * 1000)


def sleep(seconds):
    timers.wait_until(wire.now_us() + int(seconds * 1000000))
