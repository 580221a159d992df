"""Tests that fail, one after the wearer has walked, one while its board is flashed:
test_reproduction.py runs them, nobody else."""

from pathlib import Path

import pytest

from hil.bench import Bench


def test_a_board_says_what_no_board_says(bench: Bench) -> None:
    with bench.step("a walk"):
        bench.wearer.walks(bench.north(100.0), 10.0)
        bench.power_on()
        bench.expect("a bird sat down on the antenna", timeout=4)


def test_nothing_is_skipped_where_no_board_can_lack_anything() -> None:
    pytest.skip("no reason on a virtual board is good enough")


@pytest.mark.bench(firmware=Path("/none"))
def test_a_board_cannot_be_flashed_with_nothing(bench: Bench) -> None:
    bench.power_on()
