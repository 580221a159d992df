"""Whether the wearer has moved, as the board's accelerometer says; without one nobody knows.

The sensor keeps what it felt until it is asked (BoardIo.motion), so nothing is missed while the
chip sleeps: what is felt at a wake was felt some time during the sleep.
"""

WALK_S = 4  # motion second after second for so long is a walk; who turns in a chair rests sooner
GAP_S = 2


class Motion:
    """Over a BoardIo port. moved_s: when motion was last seen, or the start; walked_s: seconds of
    motion that went on, in all; where motion was felt in a sleep and goes on at its end, the
    sleep was a walk. (One that ended before is not counted: a sleep is planned to be shorter than
    the way out, and a turn in bed would be a way out.) asked_s: the last poll, or when the chip
    fell asleep. armed: it slept still, and motion would have woken it. All four may be set.
    """

    def __init__(self, board):
        self.moved_s = self.walked_s = self.asked_s = 0
        self.armed = False
        self._slept_s = 0  # the sleep that was a walk if what is felt goes on
        self._began_s = None  # the first second of the motion that goes on
        self._board = board

    def poll(self, now_s):
        """Ask the sensor; True when it says that the wearer has moved."""
        unseen_s, self.asked_s = now_s - self.asked_s, now_s
        armed, self.armed = self.armed, False
        if not self._board.has_motion() or not self._board.motion():
            return False
        apart_s = now_s - self.moved_s
        if self._began_s is None or apart_s > GAP_S:
            self._began_s = now_s
        if apart_s <= GAP_S:
            self.walked_s += apart_s + self._slept_s
            self._slept_s = 0
        else:
            self._slept_s = 0 if armed or unseen_s <= GAP_S else unseen_s
        self.moved_s = now_s
        return True

    def walks(self, now_s):
        """True while a sensor has said for WALK_S and more that the wearer moves."""
        return self._goes_on(now_s) and self.moved_s - self._began_s >= WALK_S

    def unsure(self, now_s):
        """True while it will soon be known whether what moves is a walk."""
        return self._goes_on(now_s) and self.moved_s - self._began_s < WALK_S

    def sensed(self):
        """True on a board that has a sensor."""
        return self._board.has_motion()

    def still_for(self, seconds, now_s):
        """True when a sensor has said nothing for longer than so many seconds."""
        return self._board.has_motion() and now_s - self.moved_s > seconds

    def _goes_on(self, now_s):
        return self._began_s is not None and now_s - self.moved_s <= GAP_S
