"""An independent opinion on WGS 84 for the geometry tests: geodesics by Vincenty, in floats.

Vincenty's formulae (Survey Review XXIII, 176, 1975) are good to 0.5 mm on the ellipsoid. The
distance to a polygon's edge is the least geodesic distance to any point of the geodesic between
its two corners. Nothing here shares a line or an idea with firmware/tracker/geo.py.
"""

import math

A = 6378137.0
F = 1 / 298.257223563
B = A * (1 - F)


def inverse(lat1: float, lon1: float, lat2: float, lon2: float) -> tuple[float, float]:
    """(metres, initial azimuth in radians) of the geodesic from 1 to 2; angles in degrees."""
    u1 = math.atan((1 - F) * math.tan(math.radians(lat1)))
    u2 = math.atan((1 - F) * math.tan(math.radians(lat2)))
    turn = math.radians(math.remainder(lon2 - lon1, 360.0))
    s1, c1, s2, c2 = math.sin(u1), math.cos(u1), math.sin(u2), math.cos(u2)
    lam = turn
    for _ in range(200):
        sl, cl = math.sin(lam), math.cos(lam)
        sin_sigma = math.hypot(c2 * sl, c1 * s2 - s1 * c2 * cl)
        if sin_sigma == 0.0:
            return 0.0, 0.0
        cos_sigma = s1 * s2 + c1 * c2 * cl
        sigma = math.atan2(sin_sigma, cos_sigma)
        sin_alpha = c1 * c2 * sl / sin_sigma
        cos2_alpha = 1 - sin_alpha**2
        cos_2m = cos_sigma - 2 * s1 * s2 / cos2_alpha if cos2_alpha > 1e-15 else 0.0
        c = F / 16 * cos2_alpha * (4 + F * (4 - 3 * cos2_alpha))
        before = lam
        bend = cos_2m + c * cos_sigma * (2 * cos_2m**2 - 1)
        lam = turn + (1 - c) * F * sin_alpha * (sigma + c * sin_sigma * bend)
        if abs(lam - before) < 1e-14:
            break
    big_a, delta = _series(cos2_alpha, sin_sigma, cos_sigma, cos_2m)
    azimuth = math.atan2(c2 * math.sin(lam), c1 * s2 - s1 * c2 * math.cos(lam))
    return B * big_a * (sigma - delta), azimuth


def direct(lat: float, lon: float, azimuth: float, metres: float) -> tuple[float, float]:
    """(lat, lon) in degrees of the point `metres` along the geodesic that starts with `azimuth`."""
    u1 = math.atan((1 - F) * math.tan(math.radians(lat)))
    s1, c1, sa, ca = math.sin(u1), math.cos(u1), math.sin(azimuth), math.cos(azimuth)
    sigma1 = math.atan2(math.tan(u1), ca)
    sin_alpha = c1 * sa
    cos2_alpha = 1 - sin_alpha**2
    sigma = first = metres / (B * _series(cos2_alpha, 0.0, 1.0, 1.0)[0])
    for _ in range(200):
        cos_2m = math.cos(2 * sigma1 + sigma)
        delta = _series(cos2_alpha, math.sin(sigma), math.cos(sigma), cos_2m)[1]
        before, sigma = sigma, first + delta
        if abs(sigma - before) < 1e-15:
            break
    ss, cs = math.sin(sigma), math.cos(sigma)
    cos_2m = math.cos(2 * sigma1 + sigma)
    lat2 = math.atan2(
        s1 * cs + c1 * ss * ca, (1 - F) * math.hypot(sin_alpha, s1 * ss - c1 * cs * ca)
    )
    lam = math.atan2(ss * sa, c1 * cs - s1 * ss * ca)
    c = F / 16 * cos2_alpha * (4 + F * (4 - 3 * cos2_alpha))
    bend = cos_2m + c * cs * (2 * cos_2m**2 - 1)
    turn = lam - (1 - c) * F * sin_alpha * (sigma + c * ss * bend)
    return math.degrees(lat2), math.remainder(lon + math.degrees(turn), 360.0)


def _series(
    cos2_alpha: float, sin_sigma: float, cos_sigma: float, cos_2m: float
) -> tuple[float, float]:
    u2 = cos2_alpha * (A**2 - B**2) / B**2
    big_a = 1 + u2 / 16384 * (4096 + u2 * (-768 + u2 * (320 - 175 * u2)))
    big_b = u2 / 1024 * (256 + u2 * (-128 + u2 * (74 - 47 * u2)))
    third = big_b / 6 * cos_2m * (4 * sin_sigma**2 - 3) * (4 * cos_2m**2 - 3)
    inner = cos_2m + big_b / 4 * (cos_sigma * (2 * cos_2m**2 - 1) - third)
    return big_a, big_b * sin_sigma * inner


def to_edge(lat: float, lon: float, one: tuple[float, float], two: tuple[float, float]) -> float:
    """Metres from (lat, lon) to the nearest point of the geodesic from corner `one` to `two`."""
    metres, azimuth = inverse(*one, *two)

    def distance(along: float) -> float:
        return inverse(lat, lon, *direct(*one, azimuth, along))[0]

    low, high = 0.0, metres
    golden = (math.sqrt(5) - 1) / 2
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = distance(left), distance(right)
    while high - low > 0.05:  # flat at its foot: 5 cm along is far below a millimetre aside
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = distance(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = distance(right)
    ends = min(distance(0.0), distance(metres))
    return min(ends, distance((low + high) / 2))


Ring = list[tuple[float, float]]


def is_inside(lat: float, lon: float, ring: Ring) -> bool:
    """Whether a simple ring of geodesics winds round (lat, lon): seen from there it turns once."""
    azimuths = [inverse(lat, lon, *corner)[1] for corner in ring]
    turns = zip(azimuths, azimuths[1:] + azimuths[:1], strict=True)
    return abs(sum(math.remainder(after - before, math.tau) for before, after in turns)) > math.pi


def to_rings(lat: float, lon: float, rings: list[Ring]) -> float:
    """Signed metres from (lat, lon) to the nearest edge: negative inside, even-odd over rings."""
    edges = [edge for ring in rings for edge in zip(ring, ring[1:] + ring[:1], strict=True)]
    metres = min(to_edge(lat, lon, one, two) for one, two in edges)
    return -metres if sum(is_inside(lat, lon, ring) for ring in rings) % 2 else metres
