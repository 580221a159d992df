"""The integer geometry against the ellipsoid, and how large its numbers get."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.cpython import ellipsoid
from tracker import shape
from tracker.geo import Place, integer_root

VECTORS = sorted((Path(__file__).parents[2] / "vectors/fences").glob("*.json"))
NEAR_ENOUGH_CM = 5
MANY = settings(max_examples=300, deadline=None)

latitude = st.integers(-90_000_000, 90_000_000)
longitude = st.integers(-180_000_000, 180_000_000)
azimuth = st.floats(0, math.tau, allow_nan=False)


def away(lat_e6: int, lon_e6: int, bearing: float, metres: float) -> tuple[int, int]:
    lat, lon = ellipsoid.direct(lat_e6 / 1e6, lon_e6 / 1e6, bearing, metres)
    return round(lat * 1e6), round(lon * 1e6)


def degrees(place: tuple[int, int]) -> tuple[float, float]:
    return place[0] / 1e6, place[1] / 1e6


@MANY
@given(latitude, longitude, azimuth, st.floats(0, 105_000))
def test_a_distance_is_exact_to_two_centimetres_anywhere_up_to_105_km(lat, lon, bearing, metres):
    other = away(lat, lon, bearing, metres)
    wanted = ellipsoid.inverse(*degrees((lat, lon)), *degrees(other))[0] * 100
    assert abs(Place(lat, lon).distance_cm(Place(*other)) - wanted) <= 2


@settings(max_examples=60, deadline=None)
@given(
    st.integers(-85_000_000, 85_000_000),
    longitude,
    st.lists(st.floats(100, 10_000), min_size=3, max_size=8),
    azimuth,
    st.floats(0, 15_000),
)
def test_a_polygon_is_exact_to_five_centimetres_up_to_15_km(lat, lon, spokes, bearing, metres):
    turn = math.tau / len(spokes)
    ring = [away(lat, lon, i * turn, spoke) for i, spoke in enumerate(spokes)]
    points = [{"lat_e6": at[0], "lon_e6": at[1]} for at in ring]
    row = {"shape": 1, "lat_e6": lat, "lon_e6": lon, "radius_dm": 0, "rings": [{"points": points}]}
    polygon, reason = shape.build(row)
    assert reason == 0
    place = away(lat, lon, bearing, metres)
    wanted = ellipsoid.to_rings(*degrees(place), [[degrees(at) for at in ring]]) * 100
    assert abs(polygon.distance_cm(Place(*place)) - wanted) <= NEAR_ENOUGH_CM


@MANY
@given(st.integers(0, 1 << 120))
def test_the_integer_root_is_that_of_the_standard_library(square):
    assert integer_root(square) == math.isqrt(square)


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_a_vectors_distances_are_the_ellipsoids(path):
    vector = json.loads(path.read_text(encoding="utf-8"))
    fence = vector["fence"]
    middle = degrees((fence["lat_e6"], fence["lon_e6"]))
    rings = [[degrees((p["lat_e6"], p["lon_e6"])) for p in r["points"]] for r in fence["rings"]]
    for place in vector["places"]:
        here = degrees((place["lat_e6"], place["lon_e6"]))
        if rings:
            wanted = ellipsoid.to_rings(*here, rings) * 100
        else:
            wanted = ellipsoid.inverse(*middle, *here)[0] * 100 - 10 * fence["radius_dm"]
        assert abs(place["distance_cm"] - wanted) < 0.51, place["what"]


class Watched(int):
    """An integer that tells `large` of every result MicroPython would put on the heap."""

    large = 0

    @classmethod
    def seen(cls, value):
        if not -(1 << 30) <= value < 1 << 30:
            cls.large += 1
        return cls(value)


def _watching(name):
    plain = getattr(int, name)
    return lambda self, *other: Watched.seen(plain(self, *map(int, other)))


for _name in (
    "__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__floordiv__",
    "__rfloordiv__", "__lshift__", "__rlshift__", "__rshift__", "__rrshift__", "__neg__",
    "__mod__", "__rmod__", "__abs__",
):  # fmt: skip
    setattr(Watched, _name, _watching(_name))


def _round_fence(corners):
    ring = [away(59913900, 10745200, i * math.tau / corners, 300) for i in range(corners)]
    points = [{"lat_e6": at[0], "lon_e6": at[1]} for at in ring]
    row = {"shape": 1, "lat_e6": ring[0][0], "lon_e6": ring[0][1], "radius_dm": 0}
    return shape.build({**row, "rings": [{"points": points}]})[0]


def _large_numbers(polygon, place):
    place = Place(*place)
    for name in ("lat_e6", "lon_e6", "axis_mm", "height_mm"):
        setattr(place, name, Watched(getattr(place, name)))
    Watched.large = 0
    polygon.distance_cm(place)
    return Watched.large


def test_an_edge_costs_large_numbers_only_where_it_may_be_the_nearest():
    polygon = _round_fence(64)
    assert isinstance(Watched(3) * 5 - 1, Watched)
    places = [
        away(59913900, 10745200, bearing, metres)
        for metres in (0, 250, 310, 1000, 16000)
        for bearing in range(7)
    ]
    again = []
    for place in places:
        first = _large_numbers(polygon, place)
        again.append(_large_numbers(polygon, place))
        assert first <= 650  # of 64 edges, never seen from there
    assert max(again[7:]) <= 100
    assert again[0] <= 400  # the middle, from where all 64 are equally near
