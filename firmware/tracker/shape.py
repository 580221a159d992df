"""A fence's shape, and how far a place is from its boundary: negative inside, in centimetres.

A circle measures along the ground from its middle. A polygon lies on the plane of its origin
(geo.py), its edges straight there, which within REACH_CM of the origin is the shortest way over
the ground to two centimetres; a place is inside by even-odd, so that later rings are holes in
the first. Corners, and so all comparisons of an edge, are 31-bit small integers; only an edge
that may be the nearest is measured with larger ones, five for a moment on the heap. The one that
was nearest last time is measured first, so that most of the others need not be.

`build` is the one way in: it gives a shape, or the reason code an order is refused with.
"""

from tracker.geo import Place, integer_root, length
from trygg_wire.layouts import BAD_BODY, CIRCLE, NO_ROOM, OUT_OF_RANGE

POINTS_MAX = 64  # in all rings of one fence together
REACH_CM = 1600000  # a corner this far from its fence's origin is refused


def build(row):
    """(shape, 0), or (None, reason) for a fence's row (dict) of a FENCES body.

    BAD_BODY: a circle of no radius or with rings, a polygon of no ring or with no area.
    NO_ROOM: more than POINTS_MAX corners. OUT_OF_RANGE: a corner beyond REACH_CM.
    """
    origin = Place(row["lat_e6"], row["lon_e6"])
    if row["shape"] == CIRCLE:
        if not row["radius_dm"] or row["rings"]:
            return None, BAD_BODY
        return Circle(origin, 10 * row["radius_dm"]), 0
    if not row["rings"] or row["radius_dm"]:
        return None, BAD_BODY
    if sum([len(ring["points"]) for ring in row["rings"]]) > POINTS_MAX:
        return None, NO_ROOM
    rings = [_ring(origin, ring["points"]) for ring in row["rings"]]
    for ring in rings:
        for corner in ring:
            if abs(corner) > REACH_CM:
                return None, OUT_OF_RANGE
    polygon = Polygon(origin, rings)
    return (polygon, 0) if polygon.half_width_cm > 0 else (None, BAD_BODY)


class Circle:
    """All within `radius_cm` of the Place `origin`."""

    def __init__(self, origin, radius_cm):
        self.origin = origin
        self.radius_cm = radius_cm
        self.half_width_cm = radius_cm // 2

    def distance_cm(self, place):
        """From the Place `place` to the boundary: negative inside."""
        return self.origin.distance_cm(place) - self.radius_cm


class Polygon:
    """Rings of corners round `origin`; each ring is a flat tuple x, y, x, y ... in centimetres.

    `half_width_cm` is area over perimeter: between a quarter and a half of how wide it is.
    """

    def __init__(self, origin, rings):
        self.origin = origin
        self.rings = rings
        area2 = abs(_area2(rings[0])) - sum([abs(_area2(ring)) for ring in rings[1:]])
        around = sum([_around(ring) for ring in rings])
        self.half_width_cm = area2 // (2 * around) if around else 0
        self._nearest_ring = rings[0]
        self._nearest_at = 0

    def distance_cm(self, place):
        """From the Place `place` to the nearest edge of any ring: negative inside."""
        x, y = self.origin.plane(place)
        ring = self._nearest_ring
        at = self._nearest_at
        nearest = _to_edge(ring[at - 2] - x, ring[at - 1] - y, ring[at] - x, ring[at + 1] - y)
        inside = False
        for ring in self.rings:
            if _is_inside(ring, x, y):
                inside = not inside
            nearer, at = _nearest(ring, x, y, nearest)
            if nearer < nearest:
                nearest = nearer
                self._nearest_ring = ring
                self._nearest_at = at
        return -nearest if inside else nearest


def _is_inside(ring, x, y):
    """Whether (x, y) is inside: the edges that cross the line from it to the east are odd."""
    inside = False
    ax = ring[-2] - x
    ay = ring[-1] - y
    for i in range(0, len(ring), 2):
        bx = ring[i] - x
        by = ring[i + 1] - y
        if (ay > 0) != (by > 0):
            if ax > 0 and bx > 0:
                inside = not inside
            elif (ax > 0 or bx > 0) and (ax * by > bx * ay) == (by > ay):
                inside = not inside
        ax = bx
        ay = by
    return inside


def _nearest(ring, x, y, nearest):
    """(the least of `nearest` and all edges' distances, where that edge ends in the ring).

    An edge whose box is not nearer than the nearest so far is not measured.
    """
    shift = _shift(nearest)
    limit = ((nearest >> shift) + 1) * ((nearest >> shift) + 1)
    at = 0
    ax = ring[-2] - x
    ay = ring[-1] - y
    for i in range(0, len(ring), 2):
        bx = ring[i] - x
        by = ring[i + 1] - y
        east = _gap(ax, bx)
        north = _gap(ay, by)
        if east < nearest and north < nearest:
            east >>= shift
            north >>= shift
            if east * east + north * north < limit:
                distance = _to_edge(ax, ay, bx, by)
                if distance < nearest:
                    nearest = distance
                    at = i
        ax = bx
        ay = by
    return nearest, at


def _shift(nearest):
    """By how many bits lengths up to `nearest` are cut so that their squares stay small."""
    shift = 0
    while nearest >> shift > 16383:
        shift += 1
    return shift


def _gap(a, b):
    """How far 0 is from the span between `a` and `b`."""
    if a > 0 and b > 0:
        return a if a < b else b
    if a < 0 and b < 0:
        return -a if a > b else -b
    return 0


def _to_edge(ax, ay, bx, by):
    """How far the edge from (ax, ay) to (bx, by) is from (0, 0)."""
    dx = bx - ax
    dy = by - ay
    along = -(ax * dx + ay * dy)
    if along <= 0:
        return length(ax, ay)
    square = dx * dx + dy * dy
    if along >= square:
        return length(bx, by)
    across = ax * dy - ay * dx
    return integer_root((4 * across * across // square + 1)) + 1 >> 1


def _ring(origin, points):
    flat = []
    for point in points:
        flat.extend(origin.plane(Place(point["lat_e6"], point["lon_e6"])))
    return tuple(flat)


def _area2(ring):
    """Twice the signed area of a ring, in square centimetres."""
    area2 = 0
    ax, ay = ring[-2], ring[-1]
    for i in range(0, len(ring), 2):
        bx, by = ring[i], ring[i + 1]
        area2 += ax * by - bx * ay
        ax, ay = bx, by
    return area2


def _around(ring):
    """A ring's perimeter in centimetres."""
    around = 0
    ax, ay = ring[-2], ring[-1]
    for i in range(0, len(ring), 2):
        bx, by = ring[i], ring[i + 1]
        around += length(bx - ax, by - ay)
        ax, ay = bx, by
    return around
