"""Whether the wearer is where it was agreed they may be (promise 4).

Each fence measures `d`, how far a fix lies beyond its boundary: positive on the wrong side,
which is outside of a keep-in fence and inside of a keep-out one, so that for both leaving means
that d grew. With `a` the fix's accuracy, clamped, one fix is read as
  INSIDE   d < -a, or d < -band: so deep that it counts however inaccurate the fix
  OUTSIDE  d > a + buffer
  NEAR     anything else, and decides nothing.
LEFT takes two OUTSIDE among the last three fixes that were taken confirm_apart_s from each
other, and BACK two INSIDE; one alone sets `needs_confirmation`, which keeps the receiver on so
that the answer comes in seconds. An OUTSIDE that may be an echo must last longer (doubt.py). What
is neither stays as it was (outside) or is NEAR.

LEFT is said once per exit. Its reason is CROSSED if this fence has known the wearer inside, BEGAN
if its window began while they were outside, else BOOT: a tracker that starts, or is given a
fence, while outside. CANNOT_TELL is the state when NEAR lasts near_max_s (for that fence) or no
good fix came for no_fix_max_s. It is said once as an alarm, for no fix with fence number 0, and
again only after it was over: then, or sooner or later, as `patience` wants.

Each fence is judged by itself: two keep-in fences are two promises, not one area of two parts. One
that its schedule (schedule.py) has put out of force is not looked at and knows nothing, and only
the fences in force speak in worst, private_now and margin_cm. While the clock is unknown all are in
force. An exit that is open when its window ends stays open, for the wearer is still missing: the
fence stays in force until it has said BACK or a person has closed the alarm (close_exits). If the
next window begins before that, it is still the same exit.

What is known survives sleep and reset as the bytes of `save` (fence_memory.py), and the open exits
survive a change of battery as those of `save_lasting` (open_exits.py).
"""

from tracker import fence_memory, fence_rule
from tracker.elapsed import Elapsed
from tracker.fence_rule import Event
from tracker.geo import Place
from tracker.open_exits import OpenExits
from tracker.physics import ACCEPTED, Physics
from tracker.records import places
from trygg_wire.layouts import (
    CANNOT_TELL,
    CANT_TELL,
    INSIDE,
    KEEP_OUT,
    NEAR,
    NEAR_TOO_LONG,
    NO_FIX_TOO_LONG,
    OUTSIDE,
    UNKNOWN,
)

EVIDENCE_MAX = 8  # fixes kept for an alarm; fence_memory takes the newest three through a sleep
EVIDENCE_S = 900
NO_CHANGE_S = 604800  # `next_change_s` when nothing is known to change
# how much a state matters, by its number; the reason is at FenceSet.worst
_RANKS = (1, 0, 2, 4, 3)


