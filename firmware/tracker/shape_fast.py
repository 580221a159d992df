# ruff: noqa: F821
"""Measure shapes in machine code: the twin of shape_plain.py, some twenty times as fast.

`micropython.viper`, `ptr32` and `const` are words of MicroPython's compiler; elsewhere the import
of this file fails, and shape.py takes shape_plain.py, where the promises are written.

Integers are 32 bit on the chip, so a product of two lengths is made of halves (on_plane), or of
lengths cut to 14 bits (survey, to pass over edges that cannot be the nearest), or not at all: an
edge is measured by turning it and the place with shifts and sums until it lies along x (CORDIC,
Volder 1959), which makes both 1.6468 times as long. Turned lengths have six bits below the
centimetre; the cuts of all its steps are together less than half a one. NEAR_CM and REACH_CM let a
corner be 2^23 cm from a place; with diagonal, gain and six bits that is 1.25e9, and nothing gets
larger. A test runs this file with integers that tell when they leave 32 bits.

Machine code has no bounds checks: every index follows from the counts that shape.py wrote.
"""

_BIAS = const(1 << 25)  # and the places in `data`: see shape_plain.py
_RINGS = const(7)
_REACH = const(8)
_ORIGIN = const(9)
_FIRST_RING = const(15)
_HIGH_BIAS = const(0x3FFFFFFF)
_NEAR_CM = const(3600000)
_AFAR = const(1 << 29)
_STEPS = const(24)
_BACK_HIGH = const(19898)  # 1 / 1.6468 = 0.6072529 in units of 2^-30, its upper 15 bits
_BACK_LOW = const(15210)  # and its lower


@micropython.viper
def measure(data, x: int, y: int, z: int, place) -> int:
    """Signed centimetres from a place in space to a shape's boundary (shape_plain.measure)."""
    s = ptr32(data)
    x -= s[_ORIGIN] - _HIGH_BIAS
    y -= s[_ORIGIN + 1] - _HIGH_BIAS
    z -= s[_ORIGIN + 2] - _HIGH_BIAS
    if x >= _NEAR_CM or y >= _NEAR_CM or z >= _NEAR_CM:
        return _AFAR
    if x <= -_NEAR_CM or y <= -_NEAR_CM or z <= -_NEAR_CM:
        return _AFAR
    on_plane(data, x, y, z, place)
    if s[_RINGS] == 0:
        at = ptr32(place)
        return int(length(at[0] - _BIAS, at[1] - _BIAS, _STEPS)) - s[_REACH]
    x = int(survey(data, place))
    y = x >> 1
    if x & 1 > 0:
        return 0 - y
    return y


@micropython.viper
def on_plane(data, dx: int, dy: int, dz: int, place):
    """Turn a difference in space onto a shape's plane (shape_plain.on_plane)."""
    s = ptr32(data)
    x1 = dx >> 12
    x0 = dx & 4095
    y1 = dy >> 12
    y0 = dy & 4095
    z1 = dz >> 12
    z0 = dz & 4095
    c = s[0] - _BIAS
    d = s[1] - _BIAS
    east = s[5] - _BIAS + ((x1 * (c >> 12) + y1 * (d >> 12)) << 4)
    low = (x0 * (c & 4095) + y0 * (d & 4095)) >> 12
    low += x1 * (c & 4095) + x0 * (c >> 12) + y1 * (d & 4095) + y0 * (d >> 12)
    east += low >> 8
    c = s[2] - _BIAS
    d = s[3] - _BIAS
    e = s[4] - _BIAS
    north = s[6] - _BIAS + ((x1 * (c >> 12) + y1 * (d >> 12) + z1 * (e >> 12)) << 4)
    low = (x0 * (c & 4095) + y0 * (d & 4095) + z0 * (e & 4095)) >> 12
    low += x1 * (c & 4095) + x0 * (c >> 12) + y1 * (d & 4095) + y0 * (d >> 12)
    low += z1 * (e & 4095) + z0 * (e >> 12)
    north += low >> 8
    square = ((east >> 13) * (east >> 13) + (north >> 13) * (north >> 13)) >> 9
    east += (((east >> 14) * square >> 5) * 30) >> 20
    north += (((north >> 14) * square >> 5) * 30) >> 20
    out = ptr32(place)
    out[0] = ((east + 8) >> 4) + _BIAS
    out[1] = ((north + 8) >> 4) + _BIAS


@micropython.viper
def length(x: int, y: int, steps: int) -> int:
    """The length of (x, y), each less than 2^23; `steps` as for to_edge."""
    x <<= 6
    y <<= 6
    if x < 0:
        x = 0 - x
    i = 0
    while i < steps:
        before = x
        if y > 0:
            x += y >> i
            y -= before >> i
        else:
            x -= y >> i
            y += before >> i
        i += 1
    y = x >> 15
    x &= 32767
    return (y * _BACK_HIGH + ((y * _BACK_LOW + x * _BACK_HIGH) >> 15) + 32) >> 6


