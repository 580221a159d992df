"""`trygg flash`: MicroPython and the firmware onto one board, or onto a row of them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from trygg_tools.boards import BoardError, board_file, read_board
from trygg_tools.csv_rows import CsvError, read_rows
from trygg_tools.firmware_image import FirmwareError, firmware_folder
from trygg_tools.flash.errors import FlashError
from trygg_tools.flash.serial_ports import serial_ports
from trygg_tools.flash.session import Builder, Wish, flash

AT_ONCE = 8  # boards


def command(
    port: Annotated[str, typer.Argument(help="/dev/ttyUSB0, COM3, or a virtual board's.")] = "",
    board: Annotated[str, typer.Option(help="Its name in `trygg board list`.")] = "",
    micropython: Annotated[
        str,
        typer.Option(
            help="First write this MicroPython: an image's path, or a version in mpflash's cache."
        ),
    ] = "",
    sha256: Annotated[str, typer.Option(help="Of that image, as the download page has it.")] = "",
    many: Annotated[
        Path | None, typer.Option("--csv", help="Boards, a line each: port,board,micropython.")
    ] = None,
    firmware: Annotated[Path | None, typer.Option(help="Another firmware's folder.")] = None,
    arch: Annotated[
        str, typer.Option(help="Of native code; x64 for a virtual board.", hidden=True)
    ] = "",
    list_: Annotated[bool, typer.Option("--list", help="The ports that are there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value, for machines.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Put the firmware on a board: only what changed, compared by hash, whole or not at all.

    A cable that is pulled at any moment leaves the old firmware or the new one; the same command
    again completes it. A blank chip needs --micropython once.

    `trygg flash --list`

    `trygg flash /dev/ttyUSB0 --board lilygo-t-sim7000g --micropython ESP32_GENERIC-v1.29.0.bin`

    `trygg flash /dev/ttyUSB0 --board lilygo-t-sim7000g`

    `trygg flash --csv bench.csv --json`
    """
    if list_:
        _list(as_json)
        return
    try:
        wishes = _wishes(port, board, micropython, sha256, many)
        builder = Builder(firmware or firmware_folder(), arch)
    except (FlashError, BoardError, CsvError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    results = _flash_all(wishes, builder, quiet)
    _tell(results, as_json)
    if any("error" in one for one in results):
        raise typer.Exit(1)


def _list(as_json: bool) -> None:
    ports = serial_ports()
    if as_json:
        typer.echo(json.dumps([one._asdict() for one in ports]))
        return
    if not ports:
        typer.echo("no USB serial port. Plug a board in; a cable that only charges is not enough")
    for one in ports:
        typer.echo(f"{one.path:16} {one.what}")


def _wishes(port: str, board: str, micropython: str, sha256: str, many: Path | None) -> list[Wish]:
    if many is not None:
        return [
            Wish(row["port"], read_board(board_file(row["board"])), row.get("micropython") or "")
            for _, row in read_rows(many, ("port", "board"), once=("port",))
        ]
    if not port or not board:
        raise FlashError(
            "wanted a port and --board NAME, or --csv FILE. `trygg flash --list` says which ports"
            " there are, `trygg board list` which boards"
        )
    return [Wish(port, read_board(board_file(board)), micropython, sha256)]


def _flash_all(wishes: list[Wish], builder: Builder, quiet: bool) -> list[dict[str, Any]]:
    columns = (TextColumn("{task.fields[port]}"), BarColumn(), TextColumn("{task.description}"))
    console = Console(stderr=True)
    with (
        Progress(*columns, console=console, disable=quiet) as progress,
        ThreadPoolExecutor(AT_ONCE) as threads,
    ):
        tasks = [progress.add_task("waiting", port=wish.port, total=1) for wish in wishes]
        done = [
            threads.submit(_flash_one, wish, builder, progress, task)
            for wish, task in zip(wishes, tasks, strict=True)
        ]
        return [one.result() for one in done]


def _flash_one(wish: Wish, builder: Builder, progress: Progress, task: TaskID) -> dict[str, Any]:
    def on(what: str, done: int, of: int) -> None:
        progress.update(task, description=what, completed=done, total=max(of, 1))

    try:
        said = flash(wish, builder, on)
    except (FlashError, FirmwareError) as error:
        progress.update(task, description="failed")
        return {"port": wish.port, "board": wish.board.name, "error": str(error)}
    progress.update(task, description="done", completed=1, total=1)
    return said


def _tell(results: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(results if len(results) > 1 else results[0]))
        return
    say_error = partial(typer.echo, err=True)
    for one in results:
        if "error" in one:
            say_error(f"error: {one['error']}")
        else:
            new = "starts now" if one["changed"] else "was on it already"
            typer.echo(
                f"{one['port']}: firmware {one['firmware']} {new} on MicroPython"
                f" {one['micropython']}; {one['written']} parts written, {one['kept']} kept"
            )
