"""A program that hangs is bitten, says so, and watches again."""

import pytest

from hil.bench import Bench
from hil.centre import until
from hil.test_fence import armed
from trygg_wire import layouts

WATCHDOG_MS = 8000
LATEST_S = 60.0
BITTEN = 3  # machine.reset_cause(): WDT_RESET


@pytest.mark.bench(config={"power": {"watchdog_ms": WATCHDOG_MS}}, settings=("fix_floor_s=5",))
def test_a_loop_that_hangs_is_bitten_named_and_the_board_watches_again(bench: Bench) -> None:
    armed(bench)
    boot = bench.centre.records(layouts.HEALTH)[-1]["boot"]
    stopped(bench)
    bench.type(b"while True: pass\r\r")
    with bench.step("hang to the next start"):
        bitten = bench.expect(r"boot (\d+), cause (\d), wake 0", WATCHDOG_MS / 1000 + LATEST_S)
    assert (int(bitten[1]), int(bitten[2])) == (boot, BITTEN), "RTC memory outlives a watchdog"
    with bench.step("said to the gateway"):
        until(lambda: bites(bench), "a health record that names the watchdog", LATEST_S)
    health = bites(bench)[-1]
    assert (health["reset_cause"], health["starts_by_watchdog"], health["safe_mode"]) == (
        BITTEN,
        1,
        0,
    )
    assert health["crashes"] >= 1
    bench.wearer.walks(bench.north(300.0), 15.0)
    with bench.step("an exit is still an alarm"):
        until(lambda: bench.centre.received("no.trygg.alarm.left"), "the alarm", LATEST_S)


def stopped(bench: Bench) -> None:
    """Its program interrupted. Ctrl-C inside of the interpreter's own code starts it anew."""
    for _ in range(5):
        bench.type(b"\x03")
        if bench.expect(r">>> |cause 5, wake 0", LATEST_S)[0] == b">>> ":
            return
    raise AssertionError("no prompt after Ctrl-C")


def bites(bench: Bench) -> list[dict]:
    """Health records of starts by the watchdog."""
    records = bench.centre.records(layouts.HEALTH)
    return [record for record in records if record["starts_by_watchdog"]]
