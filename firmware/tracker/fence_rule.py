"""One fence and what it makes of fix after fix; the rule in words is at the top of fence.py."""

import struct
from binascii import crc32
from collections import namedtuple

from tracker import shape
from trygg_wire.layouts import (
    BACK,
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


def read(beyond_cm, accuracy_cm, buffer_cm, band_cm):
    """What one fix says: INSIDE, NEAR or OUTSIDE."""
    if beyond_cm < -accuracy_cm or beyond_cm < -band_cm:
        return INSIDE
    if beyond_cm > accuracy_cm + buffer_cm:
        return OUTSIDE
    return NEAR


def build(row):
    """(Fence, 0), or (None, reason) for a fence's row of a FENCES body (shape.build)."""
    its_shape, reason = shape.build(row)
    return (None, reason) if reason else (Fence(row, its_shape), 0)


class Fence:
    """A fence in force: where it is, and what is known of the wearer and it.

    `mark` tells its definition from any other (30 bits). `distance_cm` is how far the last good
    fix was beyond the boundary. `out_votes` and `in_votes` hold the last three fixes that
    counted, one bit each, the newest lowest. `near_since_s` is on the FenceSet's own clock.
    """

    def __init__(self, row, its_shape):
        self.number = row["number"]
        self.keep = row["keep"]
        self.private = row["private"]
        self.buffer_dm = row["buffer_dm"]
        self.shape = its_shape
        self.mark = _mark(row)
        self.distance_cm = 0
        self.forget()

    def forget(self):
        """Know nothing of the wearer."""
        self.state = UNKNOWN
        self.been_inside = False
        self.near_said = False
        self.near_since_s = 0
        self.out_votes = 0
        self.in_votes = 0

    @property
    def undecided(self):
        """Whether the next fix that counts could make an exit, or a return, certain."""
        return bool((self.in_votes if self.state == OUTSIDE else self.out_votes) & 3)

    def beyond_cm(self, place):
        """How far the Place `place` is on the wrong side of the boundary; negative on the right."""
        distance_cm = self.shape.distance_cm(place)
        return -distance_cm if self.keep == KEEP_OUT else distance_cm

    def judge(self, accuracy_dm, now_s, settings):
        """Let the fix last measured count: an Event LEFT or BACK, or None."""
        says = self._read(10 * min(accuracy_dm, settings.accuracy_clamp_dm), settings)
        self.out_votes = (self.out_votes << 1 | (says == OUTSIDE)) & 7
        self.in_votes = (self.in_votes << 1 | (says == INSIDE)) & 7
        if self.state == OUTSIDE:
            return self._come_back() if _TWO_OF_THREE[self.in_votes] else None
        if _TWO_OF_THREE[self.out_votes]:
            return self._leave()
        if says == INSIDE:
            self._settle(INSIDE)
            self.been_inside = True
        elif self.state != NEAR:
            self.state = NEAR
            self.near_since_s = now_s
        return None

    def near_too_long(self, now_s, near_max_s):
        """Whether to say now that it was NEAR for too long; true once, until it was over."""
        if self.state != NEAR or self.near_said or now_s - self.near_since_s < near_max_s:
            return False
        self.near_said = True
        return True

    def _read(self, accuracy_cm, settings):
        band_cm = 10 * settings.fence_hysteresis_dm
        if self.keep == KEEP_OUT:
            return read(self.distance_cm, accuracy_cm, 10 * self.buffer_dm, band_cm)
        buffer_cm = 10 * (self.buffer_dm or settings.fence_buffer_dm)
        band_cm = min(band_cm, self.shape.half_width_cm)
        return read(self.distance_cm, accuracy_cm, buffer_cm, band_cm)

    def _leave(self):
        self._settle(OUTSIDE)
        self.out_votes = self.in_votes = 0
        return Event(LEFT, self.number, CROSSED if self.been_inside else BOOT)

    def _come_back(self):
        self._settle(INSIDE)
        self.out_votes = self.in_votes = 0
        self.been_inside = True
        return Event(BACK, self.number, CROSSED)

    def _settle(self, state):
        self.state = state
        self.near_said = False


def _mark(row):
    """A check of everything that defines a fence, 30 bits."""
    head = (row["number"], row["keep"], row["shape"], row["private"], row["buffer_dm"])
    place = (row["lat_e6"], row["lon_e6"], row["radius_dm"])
    mark = crc32(struct.pack(">BBBBHiiI", *(head + place)))
    for ring in row["rings"]:
        mark = crc32(b"ring", mark)
        for point in ring["points"]:
            mark = crc32(struct.pack(">ii", point["lat_e6"], point["lon_e6"]), mark)
    return mark & 0x3FFFFFFF
