# mypy: ignore-errors
"""The chip's module bluetooth: a scan that hears the beacons which the host has put round it."""

import struct

import ops
import timers
import wire

RESULT_MS = 500  # what is in the air is heard so long after a scan began
_RESULT, _DONE = 5, 6
_ROW = "<6sb"

_handler = [None]
_on = [False]


class BLE:
    """One for all, as on the chip."""

    def active(self, on=None):
        if on is not None:
            _on[0] = bool(on)
        return _on[0]

    def irq(self, handler):
        _handler[0] = handler

    def gap_scan(self, duration_ms, interval_us=1280000, window_us=11250, active=False):
        if not _on[0]:
            raise OSError(19)
        _result.deinit()
        _done.deinit()
        if duration_ms is not None:
            _result.init(mode=0, period=min(RESULT_MS, duration_ms), callback=_hear)
            _done.init(mode=0, period=duration_ms, callback=_end)


_result = timers.Timer(-1)
_done = timers.Timer(-1)


def _hear(_timer):
    beacons = bytes(wire.ask(ops.BEACONS))
    for at in range(0, len(beacons), 7):
        address, dbm = struct.unpack_from(_ROW, beacons, at)
        if _on[0]:
            _handler[0](_RESULT, (0, memoryview(address), 3, dbm, memoryview(b"")))


def _end(_timer):
    if _on[0]:
        _handler[0](_DONE, ())
