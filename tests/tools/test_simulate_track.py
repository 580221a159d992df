"""Tracks, lives, files from outside, and the noise over them."""

import math
import statistics

import pytest

from trygg_tools.route import METRES_PER_DEGREE
from trygg_tools.simulate import fences, life, noise, track_files
from trygg_tools.simulate.surroundings import ALL, BRICK, NOTHING, OPEN
from trygg_tools.simulate.track import Point, Track
from trygg_tools.simulate.track_files import TrackError

HOME = (59.927, 10.701)
GPX = """<?xml version="1.0"?>
<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><metadata>
<time>2026-06-01T00:00:00Z</time></metadata><trk><trkseg>
<trkpt lat="59.927" lon="10.701"><ele>40</ele><time>2026-06-14T09:00:00Z</time></trkpt>
<trkpt lat="59.928" lon="10.701"><time>2026-06-14T11:01:40+02:00</time></trkpt>
</trkseg></trk></gpx>"""


def test_a_life_is_the_same_for_the_same_seed_and_another_for_another():
    assert life.generated(2, seed=3).points == life.generated(2, seed=3).points
    assert life.generated(2, seed=3).points != life.generated(2, seed=4).points


def test_walks_stay_within_the_reach_and_only_outings_beyond_leave_it():
    at_home = life.Person(visit=0, drive=0, astray=0, within_m=100, garden=2, walk=2)
    area = fences.Area(1, at_home.home, radius_m=101)
    track = life.generated(5, at_home, 8)
    beyond = [area.beyond_m(point.latitude, point.longitude) for point in track.points]
    assert max(beyond) < 0
    assert max(beyond) > -60
    roams = life.generated(5, at_home._replace(drive=1.0), 8)
    assert max(area.beyond_m(p.latitude, p.longitude) for p in roams.points) > 1500


def test_a_life_goes_on_without_a_gap_in_time():
    for house in life.HOMES:
        points = life.generated(3, life.Person(house=house), 2).points
        times = [point.s for point in points]
        assert times == sorted(times)
        assert points[-1].s - points[0].s >= 3 * 86400


def test_between_two_points_the_wearer_goes_straight_and_then_stands():
    north = HOME[0] + 100 / METRES_PER_DEGREE
    track = Track("north", [Point(10, *HOME, OPEN), Point(110, north, HOME[1], BRICK)])
    half = track.at(60)
    assert abs((half.latitude - HOME[0]) * METRES_PER_DEGREE - 50) < 0.1
    assert abs(half.speed_m_s - 1) < 0.01
    assert half.sky is OPEN
    assert track.at(500).speed_m_s == 0
    assert track.at(500).sky is BRICK
    assert track.at(0).latitude == HOME[0]


def test_the_shortest_way_over_the_date_line_is_taken():
    track = Track("line", [Point(0, 0.0, 179.999, OPEN), Point(100, 0.0, -179.999, OPEN)])
    assert track.at(50).speed_m_s < 3


def test_an_accelerometer_feels_walking_always_and_a_sleeper_now_and_then():
    north = HOME[0] + 100 / METRES_PER_DEGREE
    bed = Point(0, *HOME, BRICK, restless=0.05)
    track = Track("bed", [bed, Point(36000, *HOME, OPEN), Point(36100, north, HOME[1], OPEN)])
    assert track.next_felt(36010, 36050, 1) == 36011
    felt, at_s = 0, 0
    while (then := track.next_felt(at_s, 35999, 1)) is not None:
        felt, at_s = felt + 1, then
    assert 15 < felt < 50  # 600 minutes, one in twenty
    assert track.next_felt(40000, 90000, 1) is not None  # sitting


def test_errors_are_a_function_of_time_alone():
    seconds = [5.0, 900.5, 17.0, 5.0]
    first = [noise.wander(7, 60, s) for s in seconds]
    assert first == [noise.wander(7, 60, s) for s in seconds]
    assert first[0] == first[3]
    assert first[0] != noise.wander(8, 60, 5.0)


def test_wandering_errors_have_the_spread_of_one_and_change_slowly():
    values = [noise.wander(1, 60, 7 * s)[0] for s in range(20000)]
    assert abs(statistics.pstdev(values) - 1) < 0.05
    steps = [abs(noise.wander(1, 60, s + 1)[0] - noise.wander(1, 60, s)[0]) for s in range(5000)]
    assert max(steps) < 0.2


