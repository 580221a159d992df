"""One round: load, kills, a closed sink, a drain, and the verdict on every sink.

A round has a folder of its own and a seed; the seed draws doors, kinds and delays, the machine's
own pace the rest, so no two runs of a seed are the same. What a round finds is one dict of counts,
which add up over rounds, and a list of faults in words.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from trygg_tools.crash.hunt import Hunt
from trygg_tools.crash.nursery import Nursery
from trygg_tools.crash.stage import DOORS, Stage
from trygg_tools.crash.verdict import Seen, Verdict, is_own, judge, overtaken

PACE_S = 0.025  # between two records of one tracker
DRAIN_S = 60.0
BURST, BURST_ALARMS = 30, 2  # of each tracker, before a closed sink
OVERTAKEN_MAX = 0.5
OLD_SHARE, OLD_RECORDS, MIGRATIONS = 0.25, 300, 5  # rounds that begin with an old journal


async def play(nursery: Nursery, seed: int, kills: int, door: str = "") -> dict[str, Any]:
    """Play the round of that seed with so many kills: its counts, and "faults" in words."""
    dice = random.Random(seed)  # noqa: S311 - a seed
    door = door or dice.choice(DOORS)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="trygg-crash-") as folder:
        stage = Stage(Path(folder), nursery, door, dice)
        hunt = Hunt(stage, dice)
        try:
            if dice.random() < OLD_SHARE:
                stage.begin_old(OLD_RECORDS)
                await hunt.migrate(min(MIGRATIONS, kills))
            await stage.start()
            found = await _play(stage, hunt, kills)
        finally:
            code = await stage.stop()
        if code:
            found["faults"].append(f"the gateway ended with {code}: {_last(stage.log)}")
    return {"seed": seed, "door": door, **found, "seconds": round(time.monotonic() - began, 1)}


async def _play(stage: Stage, hunt: Hunt, kills: int) -> dict[str, Any]:
    stage.fleet.pace_s = PACE_S
    while sum(hunt.kills.values()) < kills:
        await hunt.kill()
    stage.fleet.pace_s = 0.0
    waiting = await _close_and_open(stage)
    hunt.kills["behind a closed sink"] = 1
    await _drained(stage)
    return _judged(stage, hunt, waiting)


async def _close_and_open(stage: Stage) -> dict[str, bool]:
    """Records and then alarms gather before a shut webhook; a kill; it opens. What had gathered."""
    await stage.hear()
    await _until(lambda: not stage.fleet.kept, stage)
    stage.served.hook.shut = True
    before = set(stage.fleet.said)
    stage.fleet.burst(BURST, BURST_ALARMS)
    await _until(lambda: not stage.fleet.kept, stage)  # acks wait for no sink
    stage.kill_gateway()
    had = {event["id"] for event in stage.events()["webhook"]}
    stage.served.hook.shut = False
    stage.start_gateway()
    gathered = {key.id: alarm for key, alarm in stage.fleet.said.items() if key not in before}
    return {id_: alarm for id_, alarm in gathered.items() if id_ not in had}


async def _drained(stage: Stage) -> None:
    """Until every record is acknowledged and at every sink. What is not there once nothing new has
    come to any of them for DRAIN_S, however slow the machine is, is lost."""
    await _until(lambda: not stage.fleet.kept, stage)
    wanted = {identity.id for identity in stage.fleet.covered}

    def everywhere() -> bool:
        return all(
            len(events) >= len(wanted) and wanted <= {event["id"] for event in events}
            for events in stage.events().values()
        )

    await _until(everywhere, stage)


async def _until(true: Callable[[], bool], stage: Stage) -> None:
    before, until = -1, 0.0
    while not true():
        now = sum(len(events) for events in stage.events().values()) - stage.fleet.kept
        if now != before:
            before, until = now, time.monotonic() + DRAIN_S
        if time.monotonic() > until:
            return
        stage.demand_alive()
        await asyncio.sleep(0.05)


def _sinks(stage: Stage) -> dict[str, list[Seen]]:
    return {name: list(map(_seen, events)) for name, events in stage.events().items()}


def _seen(event: dict[str, Any]) -> Seen:
    marked = event["data"].get("overtaken") or event["data"].get("replayed")
    return Seen(event["id"], event["lane"], bool(marked))


def _judged(stage: Stage, hunt: Hunt, waiting: dict[str, bool]) -> dict[str, Any]:
    said, covered = stage.fleet.said, stage.fleet.covered
    sinks = _sinks(stage)
    verdicts = {name: judge(covered, said, seen) for name, seen in sinks.items()}
    share = overtaken(sinks["webhook"], waiting)
    faults = [text for name, verdict in verdicts.items() for text in _faults(name, verdict)]
    if share > OVERTAKEN_MAX:
        faults.append(f"alarms waited while {share:.0%} of the reports before them were delivered")
    faults += [f"{copy.name} is not whole: {why}" for copy in hunt.backups if (why := _torn(copy))]
    if stage.other_content():
        faults.append(f"another event under the same id: {_some(stage.other_content())}")
    if stage.fleet.never_sent:
        faults.append(f"acknowledged and never said: {_some(stage.fleet.never_sent)}")
    if stage.fleet.kept:
        faults.append(f"{stage.fleet.kept} records were never acknowledged")
    if faults:
        faults.append(f"its last words: {_last(stage.log)}")
    return {
        "kills": hunt.kills,
        "records": len(said),
        "alarms": sum(said.values()),
        "acknowledged": len(covered),
        "lost": {name: len(verdict.lost) for name, verdict in verdicts.items()},
        "double": {name: len(verdict.double) for name, verdict in verdicts.items()},
        "disordered": {name: len(verdict.disordered) for name, verdict in verdicts.items()},
        "came_again": stage.came_again(),
        "marked_overtaken": sum(one.marked for one in sinks["file"]),
        "backups": sum(copy.exists() for copy in hunt.backups),
        "own_words": sum(is_own(one.id) for one in sinks["file"]),
        "reports_before_last_alarm": round(share, 3),
        "faults": faults,
    }


def _torn(copy: Path) -> str:
    """What is wrong with a backup; a killed one has not taken its name, which is nothing wrong."""
    if not copy.exists():
        return ""
    with closing(sqlite3.connect(copy)) as db:
        try:
            ((sound,),) = db.execute("PRAGMA quick_check(1)").fetchall()
            db.execute("SELECT count(*) FROM records").fetchall()
        except sqlite3.Error as error:
            return str(error)
    return "" if sound == "ok" else str(sound)


def _faults(name: str, verdict: Verdict) -> list[str]:
    return [
        f"{what} at the {name}: {_some(ids)}"
        for what, ids in (
            ("lost", verdict.lost),
            ("double", verdict.double),
            ("invented", verdict.invented),
            ("out of order", verdict.disordered),
            ("said to be overtaken and not", verdict.mislabelled),
        )
        if ids
    ]


def _some(ids: Any) -> str:
    """How many, and the first of them."""
    names = sorted(map(str, ids))
    return f"{len(names)}, such as {', '.join(names[:8])}"


def _last(log: Path) -> str:
    """What the gateway said last, but for where it listens."""
    lines = log.read_text("utf-8", "replace").splitlines()
    return "\n".join([line[:200] for line in lines if not line.startswith("ready:")][-6:])
