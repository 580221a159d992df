"""`trygg board wiring`: how a board and its bench are wired, as text and as a drawing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trygg_tools.board.drawing import CannotDraw, write
from trygg_tools.board.harness import Harness
from trygg_tools.board.hil_bench import bench_of
from trygg_tools.board.wiring import NothingWired, harness_of
from trygg_tools.boards import BoardError, board_names, read_board, which_file

BENCHES = ("esp32-modem-bench", "esp32-bench")  # whose HIL bench is kept beside the boards


def command(
    board: Annotated[
        str | None,
        typer.Argument(help="A board's name, or the path of a .toml file; none: every board."),
    ] = None,
    bench: Annotated[
        bool, typer.Option("--bench", help="The HIL bench with this board instead of the board.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option("--write", help="Write NAME.yml and draw NAME.svg there.")
    ] = None,
) -> None:
    """How to wire a board: text for WireViz, and with --write its drawing.

    Everything comes from the board's own file, so the drawing is what the firmware drives. WireViz
    draws (`pip install wireviz`, Debian's graphviz).

    `trygg board wiring my-board.toml --write drawings`

    `trygg board wiring --write hardware/wiring` : every board of ours, and the benches, again
    """
    try:
        harnesses = all_harnesses() if board is None else _one(board, bench)
        if folder is None:
            typer.echo("\n".join(harness.text() for harness in harnesses.values()))
            return
        for path in write(folder, harnesses):
            typer.echo(str(path))
    except (BoardError, NothingWired, CannotDraw) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        subject = error.filename or folder
        typer.echo(f"error: {subject}: cannot be written: {error.strerror}", err=True)
        raise typer.Exit(1) from None


def all_harnesses() -> dict[str, Harness]:
    """Of every board that is wired, and the benches."""
    found: dict[str, Harness] = {}
    for name in board_names():
        if read_board(which_file(name)).wiring is not None:
            found |= _one(name, False)
    for name in BENCHES:
        found |= _one(name, True)
    return found


def _one(which: str, bench: bool) -> dict[str, Harness]:
    path = which_file(which)
    name, board = path.stem, read_board(path)
    if bench:
        return {f"hil-{name}": bench_of(name, board)}
    return {name: harness_of(name, board)}
