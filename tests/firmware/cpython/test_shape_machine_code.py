"""The machine code of shape_fast.py, run here with integers that tell when they leave 32 bits.

The same source, with the compiler's words replaced: what it computes must be what shape_plain.py
does, and no value on the way may need more than the chip's registers have.
"""

import math
from array import array
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tracker import shape, shape_plain
from tracker.geo import Place

SOURCE = Path(__file__).parents[3] / "firmware/tracker/shape_fast.py"
CHECKED = ("add", "sub", "mul", "floordiv", "lshift", "rshift", "and", "or", "xor", "neg")
REACH = shape.REACH_CM


class Register(int):
    """An integer that has to fit 32 bits with its sign."""

    def __new__(cls, value):
        assert -(1 << 31) <= value < 1 << 31, value
        return super().__new__(cls, value)


def _checked(name):
    plain = getattr(int, name)
    return lambda self, *other: Register(plain(self, *map(int, other)))


for _name in CHECKED:
    setattr(Register, f"__{_name}__", _checked(f"__{_name}__"))
    if _name != "neg":
        setattr(Register, f"__r{_name}__", _checked(f"__r{_name}__"))


class Memory:
    """What ptr32 points at: reads are without a sign, as on a 64-bit machine."""

    def __init__(self, of):
        self.of = of

    def __getitem__(self, at):
        assert 0 <= at < len(self.of), at
        return Register(int(self.of[at]) & 0xFFFFFFFF)

    def __setitem__(self, at, value):
        self.of[at] = int(value)


class Compiler:
    """`micropython.viper`, and `int` of an annotation, as far as this file uses them."""

    @staticmethod
    def viper(function):
        def called(*arguments):
            return function(*[Register(a) if isinstance(a, int) else a for a in arguments])

        return called


def machine_code():
    words = {"micropython": Compiler, "ptr32": Memory, "const": lambda value: value}
    exec(compile(SOURCE.read_text(encoding="utf-8"), str(SOURCE), "exec"), words)  # noqa: S102
    return words


FAST = machine_code()
corner = st.tuples(st.integers(-REACH, REACH), st.integers(-REACH, REACH))
small_corner = st.tuples(st.integers(-40000, 40000), st.integers(-40000, 40000))
rings_of = st.lists(
    st.one_of(
        st.lists(corner, min_size=3, max_size=12), st.lists(small_corner, min_size=3, max_size=64)
    ),
    min_size=1,
    max_size=3,
)
far = st.integers(-6_200_000, 6_200_000)
place_at = st.one_of(
    st.tuples(far, far), st.tuples(st.integers(-60000, 60000), st.integers(-60000, 60000)), corner
)


def data_of(rings):
    """The array that shape.py would write for rings of corners in centimetres."""
    origin = Place(59_913_900, 10_745_200)
    reach = max(abs(number) for ring in rings for at in ring for number in at)
    data = shape._head(origin, len(rings), reach, 1)
    for ring in rings:
        data.append(len(ring))
        for x, y in [*ring, ring[0]]:
            data.extend((x + shape_plain.BIAS, y + shape_plain.BIAS))
    return data


def biased(x, y):
    return array("i", (x + shape_plain.BIAS, y + shape_plain.BIAS))


@settings(max_examples=250, deadline=None)
@given(rings_of, place_at)
@example([[(-REACH, -REACH), (REACH, -REACH), (REACH, REACH)]], (6_200_000, 6_200_000))
@example([[(0, 0), (1, 0), (0, 0)]], (0, 0))
def test_a_survey_is_that_of_plain_code_to_a_centimetre(rings, at):
    data = data_of(rings)
    twice = FAST["survey"](data, biased(*at))
    wanted = shape_plain.survey(data_of(rings), biased(*at))
    assert abs((twice >> 1) - (wanted >> 1)) <= 1
    assert twice & 1 == wanted & 1 or wanted >> 1 <= 1


@settings(max_examples=100, deadline=None)
@given(rings_of, st.lists(place_at, min_size=2, max_size=4))
def test_the_edge_remembered_from_last_time_changes_nothing(rings, places):
    data = data_of(rings)
    for at in places:
        fresh = FAST["survey"](data_of(rings), biased(*at))
        assert abs((FAST["survey"](data, biased(*at)) >> 1) - (fresh >> 1)) <= 1


near_cm = st.integers(-shape_plain.NEAR_CM + 1, shape_plain.NEAR_CM - 1)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000),
    near_cm, near_cm, near_cm,
)  # fmt: skip
def test_a_plane_is_that_of_plain_code_to_a_centimetre(lat, lon, x, y, z):
    data = shape._head(Place(lat, lon), 0, 100, 50)
    here, wanted = biased(0, 0), biased(0, 0)
    FAST["on_plane"](data, x, y, z, here)
    shape_plain.on_plane(data, x, y, z, wanted)
    assert abs(here[0] - wanted[0]) <= 1
    assert abs(here[1] - wanted[1]) <= 1


@settings(max_examples=150, deadline=None)
@given(st.integers(-(1 << 23) + 1, (1 << 23) - 1), st.integers(-(1 << 23) + 1, (1 << 23) - 1))
@example((1 << 23) - 1, (1 << 23) - 1)
@example(0, 0)
def test_a_length_is_right_to_a_centimetre(x, y):
    assert abs(FAST["length"](x, y, 24) - math.hypot(x, y)) <= 1


@settings(max_examples=100, deadline=None)
@given(
    st.integers(-89_000_000, 89_000_000), st.integers(-180_000_000, 180_000_000),
    st.integers(-500_000, 500_000), st.integers(-500_000, 500_000), st.integers(10, 1_000_000),
)  # fmt: skip
def test_a_circle_is_measured_as_by_plain_code_and_far_is_far(lat, lon, north, east, radius_dm):
    row = {"shape": 0, "lat_e6": lat, "lon_e6": lon, "radius_dm": radius_dm, "rings": []}
    data = shape.build(row)[0].data
    place = Place(lat + north, (lon + east + 180_000_000) % 360_000_000 - 180_000_000)
    way = array("i", (0, 0))
    got = FAST["measure"](data, place.x_cm, place.y_cm, place.z_cm, way)
    wanted = shape_plain.measure(data, place.x_cm, place.y_cm, place.z_cm, way)
    assert abs(got - wanted) <= 1
