"""Whether the wearer is where it was agreed they may be (promise 4).

Each fence measures `d`, how far a fix lies beyond its boundary: positive on the wrong side,
which is outside of a keep-in fence and inside of a keep-out one, so that for both leaving means
that d grew. With `a` the fix's accuracy, clamped, one fix is read as
  INSIDE   d < -a, or d < -band: so deep that it counts however inaccurate the fix
  OUTSIDE  d > a + buffer
  NEAR     anything else, and decides nothing.
LEFT takes two OUTSIDE among the last three fixes that were taken confirm_apart_s from each
other, and BACK two INSIDE; one alone sets `needs_confirmation`, which keeps the receiver on so
that the answer comes in seconds. What is neither stays as it was (outside) or is NEAR.

LEFT is said once per exit. Its reason is CROSSED if this fence has known the wearer inside, else
BOOT: a tracker that starts, or is given a fence, while outside. CANNOT_TELL is said once when
NEAR lasts near_max_s (for that fence) or no good fix came for no_fix_max_s (fence number 0), and
again only after it was over.

Each fence is judged by itself: two keep-in fences are two promises, not one area of two parts.
What is known survives sleep and reset as the bytes of `save` (fence_memory.py).
"""

from tracker import fence_memory, fence_rule
from tracker.elapsed import Elapsed
from tracker.fence_rule import Event
from tracker.fix import even_course
from tracker.geo import Place
from tracker.physics import ACCEPTED, Physics
from trygg_wire.layouts import (
    BAD_BODY,
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
_BEST_FIRST = (INSIDE, UNKNOWN, NEAR, CANNOT_TELL, OUTSIDE)  # the reason is at FenceSet.worst
_LONG_AGO_S = -3600


class FenceSet:
    """All fences of one version, judged fix by fix; replaced whole or not at all.

    version: the fence set's, 0 with none. needs_confirmation: keep the receiver on, one more fix
    may decide. armed: a good fix has been judged under this version. refused: fixes that physics
    refused since the start.
    """

    def __init__(self, settings):
        self.version = 0
        self.armed = False
        self._settings = settings
        self._physics = Physics(settings)
        self._fences = ()
        self._fixes = []  # newest first
        self._clock = Elapsed()
        self._fix_at_s = 0  # on self._clock: the last good fix, or the start
        self._counted_at_s = _LONG_AGO_S
        self._no_fix_said = False

    @property
    def refused(self):
        """How many fixes were refused for physics since the start."""
        return self._physics.refused

    @property
    def needs_confirmation(self):
        """Whether one more fix could make an exit or a return certain: keep the receiver on."""
        for fence in self._fences:
            if fence.undecided:
                return True
        return False

    def replace(self, version, values):
        """Put the fences of a decoded FENCES body in force, or change nothing.

        0, or the reason of the refusal (`prepare`).
        """
        draft, reason = self.prepare(values)
        if reason:
            return reason
        self.put_in_force(version, draft)
        return 0

    def prepare(self, values):
        """(what `put_in_force` takes, 0), or (None, the reason of the refusal); changes nothing.

        `values` is a FENCES body, its `fences` any iterable of rows, gone through once; what that
        raises passes through. Reasons: shape.build's, BAD_BODY also for a number used twice.
        """
        fences = []
        numbers = []
        for row in values["fences"]:
            fence, reason = fence_rule.build(row)
            if reason or row["number"] in numbers:
                return None, reason or BAD_BODY
            numbers.append(row["number"])
            fences.append(fence)
        return tuple(fences), 0

    def put_in_force(self, version, draft):
        """Let what `prepare` gave replace all fences, as `version`.

        A fence that is the same as before, to the last value, keeps what it knew.
        """
        fence_memory.carry_over(self._fences, draft)
        self._fences = draft
        self.version = version
        self.armed = False
        if self._fixes:
            self._measure(self._fixes[0])

    def judge(self, fix):
        """Take the Fix `fix` into account: the Events it makes, mostly none.

        A fix that physics refuses changes nothing but `refused`.
        """
        place = Place(fix.lat_e6, fix.lon_e6)
        if self._physics.judge(fix, place) != ACCEPTED:
            return ()
        now_s = self._clock.advance(fix.ticks, fix.time_s)
        self._fixes = [fix] + self._fixes[: EVIDENCE_MAX - 1]
        self._fix_at_s = now_s
        self._no_fix_said = False
        for fence in self._fences:
            fence.distance_cm = fence.beyond_cm(place)
        if self.armed and now_s - self._counted_at_s < self._settings.confirm_apart_s:
            return ()
        self._counted_at_s = now_s
        self.armed = True
        events = [fence.judge(fix.accuracy_dm, now_s, self._settings) for fence in self._fences]
        return tuple([event for event in events if event] + self._near_too_long(now_s))

    def overdue(self, now_ticks, time_s):
        """The CANNOT_TELL Events that are due without a fix; ask every minute or so.

        `now_ticks` from the clock, `time_s` UTC or 0. Nothing is due while there is no fence.
        """
        now_s = self._clock.advance(now_ticks, time_s)
        events = self._near_too_long(now_s)
        without_s = now_s - self._fix_at_s
        if self._fences and not self._no_fix_said and without_s >= self._settings.no_fix_max_s:
            self._no_fix_said = True
            events.append(Event(CANT_TELL, 0, NO_FIX_TOO_LONG))
        return tuple(events)

    def worst(self):
        """(fence_number, fence_state) of the fence that matters most; (0, UNKNOWN) with none.

        OUTSIDE before CANNOT_TELL before NEAR before UNKNOWN before INSIDE: what is known to be
        wrong, then what should be known and is not, then what may become wrong. Among equals the
        one whose boundary is nearest or farthest behind.
        """
        worst = None
        rank = (-1, 0)
        for fence in self._fences:
            state = self._state_of(fence)
            its_rank = (_BEST_FIRST.index(state), fence.distance_cm)
            if its_rank > rank:
                rank = its_rank
                worst = (fence.number, state)
        return worst or (0, UNKNOWN)

    def private_now(self):
        """Whether to withhold coordinates: inside of every fence, and set so (promise 8).

        Every keep-in fence must be private, and at least one fence; a keep-out fence adds no
        secret, so its own flag need not be set.
        """
        private = False
        for fence in self._fences:
            if self._state_of(fence) != INSIDE or not (fence.private or fence.keep == KEEP_OUT):
                return False
            private = private or fence.private
        return bool(private)

    def margin_cm(self, fix=None):
        """How far `fix` (None: the last good one) is beyond the boundary that is nearest.

        Negative while on the right side of every fence; None with no fence or no fix.
        """
        fix = fix or self.last_fix()
        if not self._fences or not fix:
            return None
        if fix is not self.last_fix():
            place = Place(fix.lat_e6, fix.lon_e6)
            return max([fence.beyond_cm(place) for fence in self._fences])
        return max([fence.distance_cm for fence in self._fences])

    def last_fix(self):
        """The last good Fix, or None."""
        return self._fixes[0] if self._fixes else None

    def evidence(self, number, time_s=0):
        """The last good fixes, newest first, as an ALARM's evidence for fence `number`.

        age_s of the first counts before `time_s` (0: is 0), of the others before the one ahead
        of it. distance_dm is positive on the wrong side of that fence, 0 if there is none.
        """
        entries = []
        after_s = time_s
        for fix in self._fixes:
            age_s = min(604800, max(0, after_s - fix.time_s)) if after_s and fix.time_s else 0
            entries.append({
                "age_s": age_s,
                "lat_e6": fix.lat_e6,
                "lon_e6": fix.lon_e6,
                "accuracy_dm": min(fix.accuracy_dm, 100000),
                "speed_dm_s": min(fix.speed_dm_s, 3000),
                "course_deg": even_course(fix.course_deg),
                "satellites": min(fix.satellites, 99),
                "distance_dm": self._distance_dm(number, fix),
            })  # fmt: skip
            after_s = fix.time_s
        return entries

    def save(self):
        """What is known, as bytes for RTC memory or flash: at most fence_memory.SIZE_MAX."""
        memory = fence_memory.Memory(
            self.version,
            self._clock.now_s,
            self._clock.time_s,
            self._fix_at_s,
            self.armed,
            self._no_fix_said,
        )
        memory.fixes = self._fixes
        return fence_memory.pack(memory, self._fences)

    def load(self, data, slept_s=0):
        """Take up what `save` gave, after `replace` has put the fences of flash in force.

        `slept_s`: how long it was meanwhile, where the clock does not know. False, and nothing
        changed, if `data` is damaged. A fence that has changed since knows nothing.
        """
        memory = fence_memory.unpack(data, self._fences)
        if memory is None:
            return False
        self._clock.take_up(memory.now_s, memory.time_s, slept_s)
        self._fix_at_s = memory.fix_at_s
        self._counted_at_s = _LONG_AGO_S
        self._no_fix_said = memory.no_fix_said
        self.armed = memory.armed and memory.version == self.version
        self._fixes = memory.fixes
        if memory.fixes:
            self._physics.believe(memory.fixes[0])
            self._measure(memory.fixes[0])
        return True

    def _measure(self, fix):
        place = Place(fix.lat_e6, fix.lon_e6)
        for fence in self._fences:
            fence.distance_cm = fence.beyond_cm(place)

    def _near_too_long(self, now_s):
        near_max_s = self._settings.near_max_s
        return [
            Event(CANT_TELL, fence.number, NEAR_TOO_LONG)
            for fence in self._fences
            if fence.near_too_long(now_s, near_max_s)
        ]

    def _state_of(self, fence):
        if fence.state == OUTSIDE:
            return OUTSIDE
        return CANNOT_TELL if fence.near_said or self._no_fix_said else fence.state

    def _distance_dm(self, number, fix):
        for fence in self._fences:
            if fence.number == number:
                return (fence.beyond_cm(Place(fix.lat_e6, fix.lon_e6)) + 5) // 10
        return 0
