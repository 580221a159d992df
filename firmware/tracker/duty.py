"""When to look and when to speak, so that the worst case can be stated (promise 5).

The next fix is due before the wearer can reach the boundary ("the way"):
    (distance - accuracy - margin) / v_max - time to fix,    at most fix_ceiling_s
and, where that is less than the slack, when the slack is over. The slack is fix_floor_s, or more
where a row of duty_rows.SLACKS says so: a low battery, a wearer who is still, a home anchor that
is heard. Which rows there are and what else decides a pause are the tables of duty_rows.py.

What is stated stands until the next report. A report states a bound with the slack that its
moment wants (`state`), and from then on the tracker keeps to it: each plan is made with the slack
last stated when the fix came that it begins from (`renew`), a smaller one counts at once, a larger
one only from the next fix on. So is back-off without reception: it grows past the slack stated
only after a report has said that nothing can be stated (`report_due` asks for one early).

The bound, and why it holds. Let speed stay below v_max, let every search that ends after the
wearer has passed the line give a fix before it is given up (fix_timeout_s), a receiver that stays
on one every second, and no fix be farther from the truth than its accuracy. Then beyond the
boundary by
    buffer + accuracy + accuracy clamped
every fix must be read as outside; this is the line. Think of the moment the wearer passes it, and
of the last fix before:
  - if its plan was the way, they could not have reached even the boundary before the next search
    was to end: the first fix from beyond the line comes within the time-out;
  - else that plan was not longer than the slack, and it comes within  slack + look + time-out;
    `look` is how long the anchor may be listened for before the receiver is switched on, and
    where a modem is the receiver, how long its radio may be LTE's, and an alarm's way back to it;
  - the clock that runs through a sleep is an RC oscillator and may lose one second in DRIFT (an
    ESP32's: up to 5 %, it goes with the temperature): the way is planned shorter by that, and the
    slack counts for longer. A fix sets the clock right again;
  - the receiver stays on, and the next fix that counts comes within  confirm_apart_s + 1 s  and
    is read as outside too: LEFT; unless the fixes are so inexact that they are in doubt
    (doubt.py), then it comes  doubt_s  later;
  - the alarm needs connect_s to reach the gateway.
The sum, and a second to which times are cut, is the bound. It counts from the line and not from
the boundary itself, because a wearer who stops between the two is neither in nor out for anyone
who can be wrong by the accuracy; that is said after near_max_s instead.

What motion and anchor let pass enters through the slack, so the bound needs no sensor to be
right: neither a dead accelerometer nor an anchor that is carried along can break it. With
sensors_trusted they are believed up to their maximum age, the slack stays the floor, and the bound
holds while they tell the truth. Then it holds because a still wearer is where the last fix put
them, because motion wakes the search at once, and because one at the anchor is within its range of
a place from which the way is as long as the pause.

A fence whose boundary cannot be reached before the next report can be left only under what that
one will state: for it the bound is that of the floor (`bound_of_s`). A window of a schedule begins
with a fix of its own, so a fence that was not in force before has the same bound from then on.
A simulation in the tests walks against all of this.
"""

from tracker.duty_rows import NEVER_S, PAUSE, PAUSES, SKIP, SLACKS
from trygg_wire.layouts import INSIDE, OUTSIDE

NOTHING_S = NEVER_S  # as `stated_s`: it was said that nothing can be stated
LOOK_S = 4  # the anchor is listened for so long at most before the receiver is switched on
FULL_EVERY = 4  # searches in vain, one has its full time (search.py)
LONG = 3  # times the time-out that this one lasts
FIX_EVERY_S = 1  # between two fixes of a receiver that stays on
_FIRST_GUESS_S = 35  # a cold start under open sky: 24 to 31 s by the receivers' data sheets
_FAILURES_MAX = 16
_LATE_S = 1  # a fix's time is cut to the second
DRIFT = 20


