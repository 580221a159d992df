"""Places on the earth in integers: millimetres in space, centimetres on a fence's own plane.

A `Place` holds where its latitude puts it on the WGS 84 ellipsoid: its distance from the earth's
axis and from the plane of the equator, and with its longitude where in space it is. Seen from a
fence's origin another place is turned into east and north by one rotation, the same at the
equator, across the 180th meridian and at the poles; no metres-per-degree is frozen at some
latitude, so nothing has to be near anything. Corners are turned once, by `plane`; the fix is
turned anew for each fence, from its centimetres in space, by shape_fast.py.

The view straight down shortens what curves away: the arc to a place `rho` aside and `up` below
is rho * (1 + 2 up^2 / 3 rho^2), the sagitta's own formula (exact to 0.1 mm at 100 km), and x and y
are stretched by it. So distances from the origin are true to a centimetre up to 100 km, and
shapes within 16 km of it to two. Farther away they stay far: never folded back, capped at FAR_CM.

Integers: angles and their sines are in units of 2^-36, lengths here in millimetres. Both are
past MicroPython's 31-bit small integers and go to the heap for a moment: at most 93 of them for a
fix, 3 KB, gone with the next collection, and none for a fence. Results in centimetres are small.
Source: WGS 84 (NIMA TR8350.2), a = 6378137 m, 1/f = 298.257223563.
"""

FAR_CM = 700000000  # 7,000 km: every length on a plane fits 31 bits with its sign

_BITS = 36
_ONE = 1 << _BITS
_RADIANS = 20122276272  # pi / 180e6 in units of 2^-60: times 1e-6 degree, >> 24, is an angle
_A_MM = 6378137000
_E2 = 460034290  # the first eccentricity squared, 0.00669437999014 in units of 2^-36
_TURN = 360000000
_FLAT_MM = 2000  # less than this below the plane, the sagitta adds less than 0.6 mm


class Place:
    """A point on the ellipsoid: `lat_e6`, `lon_e6` in 1e-6 degree, and where that is in space.

    `axis_mm` is its distance from the earth's axis, `height_mm` that from the equator's plane;
    x_cm, y_cm, z_cm are counted from the earth's middle, x to the Greenwich meridian, z to the
    north, and are small integers. sine, cosine: of the latitude.
    """

    def __init__(self, lat_e6, lon_e6):
        self.lat_e6 = lat_e6
        self.lon_e6 = lon_e6
        self.sine, self.cosine = _sine_cosine(lat_e6)
        normal_mm = _normal_mm(self.sine)
        self.axis_mm = axis_mm = normal_mm * self.cosine >> _BITS
        self.height_mm = (normal_mm * (_ONE - _E2) >> _BITS) * self.sine >> _BITS
        east, ahead = _sine_cosine(lon_e6)
        self.x_cm = _to_cm(axis_mm * ahead >> _BITS)
        self.y_cm = _to_cm(axis_mm * east >> _BITS)
        self.z_cm = _to_cm(self.height_mm)

    def plane(self, other):
        """(x_cm, y_cm), east and north, of the Place `other` on the plane that touches here."""
        sine, cosine = _sine_cosine(short_way(other.lon_e6 - self.lon_e6))
        out = (other.axis_mm * cosine >> _BITS) - self.axis_mm
        rise = other.height_mm - self.height_mm
        east = other.axis_mm * sine >> _BITS
        north = self.cosine * rise - self.sine * out >> _BITS
        up = self.cosine * out + self.sine * rise >> _BITS
        if up < -_FLAT_MM:
            east, north = _unfolded(east, north, up)
        return _to_cm(east), _to_cm(north)

    def distance_cm(self, other):
        """How far the Place `other` is from here, along the ground; at most about FAR_CM."""
        x_cm, y_cm = self.plane(other)
        return length(x_cm, y_cm)

    def roughly_cm(self, other):
        """How far `other` is in a straight line, up to 1 part in 2000 too much; small integers."""
        x_cm = abs(other.x_cm - self.x_cm)
        y_cm = abs(other.y_cm - self.y_cm)
        z_cm = abs(other.z_cm - self.z_cm)
        most_cm = max(x_cm, y_cm, z_cm)
        cut = 0
        while most_cm >> cut > 16383:
            cut += 1
        x, y, z = x_cm >> cut, y_cm >> cut, z_cm >> cut
        return integer_root(x * x + y * y + z * z) + 3 << cut


