"""Milliseconds that wrap at 2^30, compared without ever being wrong.

The chip's `ticks_ms` counts to 2^30 (12.4 days) and starts again at 0; two readings can be told
apart while they are less than 2^29 ms (6.2 days) from each other. Nothing in the tracker compares
ticks with `<`; it asks `diff`. Every step stays inside a 31-bit small integer, so nothing here
touches the heap. Source: MicroPython's `time.ticks_diff`, which has no twin on CPython.
"""

PERIOD = 1 << 30
HALF = 1 << 29
_MASK = PERIOD - 1


def diff(a, b):
    """Say how many milliseconds `a` is after `b`: negative when it is before, -2^29 .. 2^29 - 1."""
    ahead = (a - b) & _MASK
    return ahead if ahead < HALF else ahead - PERIOD


def add(a, ms):
    """Give the tick `ms` milliseconds after `a` (before it when negative), |ms| < 2^29."""
    return (a + ms) & _MASK
