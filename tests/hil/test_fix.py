"""From a receiver's log on the wire to a report that the gateway has committed."""

import pytest

from hil.bench import Bench
from hil.centre import until
from hil.rig import FENCE, HOME
from trygg_wire import layouts

NEAR_E6 = 300  # 1e-6 degree: 33 m north, 17 m east; a receiver wanders by some metres
OPEN = {**FENCE, "private": False, "radius_m": 300}


@pytest.mark.bench(fences=(OPEN,), settings=("report_inside_s=60",))
def test_where_the_receiver_says_the_wearer_is_stands_at_the_gateway(bench: Bench) -> None:
    bench.power_on()
    bench.expect(r"boot \d+, cause [12], wake 0")
    with bench.step("power to a report with a fix"):
        report = until(lambda: with_fix(bench), "a report with a fix at the gateway", 60)[0]
    first = report["fixes"][0]
    assert abs(first["lat_e6"] - HOME[0] * 1e6) < NEAR_E6
    assert abs(first["lon_e6"] - HOME[1] * 1e6) < NEAR_E6
    assert abs(report["time_s"] + layouts.EPOCH - bench.rig.utc()) < 60


def test_a_private_fence_keeps_the_place_of_who_is_inside_on_the_board(bench: Bench) -> None:
    bench.power_on()
    until(lambda: answers(bench) >= 3, "settings and fence applied, fence armed", 60)
    reports = len(bench.centre.records(layouts.REPORT))
    bench.centre.told("order", "send", bench.device, "report-now")
    later = until(lambda: bench.centre.records(layouts.REPORT)[reports:], "a report", 60)
    assert "lat_e6" not in str(later), "a place of somebody inside left the tracker"


def with_fix(bench: Bench) -> list[dict]:
    """The reports that say where."""
    return [report for report in bench.centre.records(layouts.REPORT) if report["fixes"]]


def answers(bench: Bench) -> int:
    """To orders."""
    return len(bench.centre.records(layouts.ANSWER))
