"""A boundary that crosses itself, or a hole elsewhere, is a slip and is refused in a sentence."""

from math import cos, pi, sin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trygg_gateway.fence_shapes import fences_body
from trygg_gateway.values import Refused

LAT, LON = 59.9139, 10.7522


def fence(*rings):
    """A polygon of rings of (north, east) in units of about a hundred metres."""
    placed = [[[LAT + north / 1000, LON + east / 500] for north, east in ring] for ring in rings]
    return {"number": 1, "shape": "polygon", "rings": placed}


def square(size, north=0.0, east=0.0):
    return [(north, east), (north, east + size), (north + size, east + size), (north + size, east)]


@pytest.mark.parametrize(
    ("rings", "said"),
    [
        ([[(0, 0), (4, 4), (0, 4), (6, 0)]], "crosses itself"),
        ([square(4), square(2, 3, 3)], "crosses itself or another"),
        ([square(4), square(1, 9, 9)], "hole that is not inside"),
        ([square(4), square(1, 1, 1), square(1, 1, -3)], "hole that is not inside"),
    ],
)
def test_a_slip_is_refused(rings, said):
    with pytest.raises(Refused, match=said):
        fences_body([fence(*rings)])


@pytest.mark.parametrize(
    "rings",
    [
        [square(4), square(1, 1, 1), square(1, 2, 2)],
        [square(4), [(0, 0), (2, 1), (1, 2)]],  # the hole has the corner of its fence
        [square(4), [(0, 2), (2, 0), (4, 2), (2, 4)]],  # four times
        [square(4), [(0, 0), (0, 4), (2, 2)]],  # and a side of it
        [[(0, 0), (2, 2), (0, 4), (4, 4), (2, 2), (4, 0)]],  # touches itself in one place
    ],
)
def test_boundaries_may_touch(rings):
    assert fences_body([fence(*rings)])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.5, 1.5), min_size=3, max_size=32), st.floats(0.05, 0.95))
def test_a_walk_round_a_place_and_the_same_inside_it_are_a_fence_with_a_hole(radii, share):
    turn = 2 * pi / len(radii)
    ring = [(r * cos(n * turn), r * sin(n * turn)) for n, r in enumerate(radii)]
    hole = [(share * north, share * east) for north, east in ring]
    assert fences_body([fence(ring, hole)])
