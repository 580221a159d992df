"""Orders of the gateway's command line: in effect and answered when signed, else refused."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from hil.bench import Bench
from hil.centre import until
from hil.rig import FENCE
from hil.test_fence import armed
from trygg_wire import layouts

LATEST_S = 90.0
HEARD_S = 600  # of its time, in which it reports several times
OFTEN = ("report_inside_s=60",)
STANDS_M = 120.0
WIDE = {**FENCE, "radius_m": 300}
NARROW = {**FENCE, "number": 2, "name": "Stua", "radius_m": 40}


@pytest.mark.bench(fences=(WIDE,), settings=OFTEN, behind_s=3600)
def test_a_fence_that_is_ordered_is_answered_and_in_effect(bench: Bench) -> None:
    bench.wearer.stands(bench.north(STANDS_M))
    armed(bench)
    assert bench.centre.alarms() == []
    fences = bench.artefacts / "narrow.json"
    fences.write_text(json.dumps([NARROW]), "utf-8")
    bench.centre.told("fence", "set", bench.device, fences)
    with bench.step("order to its effect"):
        bench.expect(rf"order \d+ answered {layouts.APPLIED}, reason 0", LATEST_S)
        bench.expect(r"alarm \d+/\d+: left, fence 2", LATEST_S)
        until(lambda: bench.centre.received("no.trygg.alarm.left"), "the exit it means", LATEST_S)
    with bench.step("its answer, behind the alarm"):
        until(lambda: newest_order(bench)["state"] in ("applied", "armed"), "answered", LATEST_S)
    health = health_now(bench)
    assert health["fence_version"] == 2
    assert health["orders_refused"] == 0


@pytest.mark.bench(settings=OFTEN, behind_s=3600)
def test_a_forged_order_is_refused_said_and_changes_nothing(bench: Bench) -> None:
    armed(bench)
    before = health_now(bench)
    with somebody_elses_key(bench):
        bench.centre.told("order", "settings", bench.device, "fix_ceiling_s=3600")
        bench.hurries(HEARD_S)
        with bench.step("forged order to its refusal"):
            bench.expect(
                rf"order \d+ answered {layouts.REFUSED}, reason {layouts.BAD_SIGNATURE}", LATEST_S
            )
            until(lambda: newest_order(bench)["reason"], "the operator is told why", LATEST_S)
    assert newest_order(bench)["reason"] == "bad_signature"
    with bench.step("rightful order to its effect"):
        after = health_now(bench)
    assert after["settings_version"] == before["settings_version"]
    assert after["orders_refused"] == before["orders_refused"] + 1


@pytest.mark.bench(settings=OFTEN, behind_s=3600)
def test_a_restart_that_is_ordered_happens_once(bench: Bench) -> None:
    armed(bench)
    bench.centre.told("order", "send", bench.device, "restart")
    with bench.step("order to the restart"):
        bench.expect("restart, as ordered", LATEST_S)
        bench.expect(r"boot \d+, cause 2, wake 0", LATEST_S)
        until(lambda: newest_order(bench)["state"] == "applied", "answered", LATEST_S)
    health_now(bench)
    assert bench.console().count("restart, as ordered") == 1


def newest_order(bench: Bench) -> dict[str, Any]:
    """As `trygg gateway order list` has it."""
    rows: list[dict[str, Any]] = bench.centre.said("order", "list")
    return max(rows, key=lambda row: row["id"])


def health_now(bench: Bench, seconds: float = LATEST_S) -> dict[str, Any]:
    """The tracker's health, asked for, within `seconds`."""
    before = len(bench.centre.records(layouts.HEALTH))
    bench.centre.told("order", "send", bench.device, "report-now")
    bench.hurries(HEARD_S)
    until(lambda: len(bench.centre.records(layouts.HEALTH)) > before, "its health", seconds)
    return bench.centre.records(layouts.HEALTH)[-1]


@contextmanager
def somebody_elses_key(bench: Bench) -> Iterator[None]:
    """What is ordered meanwhile is signed by who does not have the tracker's key."""
    file = bench.centre.folder / "data" / "journal.sqlite"
    device = bench.device
    with closing(sqlite3.connect(file, timeout=10)) as db:
        (key,) = db.execute("SELECT order_key FROM trackers WHERE device = ?", (device,)).fetchone()
        put = "UPDATE trackers SET order_key = ? WHERE device = ?"
        with db:
            db.execute(put, (bytes(len(key)), device))
        try:
            yield
        finally:
            with db:
                db.execute(put, (key, device))
