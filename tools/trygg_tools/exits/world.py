"""A wearer on a plane of metres, fences round them, and what receiver, sensor and radio perceive.

Everything comes from one seeded `Random`; the same seed gives the same trial. The wearer is made
second by second and kept, since the rig looks ahead for the next motion.
"""

import math
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from trygg_wire.layouts import CIRCLE, EU, KEEP_IN, KEEP_OUT, POLYGON

METRES_PER_LAT_E6 = 0.1113  # the least on earth is 0.11057, the most 0.11169
SLOWER = 0.99  # so that nobody is faster than v_max anywhere, with the figure above
SLOW_MOST = 5  # percent that an ESP32's RC oscillator may be off, by the temperature
Point = tuple[float, float]


class Plane:
    """Metres east and north of (lat_e6, lon_e6)."""

    def __init__(self, lat_e6: int, lon_e6: int) -> None:
        self.lat_e6, self.lon_e6 = lat_e6, lon_e6
        self._per_lon_e6 = METRES_PER_LAT_E6 * math.cos(math.radians(lat_e6 / 1e6))

    def place(self, at: Point) -> tuple[int, int]:
        """(lat_e6, lon_e6) of a point."""
        lon_e6 = self.lon_e6 + round(at[0] / self._per_lon_e6)
        lon_e6 = (lon_e6 + 180_000_000) % 360_000_000 - 180_000_000
        return self.lat_e6 + round(at[1] / METRES_PER_LAT_E6), lon_e6


class Walk:
    """Where the wearer is in each second since the start; `aim` says where they want to be.

    `aim(second, at)` gives (target, speed in m/s) and is asked once for each second, in order.
    """

    def __init__(self, start: Point, aim: Callable[[int, Point], tuple[Point, float]]) -> None:
        self._points = [start]
        self._aim = aim

    def at(self, second: int) -> Point:
        """The point at the end of that second."""
        points = self._points
        while len(points) <= second:
            here = points[-1]
            target, speed = self._aim(len(points), here)
            points.append(towards(here, target, speed))
        return points[max(0, second)]

    def moves(self, second: int) -> bool:
        """Whether an accelerometer feels that second."""
        return self.at(second) != self.at(second - 1)


def towards(here: Point, target: Point, metres: float) -> Point:
    """A step of at most `metres`."""
    dx, dy = target[0] - here[0], target[1] - here[1]
    rest = math.hypot(dx, dy)
    if rest <= metres:
        return target
    return here[0] + dx * metres / rest, here[1] + dy * metres / rest


def polar(metres: float, bearing: float) -> Point:
    """A point so far away."""
    return metres * math.cos(bearing), metres * math.sin(bearing)


class Area(NamedTuple):
    """A fence's row of a FENCES order, and its middle."""

    row: dict[str, Any]
    keep_out: bool
    middle: Point = (0.0, 0.0)


def keep_in(chance: Random, plane: Plane, number: int) -> Area:
    """A circle or a star-shaped polygon round the home, 100 to 800 m to the boundary."""
    row = _row(number, KEEP_IN, plane.place((0.0, 0.0)), chance)
    if chance.random() < 0.5:
        row["radius_dm"] = chance.randint(1000, 8000)
        return Area(row, False)
    row["shape"] = POLYGON
    row["rings"] = [_ring(chance, plane, (0.0, 0.0), 120, 800)]
    return Area(row, False)


def keep_out(chance: Random, plane: Plane, number: int) -> Area:
    """A forbidden circle or polygon beside the home."""
    middle = polar(chance.uniform(400, 1500), chance.uniform(0, math.tau))
    row = _row(number, KEEP_OUT, plane.place(middle), chance)
    if chance.random() < 0.5:
        row["radius_dm"] = chance.randint(1000, 3000)
        return Area(row, True, middle)
    row["shape"] = POLYGON
    row["rings"] = [_ring(chance, plane, middle, 120, 300)]
    return Area(row, True, middle)


def scheduled(chance: Random, area: Area, begins_min: int) -> Area:
    """The same in force every day from `begins_min` (local) for some hours."""
    window = {"days": 127, "from_min": begins_min % 1440, "minutes": chance.randint(120, 600)}
    return Area({**area.row, "schedule": [window]}, area.keep_out, area.middle)


def order(areas: list[Area]) -> dict[str, object]:
    """The values of a FENCES order."""
    return {"utc_offset_min": 60, "dst": EU, "fences": [area.row for area in areas]}


def _row(number: int, keep: int, place: tuple[int, int], chance: Random) -> dict[str, Any]:
    return {
        "number": number,
        "keep": keep,
        "shape": CIRCLE,
        "private": chance.randint(0, 1),
        "buffer_dm": chance.choice((0, 50, 200)),
        "lat_e6": place[0],
        "lon_e6": place[1],
        "radius_dm": 0,
        "schedule": [],
        "rings": [],
    }


def _ring(
    chance: Random, plane: Plane, middle: Point, least_m: int, most_m: int
) -> dict[str, list[dict[str, int]]]:
    corners = chance.randint(3, 12)
    points = []
    for corner in range(corners):
        spoke = polar(chance.uniform(least_m, most_m), math.tau * corner / corners)
        lat_e6, lon_e6 = plane.place((middle[0] + spoke[0], middle[1] + spoke[1]))
        points.append({"lat_e6": lat_e6, "lon_e6": lon_e6})
    return {"points": points}
