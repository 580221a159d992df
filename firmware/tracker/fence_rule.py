"""One fence and what it makes of fix after fix; the rule in words is at the top of fence.py."""

import struct
from binascii import crc32
from collections import namedtuple

from tracker import schedule, shape
from tracker.doubt import Doubt
from tracker.shape import AFAR, ON_THE_WAY, measure
from trygg_wire.layouts import (
    BACK,
    BAD_BODY,
    BEGAN,
    BOOT,
    CROSSED,
    INSIDE,
    KEEP_OUT,
    LEFT,
    NEAR,
    OUTSIDE,
    UNKNOWN,
)

Event = namedtuple("Event", ("what", "fence_number", "reason"))

_TWO_OF_THREE = (False, False, False, True, False, True, True, True)  # by three bits of votes
_LONG_AGO_S = -3600
_STEPS_MAX = 32  # changes of a schedule that are looked at after a time without clock or power


def read(beyond_cm, accuracy_cm, buffer_cm, band_cm):
    """What one fix says: INSIDE, NEAR or OUTSIDE."""
    if beyond_cm < -accuracy_cm or beyond_cm < -band_cm:
        return INSIDE
    if beyond_cm > accuracy_cm + buffer_cm:
        return OUTSIDE
    return NEAR


def build_each(rows, zone):
    """Gives (Fence, 0) of each row of a FENCES body, its head's `zone` given, or (None, reason).

    Reasons: shape.build's; BAD_BODY also for a window on no day, and a number used twice.
    """
    numbers = []
    for row in rows:
        number = row["number"]
        yield (None, BAD_BODY) if number in numbers else _build(row, zone)
        numbers.append(number)
        row = None  # let go before the next one is read


def _build(row, zone):
    windows = schedule.windows_of(row.get("schedule", ()))
    if windows is None:
        return None, BAD_BODY
    its_shape, reason = shape.build(row)
    if reason:
        return None, reason
    head = (row["number"], row["keep"], row["private"], row["buffer_dm"])
    return Fence(head, _mark(row, windows, zone), its_shape, windows, zone), 0


