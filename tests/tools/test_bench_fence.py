"""The bench of the fence decision: what it measures, and what must hold whatever the machine."""

import pytest

from micropython_wheel import needs_micropython
from trygg_tools.bench import fence as bench
from trygg_tools.firmware_image import firmware_folder


@needs_micropython
@pytest.mark.parametrize("kind", ["round", "jagged"])
def test_a_decision_leaves_no_heap_behind_and_the_set_fits(kind):
    figures = bench.measure(kind, firmware_folder())
    assert figures["heap_left"] == 0
    assert 0 < figures["heap_used"] <= 6000
    assert figures["set_bytes"] <= 30_000
    assert figures["machine_us"] < figures["us"]
    assert figures["large_ns"] > 0
    assert 1 < bench.scaled_ms(figures) < 3 * bench.LIMIT_MS  # this machine may be busy


def test_each_part_is_scaled_by_its_own():
    figures = {"us": 100, "machine_us": 60, "large_ns": 0, "calibration_tenth_ns": 292}
    assert bench.scaled_ms(figures) == pytest.approx((40 * 312 + 60 * 221) / 1000)
    figures["large_ns"] = 100
    assert bench.scaled_ms(figures) == pytest.approx((40 * 312 + 60 * 221 + 9.3 * 204) / 1000)
    slower = figures | {"calibration_tenth_ns": 584}
    assert bench.scaled_ms(slower) == pytest.approx(bench.scaled_ms(figures) / 2)


@needs_micropython
def test_the_figures_name_what_was_wanted():
    figures = bench.run(runs_each=1)
    assert (figures["fences"], figures["corners_each"]) == (16, 64)
    assert {"esp32_80_mhz_ms", "wanted_ms", "heap_left", "set_bytes"} <= figures.keys()
    assert 16 * 64 * 9 < figures["ready_bytes"] < 20_000
    assert 0 < figures["ready_ms"] < figures["computed_ms"] / 5, "what the file is for"
