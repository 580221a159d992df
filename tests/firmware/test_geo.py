"""Geo: places, planes and roots in integers. The ellipsoid's own opinion is in cpython/."""

import json

from tracker import shape
from tracker.geo import FAR_CM, Place, integer_root, length, short_way

VECTORS = (
    "circle_oslo",
    "circle_date_line",
    "circle_svalbard",
    "circle_pole",
    "polygon_garden",
    "polygon_date_line",
    "polygon_85_north",
    "polygon_keep_out",
)
NEAR_ENOUGH_CM = 5


def read(name):
    with open("tests/vectors/fences/" + name + ".json") as file:
        return json.load(file)


def check_distances(name):
    vector = read(name)
    its_shape, reason = shape.build(vector["fence"])
    assert reason == 0
    for place in vector["places"]:
        got = its_shape.distance_cm(Place(place["lat_e6"], place["lon_e6"]))
        assert abs(got - place["distance_cm"]) <= NEAR_ENOUGH_CM, (place["what"], got)


def test_every_vector_is_measured_to_five_centimetres():
    for name in VECTORS:
        check_distances(name)


def test_a_place_is_where_it_is():
    home = Place(59913900, 10745200)
    assert home.plane(home) == (0, 0)
    assert home.distance_cm(home) == 0


def test_east_is_x_and_north_is_y_in_every_quarter_of_the_earth():
    for lat in (-60000000, -1, 0, 60000000):
        for lon in (-120000000, -1, 0, 120000000, 179999999):
            home = Place(lat, lon)
            x, y = home.plane(Place(lat, short_way(lon + 1000)))
            assert x > 5000
            assert abs(y) <= 1
            x, y = home.plane(Place(lat + 1000, lon))
            assert x == 0
            assert 11050 < y < 11170


def test_one_degree_of_the_equator_and_one_of_the_meridian():
    # WGS 84: 2 pi a / 360 = 111319.491 m; the meridian's first degree 110574.3886 m
    zero = Place(0, 0)
    assert abs(zero.distance_cm(Place(0, 1000000)) - 11131949) <= 5
    assert abs(zero.distance_cm(Place(1000000, 0)) - 11057439) <= 5


def test_the_180th_meridian_has_one_place_by_two_names():
    east = Place(-16800000, 180000000)
    west = Place(-16800000, -180000000)
    assert east.plane(west) == (0, 0)
    assert short_way(359999999) == -1
    assert short_way(-359999999) == 1
    assert short_way(180000000) == -180000000


def test_at_a_pole_every_longitude_is_the_same_place():
    for lat in (90000000, -90000000):
        for lon in (-180000000, -45000000, 0, 123456789):
            assert Place(lat, 0).distance_cm(Place(lat, lon)) == 0


def test_what_is_far_stays_far_and_small():
    home = Place(59913900, 10745200)
    bergen_cm = 30578243
    assert abs(home.distance_cm(Place(60391300, 5322100)) - bergen_cm) <= 5
    before = 0
    for lat in range(59000000, -60000000, -1000000):
        distance = home.distance_cm(Place(lat, 10745200))
        assert distance > before or distance == FAR_CM
        before = distance
    for other in (Place(-59913900, -169254800), Place(-59913900, 170000000), Place(0, -170000000)):
        x, y = home.plane(other)
        assert FAR_CM <= length(x, y) < 1 << 30
        assert max(abs(x), abs(y)) <= FAR_CM


def test_the_root_is_the_largest_whose_square_fits():
    for root in (0, 1, 2, 3, 100, 16383, 16384, 16385, 123456789, 1 << 40):
        assert integer_root(root * root) == root
        assert integer_root(root * root + 2 * root) == root
        if root:
            assert integer_root(root * root - 1) == root - 1


def test_a_length_is_rounded_to_the_nearest():
    assert length(3, 4) == 5
    assert length(-3, 4) == 5
    assert length(1, 1) == 1
    assert length(2, 2) == 3
    assert length(0, 0) == 0
    assert length(FAR_CM, FAR_CM) == 989949494


def circle(**changes):
    row = {
        "number": 1,
        "keep": 0,
        "shape": 0,
        "private": 0,
        "buffer_dm": 0,
        "schedule": [],
        "rings": [],
    }
    row.update({"lat_e6": 59913900, "lon_e6": 10745200, "radius_dm": 1500})
    row.update(changes)
    return row


def polygon(*rings):
    named = []
    for ring in rings:
        named.append({"points": [{"lat_e6": lat, "lon_e6": lon} for lat, lon in ring]})
    first = rings[0][0] if rings else (59913900, 10745200)
    return circle(shape=1, radius_dm=0, lat_e6=first[0], lon_e6=first[1], rings=named)


SQUARE = [
    (59913900, 10745200),
    (59914900, 10745200),
    (59914900, 10747200),
    (59913900, 10747200),
]


def refusal(row):
    its_shape, reason = shape.build(row)
    assert (its_shape is None) == (reason != 0)
    return reason


def test_shapes_that_enclose_nothing_are_refused():
    assert refusal(circle(radius_dm=0)) == shape.BAD_BODY
    assert refusal(circle(rings=polygon(SQUARE)["rings"])) == shape.BAD_BODY
    assert refusal(polygon()) == shape.BAD_BODY
    assert refusal(polygon([SQUARE[0], SQUARE[1], SQUARE[0]])) == shape.BAD_BODY
    assert refusal(polygon([SQUARE[0]] * 3)) == shape.BAD_BODY
    assert refusal(polygon(SQUARE, SQUARE)) == shape.BAD_BODY
    row = polygon(SQUARE)
    row["radius_dm"] = 1
    assert refusal(row) == shape.BAD_BODY
    assert refusal(polygon(SQUARE)) == 0


def test_64_corners_are_enough_and_65_too_many():
    ring = [(59913900 + i * i, 10745200 + 1000 * i) for i in range(64)]
    assert refusal(polygon(ring)) == 0
    assert refusal(polygon(ring, SQUARE)) == shape.NO_ROOM


def test_a_corner_beyond_reach_is_refused():
    far = [(59913900, 10745200), (60058000, 10745200), (59913900, 10746200)]
    assert refusal(polygon(far)) == shape.OUT_OF_RANGE
    near = [(59913900, 10745200), (60057000, 10745200), (59913900, 10746200)]
    assert refusal(polygon(near)) == 0


def test_the_order_of_corners_and_the_first_of_them_do_not_matter():
    home = Place(59914100, 10746000)
    forward = shape.build(polygon(SQUARE))[0].distance_cm(home)
    assert forward < 0
    assert abs(shape.build(polygon(SQUARE[::-1]))[0].distance_cm(home) - forward) <= 1
    assert abs(shape.build(polygon(SQUARE[2:] + SQUARE[:2]))[0].distance_cm(home) - forward) <= 1


def test_a_corner_twice_and_a_closed_ring_do_no_harm():
    home = Place(59914100, 10746000)
    once = shape.build(polygon(SQUARE))[0].distance_cm(home)
    assert shape.build(polygon(SQUARE + SQUARE[:1]))[0].distance_cm(home) == once
    assert shape.build(polygon(SQUARE[:1] + SQUARE))[0].distance_cm(home) == once
