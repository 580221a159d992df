"""Whether everything a tracker said is here: proven, or named. Without a single coordinate."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from trygg_gateway.audit import Window
from trygg_gateway.audit import audit as audited
from trygg_gateway.cli.moments import moment_ms
from trygg_gateway.cli.opened import (
    DEFAULT,
    AsJson,
    ConfigFile,
    clock,
    journal_of,
    loaded,
    now_ms,
    print_json,
    print_table,
)
from trygg_gateway.config import Config
from trygg_gateway.journal import Journal
from trygg_gateway.outlets import lanes_of
from trygg_gateway.values import Refused

_WHY = {
    "open": "waited for; the tracker is asked with every ack",
    "not_held": "the tracker says it has it no more",
    "age": "given up: nobody waits for it",
    "journal": "the journal had it, and was damaged or restored",
    "unknown": "found now; the gap book has not judged it yet",
}


def audit(
    device: Annotated[list[str] | None, typer.Option(help="The tracker; may be repeated.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Every tracker.")] = False,
    from_: Annotated[
        str, typer.Option("--from", help="2026-11-22T06:00, or 24h for as long ago.")
    ] = "24h",
    to: Annotated[str, typer.Option(help="The same.")] = "now",
    sinks: Annotated[
        bool, typer.Option("--sinks", help="It counts, too, that every sink has all of it.")
    ] = False,
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Prove that every record of a tracker in a window of time is here, or name what is missing.

    Each record has a number, so what is missing has one: shown by start (boot) and range, with
    what is known of it. For every sink: how much of it has gone there, and how much is owed. Exit
    code 0 if all is here, 1 if something is missing or the tracker was silent beyond its promise,
    so that nobody knows (with --sinks also if something is owed).

    Example: `trygg gateway audit --device astrid --from 2026-11-21T18:00 --to 2026-11-22T07:00`
    """
    config = loaded(config_file)
    with journal_of(config_file) as journal:
        at_ms = now_ms()
        window = moment_ms(from_, at_ms) // 1000, moment_ms(to, at_ms) // 1000
        if window[0] >= window[1]:
            raise Refused(f"--from {from_} is not before --to {to}.")
        devices = _devices(journal, device or [], everyone)
        if everyone and not devices:
            raise Refused("No tracker is registered and none was ever heard: nothing to prove.")
        found = [_one(journal, config, Window(name, *window)) for name in devices]
    if as_json:
        print_json(found if everyone or len(found) != 1 else found[0])
    else:
        for one in found:
            _print(one)
    owed = sinks and any(lane["owed"] for one in found for lane in one["sinks"])
    if owed or not all(one["complete"] for one in found):
        raise typer.Exit(1)


def _one(journal: Journal, config: Config, window: Window) -> dict[str, Any]:
    lanes = {name: lanes_of(section) for name, section in config.sinks.items()}
    return journal.read(lambda db: audited(db, window, lanes))


def _devices(journal: Journal, named: list[str], everyone: bool) -> list[str]:
    rows = journal.query(
        "SELECT device FROM trackers UNION SELECT device FROM devices ORDER BY device"
    )
    known = [name for (name,) in rows if not name.startswith("_")]
    for name in named:
        if name not in known:
            raise Refused(f"{name} is not registered, and nothing of it is held.")
    if everyone == bool(named):
        raise Refused("Name a tracker with --device, or say --all.")
    return named or known


def _print(one: dict[str, Any]) -> None:
    when = f"{clock(one['from_s'])} to {clock(one['to_s'])}"
    held = f"{one['records']} records in {len(one['boots'])} boots"
    typer.echo(f"{one['device']}, {when}: {_verdict(one)}; {held}")
    _print_gaps(one)
    _print_limits(one)
    for lane in one["sinks"]:
        lane["owed since"] = clock((lane["owed_since_ms"] or 0) / 1000)
    if one["sinks"]:
        columns = ["sink", "lane", "records", "passed", "skipped", "owed", "owed since",
                   "ever_refused"]  # fmt: skip
        print_table(one["sinks"], columns, "")


def _verdict(one: dict[str, Any]) -> str:
    if one["complete"]:
        return "COMPLETE"
    if one["missing"]:
        return f"NOT COMPLETE, {one['missing']} missing"
    return f"NOT PROVEN: not heard for the last {one['unproven_s'] // 60} minutes of it"


def _print_gaps(one: dict[str, Any]) -> None:
    rows = [
        {
            "boot": gap["boot"],
            "missing": f"{gap['first']}-{gap['last']}",
            "since": clock((gap["since_ms"] or 0) / 1000),
            "why": _WHY.get(gap["why"], gap["why"]),
        }
        for gap in one["gaps"]
    ]
    if rows:
        print_table(rows, ["boot", "missing", "since", "why"], "")


def _print_limits(one: dict[str, Any]) -> None:
    """What the proof does not cover."""
    deleted = sum(boot["deleted"] for boot in one["boots"])
    if deleted:
        typer.echo(f"  {deleted} more were here and have been deleted, by age or on request")
    if one["boots_without"]:
        named = ", ".join(map(str, one["boots_without"]))
        typer.echo(f"  no record of boot {named}: a start cut off before its first record has none")
    if one["kept_apart"]:
        typer.echo(f"  {one['kept_apart']} records have numbers of others, and are kept apart")
    if one["heard_upto_s"] and one["heard_upto_s"] < one["to_s"]:
        typer.echo(f"  it was last heard at {clock(one['heard_upto_s'])}: proven up to there")
