"""A board that is given power says who it is and why it started."""

from hil.bench import Bench


def test_a_board_says_its_boot_its_cause_and_its_firmware(bench: Bench) -> None:
    with bench.step("power to banner"):
        bench.power_on()
        said = bench.expect(r"boot (\d+), cause ([12]), wake 0, firmware (\S+), (\d+) records wait")
    assert int(said[1]) >= 1
    assert said[3]