class Fence:
    """A fence: where and when it is, and what is known of the wearer and it.

    `mark` tells its definition from any other (30 bits). `in_force`: by its schedule, or since it
    `lingers`: its window has ended and its exit has not (follow). A fence that is not in force
    knows nothing. `until_s`: the UTC when its schedule next changes, 0 unknown.
    `distance_cm` is how far the last good fix was beyond the boundary. `out_votes` and `in_votes`
    hold the last three fixes that counted, one bit each, the newest lowest. `near_since_s` and
    `counted_at_s` (the last fix that counted) are on the FenceSet's own clock. `doubt`: whether an
    exit may be an echo. `returning`: BACK was decided before a reset, and perhaps not said.
    """

    def __init__(self, head, mark, its_shape, windows, zone):
        self.number, self.keep, self.private, self.buffer_dm = head
        self.mark = mark
        self.shape = its_shape
        self.windows = windows
        self.zone = zone
        self.in_force = True
        self.lingers = False
        self.began = False
        self.from_s = self.until_s = 0
        self.distance_cm = 0
        self.doubt = Doubt()
        self.forget()

    def forget(self):
        """Know nothing of the wearer."""
        self.state = UNKNOWN
        self.been_inside = False
        self.returning = False
        self.near_said = False
        self.near_since_s = 0
        self.out_votes = 0
        self.in_votes = 0
        self.counted_at_s = _LONG_AGO_S
        self.doubt.forget()

    # -- when ------------------------------------------------------------------------------

    def follow(self, utc):
        """Come into force or go out of it by the schedule; True if anything changed.

        With the clock unknown (`utc` 0) it is in force. What it knew ends with its window, also
        if the window ended and the next began while nobody looked; but an exit that is open stays
        open, and the fence in force, until the wearer is read as inside or `close` is called.
        """
        came_back = self.lingers and self.state == INSIDE
        if not self.windows or (self.from_s <= utc < self.until_s and not came_back):
            return False
        before, over = self.in_force, came_back or self._is_over(utc)
        open_exit = self.state == OUTSIDE or (self.lingers and not came_back)
        scheduled, self.until_s = True, 0
        if utc:
            scheduled, self.until_s = schedule.look(self.windows, self.zone, utc)
        self.from_s = utc
        self.lingers = open_exit and not scheduled
        self.in_force = scheduled or open_exit
        if open_exit:
            return not before
        if over or not self.in_force:
            self.forget()
        if self.in_force and (over or not before):
            self.began = True
        return over or self.in_force != before

    def take_up(self, utc):
        """Look at the schedule as it was at `utc`, where what is known was saved; 0 unknown."""
        if self.windows and utc:
            self.from_s = utc
            scheduled, self.until_s = schedule.look(self.windows, self.zone, utc)
            self.lingers = self.in_force and not scheduled

    def close(self, utc):
        """Forget an exit that is open beyond its window; True if there was one. While the clock is
        unknown (`utc` 0) it may be within: then it is in doubt."""
        if not utc and self.state == OUTSIDE:
            self.doubt_exit()
        elif self.lingers:
            self.forget()
            self.lingers = self.in_force = False
        else:
            return False
        return True

    def doubt_exit(self):
        """Know nothing of an exit that may be another one by now, but go on until that is decided,
        also beyond the window."""
        self.forget()
        self.lingers = bool(self.windows)
        self.from_s = self.until_s = 0  # look anew

    def _is_over(self, utc):
        """Whether the window that it was in force in has ended before `utc`."""
        at_s = self.until_s
        for _step in range(_STEPS_MAX):
            if not self.in_force or not at_s or not utc or utc < at_s:
                return False
            still, at_s = schedule.look(self.windows, self.zone, at_s)
            if not still:
                return True
        return True

    # -- where -----------------------------------------------------------------------------

    @property
    def undecided(self):
        """Whether the next fix that counts could make an exit, or a return, certain."""
        if self.state == OUTSIDE:
            return bool(self.in_votes & 3)
        return bool(self.out_votes & 3) or self.doubt.open

    def beyond_cm(self, place):
        """How far the Place `place` is on the wrong side of the boundary; negative on the right."""
        distance_cm = self.shape.distance_cm(place)
        return -distance_cm if self.keep == KEEP_OUT else distance_cm

    def judge(self, place, accuracy_dm, now_s, settings):
        """Measure a fix at the Place `place` and let it count, unless one just did: an Event LEFT
        or BACK, or None. (beyond_cm and _read, spelled out: 16 of these are one decision.)"""
        distance_cm = measure(self.shape.data, place.x_cm, place.y_cm, place.z_cm, ON_THE_WAY)
        if distance_cm >= AFAR:
            distance_cm = self.shape.from_afar(place)
        if self.keep:  # out
            distance_cm = -distance_cm
        self.distance_cm = distance_cm
        if now_s - self.counted_at_s < settings.confirm_apart_s:
            return None
        self.counted_at_s = now_s
        if distance_cm < -10 * accuracy_dm and self.state == INSIDE and not self.out_votes:
            doubt = self.doubt  # an ordinary day: INSIDE as before, and no doubt open
            doubt.sure_cm = distance_cm + 10 * accuracy_dm
            doubt.sure_at_s = now_s
            return None
        says = self._read(accuracy_dm, settings)
        if self.state != OUTSIDE:
            says = self._weigh(says, accuracy_dm, now_s, settings)
        elif says == INSIDE:
            self.doubt.sure(distance_cm, accuracy_dm, now_s)
        return self._count(says, now_s)

    def _weigh(self, says, accuracy_dm, now_s, settings):
        """What a fix counts as: an OUTSIDE may be an echo."""
        says = self.doubt.weigh(says, self.distance_cm, accuracy_dm, now_s, settings)
        if self.doubt.lasted:
            self.out_votes = 1  # all since it began said so: with this one it is decided
        return says

    def _count(self, says, now_s):
        self.out_votes = (self.out_votes << 1 | (says == OUTSIDE)) & 7
        self.in_votes = (self.in_votes << 1 | (says == INSIDE)) & 7
        if self.state == OUTSIDE:
            return self._come_back() if _TWO_OF_THREE[self.in_votes] else None
        if _TWO_OF_THREE[self.out_votes]:
            return self._leave()
        if says == INSIDE:
            return self._come_back() if self.returning else self._stay()
        if self.state != NEAR:
            self.state = NEAR
            self.near_since_s = now_s
        return None

    def near_too_long(self, now_s, near_max_s):
        """Whether to say now that it was NEAR for too long; true once, until it was over."""
        if self.state != NEAR or self.near_said or now_s - self.near_since_s < near_max_s:
            return False
        self.near_said = True
        return True

    def _read(self, accuracy_dm, settings):
        accuracy_cm = 10 * min(accuracy_dm, settings.accuracy_clamp_dm)
        band_cm = 10 * settings.fence_hysteresis_dm
        buffer_cm = 10 * self.buffer_dm
        if self.keep != KEEP_OUT:
            buffer_cm = buffer_cm or 10 * settings.fence_buffer_dm
            band_cm = min(band_cm, self.shape.half_width_cm())
        return read(self.distance_cm, accuracy_cm, buffer_cm, band_cm)

    def _stay(self):
        self._settle(INSIDE)
        self.been_inside = True

    def _leave(self):
        self._settle(OUTSIDE)
        self.doubt.forget()
        self.out_votes = self.in_votes = 0
        if self.been_inside:
            return Event(LEFT, self.number, CROSSED)
        return Event(LEFT, self.number, BEGAN if self.began else BOOT)

    def _come_back(self):
        self._stay()
        self.out_votes = self.in_votes = 0
        return Event(BACK, self.number, CROSSED)

    def _settle(self, state):
        self.state = state
        self.returning = False
        self.near_said = False


def _mark(row, windows, zone):
    """A check of everything that defines a fence, 30 bits; the zone only where it matters."""
    head = (row["number"], row["keep"], row["shape"], row["private"], row["buffer_dm"])
    place = (row["lat_e6"], row["lon_e6"], row["radius_dm"])
    mark = crc32(struct.pack(">BBBBHiiI", *(head + place)))
    for ring in row["rings"]:
        mark = crc32(b"ring", mark)
        for point in ring["points"]:
            mark = crc32(struct.pack(">ii", point["lat_e6"], point["lon_e6"]), mark)
    if windows:
        mark = crc32(struct.pack(">hB", zone[0], zone[1]) + windows, mark)
    return mark & 0x3FFFFFFF
