"""Orders to a tracker: signed, kept until it answers, sent when it is heard."""

from __future__ import annotations

import re
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trygg_gateway import order_book
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
    tell_order,
    told,
    whoami,
)
from trygg_gateway.orders import anchors_body, command_body, settings_body
from trygg_gateway.values import Refused
from trygg_gateway.views import Views
from trygg_wire import codec, layouts

app = typer.Typer(
    help="Orders to a tracker: send, settings, again, rows, anchors, list.", no_args_is_help=True
)

HOURS_MAX = 8760
RADIOS_MAX = 4  # layouts.BODIES[ANCHORS]
_RADIOS = {"wifi": layouts.WIFI, "ble": layouts.BLE}
_ADDRESS = re.compile(r"([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}|[0-9a-fA-F]{12}")

Device = Annotated[str, typer.Argument(help="The tracker's name.")]
Hours = Annotated[float, typer.Option("--hours", help="How long it may be owed; 0: for ever.")]


class Command(StrEnum):
    """What a tracker can be told to do."""

    REPORT_NOW = "report-now"
    TEST_ALARM = "test-alarm"
    RESTART = "restart"


COMMANDS = {
    Command.REPORT_NOW: layouts.REPORT_NOW,
    Command.TEST_ALARM: layouts.TEST_ALARM,
    Command.RESTART: layouts.RESTART,
}


