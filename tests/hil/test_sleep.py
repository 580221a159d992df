"""Asleep and awake again by the timer: the same boot goes on, and nothing is lost on the way."""

import pytest

from hil.bench import Bench
from hil.centre import until
from hil.test_fence import armed
from trygg_wire import layouts

BANNER = r"boot (\d+), cause (\d), wake (\d), firmware \S+, (\d+) records wait"
TIMER = 4  # machine.reset_cause() of a deep sleep, and its wake_reason() of a timer
HURRIED_S = 90
SLEEPS_S = 60.0  # SETTINGS make a sleep of some fourteen seconds


@pytest.mark.bench(behind_s=HURRIED_S)
def test_a_board_sleeps_wakes_by_its_timer_and_no_boot_is_lost(bench: Bench) -> None:
    armed(bench)
    boot = int(bench.expect(BANNER)[1])
    bench.hurries(HURRIED_S)
    with bench.step("to the second waking"):
        wakings = [bench.expect(BANNER, SLEEPS_S) for _ in range(2)]
    assert [int(one[2]) for one in wakings] == [TIMER, TIMER]
    assert [int(one[3]) for one in wakings] == [TIMER, TIMER]
    assert {int(one[1]) for one in wakings} == {boot}
    bench.centre.told("order", "send", bench.device, "report-now")
    with bench.step("report of the same boot"):
        until(lambda: of_boot(bench, boot), "a report of this boot", SLEEPS_S)
    with bench.step("no record missing"):  # a live one overtakes those that wait
        until(lambda: not missing(bench, boot), "every number up to the newest", SLEEPS_S)


def of_boot(bench: Bench, boot: int) -> list[dict]:
    """The reports of a boot."""
    return [one for one in bench.centre.records(layouts.REPORT) if one["boot"] == boot]


def missing(bench: Bench, boot: int) -> set[int]:
    """The numbers of a boot between its oldest and its newest that the gateway has not."""
    numbers = {one["seq"] for one in everything(bench) if one["boot"] == boot}
    return set(range(min(numbers), max(numbers))) - numbers


def everything(bench: Bench) -> list[dict]:
    """All that the gateway has committed of the tracker."""
    kinds = (layouts.REPORT, layouts.ALARM, layouts.HEALTH, layouts.ANSWER)
    return [one for kind in kinds for one in bench.centre.records(kind)]