class Duty:
    """Plans fixes and reports from the Settings `settings` and from how the last fixes went.

    time_to_fix_s: the longest a search is expected to take; rises at once, falls slowly.
    failures: searches in a row without a fix. stated_s: the slack that the last report stated,
    NOTHING_S, or 0 when there was no report in this boot. slack_s: that of the current plan. All
    four may be set: what was before a sleep. look_s: LOOK_S where an anchor is listened for.
    radio_s: how long a modem that is the receiver too may keep its radio (modem/arbiter.py).
    night: the seconds that it still lasts, 0 by day; until it ends reports inside may wait for
    report_night_s. follows: a wearer who is outside has been
    so for a while, and reports may wait until follow_s. short: the battery will not last, and no
    report waits longer than report_low_s: who is about to fall silent is to be missed soon.
    """

    def __init__(self, settings):
        self.settings = settings
        self.time_to_fix_s = _FIRST_GUESS_S
        self.failures = 0
        self.stated_s = 0
        self.slack_s = settings.fix_floor_s
        self.look_s = 0
        self.radio_s = 0
        self.night = 0
        self.follows = False
        self.short = False

    # -- how searches went -----------------------------------------------------------------

    def got_fix(self, took_s):
        """A search gave a fix `took_s` seconds after it was due, waking up included."""
        self.failures = 0
        eased_s = self.time_to_fix_s - (self.time_to_fix_s - took_s + 7) // 8
        self.time_to_fix_s = max(took_s, eased_s)

    def got_none(self):
        """A search was given up."""
        self.failures += 1
        if self.failures > _FAILURES_MAX:
            self.failures -= FULL_EVERY  # and goes on from 13 to 16: every fourth has its full time

    def renew(self):
        """A search is over, with a fix or without: the next plan keeps to what is stated now."""
        self.slack_s = self.stated_s or self.settings.fix_floor_s

    # -- the next fix ----------------------------------------------------------------------

    def next_fix_in_s(self, at):
        """Seconds from now until the next fix is due in the Situation `at`; 0: leave the
        receiver on, or switch it on at once."""
        for holds, pause in PAUSES:
            if holds(self, at):
                return max(0, min(pause(self, at), at.change_s - at.change_s // DRIFT))
        return 0

    def skip_s(self, at):
        """For how long a fix that is due may be left out in the Situation `at`; 0: not at all."""
        if self.failures or at.margin_cm is None or self._is_held_short(at):
            return 0
        skip_s = 0
        for holds, age_max_s, how in SLACKS:
            if how == SKIP and getattr(at, holds):
                left_s = self._limit_s(at, getattr(self.settings, age_max_s)) - at.age_s
                if holds == "at_anchor":
                    left_s = min(left_s, self.reach_s(at.anchor_margin_cm, 0))
                skip_s = max(skip_s, left_s)
        skip_s = min(skip_s, at.change_s - at.change_s // DRIFT)
        return skip_s if skip_s >= self.settings.fix_floor_s else 0

    def reach_s(self, margin_cm, accuracy_dm):
        """The way: from a fix until the wearer can be at the boundary, less the time to fix."""
        return min(self.settings.fix_ceiling_s, self._way_s(margin_cm, accuracy_dm))

    def pause_slack_s(self, at):
        """How much longer than the way a plan may be without leaving anything out."""
        return min(self._wanted_s(at, PAUSE), max(self.slack_s, self.settings.fix_floor_s))

    # -- what is stated --------------------------------------------------------------------

    def state(self, at):
        """A report is made: what it states, and what is kept to from now on. True when that is
        less than the current plan was made with, which is then to be made anew."""
        nothing = self.failures or at.margin_cm is None
        self.stated_s = NOTHING_S if nothing else self._wanted_s(at, PAUSE | SKIP)
        if self.stated_s >= self.slack_s:
            return False
        self.slack_s = self.stated_s
        return True

    def report_due(self, at):
        """Whether a report is wanted before its time: less can be promised than was."""
        if self.failures:
            return 0 < self.stated_s < NOTHING_S
        return bool(self.stated_s) and self._wanted_s(at, PAUSE) > self.stated_s

    def bound_s(self, slack_s=0):
        """The longest time from leaving to alarm that is stated; 0: none is.

        None before the first report, while fixes fail, and without a fence or a good fix.
        `slack_s`: as if this had been stated.
        """
        settings = self.settings
        if not 0 < self.stated_s < NOTHING_S or self.failures:
            return 0
        slack_s = max(settings.fix_floor_s, slack_s or self.stated_s)
        slack_s += (slack_s + DRIFT - 1) // DRIFT
        confirm_s = settings.confirm_apart_s + FIX_EVERY_S
        first_s = max(slack_s + self.look_s + self.radio_s + settings.fix_timeout_s, confirm_s)
        return first_s + _LATE_S + settings.doubt_s + confirm_s + settings.connect_s

    def bound_of_s(self, margin_cm, at, promise_s):
        """The bound of one fence in force whose boundary is `margin_cm` away; `promise_s`: the
        next report comes within."""
        away_s = self._way_s(margin_cm, at.accuracy_dm) - at.age_s
        return self.bound_s(self.settings.fix_floor_s if away_s >= promise_s else 0)

    # -- reports ---------------------------------------------------------------------------

    def search_s(self):
        """The longest search that a report may have to wait for, with what may keep the radio."""
        times = LONG if self.stated_s == NOTHING_S else 1
        return times * self.settings.fix_timeout_s + self.radio_s

    def next_report_in_s(self, state, alarm_open=False):
        """Pause between two reports in this `state` (FenceSet.worst's); alarm_open: any other."""
        if state == OUTSIDE or alarm_open:
            return self.settings.follow_s if self.follows else self.settings.alarm_report_s
        if state == INSIDE:
            inside_s = self.settings.report_inside_s
            inside_s = max(inside_s, min(self.settings.report_night_s, self.night))
            return min(inside_s, self.settings.report_low_s) if self.short else inside_s
        return self.settings.report_live_s

    # --------------------------------------------------------------------------------------

    def _way_s(self, margin_cm, accuracy_dm):
        if margin_cm is None:
            return 0
        free_cm = -margin_cm - 10 * (accuracy_dm + self.settings.fix_margin_dm)
        way_s = free_cm // (10 * self.settings.v_max_dm_s)
        return max(0, way_s - way_s // DRIFT - self.time_to_fix_s)

    def _wanted_s(self, at, kinds):
        """The longest slack of the rows of these kinds whose conditions hold."""
        wanted_s = self.settings.fix_floor_s
        if self._is_held_short(at):
            return wanted_s
        if self.settings.sensors_trusted:
            kinds &= ~SKIP
        for holds, slack_s, how in SLACKS:
            if how & kinds and getattr(at, holds):
                wanted_s = max(wanted_s, getattr(self.settings, slack_s))
        return wanted_s

    def _is_held_short(self, at):
        """Somebody is looking for the wearer, or charge is free: nothing is stretched."""
        return at.alarm_open or at.charging or at.confirming or at.state == OUTSIDE

    def _limit_s(self, at, age_max_s):
        """The age of the last fix at which a sensor lets no more pass."""
        if self.settings.sensors_trusted:
            return age_max_s
        reach_s = self.reach_s(at.margin_cm, at.accuracy_dm)
        return min(age_max_s, max(reach_s, self.slack_s))
