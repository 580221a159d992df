"""One order for many trackers, in waves. The running gateway moves it on; these begin and steer."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from trygg_gateway import rollout_book
from trygg_gateway.cli.fence import read_json
from trygg_gateway.cli.opened import (
    DEFAULT,
    AsJson,
    ConfigFile,
    Who,
    clock,
    journal_of,
    now_ms,
    print_json,
    print_table,
    whoami,
)
from trygg_gateway.cli.order import COMMANDS, Command, settings_of
from trygg_gateway.fence_shapes import fences_body
from trygg_gateway.geojson import fences_of, time_zone_of
from trygg_gateway.local_time import local_time
from trygg_gateway.orders import command_body
from trygg_gateway.rollouts import Plan, waves_of
from trygg_gateway.values import Refused
from trygg_wire import layouts

app = typer.Typer(
    help="One order for many trackers, in waves: start, list, show, pause, resume, stop.",
    no_args_is_help=True,
)

SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"(\d{1,6})(s|min|h|d|w)")
WAVE_COLUMNS = ["wave", "trackers", "waiting", "owed", "applied", "refused", "expired", "silent",
                "out"]  # fmt: skip


class What(StrEnum):
    """What is ordered."""

    SETTINGS = "settings"
    FENCES = "fences"
    COMMAND = "command"
    KEY = "key"


Id = Annotated[int, typer.Argument(help="The roll-out's number, as listed.")]


@app.command()
def start(
    what: Annotated[What, typer.Argument(help="What is ordered of each tracker.")],
    values: Annotated[
        list[str] | None,
        typer.Argument(help="settings: NAME=VALUE ...; fences: a file; command: its name."),
    ] = None,
    tracker: Annotated[list[str] | None, typer.Option(help="One tracker; may be repeated.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="A whole group; may be repeated.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Every tracker there is.")] = False,
    waves: Annotated[str, typer.Option(help="Sizes: trackers, percent, rest.")] = "1,10%,rest",
    share: Annotated[int, typer.Option(help="Percent of a wave that must have applied it.")] = 100,
    after: Annotated[str, typer.Option(help="Least time from one wave to the next.")] = "0s",
    silence: Annotated[str, typer.Option(help="Unanswered for longer is failed.")] = "24h",
    failures: Annotated[int, typer.Option(help="More failed trackers than this halt it.")] = 0,
    expires: Annotated[str, typer.Option(help="How long each order is owed; 0s: for ever.")] = "0s",
    title: Annotated[str, typer.Option(help="What it is for.", show_default="what")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say the waves; order nothing.")
    ] = False,
    who: Who = "",
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Order something of many trackers, few first. It stops by itself when too many fail.

    The next wave begins when every tracker of the one before has applied its order, or `--share`
    percent of them have, and `--after` has passed. Failed is who refuses, whose order expires, and
    who has not answered for `--silence`. Who was heard last goes first.

    Example: `trygg gateway rollout start settings report_live_s=120 --group nord --dry-run`
    """
    with journal_of(config_file) as journal:
        kind, content = _content(what, values or [])
        plan = Plan(share, seconds(after), seconds(silence), failures, seconds(expires)).checked()
        groups = [*(group or []), *([""] if everyone else [])]
        devices = journal.read(lambda db: rollout_book.chosen(db, groups, tracker or []))
        parts = waves_of(waves, devices)
        name = title or " ".join([what, *(values or [])])[:100]
        at_ms, by = now_ms(), whoami(who)
        rollout_id = 0
        if not dry_run:
            rollout_id = journal.write(
                lambda db: rollout_book.start(db, name, kind, content, plan, parts, by, at_ms)
            ).result()
    if as_json:
        print_json({"rollout": rollout_id or None, "title": name, "waves": parts})
    else:
        _tell_begun(rollout_id, parts)


def _tell_begun(rollout_id: int, waves: list[list[str]]) -> None:
    """Who is when; `rollout_id` 0: it was only tried."""
    rows = [{"wave": n, "count": len(one), "trackers": one} for n, one in enumerate(waves, 1)]
    print_table(rows, ["wave", "count", "trackers"], "nobody")
    if rollout_id:
        typer.echo(f"roll-out {rollout_id} begins: trygg gateway rollout show {rollout_id}")
    else:
        typer.echo("dry run: nothing was ordered")


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(help="At most this many, newest first.")] = 20,
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """List the roll-outs and how far each has come.

    Example: `trygg gateway rollout list --json`
    """
    with journal_of(config_file) as journal:
        listed = journal.read(lambda db: rollout_book.newest(db, limit, now_ms()))
    if as_json:
        print_json(listed)
        return
    for row in listed:
        row["started"] = clock(row["started_ms"] / 1000)
        row["applied"] = _of(row["waves"], "applied")
        row["failed"] = sum(w["refused"] + w["expired"] + w["silent"] for w in row["waves"])
    columns = ["id", "title", "kind", "state", "applied", "failed", "started", "started_by", "why"]
    print_table(listed, columns, "no roll-outs")


