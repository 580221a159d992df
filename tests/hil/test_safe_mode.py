"""A part that crashes each time is left out, it is said, and an exit is still an alarm."""

from pathlib import Path

import pytest

from hil.bench import Bench
from hil.centre import until
from hil.test_update import changed, flashed
from trygg_wire import layouts

LATEST_S = 60.0


@pytest.mark.bench(settings=("fix_floor_s=5",))
def test_after_three_crashes_it_watches_without_the_part_that_crashes(
    bench: Bench, tmp_path: Path
) -> None:
    line = "        if charging == bool(self.on_s):"
    harmed = changed(
        tmp_path / "harmed", "tracker/charger.py", line, f"        raise ValueError(1)\n{line}"
    )
    bench.needs("power")
    bench.power_on()
    until(lambda: layouts.ARMED in answers(bench), "the fence in force", LATEST_S)
    assert flashed(bench, harmed).returncode == 0
    bench.power_off()
    bench.power_on()
    with bench.step("three crashes to safe mode"):
        bench.expect("crash 3 in a row, in the stage battery; safe mode True", LATEST_S)
    with bench.step("said to the gateway"):
        until(lambda: bench.centre.records(layouts.HEALTH)[-1]["safe_mode"], "it says so", LATEST_S)
    bench.wearer.walks(bench.north(300.0), 15.0)
    with bench.step("an exit is still an alarm"):
        until(lambda: bench.centre.received("no.trygg.alarm.left"), "the alarm", LATEST_S)
    assert "crash 4" not in bench.console()


def answers(bench: Bench) -> list[int]:
    """The results of what it answered."""
    return [record["result"] for record in bench.centre.records(layouts.ANSWER)]
