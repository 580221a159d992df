"""`trygg board power`: what a board takes in a day of stated use, and how long it lasts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from trygg_tools.boards import Board, BoardError, board_names, read_board, which_file


def command(
    board: Annotated[
        str | None,
        typer.Argument(help="A board's name, or the path of a .toml file; none: every board."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, a line a board.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Draw it there (PNG).")] = None,
    folder: Annotated[
        Path | None, typer.Option("--write", help="Write budget.md and budget.png there.")
    ] = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="First live through the days of use again: minutes.")
    ] = False,
) -> None:
    """The charge of a day by activity, at home and with an outing, and the battery's days.

    The currents are the board's file's, each with its source; the seconds are those of simulated
    wearers (docs/simulation.md). Edit a current in your file and see what it is worth.

    `trygg board power my-board.toml --picture my-board.png`

    `trygg board power --write hardware/power` : the page of every board of ours, again
    """
    from trygg_tools.board import budget, budget_picture, budget_words, use
    from trygg_tools.simulate.plots import NoMatplotlib

    try:
        if simulate:
            use.FILE.write_text(json.dumps(use.simulated(), indent=1) + "\n", "utf-8")
        boards = _read(board)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "budget.md").write_text(budget_words.page(boards), "utf-8")
            budget_picture.draw(boards, folder / "budget.png")
        if picture is not None:
            budget_picture.draw(boards, picture)
    except (BoardError, NoMatplotlib) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        subject = error.filename or picture or folder
        typer.echo(f"error: {subject}: cannot be written: {error.strerror}", err=True)
        raise typer.Exit(1) from None
    for name, one in boards.items():
        lines = budget_words.as_lines(name, one)
        typer.echo(json.dumps(budget.as_json(name, one)) if as_json else "\n".join([*lines, ""]))


def _read(which: str | None) -> dict[str, Board]:
    """By name: one, or all of ours."""
    paths = [which_file(name) for name in ([which] if which else board_names())]
    return {path.stem: read_board(path) for path in paths}
