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
    rings = [_ring(origin, ring["points"]) for ring in row["rings"]]
    reach_cm = max([abs(corner) for ring in rings for corner in ring])
    if reach_cm > REACH_CM:
        return None, OUT_OF_RANGE
    half_width_cm = _half_width_cm(rings)
    if half_width_cm <= 0:
        return None, BAD_BODY
    data = _head(origin, len(rings), reach_cm, half_width_cm)
    for ring in rings:
        corners = array("i", [corner + BIAS for corner in ring])
        data.extend(array("i", (len(ring) // 2 - 1,)))
        data.extend(corners)
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


def _ring(origin, points):
    """A ring's corners as x, y, x, y ..., the first again at its end."""
    flat = []
    for point in points:
        flat.extend(origin.plane(Place(point["lat_e6"], point["lon_e6"])))
    return flat + flat[:2]


def _half_width_cm(rings):
    """The first ring's area less the others', over the length of them all."""
    area2 = 2 * abs(_area2(rings[0])) - sum([abs(_area2(ring)) for ring in rings])
    around_cm = sum([_around_cm(ring) for ring in rings])
    return area2 // (2 * around_cm) if around_cm else 0


def _area2(ring):
    """Twice the signed area of a ring, in square centimetres."""
    area2 = 0
    for i in range(0, len(ring) - 2, 2):
        area2 += ring[i] * ring[i + 3] - ring[i + 2] * ring[i + 1]
    return area2


def _around_cm(ring):
    around_cm = 0
    for i in range(0, len(ring) - 2, 2):
        around_cm += length(ring[i + 2] - ring[i], ring[i + 3] - ring[i + 1])
    return around_cm