@app.command()
def send(
    device: Device,
    command: Annotated[Command, typer.Argument(help="What it is to do.")],
    hours: Hours = 24,
    who: Who = "",
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Tell a tracker to do something when it is next heard.

    Example: `trygg gateway order send astrid report-now`
    """
    body = command_body(COMMANDS[command])
    _queue(config_file, device, layouts.COMMAND, body, hours, who, as_json)


@app.command()
def settings(
    device: Device,
    values: Annotated[list[str], typer.Argument(help="NUMBER=VALUE or NAME=VALUE, one or more.")],
    hours: Hours = 0,
    who: Who = "",
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Change settings of a tracker; those not named stay as they are.

    `trygg gateway order rows` lists them.

    Example: `trygg gateway order settings astrid v_max_dm_s=25 report_live_s=120`
    """
    with journal_of(config_file):  # refusals below are told as sentences
        body = settings_of(values)
    _queue(config_file, device, layouts.SETTINGS, body, hours, who, as_json)


@app.command()
def again(
    device: Device, who: Who = "", config_file: ConfigFile = DEFAULT, as_json: AsJson = False
) -> None:
    """Owe a tracker all its settings once more: its board is another one now, and has none.

    `trygg provision swap` says so itself. Fences need no word: a tracker that has none gets its own
    again as soon as it is heard.

    Example: `trygg gateway order again astrid`
    """
    with journal_of(config_file) as journal:
        at_ms = now_ms()
        order_id = journal.write(
            lambda db: order_book.repeat_settings(db, device, whoami(who), at_ms)
        ).result()
    if order_id is not None:
        tell_order(order_id, device, "sent when it is heard", as_json)
    elif as_json:
        print_json({"order": None, "device": device})
    else:
        typer.echo(f"{device}: no settings were ever ordered, it has the usual ones")


@app.command()
def anchors(
    device: Device,
    file: Annotated[
        str, typer.Argument(help="One radio a line, wifi:BSSID or ble:ADDRESS; - reads stdin.")
    ] = "",
    none: Annotated[bool, typer.Option("--none", help="Know no radio any more.")] = False,
    hours: Hours = 0,
    who: Who = "",
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Tell a tracker which radios are those of the home; they replace those before.

    Near one of them it may leave its receiver off for a while. Name only what stays where it is:
    a router, not a telephone. The addresses come from a file, since who knows one can look up
    where the home is, and everybody on a machine sees the words of a command.

    Example: `trygg gateway order anchors astrid radios.txt`, with a line `wifi:a4:2b:b0:c4:d5:01`
    """
    with told():
        if bool(file) == none:
            raise Refused("Name a file with one to four radios, - for stdin, or say --none.")
        known = [_radio(one) for one in _lines(file)] if file else []
        if len(known) > RADIOS_MAX:
            raise Refused(f"{len(known)} radios: a tracker knows at most {RADIOS_MAX}.")
        if not known and not none:
            raise Refused(f"There is no radio in {file}. To know none any more say --none.")
    _queue(config_file, device, layouts.ANCHORS, anchors_body(known), hours, who, as_json)


def _lines(file: str) -> list[str]:
    """The lines of a file, or of stdin, that say something."""
    if file.partition(":")[0] in _RADIOS:
        raise Refused(
            "An address in a command is seen by everybody on this machine, and it says where the"
            " home is. Write it into a file, or to stdin and say -."
        )
    text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _radio(text: str) -> tuple[int, bytes]:
    kind, _, address = text.partition(":")
    if kind not in _RADIOS or not _ADDRESS.fullmatch(address):
        raise Refused(
            f"{text} is no radio: wanted wifi: or ble: and six bytes in hex,"
            " as in wifi:a4:2b:b0:c4:d5:01."
        )
    return _RADIOS[kind], bytes.fromhex(re.sub("[:-]", "", address))


@app.command()
def rows(as_json: AsJson = False) -> None:
    """List the settings a tracker has, with limits and defaults.

    Example: `trygg gateway order rows --json`
    """
    from tracker.settings_text import COLUMNS, full_rows

    columns = list(COLUMNS)
    listed = [dict(zip(columns, row, strict=True)) for row in full_rows()]
    if as_json:
        print_json(listed)
    else:
        print_table(listed, columns, "none")


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(help="At most this many, newest first.")] = 50,
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """List orders and how far each has come.

    Example: `trygg gateway order list --limit 10`
    """
    with journal_of(config_file) as journal:
        listed = Views(journal, now_ms).orders(limit)
    if as_json:
        print_json(listed)
        return
    for row in listed:
        row["ordered"] = clock(row["ordered_ms"] / 1000)
    columns = ["id", "device", "kind", "version", "state", "reason", "ordered", "ordered_by"]
    print_table(listed, columns, "no orders")


def _queue(
    config_file: ConfigFile,
    device: str,
    kind: int,
    body: bytes,
    hours: float,
    who: str,
    as_json: bool,
) -> None:
    with journal_of(config_file) as journal:
        expires_s = _expiry(hours)
        at_ms = now_ms()
        order_id = journal.write(
            lambda db: order_book.queue(db, device, kind, body, expires_s, whoami(who), at_ms)
        ).result()
    tell_order(order_id, device, "sent when it is heard", as_json)


def _expiry(hours: float) -> int:
    """Unix seconds; 0 for an order that is owed for ever."""
    if not 0 <= hours <= HOURS_MAX:
        raise Refused(f"--hours {hours:g}: wanted 0 (for ever) to {HOURS_MAX}, a year.")
    return int(time.time() + hours * 3600) if hours else 0


def settings_of(values: list[str]) -> bytes:
    """The body of a settings order from NUMBER=VALUE or NAME=VALUE each. Raises Refused."""
    from tracker.settings import ROWS

    by_name = {name: (number, low, high) for number, name, _, low, high in ROWS}
    by_number = {str(row[0]): row[1] for row in ROWS}
    settings: dict[int, int] = {}
    for one in values:
        key, _, text = one.partition("=")
        name = by_number.get(key, key)
        if name not in by_name:
            raise Refused(f"{key} is no setting of a tracker. See `trygg gateway order rows`.")
        number, low, high = by_name[name]
        settings[number] = _whole(name, text, low, high)
    try:
        return settings_body(settings)
    except codec.WireError as error:
        raise Refused(f"The settings do not fit the wire: {error}.") from None


def _whole(name: str, text: str, low: int, high: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise Refused(f"{name}={text}: wanted a whole number from {low} to {high}.")
    return value
