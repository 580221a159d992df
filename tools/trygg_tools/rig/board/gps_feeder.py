"""Plays a recorded NMEA log into a board's GPS line, in the board's own time.

The satellites do not wait: the log plays on while the board sleeps or is off, and what comes
then is lost.
"""

import threading
from collections.abc import Sequence

from trygg_tools.rig.board.virtual_board import VirtualBoard


class GpsFeeder:
    """One playing of one log; `entries` are (ms since the log began, bytes), ascending."""

    def __init__(self, board: VirtualBoard, entries: Sequence[tuple[int, bytes]]) -> None:
        self._board = board
        self._entries = entries
        self._next = 0
        self._began_s = 0.0
        self._stopped = False
        self._finished = threading.Event()

    def start(self) -> None:
        """Begin now: offset 0 is this moment."""
        self._began_s = self._board.world_s
        self._schedule()

    def stop(self) -> None:
        """Send nothing more."""
        self._stopped = True
        self._finished.set()

    @property
    def finished(self) -> bool:
        """True when the last bytes have been sent, or `stop` was called."""
        return self._finished.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait until it has finished, at most `seconds` of ours; whether it has."""
        return self._finished.wait(seconds)

    def _schedule(self) -> None:
        if self._next >= len(self._entries):
            self._finished.set()
            return
        offset_ms = self._entries[self._next][0]
        self._board.at(self._began_s + offset_ms / 1000, self._send)

    def _send(self, board: VirtualBoard) -> None:
        if self._stopped:
            return
        board.feed_gps(self._entries[self._next][1])
        self._next += 1
        self._schedule()
