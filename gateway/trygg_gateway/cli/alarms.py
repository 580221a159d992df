"""Alarms: list and show them, and every step that a person takes. The page does the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from trygg_gateway.cli.opened import (
    DEFAULT,
    AsJson,
    ConfigFile,
    Who,
    clock,
    journal_of,
    loaded,
    now_ms,
    print_json,
    print_table,
    whoami,
)
from trygg_gateway.escalation import roster
from trygg_gateway.policies import policy_of
from trygg_gateway.views import Views

app = typer.Typer(
    help="Alarms: list, show, take, on-the-way, at-the-person, pass-on, close, reopen, on-call.",
    no_args_is_help=True,
)

Id = Annotated[int, typer.Argument(help="The alarm's number, as listed.")]
Cause = Annotated[str, typer.Option(help="What it was, or why, in a few words.")]


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    limit: Annotated[int, typer.Option(help="At most this many.")] = 50,
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """List the open alarms, those that nobody has taken first, then warnings and tests.

    Where somebody is stands only in the JSON.

    Example: `trygg gateway alarms list --json`
    """
    policy = policy_of(loaded(config_file))
    with journal_of(config_file) as journal:
        views = Views(journal, now_ms, policy=policy)
        alarms = views.alarms(open_only=not everything, limit=limit)
        shown = [alarm["id"] for alarm in alarms if alarm["position"] is not None]
        if as_json and shown:
            views.log_read(f"{whoami('')} (command line)", f"position of alarm {shown}")
    if as_json:
        print_json(alarms)
        return
    for alarm in alarms:
        alarm["raised"] = clock(alarm["raised_s"])
        alarm["called"] = list(dict.fromkeys(one["who"] for one in alarm["called"]))
        if alarm["test"]:  # it is of no fence, whichever the wearer is by
            alarm |= {"form": "test", "fence_name": None}
    columns = ["id", "name", "form", "what", "state", "raised", "fence_name", "delivered", "called",
               "taken_by"]  # fmt: skip
    print_table(alarms, columns, "no alarms")


@app.command()
def show(id_: Id, config_file: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Show one alarm: what is known, what to do, who is called next, and its whole timeline.

    Where somebody is stands only in the JSON.

    Example: `trygg gateway alarms show 12`
    """
    policy = policy_of(loaded(config_file))
    with journal_of(config_file) as journal:
        views = Views(journal, now_ms, policy=policy)
        alarm = views.alarm(id_)
        if as_json and alarm["position"] is not None:
            views.log_read(f"{whoami('')} (command line)", f"position of alarm {id_}")
    if as_json:
        print_json(alarm)
        return
    test = "test " if alarm["test"] else ""
    about = f"{test}alarm {id_}: {alarm['name']}, {alarm['what']}, {alarm['state']}"
    typer.echo(", ".join([about, *filter(None, [alarm["text"], alarm["todo"]])]))
    if alarm["next_call"]:
        at = clock(alarm["next_call"]["at_ms"] / 1000)
        typer.echo(f"next call: {alarm['next_call']['who']} at {at}")
    for line in alarm["timeline"]:
        line["at"] = clock(line["at_ms"] / 1000)
    print_table(alarm["timeline"], ["at", "event", "who", "text"], "no timeline")


@app.command()
def take(id_: Id, who: Who = "", config_file: ConfigFile = DEFAULT) -> None:
    """Say that you take care of it; the wearer's tracker is told when it is heard.

    Example: `trygg gateway alarms take 12 --who Ingrid`
    """
    alarm = _step(config_file, lambda views: views.take(id_, whoami(who)))
    typer.echo(f"alarm {id_}: taken by {alarm['taken_by']}")


@app.command("on-the-way")
def on_the_way(id_: Id, who: Who = "", config_file: ConfigFile = DEFAULT) -> None:
    """Say that you are on the way; with that you have taken it.

    Example: `trygg gateway alarms on-the-way 12 --who Ingrid`
    """
    _step(config_file, lambda views: views.on_the_way(id_, whoami(who)))
    typer.echo(f"alarm {id_}: {whoami(who)} is on the way")


@app.command("at-the-person")
def at_the_person(id_: Id, who: Who = "", config_file: ConfigFile = DEFAULT) -> None:
    """Say that you are with the wearer.

    Example: `trygg gateway alarms at-the-person 12 --who Ingrid`
    """
    _step(config_file, lambda views: views.at_the_person(id_, whoami(who)))
    typer.echo(f"alarm {id_}: {whoami(who)} is at the person")


@app.command("pass-on")
def pass_on(id_: Id, who: Who = "", config_file: ConfigFile = DEFAULT) -> None:
    """Give it to the next person on call, who is called at once by the running gateway.

    Example: `trygg gateway alarms pass-on 12 --who Ingrid`
    """
    _step(config_file, lambda views: views.pass_on(id_, whoami(who)))
    typer.echo(f"alarm {id_}: passed on by {whoami(who)}")


@app.command()
def close(id_: Id, cause: Cause, who: Who = "", config_file: ConfigFile = DEFAULT) -> None:
    """Close an alarm with its cause.

    Example: `trygg gateway alarms close 12 --cause "fetched at the bus stop" --who Ingrid`
    """
    _step(config_file, lambda views: views.close(id_, whoami(who), cause))
    typer.echo(f"alarm {id_}: closed")


@app.command()
def reopen(id_: Id, cause: Cause, who: Who = "", config_file: ConfigFile = DEFAULT) -> None:
    """Open a closed alarm again, with the reason; people are called anew.

    Example: `trygg gateway alarms reopen 12 --cause "it was not she" --who Ingrid`
    """
    _step(config_file, lambda views: views.reopen(id_, whoami(who), cause))
    typer.echo(f"alarm {id_}: open again, nobody has it")


@app.command("on-call")
def on_call(
    group: Annotated[str, typer.Argument(help="The trackers' group.")] = "",
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Say who is on call now for a group of trackers, in the order in which they are called.

    Example: `trygg gateway alarms on-call solbakken`
    """
    people = roster(policy_of(loaded(config_file)), group, now_ms())
    rows = [{"name": one.name, "sinks": list(one.sinks)} for one in people]
    if as_json:
        print_json(rows)
    else:
        print_table(rows, ["name", "sinks"], "nobody is on call: see [on_call] of the settings")


def _step(config_file: Path, act: Callable[[Views], dict[str, Any]]) -> dict[str, Any]:
    with journal_of(config_file) as journal:
        return act(Views(journal, now_ms))
