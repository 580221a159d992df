# mypy: ignore-errors
"""Waiting, and what happens while one waits: machine.Timer callbacks."""

import ops
import wire

_armed = []


def wait_until(until_us):
    """Block until virtual time `until_us`, running the timers that come due on the way."""
    while True:
        first = _first()
        if first is None or first.due_us > until_us:
            wire.ask(ops.WAIT, "<q", until_us)
            return
        wire.ask(ops.WAIT, "<q", first.due_us)
        first.fire()


def _first():
    first = None
    for timer in _armed:
        if first is None or timer.due_us < first.due_us:
            first = timer
    return first


class Timer:
    """As machine.Timer; callbacks run while the firmware sleeps."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, number, **settings):
        self.due_us = 0
        self._period_us = 0
        self._callback = None
        if settings:
            self.init(**settings)

    def init(self, *, mode=PERIODIC, period=-1, callback=None, freq=0):
        self.deinit()
        us = 1000000 // freq if freq else period * 1000
        self._period_us = us if mode == Timer.PERIODIC else 0
        self._callback = callback
        self.due_us = wire.now_us() + us
        _armed.append(self)

    def deinit(self):
        if self in _armed:
            _armed.remove(self)

    def fire(self):
        if self._period_us:
            self.due_us += self._period_us
        else:
            self.deinit()
        if self._callback:
            self._callback(self)
