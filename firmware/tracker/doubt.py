"""Whether a fix that says OUTSIDE may be an echo: then it must say so for doubt_s, not for seconds.

A receiver indoors now and then jumps by a hundred metres and stays there for ten seconds, sure of
itself; and the first fixes of a search under a weak sky are far off and come home while it goes on.
Two such fixes three seconds apart agree. So a fix is doubtful when
  - its own accuracy is worse than half of accuracy_clamp_dm, or
  - it lies farther beyond the boundary than the wearer can have come at v_max since the last fix
    that was not OUTSIDE, both accuracies and fix_margin_dm allowed for; of that time REACH_S count,
    since nobody who was seen inside is to be outside at the first look after a longer pause: that
    was planned to come before.
A doubtful OUTSIDE counts as NEAR until such fixes, without one that is not OUTSIDE between them,
have come for doubt_s with the receiver kept on; then it counts as decided. Time without fixes does
not count: the first fixes of two searches running are as far off as those of one. Who walks out
under an open sky, looked for as planned, is never doubted; the stated bound allows for the others.
Farther than the wearer can have come at v_max in all the time since is either faster than the bound
is for, in a car say, or an echo: such fixes must come for FAR times doubt_s. Measured:
docs/simulation.md.

Distances in cm beyond the boundary, times in seconds on the FenceSet's clock.
"""

from trygg_wire.layouts import NEAR, OUTSIDE

NEVER_S = -0x1FFFFFFF
_NONE = 255  # longer than any doubt_s
_LONG_AGO = 65535
REACH_S = 30  # the shortest pause, and a usual search
FAR = 2
_GAP_S = 10  # more than this between two fixes: the receiver was off, or lost the sky


class Doubt:
    """One fence's; `lasted`: the fix just weighed ends a doubt that has lasted long enough.

    sure_at_s, sure_cm: of the last fix that was not OUTSIDE, how far beyond it can have been.
    """

    def __init__(self):
        self.forget()

    def forget(self):
        """Know nothing."""
        self.lasted = False
        self._held_s = _NONE  # for so long have doubtful fixes come
        self._seen_s = self.sure_at_s = NEVER_S
        self.sure_cm = 0

    @property
    def open(self):
        """Whether the receiver is to stay on, since the next fixes will tell."""
        return self._held_s != _NONE

    def sure(self, distance_cm, accuracy_dm, now_s):
        """A fix that is not OUTSIDE: so far beyond at most was the wearer then."""
        self.sure_at_s = now_s
        self.sure_cm = distance_cm + 10 * accuracy_dm
        self._held_s = _NONE

    def save(self, now_s):
        """What is known at `now_s`, for a pack of "BBHi"; a time too long ago is none."""
        seen_s = min(now_s - self._seen_s, _NONE)
        return self._held_s, seen_s, min(now_s - self.sure_at_s, _LONG_AGO), self.sure_cm

    def load(self, saved, now_s):
        """Take up what `save` gave at the same `now_s`."""
        self._held_s, seen_s, sure_s, self.sure_cm = saved
        self._seen_s = now_s - seen_s
        self.sure_at_s = NEVER_S if sure_s == _LONG_AGO else now_s - sure_s

    def weigh(self, says, distance_cm, accuracy_dm, now_s, settings):
        """What a fix that reads `says` counts as: the same, or NEAR while it is in doubt."""
        self.lasted = False
        if says != OUTSIDE:
            self.sure(distance_cm, accuracy_dm, now_s)
            return says
        needs_s = self._needs_s(distance_cm, accuracy_dm, now_s, settings)
        if not needs_s:
            return says
        apart_s = now_s - self._seen_s
        self._seen_s = now_s
        if self._held_s == _NONE:
            self._held_s = 0
        elif apart_s <= _GAP_S:
            self._held_s = min(self._held_s + apart_s, _NONE - 1)
        if self._held_s < needs_s:
            return NEAR
        self.lasted = True
        return says

    def _needs_s(self, distance_cm, accuracy_dm, now_s, settings):
        """For how long such fixes must come; 0: this one is in no doubt."""
        if self.sure_at_s != NEVER_S:
            jump_dm = (distance_cm - self.sure_cm) // 10 - accuracy_dm - settings.fix_margin_dm
            walk_s = now_s - self.sure_at_s + 1
            if jump_dm > walk_s * settings.v_max_dm_s:
                return min(FAR * settings.doubt_s, _NONE - 1)
            if jump_dm > REACH_S * settings.v_max_dm_s:
                return settings.doubt_s
        return settings.doubt_s if 2 * accuracy_dm > settings.accuracy_clamp_dm else 0
