"""Which fixes cannot be true, whatever the receiver says (promise 4).

Refused is a fix that is older than the one before, or that lies farther from it than the wearer
can have come; accuracy.py has refused what its satellites cannot give. The one before may itself
be the wrong one (a reflection at the start, a clock that was ahead), so refusing is never a lock:
of refused fixes in a row that agree with one another the ENOUGHth is believed, and the next are
judged against it. A fix of the same second as the one before says nothing new: it is neither
accepted nor counted.
"""

from tracker.geo import Place

ENOUGH = 3
ACCEPTED, REFUSED, NOTHING_NEW = 1, 2, 3


class Physics:
    """Judges each fix against the last accepted one; `refused` counts since the start."""

    def __init__(self, settings):
        self.refused = 0
        self._settings = settings
        self._last = None
        self._place = None
        self._doubted = None
        self._doubted_place = None
        self._doubts = 0

    def judge(self, fix, place):
        """ACCEPTED, REFUSED or NOTHING_NEW for the Fix `fix` at the Place `place`."""
        last = self._last
        if last and fix.time_s == last.time_s and fix.time_s:
            return NOTHING_NEW
        if last and not self._follows(fix, place, last, self._place):
            return self._doubt(fix, place)
        self._accept(fix, place)
        return ACCEPTED

    def believe(self, fix):
        """Take `fix` for true without judging it: the last one known before a sleep."""
        self._accept(fix, Place(fix.lat_e6, fix.lon_e6))

    def _accept(self, fix, place):
        self._last = fix
        self._place = place
        self._doubted = self._doubted_place = None
        self._doubts = 0

    def _doubt(self, fix, place):
        """Refuse `fix`, unless it is one of ENOUGH that agree."""
        agrees = self._doubted and self._follows(fix, place, self._doubted, self._doubted_place)
        self._doubts = self._doubts + 1 if agrees else 1
        if self._doubts >= ENOUGH:
            self._accept(fix, place)
            return ACCEPTED
        self._doubted = fix
        self._doubted_place = place
        self.refused += 1
        return REFUSED

    def _follows(self, fix, place, before, place_before):
        """Whether the wearer can have come from `before` to `fix` in the time between.

        The second that either time is cut to is given to the wearer. A fix without a time is
        not refused for it.
        """
        seconds = fix.time_s - before.time_s
        if not fix.time_s or not before.time_s:
            return True
        if seconds <= 0:
            return False
        reach_dm = (seconds + 1) * self._settings.speed_refused_dm_s
        reach_dm += fix.accuracy_dm + before.accuracy_dm
        return place_before.distance_cm(place) <= 10 * reach_dm
