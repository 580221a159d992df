"""What a tracker would refuse of a fence set, said here in sentences, and what is a slip. Pure.

The tracker judges by itself (shape.py, fence.py); this only spares a person the way there and
back. But boundaries that cross are refused here alone: the tracker goes by even-odd, and to it a
hole that lies outside would be one more place to be in. `wire` is a list of the wire's fences.
"""

from itertools import combinations
from math import cos, hypot, radians
from typing import Any, Final

from trygg_gateway.values import Refused
from trygg_wire import layouts

Json = dict[str, Any]
Corner = tuple[float, float]  # metres east and north of the fence's first corner
Edge = tuple[Corner, Corner]

POINTS_MAX: Final = 64  # of one fence, holes and all
REACH_M: Final = 16_000  # of a polygon's corner from its first one
WIDTH_M: Final = 0.02  # area over perimeter, below which there is no inside
TOUCH_M: Final = 0.5  # as far as a corner may lie beyond an edge and only touch it
BODY_MAX: Final = next(row[3] for row in layouts.ROWS[layouts.ORDER] if row[0] == "body")
FENCES_MAX: Final = 16
_METRES_A_DEGREE = 111_320


def demand(wire: list[Json]) -> None:
    """Raises Refused with the first thing that a tracker would not take."""
    if len(wire) > FENCES_MAX:
        raise Refused(f"{len(wire)} fences: a tracker has room for {FENCES_MAX}.")
    numbers = [fence["number"] for fence in wire]
    for fence in wire:
        if numbers.count(fence["number"]) > 1:
            raise Refused(f"Two fences have the same number, {fence['number']}.")
        wrong = _wrong_circle(fence) if fence["shape"] == layouts.CIRCLE else _wrong_rings(fence)
        if wrong:
            raise Refused(f"Fence {fence['number']} {wrong}")


def _wrong_circle(fence: Json) -> str:
    if fence["radius_dm"] <= 0:
        return "has no radius: wanted radius_m in metres, above 0."
    return "is a circle and has rings: wanted one or the other." if fence["rings"] else ""


def _wrong_rings(fence: Json) -> str:
    rings = [ring["points"] for ring in fence["rings"]]
    points = sum(len(ring) for ring in rings)
    if points > POINTS_MAX:
        return f"has {points} points, at most {POINTS_MAX} fit, holes and all."
    if min(len(ring) for ring in rings) < 3:
        return "has a ring of less than three points."
    on_plane = [[_corner(point, rings[0][0]) for point in ring] for ring in rings]
    farthest = max(hypot(*corner) for ring in on_plane for corner in ring)
    if farthest > REACH_M:
        return f"reaches {farthest / 1000:.1f} km, at most {REACH_M // 1000} from its first corner."
    area = abs(_area(on_plane[0])) - sum(abs(_area(ring)) for ring in on_plane[1:])
    around = sum(_around(ring) for ring in on_plane)
    if area <= WIDTH_M * around:
        return "has no area: its corners lie on a line, or its holes take all of it."
    return _wrong_boundary([[_stretched(point, rings[0][0]) for point in ring] for ring in rings])


def _wrong_boundary(rings: list[list[Corner]]) -> str:
    edges = [edge for ring in rings for edge in _edges(ring)]
    if any(_cross(one, other) for one, other in combinations(edges, 2)):
        return "has a boundary that crosses itself or another: are its corners in their order?"
    for hole in rings[1:]:
        middles = [((ax + bx) / 2, (ay + by) / 2) for (ax, ay), (bx, by) in _edges(hole)]
        if not any(_is_inside(place, rings[0]) for place in hole + middles):
            return "has a hole that is not inside it; give another place a fence of its own."
    return ""


def _corner(point: Json, first: Json) -> Corner:
    east_e6 = (point["lon_e6"] - first["lon_e6"] + 180_000_000) % 360_000_000 - 180_000_000
    shrunk = cos(radians((point["lat_e6"] + first["lat_e6"]) / 2e6))
    north_e6 = point["lat_e6"] - first["lat_e6"]
    return east_e6 / 1e6 * _METRES_A_DEGREE * shrunk, north_e6 / 1e6 * _METRES_A_DEGREE


def _stretched(point: Json, first: Json) -> Corner:
    """About `_corner`, but what lies on a line between two places of a map stays on it."""
    east_e6 = (point["lon_e6"] - first["lon_e6"] + 180_000_000) % 360_000_000 - 180_000_000
    east_m = east_e6 / 1e6 * _METRES_A_DEGREE * cos(radians(first["lat_e6"] / 1e6))
    return east_m, (point["lat_e6"] - first["lat_e6"]) / 1e6 * _METRES_A_DEGREE


def _edges(ring: list[Corner]) -> list[Edge]:
    return list(zip(ring, ring[1:] + ring[:1], strict=True))


def _area(ring: list[Corner]) -> float:
    return sum(ax * by - bx * ay for (ax, ay), (bx, by) in _edges(ring)) / 2


def _around(ring: list[Corner]) -> float:
    return sum(hypot(bx - ax, by - ay) for (ax, ay), (bx, by) in _edges(ring))


def _cross(one: Edge, other: Edge) -> bool:
    """Whether each has its ends on both sides of the other; to touch is not to cross."""
    for (a, b), edge in ((one, other), (other, one)):
        nearest = TOUCH_M * hypot(edge[1][0] - edge[0][0], edge[1][1] - edge[0][1])
        low, high = sorted((_side(a, edge), _side(b, edge)))
        if not low < -nearest < nearest < high:
            return False
    return True


def _side(corner: Corner, edge: Edge) -> float:
    """Metres left of the edge, times its length."""
    (ax, ay), (bx, by) = edge
    return (bx - ax) * (corner[1] - ay) - (by - ay) * (corner[0] - ax)


def _is_inside(corner: Corner, ring: list[Corner]) -> bool:
    """By the edges south of it: odd. Of a corner on the boundary it may say either."""
    x, _ = corner
    spanning = [(a, b) for a, b in _edges(ring) if (a[0] > x) != (b[0] > x)]
    return sum((b[0] - a[0]) * _side(corner, (a, b)) > 0 for a, b in spanning) % 2 == 1
