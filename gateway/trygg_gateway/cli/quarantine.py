"""What the gateway set aside because it could not be read, or because a sink will not take it."""

from __future__ import annotations

from typing import Annotated

import typer

from trygg_gateway.cli.opened import (
    DEFAULT,
    AsJson,
    ConfigFile,
    clock,
    journal_of,
    now_ms,
    print_json,
    print_table,
)
from trygg_gateway.quarantine import ROWS_MAX
from trygg_gateway.values import Refused
from trygg_gateway.views import Views

app = typer.Typer(help="What was set aside: list, show.", no_args_is_help=True)


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(help="At most this many, newest first.")] = 50,
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """List what was set aside and why.

    Example: `trygg gateway quarantine list --limit 10`
    """
    with journal_of(config_file) as journal:
        rows = Views(journal, now_ms).quarantine(limit)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        row["received"] = clock(row["received_ms"] / 1000)
    print_table(rows, ["id", "received", "topic", "size", "reason"], "nothing was set aside")


@app.command()
def show(
    id_: Annotated[int, typer.Argument(help="Its number, as listed.")],
    config_file: ConfigFile = DEFAULT,
) -> None:
    """Show one whole, its bytes as hex. `trygg wire` can say what they would mean.

    Example: `trygg gateway quarantine show 3`
    """
    with journal_of(config_file) as journal:
        rows = [row for row in Views(journal, now_ms).quarantine(ROWS_MAX) if row["id"] == id_]
        if not rows:
            raise Refused(f"Nothing with number {id_} is set aside.")
    print_json(rows[0])
