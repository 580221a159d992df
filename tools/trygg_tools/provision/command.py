"""`trygg provision`: a flashed board becomes a tracker, or many do; swap, rotate, revoke."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from trygg_tools.board_row import Job, Step, all_at_once
from trygg_tools.boards import BoardError, board_file, read_board
from trygg_tools.csv_rows import BENCH, CsvError, read_rows
from trygg_tools.flash.errors import FlashError
from trygg_tools.provision.board_files import Network
from trygg_tools.provision.gateway_side import GatewayRefused, GatewaySide
from trygg_tools.provision.inventory import Inventory, InventoryError
from trygg_tools.provision.label import LabelError, demand_drawable, write_label
from trygg_tools.provision.session import Wish, provision, unit_on

Failure = (CsvError, FlashError, GatewayRefused, BoardError, InventoryError, LabelError)

app = typer.Typer(
    help="A flashed board becomes somebody's tracker: registered, given its secrets, labelled.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Port = Annotated[str, typer.Argument(help="The board's port: `trygg flash --list`.")]
Device = Annotated[str, typer.Argument(help="The tracker's name: a-z, 0-9 and -.")]
BoardName = Annotated[str, typer.Option(help="Its name in `trygg board list`.")]
ConfigFile = Annotated[Path, typer.Option("--config", help="The gateway's settings file.")]
Stock = Annotated[
    Path | None, typer.Option(help="The inventory; none: inventory.jsonl beside the settings.")
]
Wifi = Annotated[
    Path | None,
    typer.Option(help='File with {"ssid": ..., "password": ...}; no secret is an argument.'),
]
Apn = Annotated[str, typer.Option(help="The SIM's access point; none: the board's file says it.")]
PinFile = Annotated[Path | None, typer.Option(help="A file with the SIM's PIN.")]
Label = Annotated[Path | None, typer.Option(help="Draw a label, .png or .pdf.")]
LabelText = Annotated[str, typer.Option(help="A line on it: whom a finder calls.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON value, for machines.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
DEFAULT = Path("gateway.toml")


@app.command()
def add(
    port: Port,
    device: Device,
    board: BoardName,
    group: Annotated[str, typer.Option(help="A municipality, a ward.")] = "home",
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    wifi: Wifi = None,
    apn: Apn = "",
    pin_file: PinFile = None,
    setting: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE of docs/settings.md; more than once.")
    ] = None,
    fences: Annotated[Path | None, typer.Option(help="GeoJSON of its fences.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="It was a tracker before.")] = False,
    label: Label = None,
    label_text: LabelText = "",
    config: ConfigFile = DEFAULT,
    inventory: Stock = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make a board this tracker: identity, password and order key made on the spot.

    It is registered in the gateway (and in the Mosquitto files that the gateway writes), settings
    and fences wait for it there as signed orders, and the unit is noted in the inventory.

    `trygg provision add /dev/ttyUSB0 astrid-1 --board lilygo-t-sim7000g --group nord
    --apn iot.1nce.net --fences astrid.geojson --label astrid-1.pdf`
    """
    with _said_plainly():
        if label is not None:
            demand_drawable(label, label_text)
        wish = Wish(
            port, device, read_board(board_file(board)), group, name, _network(wifi, apn, pin_file),
            tuple(setting or ()), fences, replace,
        )  # fmt: skip
        done = _one(wish, config, inventory, quiet)
        if label is not None:
            write_label(label, device, done["unit"], label_text)
    _tell([done], as_json)


