"""When to look and when to speak, so that the worst case can be stated (promise 5).

The next fix is due before the wearer can reach the boundary:
    (distance - accuracy - margin) / v_max - time to fix
but not before fix_floor_s and not after fix_ceiling_s. Without reception the pause doubles from
the floor to the ceiling with each search that failed, and is never shorter than the wearer needs
to the boundary from where the last fix left them. While outside it is alarm_fix_s or the floor,
whichever is less, and alarm_fix_s at most without reception: somebody is looking for the wearer.
While one more fix may decide, the receiver stays on.

What can be stated, and why it holds. Let speed stay below v_max, every search give a fix before
it is given up (fix_timeout_s), a receiver that stays on give one every second, and no fix be
farther from the truth than its accuracy. Then beyond the boundary by
    buffer + accuracy + accuracy clamped
every fix must be read as outside. Think of the moment the wearer passes that line:
  - had the search before been planned above the floor, the wearer could not have reached even
    the boundary before it was to end, so the first fix from beyond comes within the time-out;
    else the pause was the floor, and it comes within  floor + time-out;
  - the receiver stays on, and the next fix that counts comes within  confirm_apart_s + 1 s  and
    is read as outside too: LEFT;
  - the alarm needs connect_s to reach the gateway.
The sum is `bound_s`. It is counted from that line and not from the boundary itself, because a
wearer who stops between the two is neither in nor out for anyone who can be wrong by the accuracy;
that is said after near_max_s instead. A simulation in the tests walks against the bound.
"""

from trygg_wire.layouts import INSIDE, OUTSIDE

FIX_EVERY_S = 1  # between two fixes of a receiver that stays on
_FIRST_GUESS_S = 35  # a cold start under open sky: 24 to 31 s by the receivers' data sheets
_FAILURES_MAX = 16
_LATE_S = 1  # a fix's time is cut to the second


class Duty:
    """Plans fixes and reports from the Settings `settings` and from how the last fixes went.

    time_to_fix_s: the longest a search is expected to take; rises at once, falls slowly.
    failures: searches in a row without a fix. Both may be set: what was before a sleep.
    """

    def __init__(self, settings):
        self.time_to_fix_s = _FIRST_GUESS_S
        self.failures = 0
        self._settings = settings

    def got_fix(self, took_s):
        """A search gave a fix `took_s` seconds after it was due, waking up included."""
        self.failures = 0
        eased_s = self.time_to_fix_s - (self.time_to_fix_s - took_s + 7) // 8
        self.time_to_fix_s = max(took_s, eased_s)

    def got_none(self):
        """A search was given up."""
        self.failures = min(self.failures + 1, _FAILURES_MAX)

    def next_fix_in_s(self, margin_cm, accuracy_dm, age_s, state, confirming):
        """Seconds from now until the receiver is to be switched on; 0: leave it on, or at once.

        margin_cm, accuracy_dm, age_s: of the last good fix (FenceSet.margin_cm; None with no
        fence or no fix). state: FenceSet.worst's. confirming: FenceSet.needs_confirmation.
        """
        settings = self._settings
        if self.failures and state == OUTSIDE:
            return min(self._back_off_s(), settings.alarm_fix_s)
        if self.failures:
            return max(self._back_off_s(), self._reach_s(margin_cm, accuracy_dm, age_s))
        if confirming:
            return 0
        if state == OUTSIDE:
            return max(0, min(settings.alarm_fix_s, settings.fix_floor_s) - age_s)
        if margin_cm is None:
            return max(0, settings.fix_ceiling_s - age_s)
        reach_s = self._reach_s(margin_cm, accuracy_dm, age_s)
        return max(reach_s, settings.fix_floor_s - age_s, 0)

    def bound_s(self, margin_cm):
        """The longest time from leaving to alarm that can be stated now; 0: none can.

        None without a fence or a good fix (margin_cm is None), or while fixes fail.
        """
        if margin_cm is None or self.failures:
            return 0
        settings = self._settings
        confirm_s = settings.confirm_apart_s + FIX_EVERY_S
        first_s = max(settings.fix_floor_s + settings.fix_timeout_s, confirm_s)
        return first_s + _LATE_S + confirm_s + settings.connect_s

    def next_report_in_s(self, state, alarm_open=False):
        """Pause between two reports in this `state` (FenceSet.worst's); alarm_open: any other."""
        if state == OUTSIDE or alarm_open:
            return self._settings.alarm_report_s
        if state == INSIDE:
            return self._settings.report_inside_s
        return self._settings.report_live_s

    def _reach_s(self, margin_cm, accuracy_dm, age_s):
        """Until the wearer can be at the boundary less a search, at most the ceiling; 0 if now."""
        if margin_cm is None:
            return 0
        settings = self._settings
        free_cm = -margin_cm - 10 * (accuracy_dm + settings.fix_margin_dm)
        reach_s = free_cm // (10 * settings.v_max_dm_s) - self.time_to_fix_s
        return max(0, min(settings.fix_ceiling_s, reach_s) - age_s)

    def _back_off_s(self):
        pause_s = self._settings.fix_floor_s << self.failures - 1
        return min(self._settings.fix_ceiling_s, pause_s)
