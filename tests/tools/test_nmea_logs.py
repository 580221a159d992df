"""The logs we ship: made again to the same bytes, and read alike by pynmea2 and by the tracker."""

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pynmea2
import pytest

import nmea_vectors
from tracker import fix, nmea
from trygg_tools import walks
from trygg_tools.route import read_log

LOGS = sorted(nmea_vectors.FOLDER.glob("*.nmea")) + sorted(walks.FOLDER.glob("*.nmea"))
EPOCH_2020 = datetime(2020, 1, 1, tzinfo=UTC)


def tracker_fixes(path: Path) -> tuple[list[fix.Fix], nmea.Counters]:
    receiver = nmea.Receiver()
    found = []
    _, lines = read_log(path)
    for offset_ms, line in lines:
        receiver.feed(line, offset_ms)
        found.append(receiver.take())
    receiver.feed(b"", lines[-1][0] + fix.QUIET_MS)
    found.append(receiver.take())
    return [one for one in found if one], receiver.counters


def parsed(line: bytes) -> pynmea2.NMEASentence | None:
    """A sentence that pynmea2 can read; a log's line may hold the end of a damaged one, too."""
    start = line.rfind(b"$")
    try:
        return pynmea2.parse(line[start:].decode("ascii").strip(), check=True)
    except (pynmea2.ParseError, UnicodeDecodeError):
        return None


def independent_fixes(path: Path) -> dict[int, tuple[float, float]]:
    """Seconds since 2020 -> latitude, longitude, where RMC and GGA of one time both have a fix."""
    rmc: dict[str, pynmea2.RMC] = {}
    gga: dict[str, pynmea2.GGA] = {}
    for _, line in read_log(path)[1]:
        sentence = parsed(line)
        if isinstance(sentence, pynmea2.RMC) and sentence.status == "A":
            rmc[sentence.data[0]] = sentence
        elif isinstance(sentence, pynmea2.GGA) and sentence.gps_qual:
            gga[sentence.data[0]] = sentence
    found = {}
    for clock in rmc.keys() & gga.keys():
        when = datetime.combine(rmc[clock].datestamp, rmc[clock].timestamp)
        second = (when.replace(tzinfo=UTC) - EPOCH_2020) // timedelta(seconds=1)
        found[second] = (gga[clock].latitude, gga[clock].longitude)
    return found


def metres_outside(one: fix.Fix, area: dict) -> float:
    """Distance from a circle, negative inside, on a plane."""
    north = (one.lat_e6 / 1e6 - area["lat"]) * 111_195
    east = (one.lon_e6 / 1e6 - area["lon"]) * 111_195 * math.cos(math.radians(area["lat"]))
    return math.hypot(north, east) - area["radius_m"]


def within(one: fix.Fix, ring: list) -> bool:
    """Whether a fix is in a polygon: how often a ray to the east meets its edges."""
    lat, lon = one.lat_e6 / 1e6, one.lon_e6 / 1e6
    crossings = 0
    for (a_lat, a_lon), (b_lat, b_lon) in zip(ring, ring[1:] + ring[:1]):
        if (a_lat > lat) != (b_lat > lat):
            crossings += lon < a_lon + (lat - a_lat) / (b_lat - a_lat) * (b_lon - a_lon)
    return crossings % 2 == 1


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_pynmea2_and_the_tracker_agree_within_a_millionth_of_a_degree(path):
    ours, _ = tracker_fixes(path)
    theirs = independent_fixes(path)
    assert {one.time_s for one in ours} == theirs.keys()
    assert len(ours) == len(theirs) > 10
    for one in ours:
        latitude, longitude = theirs[one.time_s]
        assert abs(one.lat_e6 / 1e6 - latitude) <= 1e-6
        assert abs(one.lon_e6 / 1e6 - longitude) <= 1e-6


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_a_log_says_where_it_comes_from_and_is_small(path):
    header, _ = read_log(path)
    assert header["licence"].startswith("MIT")
    assert header["provenance"].startswith("self-made by trygg_tools.route, seed ")
    assert path.stat().st_size <= 400_000


@pytest.mark.parametrize(
    ("write", "shipped"),
    [(nmea_vectors.write, nmea_vectors.FOLDER), (walks.write, walks.FOLDER)],
)
def test_the_shipped_logs_are_what_their_routes_give(write, shipped, tmp_path):
    write(tmp_path)
    made = sorted(tmp_path.iterdir())
    assert made
    for path in made:
        assert path.read_bytes() == (shipped / path.name).read_bytes(), path.name


def test_damage_is_counted_and_most_fixes_come_through():
    ours, counters = tracker_fixes(nmea_vectors.FOLDER / "damaged.nmea")
    assert counters.bad > 10
    assert counters.torn > 3
    assert counters.fixes == len(ours) > 50


def test_indoors_is_no_fix_and_before_it_the_accuracy_says_that_it_gets_worse():
    ours, counters = tracker_fixes(nmea_vectors.FOLDER / "indoors.nmea")
    assert counters.no_fix == 25
    assert max(one.accuracy_dm for one in ours) > 2 * ours[0].accuracy_dm


def test_walks_json_lists_the_three_walks_with_their_fences():
    rows = walks.rows()
    assert [row["name"] for row in rows] == ["Astrid", "Bjorn", "Solveig"]
    assert [row["private"] for row in rows] == [True, True, False]
    assert json.loads(json.dumps(rows)) == rows
    for row in rows:
        assert row["fence"]["private"] is row["private"]
        assert (walks.FOLDER / row["file"]).exists()


def test_astrid_is_inside_then_clearly_outside_within_a_minute_and_back_at_the_end():
    area = walks.rows()[0]["fence"]
    ours, _ = tracker_fixes(walks.FOLDER / "astrid.nmea")
    start = ours[0].time_s
    outside = [metres_outside(one, area) for one in ours]
    clear = [
        one.time_s - start
        for one, metres in zip(ours, outside)
        if metres > one.accuracy_dm / 10 + area["buffer_m"]
    ]
    assert all(metres < -ours[0].accuracy_dm / 10 for metres in outside[:20])
    assert 40 <= clear[0] <= 60
    assert 590 <= max(outside) <= 620
    assert outside[-1] < -20


def test_bjorn_stays_in_his_polygon():
    (ring,) = walks.rows()[1]["fence"]["rings"]
    ours, _ = tracker_fixes(walks.FOLDER / "bjorn.nmea")
    assert len(ours) > 600
    assert all(within(one, ring) for one in ours)


def test_solveig_comes_near_her_edge_and_loses_her_fix_for_a_minute_but_never_leaves():
    area = walks.rows()[2]["fence"]
    ours, counters = tracker_fixes(walks.FOLDER / "solveig.nmea")
    assert -15 < max(metres_outside(one, area) for one in ours) < 0
    assert 55 <= counters.no_fix <= 65
