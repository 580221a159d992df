"""What a tracker would refuse of fences is refused by the gateway, in a sentence."""

from math import cos, pi, radians, sin

import pytest

from tracker import fence_file, order_file
from tracker.fence import FenceSet
from tracker.geo import Place
from tracker.settings import Settings
from trygg_gateway import fence_limits
from trygg_gateway.fence_shapes import fences_body
from trygg_gateway.geojson import EXAMPLE, fences_of, time_zone_of
from trygg_gateway.local_time import LocalTime
from trygg_gateway.values import Refused

OSLO = LocalTime(60, 1)
LAT, LON = 59.9139, 10.7522
HOME = {"number": 1, "shape": "circle", "lat": LAT, "lon": LON, "radius_m": 150}


def star(number, points, radius_m=400.0, lat=LAT, lon=LON):
    """A polygon of so many corners round a place, alternately far and near."""
    ring = []
    for n in range(points):
        r = radius_m * (1 if n % 2 else 0.7)
        north, east = r * cos(2 * pi * n / points), r * sin(2 * pi * n / points)
        ring.append([lat + north / 111_320, lon + east / 111_320 / cos(radians(lat))])
    return {"number": number, "name": f"star {number}", "shape": "polygon", "rings": [ring]}


def in_force(body):
    """The FenceSet of a tracker that was ordered this body; it is asserted that it takes it."""
    fences = FenceSet(Settings())
    assert fence_file.restore(fences, b"".join(order_file.parts(7, body)))
    return fences


def test_the_limits_are_those_of_the_tracker():
    assert fence_limits.BODY_MAX == 6656
    for radius_m, points in ((50, 64), (400, 64), (7_900, 64)):
        in_force(fences_body([star(1, points, radius_m)]))


@pytest.mark.parametrize("radius_m", [30, 400, 2_000])
def test_sixteen_fences_of_64_points_fit_an_order_and_a_tracker(radius_m):
    night = {"schedule": "mon-fri 22:00-07:00"}
    many = [star(n, 64, radius_m, LAT + n / 300) | night for n in range(1, 17)]
    body = fences_body(many, OSLO)
    assert len(body) <= fence_limits.BODY_MAX
    assert in_force(body).version == 7


def test_fences_too_many_bytes_for_an_order_are_refused_with_how_many():
    busy = {"schedule": "; ".join(["mon-fri 22:00-07:00"] * 14)}
    far = [star(n, 64, 7_000) | busy for n in range(1, 17)]
    with pytest.raises(Refused, match=r"take \d+ bytes, and an order has room for 6656"):
        fences_body(far, OSLO)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"radius_m": 0}, "has no radius"),
        ({"rings": [[[59.9, 10.7]] * 3]}, "circle and has rings"),
        (star(1, 65), "has 65 points, at most 64"),
        (star(1, 3) | {"rings": [[[59.9, 10.7], [59.91, 10.7]]]}, "less than three"),
        (star(1, 3) | {"rings": [[[59.9, 10.7], [59.91, 10.7], [59.92, 10.7]]]}, "has no area"),
        (star(1, 4, 20_000), "at most 16 from its first corner"),
        (star(1, 3) | {"rings": [star(1, 8)["rings"][0]] * 2}, "has no area"),
        ({"schedule": "at night"}, "is no window"),
        ({"schedule": 22}, "Wanted number"),
        ({"schedule": "; ".join(["mon 08:00-09:00"] * 15)}, "schedule: 15 entries"),
        ({"schedule": "mon 08:00-09:00"}, "by whose clock"),
    ],
)
def test_a_fence_that_no_tracker_takes_is_refused_with_why(change, said):
    local = None if said == "by whose clock" else OSLO
    with pytest.raises(Refused, match=said):
        fences_body([HOME | change], local)


def test_seventeen_fences_are_refused():
    with pytest.raises(Refused, match="17 fences"):
        fences_body([HOME | {"number": n} for n in range(1, 18)])


def test_a_fence_over_the_date_line_is_small():
    ring = [[-17.0, 179.99], [-17.0, -179.99], [-17.02, -179.99], [-17.02, 179.99]]
    (fence,) = in_force(fences_body([star(1, 3) | {"rings": [ring]}])).all()
    middle_cm = fence.beyond_cm(Place(-17010000, 180000000))
    assert -107_000 < middle_cm < -106_000  # half of 0.02 degrees of longitude there
    assert middle_cm == fence.beyond_cm(Place(-17010000, -180000000))
    for lon_e6 in (179970000, -179970000):
        assert 212_000 < fence.beyond_cm(Place(-17010000, lon_e6)) < 214_000, lon_e6


def test_the_example_is_taken_as_it_is_printed():
    fences = fences_of(EXAMPLE, "example")
    assert time_zone_of(EXAMPLE) == "Europe/Oslo"
    assert [fence.get("schedule") for fence in fences] == ["daily 21:00-07:00", None]
    in_force(fences_body(fences, OSLO))
