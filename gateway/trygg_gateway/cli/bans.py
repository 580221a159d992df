"""Who our own front door does not listen to, after too many wrong passwords."""

from __future__ import annotations

from typing import Annotated

import typer

from trygg_gateway import listener_book
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

app = typer.Typer(help="Who is not listened to: list, lift.", no_args_is_help=True)


@app.command("list")
def list_(config_file: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """List devices and addresses whose logins are refused for a while, as of two seconds ago.

    A device without an address: from wherever wrong passwords came of late. A tracker gets in where
    it was before, from an address nobody guesses from, and by its certificate.

    Example: `trygg gateway bans list`
    """
    with journal_of(config_file) as journal:
        rows = listener_book.listed(journal, now_ms())
    if as_json:
        print_json(rows)
        return
    for row in rows:
        row["until"] = clock(row["until_ms"] / 1000)
    print_table(rows, ["device", "address", "wrong", "until"], "nobody is banned")


@app.command()
def lift(
    whom: Annotated[str, typer.Argument(help="The device or the address, as listed.")],
    config_file: ConfigFile = DEFAULT,
) -> None:
    """Listen to a device or an address again; the running gateway does within two seconds.

    Example: `trygg gateway bans lift astrid`
    """
    with journal_of(config_file) as journal:
        count = listener_book.lift(journal, whom)
    typer.echo(f"{whom}: {count} lifted")
