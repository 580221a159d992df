"""The integer geometry against the ellipsoid, and how large its numbers get."""

import json
import math
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.cpython import ellipsoid
from tracker import shape
from tracker.geo import Place, integer_root

ROOT = Path(__file__).parents[3]
VECTORS = sorted((ROOT / "tests/vectors/fences").glob("*.json"))
MICROPYTHON = Path(sys.executable).parent / "micropython"
ON_MICROPYTHON = """
import json, sys
sys.path.insert(0, "firmware")
from tracker import shape, shape_fast
from tracker.geo import Place
good = 0
for line in sys.stdin:
    lat, lon, ring, place, wanted = json.loads(line)
    points = [{"lat_e6": a, "lon_e6": b} for a, b in ring]
    row = {"shape": 1, "lat_e6": lat, "lon_e6": lon, "radius_dm": 0, "rings": [{"points": points}]}
    assert shape.measure is shape_fast.measure
    good += abs(shape.build(row)[0].distance_cm(Place(*place)) - wanted) <= 5
print(good)
"""
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


@settings(max_examples=120, deadline=None)
@given(
    st.one_of(latitude, st.sampled_from((90_000_000, -90_000_000, 89_900_000, 0))),
    st.one_of(longitude, st.sampled_from((179_950_000, -180_000_000))),
    st.lists(st.floats(0.05, 1), min_size=3, max_size=8),
    st.sampled_from((100, 1000, 5000, 15_990)),
    azimuth,
    st.floats(0, 5000),
)
def test_a_polygon_of_up_to_32_km_is_exact_to_five_centimetres_within_5_km(
    lat, lon, spokes, longest_m, bearing, metres
):
    turn = math.tau / len(spokes)
    ring = [away(lat, lon, i * turn, longest_m * spoke) for i, spoke in enumerate(spokes)]
    polygon = _polygon(lat, lon, ring)
    place = away(*ring[0], bearing, metres)
    wanted = ellipsoid.to_rings(*degrees(place), [[degrees(at) for at in ring]]) * 100
    assert abs(polygon.distance_cm(Place(*place)) - wanted) <= NEAR_ENOUGH_CM


@MANY
@given(latitude, longitude, st.integers(10, 1_000_000), azimuth, st.floats(-5000, 5000))
def test_a_circle_of_up_to_100_km_is_exact_to_three_centimetres_within_5_km(
    lat, lon, radius_dm, bearing, beyond_m
):
    row = {"shape": 0, "lat_e6": lat, "lon_e6": lon, "radius_dm": radius_dm, "rings": []}
    place = away(lat, lon, bearing, abs(radius_dm / 10 + beyond_m))
    metres = ellipsoid.inverse(*degrees((lat, lon)), *degrees(place))[0]
    got_cm = shape.build(row)[0].distance_cm(Place(*place))
    assert abs(got_cm - 100 * metres + 10 * radius_dm) <= 3


def _polygon(lat, lon, *rings):
    rows = [{"points": [{"lat_e6": at[0], "lon_e6": at[1]} for at in ring]} for ring in rings]
    row = {"shape": 1, "lat_e6": lat, "lon_e6": lon, "radius_dm": 0, "rings": rows}
    polygon, reason = shape.build(row)
    assert reason == 0
    return polygon


def test_the_machine_code_is_exact_to_five_centimetres_too():
    chance = random.Random(5)
    lines = []
    for _fence in range(60):
        lat, lon = (
            chance.randint(-90_000_000, 90_000_000),
            chance.randint(-180_000_000, 179_999_999),
        )
        corners, longest_m = chance.randint(3, 7), chance.choice((100, 2000, 15_990))
        turn = math.tau / corners
        ring = [
            away(lat, lon, i * turn, longest_m * chance.uniform(0.1, 1)) for i in range(corners)
        ]
        place = away(*ring[0], chance.uniform(0, math.tau), chance.uniform(0, 5000))
        wanted = ellipsoid.to_rings(*degrees(place), [[degrees(at) for at in ring]]) * 100
        lines.append(json.dumps([lat, lon, ring, place, wanted]))
    done = subprocess.run(
        [str(MICROPYTHON), "-c", ON_MICROPYTHON], cwd=ROOT, input="\n".join(lines) + "\n",
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["60"]


@MANY
@given(latitude, longitude, azimuth, st.floats(0, 20_000_000))
def test_roughly_is_never_too_little_nor_much_too_far(lat, lon, bearing, metres):
    here, there = Place(lat, lon), Place(*away(lat, lon, bearing, metres))
    ends = ((here.x_cm, there.x_cm), (here.y_cm, there.y_cm), (here.z_cm, there.z_cm))
    straight_cm = math.dist(*zip(*ends, strict=True))
    assert straight_cm <= here.roughly_cm(there) <= straight_cm * 2001 / 2000 + 4


@settings(max_examples=60, deadline=None)
@given(latitude, longitude, st.floats(0, math.tau), st.floats(30_000, 19_000_000))
def test_what_is_far_is_said_to_be_far_but_never_too_far(lat, lon, bearing, metres):
    ring = [away(lat, lon, i * math.tau / 5, 3000) for i in range(5)]
    place = Place(*away(lat, lon, bearing, metres))
    corners = [Place(*at) for at in ring]
    got_cm = _polygon(lat, lon, ring).distance_cm(place)
    assert 500_000 < got_cm <= min(corner.roughly_cm(place) for corner in corners)


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


def test_a_fix_costs_at_most_120_large_numbers_and_a_fence_none():
    assert isinstance(Watched(3) * 5 - 1, Watched)
    most = 0
    for lat, lon in ((59913900, 10745200), (-89999999, -179999999), (1, 1), (45000000, 135000000)):
        Watched.large = 0
        place = Place(Watched(lat), Watched(lon))
        most = max(most, Watched.large)
        for name in ("x_cm", "y_cm", "z_cm"):
            assert abs(getattr(place, name)) < 1 << 30
    assert 50 < most <= 120
