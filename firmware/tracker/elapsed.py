"""Seconds that have passed, whatever the clocks do.

While the tracker runs, its ticks are believed and UTC is not: UTC jumps when it becomes known.
Across a sleep or a reset the ticks are of no use, and the difference of two known UTC times, or
what the caller says it slept, takes their place: by a clock that may lose a twentieth, which
duty.py counts with (DRIFT). Never goes back; a jump counts for a week at most.
"""

from tracker import ticks

_WEEK_S = 604800


class Elapsed:
    """A count of seconds, `now_s`, from 0 at the start or from where it was taken up again."""

    def __init__(self):
        self.now_s = 0
        self.time_s = 0  # the last UTC heard of, 0 if none
        self._ticks = None

    def advance(self, now_ticks, time_s):
        """Count on to the tick `now_ticks` and UTC `time_s` (0 unknown); gives `now_s`."""
        if self._ticks is None:
            if time_s and self.time_s:
                self.now_s += min(_WEEK_S, max(0, time_s - self.time_s))
            self._ticks = now_ticks
        passed_s = ticks.diff(now_ticks, self._ticks) // 1000
        if passed_s > 0:
            self.now_s += passed_s
            self._ticks = ticks.add(self._ticks, 1000 * passed_s)
        if time_s:
            self.time_s = time_s
        return self.now_s

    def take_up(self, now_s, time_s, slept_s):
        """Continue from a saved `now_s`, which was at `time_s`; `slept_s` (0 unknown) ago."""
        self.now_s = now_s + slept_s
        self.time_s = 0 if slept_s else time_s
        self._ticks = None
