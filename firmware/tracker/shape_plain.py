"""Measure shapes in plain Python: what shape_fast.py does, where machine code cannot be had.

`data` is a shape as array('i'), which shape.py writes. What may be negative and is read by machine
code, which reads without a sign, has BIAS added (+):
  0, 1        + the unit vector to the east in space (its third part is 0), in units of 2^-24
  2, 3, 4     + the unit vector to the north
  5, 6        + the origin's own cut to centimetres, east and north, in sixteenths of one
  RINGS       how many rings follow; 0 for a circle
  REACH       a circle's radius, or the largest of all coordinates, either sign
  ORIGIN      x, y, z of the origin in centimetres, each plus HIGH_BIAS; its latitude and longitude
              in 1e-6 degree
  HALF_WIDTH  area over perimeter: between a quarter and a half of how wide it is
  FIRST_RING  for each ring the number of its edges, then + x, y of each corner in centimetres, and
              the first corner again
"""

from tracker.geo import integer_root

BIAS = 1 << 25
RINGS = 7
REACH = 8
ORIGIN = 9
HALF_WIDTH = 14
FIRST_RING = 15
HIGH_BIAS = 0x3FFFFFFF
NEAR_CM = 3600000  # `measure` takes places less than this away along each axis, else it says AFAR
AFAR = 1 << 29
_SIX_SQUARE_RADII = 2435378460000000000  # cm^2, of a sphere of 6371 km


def measure(data, x, y, z, place):
    """From (x, y, z), centimetres in space, to the boundary: negative inside; AFAR if not near.

    `place` is an array of two, for what is on the way.
    """
    dx = x + HIGH_BIAS - data[ORIGIN]
    dy = y + HIGH_BIAS - data[ORIGIN + 1]
    dz = z + HIGH_BIAS - data[ORIGIN + 2]
    if max(abs(dx), abs(dy), abs(dz)) >= NEAR_CM:
        return AFAR
    on_plane(data, dx, dy, dz, place)
    if not data[RINGS]:
        return length(place[0] - BIAS, place[1] - BIAS) - data[REACH]
    twice = survey(data, place)
    return -(twice >> 1) if twice & 1 else twice >> 1


def on_plane(data, dx, dy, dz, place):
    """Put (dx, dy, dz), centimetres in space from a shape's origin, on its plane.

    `place` becomes east and north, each plus BIAS. Seen straight down the length is short by the
    sagitta, rho^3 / 6 R^2: 8 cm at 27 km, where 1 % of R is a millimetre.
    """
    east = (dx * (data[0] - BIAS) + dy * (data[1] - BIAS) >> 20) + data[5] - BIAS
    north = dx * (data[2] - BIAS) + dy * (data[3] - BIAS) + dz * (data[4] - BIAS)
    north = (north >> 20) + data[6] - BIAS
    square = east * east + north * north >> 8
    east += east * square // _SIX_SQUARE_RADII
    north += north * square // _SIX_SQUARE_RADII
    place[0] = (east + 8 >> 4) + BIAS
    place[1] = (north + 8 >> 4) + BIAS


def length(x, y):
    """The length of (x, y), rounded to the nearest whole unit."""
    square = x * x + y * y
    root = integer_root(square)
    return root + 1 if square - root * root > root else root


def survey(data, place):
    """Twice the distance from a place on the plane to the nearest edge, and 1 more if inside.

    Inside by even-odd: the edges that cross the line from it to the east are odd.
    """
    x = place[0]
    y = place[1]
    nearest = BIAS
    inside = 0
    at = FIRST_RING
    for _ring in range(data[RINGS]):
        first = at + 1
        at = first + 2 * data[at]
        for i in range(first, at, 2):
            ax, ay = data[i] - x, data[i + 1] - y
            bx, by = data[i + 2] - x, data[i + 3] - y
            if (ay > 0) != (by > 0) and (ax * by > bx * ay) == (by > ay):
                inside ^= 1
            if _gap(ax, bx) < nearest and _gap(ay, by) < nearest:
                distance = to_edge(ax, ay, bx, by)
                if distance < nearest:
                    nearest = distance
        at += 2
    return 2 * nearest + inside


def to_edge(ax, ay, bx, by):
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
    return integer_root(4 * across * across // square + 1) + 1 >> 1


def _gap(a, b):
    """How far 0 is from the span between `a` and `b`."""
    if a > 0 and b > 0:
        return a if a < b else b
    if a < 0 and b < 0:
        return -a if a > b else -b
    return 0
