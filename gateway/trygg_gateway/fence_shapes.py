"""A fence as people write and see it, and as the wire carries it. Pure.

People: {"number", "name", "keep": "in"|"out", "private", "shape": "circle"|"polygon", "buffer_m",
"lat", "lon", "radius_m" (circle) or "rings": [[[lat, lon], ...], ...] (polygon, outer ring
first), "schedule" in the words of schedules.py}, degrees and metres. Wire: the rows `fences` of
layouts.py, 1e-6 degree and decimetres. A name stays in the gateway; the tracker knows its fences
by number.
"""

from typing import Any

from trygg_gateway import fence_limits
from trygg_gateway.local_time import UNIVERSAL, LocalTime
from trygg_gateway.schedules import windows_of, words_of
from trygg_gateway.values import Refused
from trygg_wire import codec, layouts

Json = dict[str, Any]

_KEEPS = {"in": layouts.KEEP_IN, "out": layouts.KEEP_OUT}
_SHAPES = {"circle": layouts.CIRCLE, "polygon": layouts.POLYGON}


def wire_fence(fence: Json) -> Json:
    """The wire's values of one fence. Raises Refused with what is wrong."""
    try:
        return _wire_fence(fence)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise Refused(
            f"Fence {fence.get('number', '?')}: {type(error).__name__}: {error}. Wanted number,"
            " keep (in, out), shape (circle with lat, lon, radius_m; polygon with rings),"
            " and perhaps buffer_m, private, schedule. See `trygg gateway fence example`."
        ) from None


def _wire_fence(fence: Json) -> Json:
    shape = _SHAPES[fence["shape"]]
    rings = [[_e6(*point) for point in ring] for ring in fence.get("rings", ())]
    lat_e6, lon_e6 = rings[0][0] if shape == layouts.POLYGON else _e6(fence["lat"], fence["lon"])
    return {
        "number": int(fence["number"]),
        "keep": _KEEPS[fence.get("keep", "in")],
        "shape": shape,
        "private": int(_private(fence)),
        "buffer_dm": round(fence.get("buffer_m", 0) * 10),
        "lat_e6": lat_e6,
        "lon_e6": lon_e6,
        "radius_dm": round(fence["radius_m"] * 10) if shape == layouts.CIRCLE else 0,
        "schedule": windows_of(fence.get("schedule") or ""),
        "rings": [
            {"points": [{"lat_e6": lat, "lon_e6": lon} for lat, lon in ring]} for ring in rings
        ],
    }


def _private(fence: Json) -> bool:
    private = fence.get("private", fence.get("keep", "in") == "in")
    if private not in (True, False):
        raise ValueError(f"private is {private!r}: wanted true or false")
    return bool(private)


def fences_body(fences: list[Json], local: LocalTime | None = None) -> bytes:
    """The body of a fences order; `local` is the time that schedules go by.

    Raises Refused: what a tracker would refuse, and a schedule without a `local` time.
    """
    wire = [wire_fence(fence) for fence in fences]
    fence_limits.demand(wire)
    scheduled = [fence["number"] for fence in wire if fence["schedule"]]
    if scheduled and local is None:
        raise Refused(
            f"Fence {scheduled[0]} has a schedule, and nobody said by whose clock: say"
            ' "time_zone": "Europe/Oslo" in the file, or --time-zone Europe/Oslo.'
        )
    values = {**(local or UNIVERSAL)._asdict(), "fences": wire}
    try:
        body: bytes = codec.encode_body(layouts.FENCES, values)
    except codec.WireError as error:
        raise Refused(f"The fences do not fit the wire: {error}.") from None
    if len(body) > fence_limits.BODY_MAX:
        raise Refused(
            f"The fences take {len(body)} bytes, and an order has room for"
            f" {fence_limits.BODY_MAX}. Leave corners out where the boundary is nearly straight."
        )
    return body


def shown_fence(name: str, wire: Json) -> Json:
    """A fence of the wire as people see it."""
    shown: Json = {
        "number": wire["number"],
        "name": name,
        "keep": "out" if wire["keep"] == layouts.KEEP_OUT else "in",
        "private": bool(wire["private"]),
        "buffer_m": wire["buffer_dm"] / 10,
        "schedule": words_of(wire["schedule"]) or None,
    }
    if wire["shape"] == layouts.CIRCLE:
        return shown | {
            "shape": "circle",
            "lat": wire["lat_e6"] / 1e6,
            "lon": wire["lon_e6"] / 1e6,
            "radius_m": wire["radius_dm"] / 10,
        }
    rings = [
        [[point["lat_e6"] / 1e6, point["lon_e6"] / 1e6] for point in ring["points"]]
        for ring in wire["rings"]
    ]
    return shown | {"shape": "polygon", "rings": rings}


def _e6(lat: float, lon: float) -> tuple[int, int]:
    return round(lat * 1e6), round(lon * 1e6)