def unit_vectors(place):
    """What shape_plain.on_plane turns by: east (x, y) and north (x, y, z), 2^-24 each, and how far
    cutting `place` to centimetres moved it, east and north, in sixteenths of one."""
    sine, cosine = place.sine, place.cosine
    east, ahead = _sine_cosine(place.lon_e6)
    north_x, north_y = -(sine * ahead >> _BITS), -(sine * east >> _BITS)
    x_mm = 10 * place.x_cm - (place.axis_mm * ahead >> _BITS)
    y_mm = 10 * place.y_cm - (place.axis_mm * east >> _BITS)
    z_mm = 10 * place.z_cm - place.height_mm
    off_east = ahead * y_mm - east * x_mm
    off_north = north_x * x_mm + north_y * y_mm + cosine * z_mm
    vectors = [number + 2048 >> 12 for number in (-east, ahead, north_x, north_y, cosine)]
    return vectors + [8 * off // 5 >> _BITS for off in (off_east, off_north)]


def short_way(degrees_e6):
    """The same turn, or difference of two longitudes, from -180 up to but not 180 degrees."""
    return (degrees_e6 + 180000000) % _TURN - 180000000


def length(x, y):
    """The length of (x, y), rounded to the nearest whole unit."""
    square = x * x + y * y
    root = integer_root(square)
    return root + 1 if square - root * root > root else root


def integer_root(square):
    """The largest integer whose square is at most `square` (0 or more), of any size.

    Newton's steps, always from above; a large one begins at the root of its upper half.
    """
    root = 1 << 14 if square < 1 << 28 else (integer_root(square >> 14) + 1) << 7
    while root * root > square:
        root = root + square // root >> 1
    return root


def _unfolded(east, north, up):
    """East and north stretched from the view straight down to the length along the ground."""
    square = 3 * (east * east + north * north)
    if not square:
        return 10 * FAR_CM, 0
    sagitta = 2 * up * up
    return _capped(east + east * sagitta // square), _capped(north + north * sagitta // square)


def _to_cm(length_mm):
    return (length_mm + 5) // 10


def _capped(length_mm):
    return max(-10 * FAR_CM, min(10 * FAR_CM, length_mm))


def _normal_mm(sine):
    """The ellipsoid's radius of curvature across the meridian, a / sqrt(1 - e^2 sine^2).

    As 1 + s/2 + 3s^2/8 + 5s^3/16 + 35s^4/128 in 128ths, by Horner; the next term is 0.02 mm.
    """
    small = (_E2 * sine >> _BITS) * sine >> _BITS
    series = 40 * _ONE + 35 * small
    series = 48 * _ONE + (series * small >> _BITS)
    series = 64 * _ONE + (series * small >> _BITS)
    series = 128 * _ONE + (series * small >> _BITS)
    return _A_MM * series >> _BITS + 7


def _sine_cosine(degrees_e6):
    """Sine and cosine of an angle from -180 to 180 degrees, each right to 2^-33."""
    rest = abs(degrees_e6)
    back = rest > 90000000
    if back:
        rest = 180000000 - rest
    if rest > 45000000:
        cosine, sine = _series(90000000 - rest)
    else:
        sine, cosine = _series(rest)
    return -sine if degrees_e6 < 0 else sine, -cosine if back else cosine


def _series(degrees_e6):
    """Sine and cosine from 0 to 45 degrees; a small angle needs few terms."""
    angle = degrees_e6 * _RADIANS >> 24
    sine = term = angle
    cosine = _ONE
    step = 1
    while term > 0:
        term = (term * angle >> _BITS) // (step + 1)
        cosine -= term
        term = (term * angle >> _BITS) // (step + 2)
        sine -= term
        term = (term * angle >> _BITS) // (step + 3)
        cosine += term
        term = (term * angle >> _BITS) // (step + 4)
        sine += term
        step += 4
    return sine, cosine
