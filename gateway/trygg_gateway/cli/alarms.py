"""Alarms: list them, take one, close one with its cause. The page does the same."""

from __future__ import annotations

from typing import Annotated

import typer

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
from trygg_gateway.views import Views

app = typer.Typer(help="Alarms: list, take, close.", no_args_is_help=True)

Id = Annotated[int, typer.Argument(help="The alarm's number, as listed.")]


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    limit: Annotated[int, typer.Option(help="At most this many, newest first.")] = 50,
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """List the open alarms, newest first. Where somebody is stands only in the JSON.

    Example: `trygg gateway alarms list --json`
    """
    with journal_of(config_file) as journal:
        views = Views(journal, now_ms)
        alarms = views.alarms(open_only=not everything, limit=limit)
        shown = [alarm["id"] for alarm in alarms if alarm["position"] is not None]
        if as_json and shown:
            views.log_read(f"{whoami('')} (command line)", f"position of alarm {shown}")
    if as_json:
        print_json(alarms)
        return
    for alarm in alarms:
        alarm["raised"] = clock(alarm["raised_s"])
    columns = ["id", "name", "what", "state", "raised", "fence_name", "delivered", "taken_by"]
    print_table(alarms, columns, "no alarms")


@app.command()
def take(id_: Id, who: Who = "", config_file: ConfigFile = DEFAULT) -> None:
    """Say that you take care of it; the wearer's tracker is told when it is heard.

    Example: `trygg gateway alarms take 12 --who Ingrid`
    """
    with journal_of(config_file) as journal:
        alarm = Views(journal, now_ms).take(id_, whoami(who))
    typer.echo(f"alarm {id_}: taken by {alarm['taken_by']}")


@app.command()
def close(
    id_: Id,
    cause: Annotated[str, typer.Option(help="What it was, in a few words.")],
    who: Who = "",
    config_file: ConfigFile = DEFAULT,
) -> None:
    """Close an alarm with its cause.

    Example: `trygg gateway alarms close 12 --cause "fetched at the bus stop" --who Ingrid`
    """
    with journal_of(config_file) as journal:
        Views(journal, now_ms).close(id_, whoami(who), cause)
    typer.echo(f"alarm {id_}: closed")