class FenceSet:
    """All fences of one version, judged fix by fix; replaced whole or not at all.

    version: the fence set's, 0 with none. zone: that of its schedules (local_time.py).
    needs_confirmation: keep the receiver on, one more fix may decide. armed: a good fix has been
    judged under this version. refused: fixes that physics refused since the start. patience: gives
    for a fence's number the seconds of NEAR (near_max_s at least), for 0 those without a fix, after
    which that is said; None: as the settings. gathered: grows when others come in force.
    """

    def __init__(self, settings):
        self.version = 0
        self.zone = (0, 0)
        self.armed = False
        self.patience = None
        self.gathered = 0
        self._settings = settings
        self._physics = Physics(settings)
        self._fences = ()
        self._scheduled = ()
        self._in_force = ()
        self._known = b""  # what `save` gave, while the old fences are gone and no new ones there
        self._fixes = []  # newest first
        self._clock = Elapsed()
        self._exits = OpenExits()
        self._fix_at_s = 0  # on self._clock: the last good fix, or the start
        self._no_fix_said = False

    @property
    def refused(self):
        """How many fixes were refused for physics since the start."""
        return self._physics.refused

    @property
    def needs_confirmation(self):
        """Whether one more fix could make an exit or a return certain: keep the receiver on."""
        for fence in self._in_force:
            if fence.undecided:
                return True
        return False

    def all(self):
        """Every Fence, in force or not."""
        return self._fences

    def in_force(self):
        """The Fences in force, each with number, state and, from the last fix, distance_cm."""
        return self._in_force

    def next_change_s(self, utc):
        """Seconds from `utc` until a fence comes into force or goes out of it.

        Never too many; NO_CHANGE_S at most, and while the clock is unknown.
        """
        soonest_s = NO_CHANGE_S
        for fence in self._scheduled:
            if utc and fence.until_s:
                soonest_s = min(soonest_s, max(0, fence.until_s - utc))
        return soonest_s

    # -- other fences ----------------------------------------------------------------------

    def replace(self, version, values):
        """Put the fences of a FENCES body in force, or change nothing: 0, or why not (check).

        `values` is gone through twice.
        """
        return self.check(values) or self.put_in_force(version, values)

    def check(self, values):
        """0, or the reason of the refusal (fence_rule.build_each's); changes and keeps nothing.

        `values` is a FENCES body, its `fences` any iterable of rows, gone through once; what that
        raises passes through.
        """
        for _fence, reason in fence_rule.build_each(values["fences"], _zone(values)):
            _fence = None  # let go before the next one is made
            if reason:
                return reason
        return 0

    def put_in_force(self, version, values):
        """Let the fences of a FENCES body that passed `check` replace all, as `version`: 0.

        The old ones are let go first, for the heap does not hold both. A reason, or what is raised,
        leaves no fence; `save` then still gives what was known of the old ones, for the next start.
        """
        self._let_go()
        fences, zone = [], _zone(values)
        for fence, reason in fence_rule.build_each(values["fences"], zone):
            if reason:
                return reason
            fences.append(fence)
        self.take(version, zone, fences)
        return 0

    def take(self, version, zone, fences):
        """Put these Fences in force, as `version`, where none are, or the old ones were let go.

        A fence that is the same as before, to the last value, keeps what a reset would keep.
        """
        self.version, self.zone = version, zone
        self._fences = tuple(fences)
        self._scheduled = tuple([fence for fence in fences if fence.windows])
        if self._known:
            fence_memory.give_back(fence_memory.unpack(self._known), self._fences)
            self._known = b""
        self.armed = False
        for fence in self._scheduled:
            fence.follow(self._clock.time_s)
        self._gather()

    def _let_go(self):
        """Have no fences; what was known of them is kept as bytes."""
        if self._fences:
            self._known = self.save()
        self._fences = self._scheduled = self._in_force = ()
        self.version = 0
        self.armed = False

    # -- fix by fix ------------------------------------------------------------------------

    def judge(self, fix):
        """Take the Fix `fix` into account: the Events it makes, mostly none.

        A fix that physics refuses changes nothing but `refused`.
        """
        place = Place(fix.lat_e6, fix.lon_e6)
        if self._physics.judge(fix, place) != ACCEPTED:
            return ()
        now_s = self._clock.advance(fix.ticks, fix.time_s)
        self._remember(fix)
        self._fix_at_s = now_s
        self._no_fix_said = False
        self._follow(fix.time_s)
        self.armed = True
        accuracy_dm, settings = fix.accuracy_dm, self._settings
        events = ()
        for fence in self._in_force:
            event = fence.judge(place, accuracy_dm, now_s, settings)
            if event:
                events += (event,)
        return events + self._near_too_long(now_s)

    def overdue(self, now_ticks, time_s):
        """The CANNOT_TELL Events that are due without a fix; ask every minute or so.

        `now_ticks` from the clock, `time_s` UTC or 0. Nothing is due while no fence is in force.
        """
        now_s = self._clock.advance(now_ticks, time_s)
        self._follow(time_s)
        events = self._near_too_long(now_s)
        without_s = now_s - self._fix_at_s
        most_s = self.patience(0) if self.patience else self._settings.no_fix_max_s
        if self._in_force and not self._no_fix_said and without_s >= most_s:
            self._no_fix_said = True
            events += (Event(CANT_TELL, 0, NO_FIX_TOO_LONG),)
        return events

    def worst(self):
        """(fence_number, fence_state) of the fence that matters most; (0, UNKNOWN) with none.

        OUTSIDE before CANNOT_TELL before NEAR before UNKNOWN before INSIDE: what is known to be
        wrong, then what should be known and is not, then what may become wrong. Among equals the
        one whose boundary is nearest or farthest behind. Fences in force only.
        """
        worst = None
        worst_state = UNKNOWN
        for fence in self._in_force:
            state = self._state_of(fence)
            more = _RANKS[state] - _RANKS[worst_state]
            if not worst or more > 0 or (not more and fence.distance_cm > worst.distance_cm):
                worst, worst_state = fence, state
        return (worst.number, worst_state) if worst else (0, UNKNOWN)

    def private_now(self):
        """Whether to withhold coordinates: inside of every fence in force, and set so (promise 8).

        Every keep-in fence must be private, and at least one fence; a keep-out fence adds no
        secret, so its own flag need not be set.
        """
        private = False
        for fence in self._in_force:
            if self._state_of(fence) != INSIDE or not (fence.private or fence.keep == KEEP_OUT):
                return False
            private = private or fence.private
        return bool(private)

    def margin_cm(self, fix=None):
        """How far `fix` (None: the last good one) is beyond the nearest boundary in force.

        Negative while on the right side; None with no fence or no fix.
        """
        fix = fix or self.last_fix()
        if not self._in_force or not fix:
            return None
        if fix is not self.last_fix():
            place = Place(fix.lat_e6, fix.lon_e6)
            return max([fence.beyond_cm(place) for fence in self._in_force])
        most_cm = self._in_force[0].distance_cm
        for fence in self._in_force:
            if fence.distance_cm > most_cm:
                most_cm = fence.distance_cm
        return most_cm

    def close_exits(self, utc):
        """A person has closed the alarm: forget the exits that are open beyond their windows."""
        self._follow(utc)
        if [fence for fence in self._scheduled if fence.close(utc)]:
            self._gather()

    def last_fix(self):
        """The last good Fix, or None."""
        return self._fixes[0] if self._fixes else None

    def evidence(self, number, time_s=0):
        """The last good fixes, newest first, as an ALARM's evidence for fence `number`: those of
        the EVIDENCE_S before the newest, for where the wearer was at home is nobody's business.

        age_s of the first counts before `time_s` (0: is 0), of the others before the one ahead
        of it. distance_dm is positive on the wrong side of that fence, 0 if there is none.
        """
        since_s = self._fixes[0].time_s - EVIDENCE_S if self._fixes else 0
        fixes = [fix for fix in self._fixes if not fix.time_s or fix.time_s >= since_s]
        entries = places(fixes, time_s)
        for entry, fix in zip(entries, fixes):
            entry["satellites"] = min(fix.satellites, 99)
            entry["distance_dm"] = self._distance_dm(number, fix)
        return entries

    def save(self):
        """What is known, as bytes for RTC memory or flash: at most fence_memory.SIZE_MAX."""
        if self._known:
            return self._known
        memory = fence_memory.Memory(
            self.version,
            self._clock.now_s,
            self._clock.time_s,
            self._fix_at_s,
            self.armed,
            self._no_fix_said,
            self._exits.next_s,
        )
        memory.fixes = self._fixes
        return fence_memory.pack(memory, self._fences)

    def load(self, data, slept_s=0):
        """Take up what `save` gave, after `replace` has put the fences of flash in force.

        `slept_s`: how long it was meanwhile, where the clock does not know. False, and nothing
        changed, if `data` is damaged. A fence that has changed since knows nothing.
        """
        memory = fence_memory.unpack(data)
        if memory is None:
            return False
        fence_memory.give_back(memory, self._fences)
        self._clock.take_up(memory.now_s, memory.time_s, slept_s)
        self._fix_at_s = memory.fix_at_s
        self._no_fix_said = memory.no_fix_said
        self.armed = memory.armed and memory.version == self.version
        self._fixes = memory.fixes
        self._exits.next_s = memory.exits_next_s
        self._exits.believe()
        if memory.fixes:
            self._physics.believe(memory.fixes[0])
        self._gather()
        return True

    # -- what a new battery must not change ------------------------------------------------

    def save_lasting(self):
        """The bytes that flash should hold and does not, or None; `kept_lasting` once it does.

        Only when every LEFT that was given is kept: what flash knows is not said again.
        """
        return self._exits.owed(self._fences, self._clock)

    def save_ended(self):
        """The same without what is new: before a BACK is kept, so that none is forgotten."""
        return self._exits.ended(self._fences, self._clock)

    def save_returned(self, data):
        """What `save` gave before, with no exit that is over now: before a BACK is kept."""
        return fence_memory.returned(data, self._fences)

    def kept_lasting(self, data):
        """Flash holds what `save_lasting` gave."""
        self._exits.kept(data)

    def load_lasting(self, data):
        """Take up the open exits that flash holds, after `replace`; `load` knows better, if there
        is anything to load. False, and nothing changed, if `data` is damaged."""
        if not self._exits.load(data, self._fences):
            return False
        self._gather()
        return True

    # -- inside ----------------------------------------------------------------------------

    def _follow(self, utc):
        """Let the schedules put fences in force and out of it."""
        self._exits.doubt(utc, self._fences)
        changed = False
        for fence in self._scheduled:
            changed = fence.follow(utc) or changed
        if changed:
            self._gather()

    def _gather(self):
        """See anew which fences are in force, and how far the last fix was from them."""
        self.gathered += 1
        self._in_force = tuple([fence for fence in self._fences if fence.in_force])
        if self._fixes and self._in_force:
            fix = self._fixes[0]
            place = Place(fix.lat_e6, fix.lon_e6)
            for fence in self._in_force:
                fence.distance_cm = fence.beyond_cm(place)

    def _remember(self, fix):
        if len(self._fixes) >= EVIDENCE_MAX:
            self._fixes.pop()
        self._fixes.insert(0, fix)

    def _near_too_long(self, now_s):
        events = ()
        for fence in self._in_force:
            if fence.state == NEAR:
                near_s = self.patience(fence.number) if self.patience else 0
                if fence.near_too_long(now_s, max(near_s, self._settings.near_max_s)):
                    events += (Event(CANT_TELL, fence.number, NEAR_TOO_LONG),)
        return events

    def _state_of(self, fence):
        if fence.state == OUTSIDE:
            return OUTSIDE
        settings, now_s = self._settings, self._clock.now_s
        blind = self._no_fix_said or now_s - self._fix_at_s >= settings.no_fix_max_s
        near = fence.state == NEAR and now_s - fence.near_since_s >= settings.near_max_s
        return CANNOT_TELL if blind or near or fence.near_said else fence.state

    def _distance_dm(self, number, fix):
        for fence in self._fences:
            if fence.number == number:
                return (fence.beyond_cm(Place(fix.lat_e6, fix.lon_e6)) + 5) // 10
        return 0


def _zone(values):
    return values.get("utc_offset_min", 0), values.get("dst", 0)
