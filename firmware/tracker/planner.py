"""Gathers what Duty has to know, asks it, and carries the plan through sleep and reset.

When a fix is due, motion and anchor are asked whether it may be left out (`rest`). A rest that
has begun ends when its time is over, and at once when something moves (`felt`): then the receiver
is switched on as soon as the fix is due without the rest. The growth of pauses after searches in
vain is such a rest too; only a walk ends it, and the chip stays awake for the few seconds that
tell a walk from a turn in a chair. What is planned and stated stands in the
image (retained.FIELDS).

Who has been outside for a while is followed at a stated rate (follow_s) instead of without a
pause: from the end of the time in which the link stays after an alarm, and while nobody has called.

How long nothing may be known before that is said is `patience_s`: near_max_s from when the wearer
may be beyond a boundary, which is when a sensor has felt them walk for as long as the way takes at
v_max since fixes put them so far inside the fences in force. Else they are where they were, and it
is said VOUCHED_S after the last fix. Nobody can vouch for them without a sensor, nor with one that
has felt nothing for no_fix_max_s, for it may be dead (with sensors_trusted it is not): near_max_s,
but not again within AGAIN_S of the same fence for the same reason. The state is in every report all
the while.
"""

from tracker.duty import LOOK_S
from tracker.duty_rows import NEVER_S, Situation
from tracker.local_time import minute_of_week, offset_s
from tracker.motion import GAP_S
from trygg_wire.layouts import NEAR_TOO_LONG, NO_FIX_TOO_LONG, OUTSIDE

PAYS_S = 12  # a look takes 3 s of some 100 mA: as much as 12 s of a receiver at 25 mA
LOOKED_S = 30  # a look at the anchor counts for the rest that it was made for
LINGER_S = 4  # the link stays so long after it was last heard, for orders that the gateway owes
VOUCHED_S = AGAIN_S = 43200
_DAY_MIN = 1440


