"""The bench of the wire format: what the README quotes, and what must not be exceeded."""

import pytest

from trygg_tools.bench import wire
from trygg_wire import codec, layouts


@pytest.fixture(scope="module")
def figures():
    return wire.run()


def test_one_fix_in_its_report_takes_at_most_32_bytes(figures):
    assert 20 < figures["one_fix_bytes"] <= 32


def test_ten_fixes_a_minute_apart_take_at_most_13_bytes_each(figures):
    assert 6 < figures["ten_fixes_60_s_apart_bytes_a_fix"] <= 13


def test_more_fixes_in_a_report_cost_less_each(figures):
    sixty = figures["sixty_fixes_1_s_apart_bytes_a_fix"]
    assert sixty < figures["ten_fixes_60_s_apart_bytes_a_fix"] < figures["one_fix_bytes"]


def test_what_is_measured_is_the_walk_and_a_frame_the_gateway_reads():
    fixes = wire.fixes_of(wire.WALK)[:600:60]
    kind, values = codec.decode(wire.frame_of(fixes))
    assert kind == layouts.REPORT
    newest = fixes[-1]
    assert [values["fixes"][0][name] for name in ("lat_e6", "lon_e6")] == [
        newest["lat_e6"],
        newest["lon_e6"],
    ]
    ages = [fix["age_s"] for fix in values["fixes"][1:]]
    assert len(ages) == 9
    assert sum(ages) == newest["time_s"] - fixes[0]["time_s"] >= 540
