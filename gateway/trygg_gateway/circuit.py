"""Whether a sink's peer is worth a whole batch: the circuit of one sink, for all its lanes. Pure.

    closed      all is well, or has failed less than OPEN_AFTER times in a row
    open        nothing is sent but probes: one entry, when a lane's wait is over
    half_open   a probe is under way; it closes the circuit or opens it again

A probe is the entry that is next anyway, so nothing is sent for the sake of asking. An alarm's
lane waits seconds between tries and probes as often as that; the others wait minutes, and go on at
once when any lane got through.

The circuit also keeps what the peer asked for in time (Retry-After), for every lane but the
alarms', and how often anything got through: a lane whose entry fails again and again while that
rises knows that it is the entry (sending.py).
"""

from __future__ import annotations

from typing import Final

CLOSED: Final = "closed"
OPEN: Final = "open"
HALF_OPEN: Final = "half_open"
STATES: Final = (CLOSED, HALF_OPEN, OPEN)  # as numbers in the metrics: 0, 1, 2
OPEN_AFTER: Final = 5


class Circuit:
    """One sink's."""

    def __init__(self) -> None:
        self.failures = 0  # in a row, of all lanes
        self.passed = 0  # times that a peer took something
        self.opened = 0  # times
        self.trouble = ""  # what it said last, "" when all is well
        self._open = False
        self._probes = 0  # under way
        self._asked_until_s = 0.0

    @property
    def state(self) -> str:
        """CLOSED, OPEN or HALF_OPEN."""
        if not self._open:
            return CLOSED
        return HALF_OPEN if self._probes else OPEN

    @property
    def is_closed(self) -> bool:
        """Whether whole batches may be sent."""
        return not self._open

    def begin(self) -> None:
        """A try begins."""
        self._probes += 1

    def end(self) -> None:
        """It is over, however it ended."""
        self._probes -= 1

    def worked(self) -> bool:
        """The peer took something; whether that closed the circuit."""
        was_open = self._open
        self._open, self.failures, self.trouble = False, 0, ""
        self.passed += 1
        return was_open

    def failed(self, trouble: str) -> None:
        """The peer took nothing."""
        self.failures += 1
        self.trouble = trouble
        if self.failures >= OPEN_AFTER and not self._open:
            self._open = True
            self.opened += 1

    def asked(self, until_s: float) -> None:
        """The peer wants to be left alone until then, on the caller's clock."""
        self._asked_until_s = max(self._asked_until_s, until_s)

    def left_alone_s(self, now_s: float) -> float:
        """How long the peer still wants that."""
        return max(0.0, self._asked_until_s - now_s)