class Planner:
    """`parts` the ports, `core` a Core, `image` the retained one, `search` the Search to plan."""

    def __init__(self, parts, core, image, search, motion, anchor):
        self._clock = parts.clock
        self._log = parts.log
        self._faults = 0  # of the anchor's radio, those that were said
        self._core = core
        self._image = image
        self._search = search
        self._motion = motion
        self._anchor = anchor
        self._looked_s = -LOOKED_S
        self._now_s = 0
        self._at = Situation()
        core.duty.stated_s, core.duty.slack_s = image.stated_s, image.slack_s
        motion.moved_s, motion.walked_s = image.moved_s, image.walked_s
        motion.asked_s = image.now_s
        anchor.load((image.anchor_state, image.anchor_north, image.anchor_east))
        search.next_s, search.upkept_s = image.next_fix_s, image.upkept_s
        search.rest = self.rest
        motion.armed = self.resting() and image.now_s - image.moved_s > GAP_S
        self._gathered = core.fences.gathered
        core.fences.patience = self.patience_s
        self.situation(core.elapsed.now_s)

    def situation(self, now_s):
        """What is known now; the same object each time."""
        at, core, utc = self._at, self._core, self._clock.utc()
        fix = core.fences.last_fix()
        at.margin_cm = core.fences.margin_cm()
        at.accuracy_dm = fix.accuracy_dm if fix else 0
        at.age_s = NEVER_S
        if fix and utc:
            at.age_s = max(0, utc - fix.time_s)
        at.state = core.fences.worst()[1]
        unjudged = core.fences.version and not core.fences.armed
        at.confirming = bool(core.fences.needs_confirmation or unjudged)
        at.change_s = core.fences.next_change_s(utc) + 1  # the fix is to be within the window
        at.alarm_open = bool(self._image.sos_open)
        at.upkeep = self._search.keeps_up(now_s)
        self._followed(at, now_s)
        at.battery_low, at.charging = core.battery.said, core.battery.charging
        at.still = self._motion.still_for(at.age_s, now_s)
        at.walking = self._motion.walks(now_s)
        self._listened(at)
        core.duty.look_s = LOOK_S if self._anchor.listens() else 0
        core.duty.night = self.night(utc)
        return at

    def plan(self, now_s):
        """A search is over, with a fix or without: plan the next. A fix has perhaps set the clock:
        no report waits longer for it than the night lasts."""
        duty, settings = self._core.duty, self._core.settings
        duty.renew()
        self._plan_anew(now_s)
        longest_s = max(settings.report_inside_s, settings.report_live_s, duty.night)
        self._image.next_report_s = min(self._image.next_report_s, now_s + longest_s)

    def state(self, now_s):
        """A report is made now: what it states is kept to from here on."""
        if self._core.duty.state(self.situation(now_s)) and not self._search.on:
            self._plan_anew(now_s)
        self._keep()

    def bounds(self, promise_s):
        """Rows for a report's `bounds`: the fences whose bound is another than that of most."""
        duty, at = self._core.duty, self._at
        rows = []
        for fence in self._core.fences.in_force():
            bound_s = duty.bound_of_s(fence.distance_cm, at, promise_s)
            if bound_s != duty.bound_s():
                rows.append({"number": fence.number, "bound_s": bound_s})
        return rows

    def report_due(self, now_s):
        """Whether a report is to be made before its time: less can be promised than was."""
        return self._core.duty.report_due(self.situation(now_s))

    def fixed(self, fix, now_s):
        """A good fix: perhaps it teaches where the anchor is, or that the wearer is farther inside
        than they may be by their walking, or less far."""
        margin_cm, image = self._core.fences.margin_cm(), self._image
        image.fixed_s = now_s
        if margin_cm is not None:
            deep_dm = -margin_cm // 10
            left_dm = min(self._left_dm(), deep_dm + fix.accuracy_dm)
            image.inside_dm = max(0, left_dm, deep_dm - fix.accuracy_dm)
            image.fixed_walked_s = image.walked_s
        self._anchor.beside(fix, now_s, LOOK_S)

    def rest(self, now_s):
        """A search is due: the seconds for which it may still be left out, 0 to begin it."""
        anchor = self._anchor
        if anchor.looking():
            return 1
        at = self.situation(now_s)
        if now_s - self._looked_s > LOOKED_S and self._would_help(at):
            self._looked_s = now_s
            anchor.begin(now_s, LOOK_S)
            return 1
        if now_s - self._looked_s > LOOKED_S:
            at.at_anchor = False
        rest_s = self._core.duty.skip_s(at)
        self._image.next_fix_s = now_s + rest_s
        return rest_s

    def feel(self, now_s):
        """Ask motion and anchor; True when a rest has ended by it."""
        self._now_s = now_s
        self._image.lost_s = 0 if self._left_dm() > 0 else self._image.lost_s or now_s
        if self._anchor.poll(now_s):
            self._keep()
        if self._anchor.faults > self._faults:
            self._faults = self._anchor.faults
            self._log.error("the radio that listens for anchors failed")
        if not self._motion.poll(now_s):
            return False
        self._image.moved_s, self._image.walked_s = now_s, self._motion.walked_s
        walks = self._motion.walks(now_s)
        self._search.patient = self._search.patient or walks
        if not self.resting():
            return False
        if self._core.duty.failures and not walks:
            return False
        self._search.next_s = self._image.next_fix_s = max(now_s, self._image.due_fix_s)
        return True

    def patience_s(self, number):
        """The seconds of NEAR at the fence `number`, for 0 without a fix, until it is said."""
        image, settings = self._image, self._core.settings
        lives = settings.sensors_trusted or self._now_s - image.moved_s < settings.no_fix_max_s
        if self._motion.sensed() and (lives or image.lost_s):
            lost_s = settings.near_max_s + max(0, image.lost_s - image.fixed_s)
            return min(lost_s, VOUCHED_S) if image.lost_s else VOUCHED_S
        told_s = image.told_s
        if number:
            told_s = image.near_told_s if number == image.near_told else 0
        if told_s and self._now_s < told_s + AGAIN_S:
            return NEVER_S
        return settings.near_max_s

    def told(self, event):
        """The Event `event` is said now."""
        if event.reason == NO_FIX_TOO_LONG:
            self._image.told_s = self._now_s
        elif event.reason == NEAR_TOO_LONG:
            self._image.near_told_s, self._image.near_told = self._now_s, event.fence_number

    def resting(self):
        """Whether a fix is left out that is due, or will be: then motion must wake the chip."""
        return self._motion.sensed() and self._image.next_fix_s > self._image.due_fix_s

    def listens(self):
        """True while the anchor is listened for."""
        return self._anchor.looking()

    def busy(self):
        """True while the anchor is listened for, or it is felt whether a walk begins."""
        if self.listens():
            return True
        return self._core.duty.failures > 0 and self.resting() and self._motion.unsure(self._now_s)

    def night(self, utc):
        """The seconds that the night still lasts where the wearer is, 0 by day; by the settings and
        the fences' time zone.

        With no fence in force it does not matter, and is told by UTC."""
        settings = self._core.settings
        begins, ends = settings.night_from_min, settings.night_to_min
        if not utc or begins == ends:
            return 0
        fences = self._core.fences.in_force()
        zone = fences[0].zone if fences else (0, 0)
        minute = minute_of_week(utc + offset_s(utc, zone)) % _DAY_MIN
        left_min = (ends - minute) % _DAY_MIN
        return 60 * left_min if 0 < left_min <= (ends - begins) % _DAY_MIN else 0

    def _plan_anew(self, now_s):
        duty, at = self._core.duty, self.situation(now_s)
        self._search.plan(now_s, duty.next_fix_in_s(at))
        self._image.due_fix_s = self._search.next_s
        if duty.failures:
            at.walking = True
            due_s = now_s + duty.next_fix_in_s(at)
            self._image.due_fix_s = min(due_s, self._search.next_s)
        self._keep()

    def _keep(self):
        image, duty = self._image, self._core.duty
        image.next_fix_s, image.upkept_s = self._search.next_s, self._search.upkept_s
        image.stated_s, image.slack_s = duty.stated_s, duty.slack_s
        image.anchor_state, image.anchor_north, image.anchor_east = self._anchor.save()

    def _followed(self, at, now_s):
        """Whether who is outside is looked for at the rate of follow_s."""
        settings, image = self._core.settings, self._image
        just_left = image.listen_until_s > now_s + LINGER_S or at.alarm_open
        just_left = just_left or self._core.outbox.alarms_waiting()
        slower = settings.follow_s > settings.alarm_report_s
        at.followed = at.state == OUTSIDE and slower and not just_left
        self._core.duty.follows = at.followed
        at.inside_cm = None
        if at.followed:
            rest = [f.distance_cm for f in self._core.fences.in_force() if f.state != OUTSIDE]
            at.inside_cm = max(rest) if rest else None

    def _left_dm(self):
        """How far inside the fences in force the wearer still is at least, by a sensor that feels
        them walk."""
        image, fences = self._image, self._core.fences
        if fences.gathered != self._gathered:
            self._gathered, margin_cm = fences.gathered, fences.margin_cm()
            image.inside_dm = 0
            if margin_cm is not None:
                image.inside_dm = max(0, -margin_cm // 10 - fences.last_fix().accuracy_dm)
        walked_s = image.walked_s - image.fixed_walked_s
        return image.inside_dm - walked_s * self._core.settings.v_max_dm_s

    def _listened(self, at):
        """What the anchor says, where fixes take so long that listening is cheaper.

        With a motion sensor it counts only while the wearer is still.
        """
        at.anchor_margin_cm = None
        at.at_anchor = False
        pays = self._core.duty.time_to_fix_s >= PAYS_S
        if pays and self._anchor.learned() and (at.still or not self._motion.sensed()):
            at.anchor_margin_cm = self._anchor.margin_cm(self._core.fences)
            way_s = self._core.duty.reach_s(at.anchor_margin_cm, 0)
            at.at_anchor = self._anchor.heard and way_s >= self._core.settings.fix_floor_s

    def _would_help(self, at):
        """Whether hearing the anchor would let the fix that is due be left out."""
        if at.anchor_margin_cm is None or not self._core.settings.anchor_max_age_s:
            return False
        heard, at.at_anchor = at.at_anchor, True
        with_it_s = self._core.duty.skip_s(at)
        at.at_anchor = False
        helps = with_it_s > self._core.duty.skip_s(at)
        at.at_anchor = heard
        return helps
