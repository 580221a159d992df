"""On the charger and off it, when that is sure, and the time of day at which it is usual.

A contact that wobbles is neither: on counts after ON_SURE_S, off after OFF_SURE_S. A charge of at
least an hour teaches the usual time of day: the first one says it, each later one moves it by a
quarter of the difference. So one evening out changes little and a new habit is learned in a week.
"""

NOTHING, PUT_ON, TAKEN_OFF = 0, 1, 2
ON_SURE_S = 5
OFF_SURE_S = 20
TEACHES_S = 3600
_DAY_MIN = 1440


class Charger:
    """`on_s`: since which second it is on the charger, 0 when it is not. `usual_min`: the minute
    of the day (UTC) at which it is usually put there, -1 unknown. Both may be set after a reset."""

    def __init__(self):
        self.on_s = 0
        self.usual_min = -1
        self._changed_s = -1  # since then it looks different from what is sure
        self._on_minute = -1  # of the day

    def poll(self, now_s, charging, utc):
        """Look; PUT_ON or TAKEN_OFF once each time that it has become sure."""
        if charging == bool(self.on_s):
            self._changed_s = -1
            return NOTHING
        if self._changed_s < 0:
            self._changed_s = now_s
        if now_s - self._changed_s < (ON_SURE_S if charging else OFF_SURE_S):
            return NOTHING
        began_s, self._changed_s = self._changed_s, -1
        if charging:
            self.on_s = max(1, began_s)
            self._on_minute = (utc - (now_s - began_s)) // 60 % _DAY_MIN if utc else -1
            return PUT_ON
        self._learn(began_s - self.on_s)
        self.on_s = 0
        return TAKEN_OFF

    def unsure(self):
        """True while on or off is not sure: look each second."""
        return self._changed_s >= 0

    def hours_to_usual(self, utc):
        """Hours, rounded up, until it is usually charged next; -1 unknown."""
        if self.usual_min < 0 or not utc:
            return -1
        minutes = (self.usual_min - utc // 60) % _DAY_MIN
        return (minutes + 59) // 60

    def _learn(self, lasted_s):
        minute = self._on_minute
        self._on_minute = -1
        if minute < 0 or lasted_s < TEACHES_S:
            return
        if self.usual_min < 0:
            self.usual_min = minute
            return
        later = (minute - self.usual_min + _DAY_MIN // 2) % _DAY_MIN - _DAY_MIN // 2
        self.usual_min = (self.usual_min + later // 4) % _DAY_MIN
