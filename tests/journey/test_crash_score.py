"""The crash score, short: `make crash` kills a thousand times, this a dozen behind each door.

Light trackers (trygg_tools.crash) load a gateway with some 300 records a second through its own
door, half of them relying on its PUBACKs, or through a Mosquitto; gateway and broker are killed
in commits, deliveries and starts. What trackers were told to forget must be at three sinks, once,
in the order that is stated, the alarms first. Then the power of what was recorded is cut at every
sync: the journal, the file sink and a whole gateway, opened by the real code.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from trygg_tools.crash.beside import __main__ as beside
from trygg_tools.crash.nursery import Nursery
from trygg_tools.crash.power import cuts
from trygg_tools.crash.rounds import play

KILLS = 12


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as made:
        yield made


@pytest.mark.timeout(280)  # for a machine that has much else to do
@pytest.mark.parametrize(("door", "seed"), [("listener", 1902), ("broker", 1905)])
def test_what_was_acknowledged_is_at_three_sinks_once_whoever_is_killed(
    nursery: Nursery, door: str, seed: int
) -> None:
    found = asyncio.run(play(nursery, seed, KILLS, door))
    assert found["faults"] == []
    assert sum(found["kills"].values()) > KILLS
    assert found["acknowledged"] == found["records"] > 300
    assert found["alarms"] > 20


def test_beside_others_ours_loses_nothing_of_a_backlog_that_is_killed(nursery: Nursery) -> None:
    found = asyncio.run(beside.compare("trygg", beside.BACKLOG, 2, 1, nursery, ""))
    assert (found["kills"], found["lost"]) == (2, 0)
    assert found["acknowledged"] > 100


@pytest.mark.parametrize(("play", "seed"), [("journal", 5), ("file", 9)])
def test_a_power_cut_at_any_sync_takes_nothing_that_was_promised(
    tmp_path: Path, play: str, seed: int
) -> None:
    found = cuts.judge(cuts.record(play, seed, tmp_path), between=6, most=8)
    assert found["broken"] == []
    assert found["syncs"] > 10


def test_a_power_cut_under_a_whole_gateway_takes_nothing_it_had_acknowledged(
    tmp_path: Path,
) -> None:
    found = cuts.judge_gateway(7, 15, tmp_path)
    assert found["broken"] == []
    assert found["acknowledged"] > 100
