"""A fence's shape, and how far a place is from its boundary: negative inside, in centimetres.

A circle measures along the ground from its middle. A polygon lies on the plane of its origin
(geo.py), its edges straight there, which within REACH_CM of the origin is the shortest way over
the ground to two centimetres; a place is inside by even-odd, so that later rings are holes in
the first. Within EXACT_CM of a boundary all is exact to five centimetres anywhere on earth;
farther away it may be too little by 1 part in 2000 and a polygon's own extent, which is said to
nobody who decides by it.

A shape is one array of integers (shape_plain.py says which), 4 bytes each: what flash keeps, and
what machine code measures (shape_fast.py) where there is some. `build` is the way in from an
order: a shape, or the reason code the order is refused with.
"""

from array import array

from tracker.geo import Place, length, unit_vectors
from tracker.shape_plain import (
    AFAR,
    BIAS,
    FIRST_RING,
    HALF_WIDTH,
    HIGH_BIAS,
    ORIGIN,
    REACH,
    RINGS,
)
from trygg_wire.layouts import BAD_BODY, CIRCLE, NO_ROOM, OUT_OF_RANGE

try:
    from tracker.shape_fast import measure
except (ImportError, NameError, SyntaxError):  # no machine code here: shape_fast.py says why
    from tracker.shape_plain import measure

POINTS_MAX = 64  # in all rings of one fence together
REACH_CM = 1600000  # a corner this far from its fence's origin is refused
EXACT_CM = 500000

ON_THE_WAY = array("i", (0, 0))


def build(row):
    """(Shape, 0), or (None, reason) for a fence's row (dict) of a FENCES body.

    BAD_BODY: a circle of no radius or with rings, a polygon of no ring or with no area.
    NO_ROOM: more than POINTS_MAX corners. OUT_OF_RANGE: a corner beyond REACH_CM.
    """
    origin = Place(row["lat_e6"], row["lon_e6"])
    if row["shape"] == CIRCLE:
        if not row["radius_dm"] or row["rings"]:
            return None, BAD_BODY
        radius_cm = 10 * row["radius_dm"]
        return Shape(_head(origin, 0, radius_cm, radius_cm // 2)), 0
    if not row["rings"] or row["radius_dm"]:
        return None, BAD_BODY
    if sum([len(ring["points"]) for ring in row["rings"]]) > POINTS_MAX:
        return None, NO_ROOM
    data = _corners(origin, row["rings"])
    rings = len(row["rings"])
    reach_cm = _reach_cm(data, rings)
    if reach_cm > REACH_CM:
        return None, OUT_OF_RANGE
    half_width_cm = _half_width_cm(data, rings)
    if half_width_cm <= 0:
        return None, BAD_BODY
    data[:FIRST_RING] = _head(origin, rings, reach_cm, half_width_cm)
    return Shape(data), 0


def ready(data):
    """The Shape of which `data` (array) was kept; None if its rings do not make up its length.

    Machine code reads by what is written there, so it is looked at although it has a CRC.
    """
    at, rings = FIRST_RING, data[RINGS] if len(data) > RINGS else 0
    while rings > 0 and at < len(data) and data[at] > 0:
        at += 3 + 2 * data[at]
        rings -= 1
    return Shape(data) if at == len(data) and not rings else None


class Shape:
    """A circle or a polygon; `data` is all that defines it."""

    def __init__(self, data):
        self.data = data

    def half_width_cm(self):
        """Between a quarter and a half of how wide it is; a circle's is half its radius."""
        return self.data[HALF_WIDTH]

    def distance_cm(self, place):
        """From the Place `place` to the boundary: negative inside."""
        distance_cm = measure(self.data, place.x_cm, place.y_cm, place.z_cm, ON_THE_WAY)
        return distance_cm if distance_cm < AFAR else self.from_afar(place)

    def from_afar(self, place):
        """The same from AFAR: exact near a circle's boundary, else roughly."""
        data = self.data
        origin = Place(data[ORIGIN + 3], data[ORIGIN + 4])
        rough_cm = origin.roughly_cm(place)
        if data[RINGS]:
            return rough_cm - (rough_cm >> 11) - 3 * data[REACH] // 2
        if abs(rough_cm - data[REACH]) < 2 * EXACT_CM:
            return origin.distance_cm(place) - data[REACH]
        return rough_cm - (rough_cm >> 11) - data[REACH]


def _head(origin, rings, reach_cm, half_width_cm):
    data = array("i", unit_vectors(origin))
    for i in range(len(data)):
        data[i] += BIAS
    data.extend(array("i", (rings, reach_cm)))
    for number in (origin.x_cm, origin.y_cm, origin.z_cm):
        data.append(number + HIGH_BIAS)
    data.extend(array("i", (origin.lat_e6, origin.lon_e6, half_width_cm)))
    return data


def _corners(origin, rings):
    """The array of a polygon with its rings in place and room for the head; no list on the way,
    for the heap may be nearly full."""
    size = FIRST_RING
    for ring in rings:
        size += 3 + 2 * len(ring["points"])
    data = array("i", bytes(4 * size))
    at = FIRST_RING
    for ring in rings:
        first = at + 1
        data[at] = len(ring["points"])
        at = first
        for point in ring["points"]:
            x, y = origin.plane(Place(point["lat_e6"], point["lon_e6"]))
            data[at], data[at + 1] = x + BIAS, y + BIAS
            at += 2
        data[at], data[at + 1] = data[first], data[first + 1]
        at += 2
    return data


def _reach_cm(data, rings):
    """The largest coordinate of any corner, either sign."""
    reach_cm, at = 0, FIRST_RING
    for _ring in range(rings):
        first = at + 1
        at = first + 2 * data[at] + 2
        for i in range(first, at):
            reach_cm = max(reach_cm, abs(data[i] - BIAS))
    return reach_cm


def _half_width_cm(data, rings):
    """The first ring's area less the others', over the length of them all."""
    area2 = around_cm = 0
    at = FIRST_RING
    for ring in range(rings):
        first = at + 1
        at = first + 2 * data[at] + 2
        its_area2 = abs(_area2(data, first, at))
        area2 += -its_area2 if ring else its_area2
        around_cm += _around_cm(data, first, at)
    return area2 // (2 * around_cm) if around_cm else 0


def _area2(data, first, end):
    """Twice the signed area of a ring, in square centimetres."""
    area2 = 0
    for i in range(first, end - 2, 2):
        x, y = data[i] - BIAS, data[i + 1] - BIAS
        area2 += x * (data[i + 3] - BIAS) - (data[i + 2] - BIAS) * y
    return area2


def _around_cm(data, first, end):
    around_cm = 0
    for i in range(first, end - 2, 2):
        around_cm += length(data[i + 2] - data[i], data[i + 3] - data[i + 1])
    return around_cm
