"""`trygg flash`: MicroPython and the firmware onto one board, or onto a row of them."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from trygg_tools.board_row import Job, Step, all_at_once
from trygg_tools.boards import BoardError, board_file, read_board
from trygg_tools.csv_rows import BENCH, CsvError, read_rows
from trygg_tools.firmware_image import FirmwareError, firmware_folder
from trygg_tools.flash.errors import FlashError
from trygg_tools.flash.serial_ports import serial_ports
from trygg_tools.flash.session import Builder, Wish, flash
from trygg_tools.provision.inventory import Inventory, InventoryError

DEFAULT = Path("inventory.jsonl")
NOTED = (
    "board", "firmware", "micropython", "usb_serial", "chip", "mac", "image", "image_sha256",
    "changed",
)  # fmt: skip


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
        Path | None,
        typer.Option("--csv", help="Boards, a line each: port,board[,micropython,sha256]."),
    ] = None,
    firmware: Annotated[Path | None, typer.Option(help="Another firmware's folder.")] = None,
    arch: Annotated[
        str, typer.Option(help="Of native code; x64 for a virtual board.", hidden=True)
    ] = "",
    inventory: Annotated[
        Path | None,
        typer.Option(help="Note it there; none: inventory.jsonl if one lies in this folder."),
    ] = None,
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
        builder = Builder(_demand_firmware(firmware or firmware_folder()), arch)
    except (FlashError, BoardError, CsvError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    stock = _stock(inventory)
    jobs = [_job(wish, builder, stock) for wish in wishes]
    results = all_at_once(jobs, (FlashError, FirmwareError), quiet=quiet)
    _tell(results, as_json, many is not None)
    if any("error" in one for one in results):
        raise typer.Exit(1)


def _demand_firmware(folder: Path) -> Path:
    if not (folder / "main.py").is_file():
        raise FlashError(f"--firmware {folder}: wanted a folder with a main.py, as `firmware/` is")
    return folder


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
        if port or board or micropython or sha256:
            raise FlashError(f"{many}: its lines say port, board and image; say nothing else")
        return [
            _wish_of(many, number, row)
            for number, row in read_rows(many, ("port", "board"), once=("port",), known=BENCH)
        ]
    if not port or not board:
        raise FlashError(
            "wanted a port and --board NAME, or --csv FILE. `trygg flash --list` says which ports"
            " there are, `trygg board list` which boards"
        )
    return [Wish(port, read_board(board_file(board)), micropython, sha256)]


def _wish_of(path: Path, number: int, row: dict[str, str]) -> Wish:
    try:
        board = read_board(board_file(row["board"]))
    except BoardError as error:
        raise FlashError(f"{path} line {number}: {error}") from None
    image = row.get("micropython") or ""
    beside = path.parent / image
    return Wish(
        row["port"],
        board,
        str(beside) if image and beside.is_file() else image,
        row.get("sha256") or "",
    )


def _job(wish: Wish, builder: Builder, stock: Inventory | None) -> Job:
    def work(on: Step) -> dict[str, Any]:
        said = flash(wish, builder, on)
        if stock is not None:
            _note(stock, wish, said)
        return said

    return Job(wish.port, {"port": wish.port, "board": wish.board.name}, work)


def _note(stock: Inventory, wish: Wish, said: dict[str, Any]) -> None:
    """What was done to this unit; the board is flashed whether or not it can be noted."""
    facts = {key: said[key] for key in NOTED if said.get(key)}
    try:
        stock.add(said["unit"], "flashed", **facts)
    except InventoryError as error:
        raise FlashError(f"{wish.port}: the firmware is on it, but not noted: {error}") from None


def _stock(named: Path | None) -> Inventory | None:
    """The inventory that is named, or the one that lies here."""
    if named is not None or DEFAULT.exists():
        return Inventory(named or DEFAULT)
    return None


def _tell(results: list[dict[str, Any]], as_json: bool, row: bool) -> None:
    if as_json:
        typer.echo(json.dumps(results if row else results[0]))
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
            if one["changed"] and one["device"]:
                typer.echo(
                    f"{one['device']} tells its gateway of it with its next health record, in some"
                    f" hours. At once: `trygg gateway order send {one['device']} report-now`"
                )