@app.command()
def show(id_: Id, config_file: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Show one roll-out: its state and why, each wave, and each tracker that is not done.

    Example: `trygg gateway rollout show 3`
    """
    with journal_of(config_file) as journal:
        one = journal.read(lambda db: rollout_book.shown(db, id_, now_ms()))
    if as_json:
        print_json(one)
        return
    typer.echo(f"roll-out {id_}: {one['title']}, {one['state']}" + _because(one["why"]))
    print_table(one["waves"], WAVE_COLUMNS, "no waves")
    rows = [row for row in one["trackers"] if row["stands"] not in ("applied", "armed", "waiting")]
    for row in rows:
        row["since"] = clock((row["queued_ms"] or 0) / 1000)
    if rows:
        print_table(rows, ["device", "wave", "stands", "reason", "order", "since"], "")


@app.command()
def pause(id_: Id, who: Who = "", config_file: ConfigFile = DEFAULT) -> None:
    """Begin no further wave until it is resumed. What is owed stays owed.

    Example: `trygg gateway rollout pause 3`
    """
    with journal_of(config_file) as journal:
        journal.write(lambda db: rollout_book.pause(db, id_, whoami(who), now_ms())).result()
    typer.echo(f"roll-out {id_}: paused")


@app.command()
def resume(
    id_: Id,
    failures: Annotated[
        int | None, typer.Option(help="Failed trackers allowed from now on.", show_default="as is")
    ] = None,
    who: Who = "",
    config_file: ConfigFile = DEFAULT,
) -> None:
    """Go on with one that is paused or has halted; what was withdrawn is owed anew.

    Example: `trygg gateway rollout resume 3 --failures 5`
    """
    with journal_of(config_file) as journal:
        journal.write(
            lambda db: rollout_book.resume(db, id_, whoami(who), now_ms(), failures)
        ).result()
    typer.echo(f"roll-out {id_}: goes on")


@app.command()
def stop(id_: Id, who: Who = "", config_file: ConfigFile = DEFAULT) -> None:
    """End it for good. What is owed is withdrawn; what was applied stays.

    Example: `trygg gateway rollout stop 3`
    """
    with journal_of(config_file) as journal:
        count = journal.write(lambda db: rollout_book.stop(db, id_, whoami(who), now_ms())).result()
    typer.echo(f"roll-out {id_}: stopped, {count} orders withdrawn")


def seconds(text: str) -> int:
    """A length of time as in 90s, 30min, 24h, 2d. Raises Refused."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise Refused(f"{text!r} is no length of time: wanted as in 90s, 30min, 24h, 2d.")
    return int(found[1]) * SECONDS[found[2]]


def _content(what: What, values: list[str]) -> tuple[int, dict[str, Any]]:
    """The order's kind, and what it holds, looked at before anybody is ordered anything."""
    if what == What.KEY and not values:
        return layouts.KEY, {}
    if what == What.SETTINGS and values:
        return layouts.SETTINGS, {"body": settings_of(values).hex()}
    if what == What.COMMAND and len(values) == 1 and values[0] in set(Command):
        return layouts.COMMAND, {"body": command_body(COMMANDS[Command(values[0])]).hex()}
    if what == What.FENCES and len(values) == 1:
        return layouts.FENCES, _fences(Path(values[0]))
    wanted = {
        What.KEY: "nothing",
        What.SETTINGS: "NAME=VALUE, one or more, as `trygg gateway order rows` lists them",
        What.COMMAND: f"one of {', '.join(Command)}",
        What.FENCES: "a file, as `trygg gateway fence example` prints one",
    }[what]
    raise Refused(f"{what}: wanted {wanted}; got {' '.join(values) or 'nothing'}.")


def _fences(file: Path) -> dict[str, Any]:
    said = read_json(file)
    fences, zone = fences_of(said, str(file)), time_zone_of(said)
    if not fences:
        raise Refused(f"There is no fence in {file}; none for many trackers is not rolled out.")
    fences_body(fences, local_time(zone, now_ms() // 1000) if zone else None)
    return {"fences": fences, "time_zone": zone}


def _of(waves: list[dict[str, Any]], state: str) -> str:
    return f"{sum(one[state] for one in waves)} of {sum(one['trackers'] for one in waves)}"


def _because(why: str) -> str:
    return f": {why}" if why else ""
