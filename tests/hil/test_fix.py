"""From a receiver's log on the wire to a report that the gateway has committed."""

from contextlib import suppress

import pynmea2
import pytest

from hil.bench import Bench
from hil.centre import until
from hil.rig import FENCE, HOME
from hil.test_fence import OFTEN, ORDERED_S, armed
from hil.wearer import Act
from trygg_tools import walks
from trygg_wire import layouts

NEAR_E6 = 300  # 1e-6 degree: 33 m north, 17 m east; a receiver wanders by some metres
OPEN = {**FENCE, "private": False, "radius_m": 300}
LAT, LON = walks.URANIENBORG
PARK = {**OPEN, "name": "Uranienborgparken", "lat": LAT, "lon": LON}


@pytest.mark.bench(fences=(OPEN,), settings=OFTEN)
def test_where_the_receiver_says_the_wearer_is_stands_at_the_gateway(bench: Bench) -> None:
    bench.power_on()
    bench.expect(r"boot \d+, cause [12], wake 0")
    with bench.step("power to a report with a fix"):
        report = until(lambda: with_fix(bench), "a report with a fix at the gateway", 60)[0]
    first = report["fixes"][0]
    assert abs(first["lat_e6"] - HOME[0] * 1e6) < NEAR_E6
    assert abs(first["lon_e6"] - HOME[1] * 1e6) < NEAR_E6
    assert abs(report["time_s"] + layouts.EPOCH - bench.rig.utc()) < 60


@pytest.mark.bench(fences=(PARK,), settings=OFTEN)
def test_a_receivers_log_is_a_report_of_the_very_place_that_it_says(bench: Bench) -> None:
    bench.wearer.plays(walks.FOLDER / "bjorn.nmea")
    bench.power_on()
    with bench.step("power to a report with a fix"):
        report = until(lambda: with_fix(bench), "a report with a fix at the gateway", 60)[0]
    told = places(bench.wearer.played)
    for fix in report["fixes"]:
        place = (fix["lat_e6"], fix["lon_e6"])
        apart = min(max(abs(place[0] - lat), abs(place[1] - lon)) for lat, lon in told)
        assert apart <= 1, f"{place} was never said by the receiver"


@pytest.mark.bench(settings=OFTEN)
def test_a_private_fence_keeps_the_place_of_who_is_inside_on_the_board(bench: Bench) -> None:
    armed(bench)
    reports = len(bench.centre.records(layouts.REPORT))
    bench.centre.told("order", "send", bench.device, "report-now")
    later = until(lambda: bench.centre.records(layouts.REPORT)[reports:], "a report", ORDERED_S)
    assert [one["fixes"] for one in later] == [[]] * len(later), "a place has left the tracker"
    assert {one["coordinates_withheld"] for one in later} == {1}


def with_fix(bench: Bench) -> list[dict]:
    """The reports that say where."""
    return [report for report in bench.centre.records(layouts.REPORT) if report["fixes"]]


def places(acts: list[Act]) -> list[tuple[int, int]]:
    """Every place of GGA, in 1e-6 degree, as pynmea2 reads it."""
    found = []
    for line in (line for act in acts for said in act.said for line in said.lines):
        with suppress(pynmea2.ParseError):  # a cable's damage is in the log, too
            said = pynmea2.parse(line.strip(), check=True)
            if said.sentence_type == "GGA" and said.lat:
                found.append((round(said.latitude * 1e6), round(said.longitude * 1e6)))
    return found