@app.command()
def many(
    bench: Annotated[
        Path,
        typer.Argument(
            help="CSV: port,device,board and perhaps group,name,apn,pin_file,wifi,settings,fences."
        ),
    ],
    config: ConfigFile = DEFAULT,
    inventory: Stock = None,
    replace: Annotated[bool, typer.Option("--replace", help="They were trackers before.")] = False,
    labels: Annotated[Path | None, typer.Option(help="A folder for their labels.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make a row of boards trackers, eight at a time; one that fails stops no other. Exit 1 then.

    Files are found from the CSV's own folder; settings are `NAME=VALUE NAME=VALUE`.

    `trygg provision many bench.csv --config gateway.toml --labels labels`
    """
    with _said_plainly():
        wishes = [
            _wish_of(bench, number, row, replace)
            for number, row in read_rows(
                bench, ("port", "device", "board"), once=("port", "device"), known=BENCH
            )
        ]
        if labels is not None:
            _make(labels)
        gateway, stock = GatewaySide(config), _stock(inventory, config)
        stock.demand_writable()
    jobs = [_job(wish, gateway, stock, labels) for wish in wishes]
    results = all_at_once(jobs, Failure, quiet=quiet)
    _tell(results, as_json, row=True)
    if any("error" in one for one in results):
        raise typer.Exit(1)


@app.command()
def swap(
    device: Device,
    port: Port,
    board: BoardName,
    why: Annotated[str, typer.Option(help="What was wrong with the old unit.")],
    wifi: Wifi = None,
    apn: Apn = "",
    pin_file: PinFile = None,
    replace: Annotated[bool, typer.Option("--replace", help="It was a tracker before.")] = False,
    label: Label = None,
    label_text: LabelText = "",
    config: ConfigFile = DEFAULT,
    inventory: Stock = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Another unit takes a tracker's place; its wearer's name, group, fences and settings stay.

    The old unit's password and order key are void from this moment. The gateway orders the fences
    and settings again to the new one, which has none.

    `trygg provision swap astrid-1 /dev/ttyUSB0 --board lilygo-t-sim7000g --why "strap broken"`
    """
    with _said_plainly():
        if label is not None:
            demand_drawable(label, label_text)
        stock = _stock(inventory, config)
        old = stock.unit_of(device)
        network = _network(wifi, apn, pin_file)
        wish = Wish(port, device, read_board(board_file(board)), network=network, replace=replace)
        done = _one(wish, config, inventory, quiet, again=True)
        if old and old != done["unit"]:
            stock.add(old, "swapped_out", device=device, why=why)
        if label is not None:
            write_label(label, device, done["unit"], label_text)
    _tell([{**done, "was": old}], as_json)


@app.command()
def rotate(
    device: Device,
    port: Port,
    board: BoardName,
    wifi: Wifi = None,
    apn: Apn = "",
    pin_file: PinFile = None,
    config: ConfigFile = DEFAULT,
    inventory: Stock = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """New secrets for the tracker on this port; the old ones are void.

    Its Wi-Fi, APN and PIN stay what they are unless others are given.

    `trygg provision rotate astrid-1 /dev/ttyUSB0 --board lilygo-t-sim7000g`
    """
    with _said_plainly():
        stock, unit = _stock(inventory, config), unit_on(port)
        known = stock.unit_of(device)
        if known and known != unit:
            raise FlashError(
                f"{port}: unit {unit} is not {device}, which is unit {known}. Another unit in its"
                " place is `trygg provision swap`"
            )
        network = _network(wifi, apn, pin_file)
        wish = Wish(port, device, read_board(board_file(board)), network=network, replace=True)
        done = _one(wish, config, inventory, quiet, again=True)
        stock.add(done["unit"], "rotated", device=device)
    _tell([done], as_json)


@app.command()
def revoke(
    device: Device, why: Annotated[str, typer.Option(help="For the inventory.")] = "",
    config: ConfigFile = DEFAULT, inventory: Stock = None,
) -> None:  # fmt: skip
    """The tracker may speak no more, wherever it is: lost, stolen, given back.

    `trygg provision revoke astrid-1 --why "given back"`
    """
    with _said_plainly():
        GatewaySide(config).revoke(device)
        stock = _stock(inventory, config)
        unit = stock.unit_of(device)
        if unit:
            stock.add(unit, "revoked", device=device, why=why)
    typer.echo(f"{device}: revoked{f', unit {unit} is a spare' if unit else ''}")


# -- inside --------------------------------------------------------------------------------


@contextmanager
def _said_plainly() -> Iterator[None]:
    """A failure is one sentence and exit 1."""
    try:
        yield
    except Failure as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None


def _one(
    wish: Wish, config: Path, inventory: Path | None, quiet: bool, again: bool = False
) -> dict[str, Any]:
    columns = (TextColumn("{task.description}"), BarColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task("", total=4)

        def on(what: str, done: int, of: int) -> None:
            progress.update(task, description=what, completed=done, total=of)

        return provision(wish, GatewaySide(config), _stock(inventory, config), on, again=again)


def _job(wish: Wish, gateway: GatewaySide, stock: Inventory, labels: Path | None) -> Job:
    def work(on: Step) -> dict[str, Any]:
        done = provision(wish, gateway, stock, on)
        if labels is not None:
            write_label(labels / f"{wish.device}.pdf", wish.device, done["unit"])
        return done

    return Job(wish.device, {"port": wish.port, "device": wish.device}, work)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LabelError(f"{folder}: no folder can be made there: {error.strerror}") from None
    demand_drawable(folder / "label.pdf")


def _wish_of(path: Path, number: int, row: dict[str, str], replace: bool) -> Wish:
    wifi = path.parent / row["wifi"] if row.get("wifi") else None
    fences = path.parent / row["fences"] if row.get("fences") else None
    pin_file = path.parent / row["pin_file"] if row.get("pin_file") else None
    settings = tuple((row.get("settings") or "").split())
    try:
        board = read_board(board_file(row["board"]))
        network = _network(wifi, row.get("apn") or "", pin_file)
    except (BoardError, FlashError) as error:
        raise FlashError(f"{path} line {number}: {error}") from None
    return Wish(
        row["port"], row["device"], board, row.get("group") or "home", row.get("name") or "",
        network, settings, fences, replace,
    )  # fmt: skip


def _network(wifi: Path | None, apn: str, pin_file: Path | None) -> Network:
    try:
        said = json.loads(wifi.read_text("utf-8")) if wifi is not None else {}
        pin = pin_file.read_text("ascii").strip() if pin_file is not None else ""
        network = Network(said.get("ssid", ""), said.get("password", ""), apn, pin)
        if not all(isinstance(word, str) for word in network) or (wifi and not network.ssid):
            raise ValueError
        return network
    except (OSError, ValueError, AttributeError):
        raise FlashError(
            f'{wifi or pin_file}: wanted a file with {{"ssid": ..., "password": ...}}, or one with'
            " a PIN; it cannot be read as that"
        ) from None


def _stock(path: Path | None, config: Path) -> Inventory:
    return Inventory(path or config.with_name("inventory.jsonl"))


def _tell(results: list[dict[str, Any]], as_json: bool, row: bool = False) -> None:
    if as_json:
        typer.echo(json.dumps(results if row else results[0]))
        return
    for one in results:
        if "error" in one:
            typer.echo(f"error: {one['device']}: {one['error']}", err=True)
        else:
            typer.echo(
                f"{one['device']}: unit {one['unit']} on {one['port']}, registered and started;"
                f" speaks to {one['speaks_to']}"
            )
            _tell_cares(one)


def _tell_cares(one: dict[str, Any]) -> None:
    """What is still to be thought of."""
    host = one["speaks_to"].rpartition(":")[0]
    if host.startswith("127.") or ("." not in host and ":" not in host):
        typer.echo(
            f"{one['device']}: no tracker with a SIM finds {host!r}, perhaps none on your Wi-Fi:"
            " `trygg gateway renew --host` with the name trackers reach it by, then `provision"
            " rotate`",
            err=True,
        )
    if "care" in one:
        typer.echo(f"{one['device']}: {one['care']}", err=True)
    if one.get("came_back"):
        typer.echo(
            f"{one['device']}: it was revoked before, and the fences ordered then guard again if"
            " none are ordered now. Does somebody else wear it: `trygg gateway tracker forget"
            f" {one['device']}`, then add it anew with --replace",
            err=True,
        )
    if "was_device" in one:
        typer.echo(
            f"{one['device']}: the board was {one['was_device']}, which has none now: `trygg"
            f" provision revoke {one['was_device']}`, or it is missed",
            err=True,
        )
