"""`trygg board`: the boards there are, one of them whole, and whether a wiring can work."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from trygg_tools.board import power_command, wiring_command
from trygg_tools.boards import (
    Board,
    BoardError,
    activities_of,
    board_names,
    parse_board,
    which_file,
    wiring_findings,
)

app = typer.Typer(
    help="The boards of `hardware/boards`: pins, parts and currents, checked before soldering.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Which = Annotated[str, typer.Argument(help="A board's name, or the path of a .toml file.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON value, for machines.")]

app.command("wiring")(wiring_command.command)
app.command("power")(power_command.command)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """The boards there are, a line each."""
    boards = {name: _read(name) for name in board_names()}
    rows = [
        {
            "board": name,
            "name": board.name,
            "module": board.module,
            "link": _link_of(board),
            "receiver": board.wiring.gnss.receiver if board.wiring else "",
            "wired": board.wiring is not None,
        }
        for name, board in boards.items()
    ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        wired = row["receiver"] if row["wired"] else "no wiring: figures only"
        typer.echo(f"{row['board']:24} {row['module']:16} {row['link']:14} {wired}")


@app.command()
def show(board: Which, as_json: AsJson = False) -> None:
    """One board: every pin with its use, every current with its source."""
    found = _read(board)
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json")))
        return
    typer.echo(f"{found.name}: {found.module}, {_link_of(found)}\n{found.note}\n")
    for use in found.uses():
        wakes = ", wakes the chip" if use.wakes else ""
        typer.echo(
            f"  GPIO{use.pin:<3} {use.setting.removeprefix('wiring.')}: {use.way.value}{wakes}"
        )
    typer.echo(f"\n  battery {found.energy.battery_mah} mAh, {found.energy.chemistry}")
    for activity in activities_of(found.energy):
        figure = getattr(found.energy, activity)
        typer.echo(f"  {activity:9} {figure.ua:7} µA  {figure.kind}: {figure.source}")


@app.command()
def check(
    boards: Annotated[
        list[str] | None, typer.Argument(help="Names or paths of .toml files; none: every board.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Whether a wiring can work on its ESP32; exit 1 if one cannot.

    Finds a pin used twice, one that is not there or belongs to flash, PSRAM, USB or the console, an
    input-only pin that is driven, a strapping pin that would end a start, a pin that cannot measure
    or cannot wake, a UART that is missing or used twice.

    `trygg board check my-board.toml`
    """
    said = [_checked(name) for name in boards or board_names()]
    if as_json:
        typer.echo(json.dumps(said))
    else:
        for one in said:
            _print_checked(one)
    if any(one["errors"] for one in said):
        raise typer.Exit(1)


def _checked(which: str) -> dict[str, Any]:
    try:
        found = wiring_findings(parse_board(which_file(which)))
    except BoardError as error:
        return {"board": which, "errors": [str(error).removeprefix(f"{which}: ")], "warnings": []}
    errors = [str(one) for one in found if one.level == "error"]
    warnings = [str(one) for one in found if one.level == "warning"]
    return {"board": which, "errors": errors, "warnings": warnings}


def _print_checked(said: dict[str, Any]) -> None:
    for level in ("errors", "warnings"):
        for text in said[level]:
            typer.echo(f"{said['board']}: {level[:-1]}: {text}")
    if not said["errors"]:
        care = f", {len(said['warnings'])} to take care of" if said["warnings"] else ""
        typer.echo(f"{said['board']}: can be wired so{care}")


def _read(which: str) -> Board:
    try:
        return parse_board(which_file(which))
    except BoardError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None


def _link_of(board: Board) -> str:
    modem = board.wiring.modem if board.wiring else None
    return f"{board.link} {modem.dialect}" if modem else board.link
