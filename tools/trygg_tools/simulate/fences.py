"""Fences from the command line, as an order has them; and how far a true place is beyond one.

The geometry here is a second opinion in floating point on a local plane, good to a metre within
some kilometres: the core's own integers are judged by it, so it shares no code with them.
"""

import math
from typing import NamedTuple

from trygg_tools.route import METRES_PER_DEGREE
from trygg_wire import layouts

FORMS = "home:RADIUS, circle:LAT,LON,RADIUS or polygon:LAT,LON;LAT,LON;LAT,LON…"
Place = tuple[float, float]


class FenceError(ValueError):
    """A fence that cannot be read; the text says what was wanted."""


class Area(NamedTuple):
    """One fence: a circle (radius_m > 0) round `middle`, or a polygon of `corners`."""

    number: int
    middle: Place
    radius_m: float = 0.0
    corners: tuple[Place, ...] = ()
    buffer_m: float = 0.0  # 0: the tracker's own setting
    keep_out: bool = False

    def beyond_m(self, latitude: float, longitude: float) -> float:
        """Metres on the wrong side of the boundary; negative on the right one."""
        if self.radius_m:
            metres = math.hypot(*self._plane((latitude, longitude))) - self.radius_m
        else:
            metres = self._beyond_ring((latitude, longitude))
        return -metres if self.keep_out else metres

    def _plane(self, place: Place) -> tuple[float, float]:
        east = (place[1] - self.middle[1] + 180) % 360 - 180
        narrowing = math.cos(math.radians(self.middle[0]))
        north = place[0] - self.middle[0]
        return north * METRES_PER_DEGREE, east * METRES_PER_DEGREE * narrowing

    def _beyond_ring(self, place: Place) -> float:
        here = self._plane(place)
        ring = [self._plane(corner) for corner in self.corners]
        nearest, inside = math.inf, False
        for one, other in zip(ring, ring[1:] + ring[:1], strict=True):
            nearest = min(nearest, _to_side(here, one, other))
            inside ^= _passes(here, one, other)
        return -nearest if inside else nearest

    def row(self) -> dict[str, object]:
        """The fence as a FENCES order has it."""
        points = [{"lat_e6": _e6(lat), "lon_e6": _e6(lon)} for lat, lon in self.corners]
        return {
            "number": self.number,
            "keep": layouts.KEEP_OUT if self.keep_out else layouts.KEEP_IN,
            "shape": layouts.CIRCLE if self.radius_m else layouts.POLYGON,
            "private": 1,
            "buffer_dm": round(self.buffer_m * 10),
            "lat_e6": _e6(self.middle[0]),
            "lon_e6": _e6(self.middle[1]),
            "radius_dm": round(self.radius_m * 10),
            "rings": [{"points": points}] if points else [],
            "schedule": [],
        }


def order(areas: list[Area]) -> dict[str, object]:
    """The values of a FENCES order; fences that are always in force."""
    return {"utc_offset_min": 0, "dst": 0, "fences": [area.row() for area in areas]}


def parse(text: str, number: int, home: Place) -> Area:
    """Read one fence; `home` is where the track begins."""
    kind, _, rest = text.partition(":")
    try:
        if kind == "home":
            return Area(number, home, radius_m=_radius(rest))
        if kind == "circle":
            latitude, longitude, radius = rest.split(",")
            return Area(number, _place(latitude, longitude), radius_m=_radius(radius))
        if kind == "polygon":
            corners = tuple(_place(*corner.split(",")) for corner in rest.split(";"))
            if len(corners) < 3:
                raise ValueError("a polygon has three corners or more")
            return Area(number, corners[0], corners=corners)
    except (ValueError, TypeError) as error:
        raise FenceError(f"fence {text!r}: {error}; wanted {FORMS}") from error
    raise FenceError(f"fence {text!r}: no such form; wanted {FORMS}")


def _place(latitude: str, longitude: str) -> Place:
    place = float(latitude), float(longitude)
    if not (abs(place[0]) <= 90 and abs(place[1]) <= 180):
        raise ValueError(f"{latitude},{longitude} is no place on earth")
    return place


def _radius(text: str) -> float:
    radius = float(text)
    if not 10 <= radius <= 100_000:
        raise ValueError(f"a radius is 10 to 100000 m, got {text}")
    return radius


def _e6(degrees: float) -> int:
    return round(degrees * 1e6)


def _to_side(here: Place, one: Place, other: Place) -> float:
    """The distance to a side."""
    north, east = other[0] - one[0], other[1] - one[1]
    length = north * north + east * east
    along = ((here[0] - one[0]) * north + (here[1] - one[1]) * east) / length if length else 0.0
    along = min(1.0, max(0.0, along))
    return math.hypot(here[0] - one[0] - along * north, here[1] - one[1] - along * east)


def _passes(here: Place, one: Place, other: Place) -> bool:
    """Whether a ray to the east from here passes this side."""
    if (one[0] > here[0]) == (other[0] > here[0]):
        return False
    part = (here[0] - one[0]) / (other[0] - one[0])
    return here[1] < one[1] + part * (other[1] - one[1])
