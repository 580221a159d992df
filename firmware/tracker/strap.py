"""The strap: when a worn tracker has been taken off, it is said, once.

Open for taken_off_s while it is not on the charger is an alarm if the tracker has been worn since
the last one. So an evening on the charger is none, a shower is one if it takes longer than that,
and a tracker that is taken off its charger in the morning and put on nobody is one too. A contact
that closes for less than CLOSED_SURE_S has not been closed.
"""

NO_SENSOR, WORN, NOT_WORN = 0, 1, 2  # BoardIo.worn, and the health record's row
NOTHING, PUT_ON, TAKEN_OFF = 0, 1, 2
CLOSED_SURE_S = 5


class Strap:
    """Over a BoardIo port; `owed`: worn since it was last said, which must outlive a reset."""

    def __init__(self, board, settings):
        self._board = board
        self._settings = settings
        self.owed = False
        self._open_s = -1  # open, off the charger and owed, since then
        self._closed_s = -1

    def state(self):
        """NO_SENSOR, WORN or NOT_WORN, as the contact is now."""
        return self._board.worn()

    def poll(self, now_s, charging):
        """Look; PUT_ON or TAKEN_OFF once each time that it has become sure."""
        state = self._board.worn()
        if state == WORN:
            return self._closed(now_s)
        self._closed_s = -1
        if state == NO_SENSOR or charging or not self.owed:
            self._open_s = -1
            return NOTHING
        if self._open_s < 0:
            self._open_s = now_s
        if now_s - self._open_s < self._settings.taken_off_s:
            return NOTHING
        self.owed, self._open_s = False, -1
        return TAKEN_OFF

    def unsure(self):
        """True while it is to be looked at each second, awake."""
        return self._open_s >= 0 or (self._closed_s >= 0 and not self.owed)

    def _closed(self, now_s):
        if self._closed_s < 0:
            self._closed_s = now_s
        if now_s - self._closed_s < CLOSED_SURE_S:
            return NOTHING
        self._open_s = -1
        if self.owed:
            return NOTHING
        self.owed = True
        return PUT_ON
