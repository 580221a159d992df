"""A board that is given power says who it is and why it started, and keeps count of its boots."""

from hil.bench import Bench
from hil.centre import until
from hil.test_watchdog import stopped
from tracker import VERSION
from trygg_wire import layouts

BANNER = r"boot (\d+), cause ([1-5]), wake (\d), firmware (\S+), (\d+) records wait"
POWER_CAUSES = (1, 2)  # what a chip says after a loss of power, or after its EN pin


def test_a_board_says_its_boot_its_cause_and_its_firmware(bench: Bench) -> None:
    with bench.step("power to banner"):
        bench.power_on()
        said = bench.expect(BANNER)
    assert int(said[1]) >= 1
    assert int(said[2]) in POWER_CAUSES
    assert int(said[3]) == 0
    assert said[4].decode() == VERSION
    with bench.step("power to health at the gateway"):
        health = until(lambda: bench.centre.records(layouts.HEALTH), "its health", 60)[0]
    assert health["boot"] == int(said[1])
    assert VERSION in health["firmware"]
    assert health["reset_cause"] in POWER_CAUSES
    assert health["crashes"] == health["flash_errors"] == 0


def test_each_loss_of_power_is_one_more_boot(bench: Bench) -> None:
    bench.needs("power")
    bench.power_on()
    first = int(bench.expect(BANNER)[1])
    bench.power_off()
    bench.power_on()
    with bench.step("power to banner"):
        said = bench.expect(BANNER)
    assert int(said[1]) == first + 1
    assert int(said[2]) in POWER_CAUSES


def test_the_console_is_a_prompt_when_somebody_stops_the_program(bench: Bench) -> None:
    bench.power_on()
    bench.expect(BANNER)
    with bench.step("Ctrl-C to prompt"):
        stopped(bench)
    assert "KeyboardInterrupt" in bench.console()
    bench.type(b"6 * 7\r")
    bench.expect("42\r?\n>>> ")
    bench.type(b"\x04")  # a soft reset: the tracker goes on, the same boot
    again = bench.expect(BANNER)
    assert int(again[2]) == 5