def test_excursions_come_as_often_and_are_as_large_as_the_table_says():
    days = 400
    found = [
        wild
        for slot in range(days * noise.DAY_S // noise.SLOT_S)
        if (wild := noise._wild(9, slot, BRICK))
    ]
    assert abs(len(found) / days - BRICK.wild_a_day) < 0.4
    sizes = [math.hypot(wild[2], wild[3]) for wild in found]
    assert 0.85 < statistics.median(sizes) / BRICK.wild_m < 1.15
    begins, _, north, east, _ = found[0]
    assert noise.excursion(9, BRICK, begins + 0.01)[:2] == (north, east)
    assert noise.excursion(9, BRICK, begins - 0.01)[:2] != (north, east)


def test_the_table_of_surroundings_gets_worse_from_the_sky_to_the_cellar():
    indoors = [row for row in ALL if row is not NOTHING and "house" in row.name]
    assert [row.error_m for row in indoors] == sorted(row.error_m for row in indoors)
    for row in ALL:
        assert 0 <= row.found <= 1


def test_a_gpx_file_is_read_with_its_times_wherever_they_count_from(tmp_path):
    path = tmp_path / "walk.gpx"
    path.write_text(GPX)
    track = track_files.read(path)
    assert len(track.points) == 2
    assert track.end_s - track.start_s == 100
    assert track.at(track.start_s + 50).speed_m_s > 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no positions"),
        ("hello", "no positions"),
        ("<gpx></gpx>", "no positions"),
        ("<gpx><trkpt", "no XML"),
        ('<gpx><trkpt lat="1" lon="2"/></gpx>', "no times"),
        ('<gpx><trkpt lat="x" lon="2"/></gpx>', "without a place"),
        ('<gpx><trkpt lat="91" lon="2"/></gpx>', "not on earth"),
        ('<gpx><trkpt lat="1" lon="2"><time>now</time></trkpt></gpx>', "a time that is none"),
        ('<!DOCTYPE gpx [<!ENTITY a "b">]><gpx>&a;</gpx>', "no document type"),
        ('<!DOCTYPE gpx SYSTEM "file:///etc/passwd"><gpx/>', "no document type"),
    ],
)
def test_what_is_no_track_is_refused_with_a_sentence(tmp_path, text, says):
    path = tmp_path / "odd"
    path.write_text(text)
    with pytest.raises(TrackError, match=says):
        track_files.read(path)


def test_a_bomb_of_entities_goes_off_nowhere(tmp_path):
    nested = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 12))
    path = tmp_path / "bomb.gpx"
    path.write_text(f'<!DOCTYPE b [<!ENTITY x0 "boom">{nested}]><gpx>&x11;</gpx>')
    with pytest.raises(TrackError, match="no document type"):
        track_files.read(path)


def test_a_recording_says_what_it_said_and_a_jump_in_it_is_not_the_truth(tmp_path):
    from trygg_tools.walks import FOLDER

    track = track_files.read(FOLDER / "bjorn.nmea")
    assert track.said is not None
    assert track.said.at(track.start_s + 30).accuracy_m > 0
    leap = [
        Point(s, HOME[0] + (0.01 if 50 <= s < 60 else 0), HOME[1], OPEN, 5.0) for s in range(120)
    ]
    truth = track_files._truth(leap)
    assert {point.latitude for point in truth} == {HOME[0]}


def test_a_gap_in_a_recording_is_a_gap_in_reception():
    from trygg_tools.walks import FOLDER

    track = track_files.read(FOLDER / "solveig.nmea")
    assert track.said is not None
    gaps = [point for point in track.said.points if point.sky is NOTHING]
    assert len(gaps) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("home", "could not convert"),
        ("home:5", "10 to 100000"),
        ("circle:1,2", "not enough values"),
        ("circle:91,2,100", "no place on earth"),
        ("polygon:1,2;1,3", "three corners"),
        ("square:1", "no such form"),
    ],
)
def test_a_fence_that_cannot_be_read_is_explained(text, says):
    with pytest.raises(fences.FenceError, match=says):
        fences.parse(text, 1, HOME)


def test_our_second_opinion_of_distances_agrees_with_the_tracker():
    from tracker.fence import FenceSet
    from tracker.geo import Place
    from tracker.settings import Settings

    corners = "59.9280,10.6990;59.9282,10.7040;59.9260,10.7050;59.9255,10.7000"
    for text in ("home:150", f"polygon:{corners}"):
        area = fences.parse(text, 1, HOME)
        known = FenceSet(Settings())
        assert known.replace(1, {"utc_offset_min": 0, "dst": 0, "fences": [area.row()]}) == 0
        (fence,) = known.in_force()
        for north, east in ((0, 0), (0.001, 0), (0.002, 0.003), (-0.0005, 0.001), (0.01, -0.01)):
            place = (HOME[0] + north, HOME[1] + east)
            theirs_m = fence.beyond_cm(Place(round(place[0] * 1e6), round(place[1] * 1e6))) / 100
            assert abs(area.beyond_m(*place) - theirs_m) < 0.5 + abs(theirs_m) * 0.005
