"""How long the battery lasts, from the last days' own use; unknown is said as unknown.

While the tracker is not on the charger the charge that its battery loses is added up beside the
time that it took: what goes down counts, what comes up again is taken off, so that a voltage that
moves under load adds nothing twice. A stretch between two charges never counts less than nothing,
so that a first reading that was too low costs nothing either. After KEPT_MIN minutes both sums are
halved: a new habit is learned within days. From LEARNED_MIN minutes and LEARNED_DROP per mille on
they are trusted. Before that the energy ledger's count since the start takes their place, when the
board's figures and its battery are known and it has counted for half an hour. Else: UNKNOWN.

All integers below 2^30; five of them are what must outlive a reset (`save`).
"""

UNKNOWN = 9999  # hours; also while charging
MOST = 9998
KEPT_MIN = 6 * 1440
LEARNED_MIN = 180
LEARNED_DROP = 20
SETTLES_S = 600  # after the charger a cell's voltage falls by itself
MODEL_MIN = 30


class HoursLeft:
    """`battery_mah`: what a full battery holds, 0 unknown."""

    def __init__(self, battery_mah=0):
        self._battery_mah = battery_mah
        self._minutes = 0
        self._drop = 0  # per mille, in the stretches before this one
        self._stretch = 0  # in this one
        self._last = -1  # the last charge, per mille; -1: none since the charger
        self._at_s = 0  # up to then the minutes are counted

    def save(self):
        """(minutes, drop, stretch, last + 1, second counted up to), on the App's seconds."""
        return self._minutes, self._drop, self._stretch, self._last + 1, self._at_s

    def load(self, saved):
        """Go on with what `save` gave."""
        self._minutes, self._drop, self._stretch, last, self._at_s = saved
        self._last = last - 1

    def learned(self):
        """(minutes, drop): what is worth keeping over a power loss."""
        return self._minutes, self._drop + self._stretch

    def note(self, now_s, charge, charging):
        """A reading of the battery at rest: its charge in per mille, past FULL for unknown."""
        if charging or charge > 1000:
            self._drop += self._stretch
            self._stretch, self._last, self._at_s = 0, -1, now_s + SETTLES_S
        elif self._last < 0:
            if now_s >= self._at_s:
                self._last, self._at_s = charge, now_s
        else:
            self._count(now_s, charge)

    def _count(self, now_s, charge):
        minutes = (now_s - self._at_s) // 60
        if minutes > 0:
            self._at_s += 60 * minutes
            self._minutes += minutes
        self._stretch = max(0, self._stretch + self._last - charge)
        self._last = charge
        if self._minutes > KEPT_MIN:
            self._minutes >>= 1
            self._drop = self._drop + self._stretch >> 1
            self._stretch = 0

    def hours(self, permille, charging, spent_uah, spent_min):
        """Whole hours until nothing usable is left, 0 .. MOST, or UNKNOWN.

        permille: what can be used. spent_uah, spent_min: the ledger's sum and its time.
        """
        if charging or permille > 1000:
            return UNKNOWN
        minutes, drop = self.learned()
        if minutes >= LEARNED_MIN and drop >= LEARNED_DROP:
            return min(MOST, permille * minutes // (60 * drop))
        if not self._battery_mah or spent_min < MODEL_MIN or spent_uah <= 0:
            return UNKNOWN
        uah_an_hour = max(1, _scaled(spent_uah, 60, spent_min))
        return min(MOST, permille * self._battery_mah // uah_an_hour)


def _scaled(value, times, parts):
    """value * times // parts without an integer beyond 31 bits, good to one in a hundred."""
    while value > 1 << 23:
        value >>= 1
        parts = max(1, parts >> 1)
    return value * times // parts
