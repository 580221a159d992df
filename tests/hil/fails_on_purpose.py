"""Tests that fail, one after the wearer has walked: test_reproduction.py runs them, nobody else."""

import pytest

from hil.bench import Bench


def test_a_board_says_what_no_board_says(bench: Bench) -> None:
    with bench.step("a walk"):
        bench.wearer.walks(bench.north(100.0), 10.0)
        bench.power_on()
        bench.expect("a bird sat down on the antenna", timeout=4)


def test_nothing_is_skipped_where_no_board_can_lack_anything() -> None:
    pytest.skip("no reason on a virtual board is good enough")