@micropython.viper
def to_edge(ax: int, ay: int, bx: int, by: int, steps: int) -> int:
    """Twice the distance of (0, 0) from an edge, and 1 more if it is on the edge's left.

    The last of `steps` turns by 2^(1 - steps): survey takes as many as leave a fifth of 1 cm.
    """
    x = bx - ax
    y = by - ay
    px = ax << 6
    py = ay << 6
    if x < 0:
        x = 0 - x
        y = 0 - y
        px = 0 - px
        py = 0 - py
    top = x
    if y > top:
        top = y
    if 0 - y > top:
        top = 0 - y
    up = 0
    while top < (1 << 27) and up < 27:
        top <<= 1
        up += 1
    x <<= up
    y <<= up
    i = 0
    while i < steps:
        before = x
        p_before = px
        if y > 0:
            x += y >> i
            y -= before >> i
            px += py >> i
            py -= p_before >> i
        else:
            x -= y >> i
            y += before >> i
            px -= py >> i
            py += p_before >> i
        i += 1
    left = 0
    if py < 0:
        left = 1
        py = 0 - py
    if up > 6:
        x >>= up - 6
    else:
        x <<= 6 - up
    if px >= 0:
        return int(length(ax, ay, steps)) * 2 + left
    if px + x <= 0:
        return int(length(bx, by, steps)) * 2 + left
    top = py >> 15
    py &= 32767
    far = (top * _BACK_HIGH + ((top * _BACK_LOW + py * _BACK_HIGH) >> 15) + 32) >> 6
    return far * 2 + left


@micropython.viper
def survey(data, place) -> int:
    """Twice the distance to the nearest edge, and 1 more if inside (shape_plain.survey).

    First about the nearest corner, whose edge is measured; then all edges, of which few can be
    nearer. One function in spite of its length: a call costs as much as ten edges.
    """
    s = ptr32(data)
    at = ptr32(place)
    x = at[0]
    y = at[1]
    reach = x - _BIAS
    if reach < 0:
        reach = 0 - reach
    gap = y - _BIAS
    if gap < 0:
        gap = 0 - gap
    if gap > reach:
        reach = gap
    reach += s[_REACH]
    cut = 0
    while reach >> cut > 16383:
        cut += 1
    steps = cut + 17
    best = 0x3FFFFFFF
    near = _FIRST_RING + 1
    i = _FIRST_RING
    rings = s[_RINGS]
    while rings > 0:
        rings -= 1
        edges = s[i]
        i += 1
        while edges > 0:
            edges -= 1
            px = (s[i] - x) >> cut
            py = (s[i + 1] - y) >> cut
            px = px * px + py * py
            if px < best:
                best = px
                near = i
            i += 2
        i += 2
    i = near
    best = int(to_edge(s[i] - x, s[i + 1] - y, s[i + 2] - x, s[i + 3] - y, steps)) >> 1
    inside = 0
    i = _FIRST_RING
    rings = s[_RINGS]
    while rings > 0:
        rings -= 1
        edges = s[i]
        i += 1
        bx = s[i] - x
        by = s[i + 1] - y
        while edges > 0:
            edges -= 1
            i += 2
            ax = bx
            ay = by
            bx = s[i] - x
            by = s[i + 1] - y
            ask = 0
            if ((ay - 1) ^ (by - 1)) < 0:  # it crosses the line east of the place, or west
                if ax > 0 and bx > 0:
                    inside ^= 1
                elif ax > 0 or bx > 0:
                    ask = 1
            if ask == 0:
                gap = 0
                if ax > 0 and bx > 0:
                    gap = ax
                    if bx < ax:
                        gap = bx
                elif ax < 0 and bx < 0:
                    gap = 0 - ax
                    if bx > ax:
                        gap = 0 - bx
                if gap >= best:
                    continue
                gap = 0
                if ay > 0 and by > 0:
                    gap = ay
                    if by < ay:
                        gap = by
                elif ay < 0 and by < 0:
                    gap = 0 - ay
                    if by > ay:
                        gap = 0 - by
                if gap >= best:
                    continue
                # cut to 14 bits: not nearer than the end it points away from, or than its line
                px = ax >> cut
                py = ay >> cut
                lx = bx - ax
                ly = by - ay
                err = 2
                slack = 0
                while lx > 16383 or ly > 16383 or lx < -16383 or ly < -16383:
                    lx >>= 1
                    ly >>= 1
                    err = 40000  # px + py at most
                    slack = 2
                if lx > 0:
                    err += lx
                else:
                    err -= lx
                if ly > 0:
                    err += ly
                else:
                    err -= ly
                gap = 0 - err
                if px * lx + py * ly <= err:
                    gap = (bx >> cut) * lx + (by >> cut) * ly + err
                    px = bx >> cut
                    py = by >> cut
                near = (best >> cut) + 3
                if gap < 0:
                    if px * px + py * py > near * near:
                        continue
                else:
                    gap = px * ly - py * lx
                    if gap < 0:
                        gap = 0 - gap
                    gap = (gap - err) // near - slack
                    if gap > 32767 or (gap > 0 and gap * gap > lx * lx + ly * ly):
                        continue
            gap = int(to_edge(ax, ay, bx, by, steps))
            if ask > 0:  # rising with the place on its left, or falling with it on its right
                if by > ay:
                    inside ^= gap & 1
                else:
                    inside ^= gap & 1 ^ 1
            gap >>= 1
            if gap < best:
                best = gap
        i += 2  # past the ring's first corner again
    return best * 2 + inside
