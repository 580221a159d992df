"""Whether the wearer has moved, as the board's accelerometer says; without one nobody knows.

The sensor keeps what it felt until it is asked (BoardIo.motion), so nothing is missed while the
chip sleeps: what is felt at a wake was felt some time during the sleep.
"""


class Motion:
    """Over a BoardIo port. moved_s: when motion was last seen, or the start; may be set."""

    def __init__(self, board):
        self.moved_s = 0
        self._board = board

    def poll(self, now_s):
        """Ask the sensor; True when it says that the wearer has moved."""
        if not self._board.has_motion() or not self._board.motion():
            return False
        self.moved_s = now_s
        return True

    def sensed(self):
        """True on a board that has a sensor."""
        return self._board.has_motion()

    def still_for(self, seconds, now_s):
        """True when a sensor has said nothing for longer than so many seconds."""
        return self._board.has_motion() and now_s - self.moved_s > seconds
