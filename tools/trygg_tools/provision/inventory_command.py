"""`trygg inventory`: which units there are, where they are, and what happened to each."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from trygg_tools.csv_rows import CsvError, read_rows
from trygg_tools.provision.inventory import (
    COLUMNS,
    Event,
    Inventory,
    InventoryError,
    export_csv,
    write_csv,
)

app = typer.Typer(
    help="Every unit with its history, warranty and known faults; CSV in and out.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Stock = Annotated[Path, typer.Option("--inventory", help="The inventory's file.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON value, for machines.")]
Unit = Annotated[str, typer.Argument(help="The unit's number, as on its label.")]
DEFAULT = Path("inventory.jsonl")


@contextmanager
def _said_plainly() -> Iterator[None]:
    """A failure is one sentence and exit 1."""
    try:
        yield
    except (CsvError, InventoryError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None


@app.command("list")
def list_(inventory: Stock = DEFAULT, as_json: AsJson = False) -> None:
    """Each unit as it is now: number, state, tracker, board, warranty, faults.

    `trygg inventory list --inventory inventory.jsonl`
    """
    stock = Inventory(inventory)
    with _said_plainly():
        rows = stock.units()
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(
            f"{row['unit']:16} {row['state']:8} {row['device'] or '-':20}"
            f" {row['board'] or '-':20} {_more(row)}".rstrip()
        )
    if not rows:
        typer.echo(f"{inventory}: no units; `trygg provision add` notes them, `import` takes a CSV")
    if stock.torn:
        typer.echo(f"{inventory}: {stock.torn} lines cannot be read and were passed over", err=True)


def _more(row: dict[str, Any]) -> str:
    """Warranty and faults, in words."""
    until, today = row["warranty_until"], datetime.now(UTC).date().isoformat()
    faults = f"{row['faults']} fault{'s' if row['faults'] > 1 else ''}" if row["faults"] else ""
    warranty = f"warranty {'until' if until >= today else 'ended'} {until}" if until else ""
    return ", ".join(word for word in (warranty, faults) if word)


@app.command()
def show(unit: Unit, inventory: Stock = DEFAULT, as_json: AsJson = False) -> None:
    """Everything that happened to one unit, oldest first.

    `trygg inventory show 240ac480335f`
    """
    with _said_plainly():
        events = _known(Inventory(inventory), unit)
    if as_json:
        typer.echo(json.dumps(events))
        return
    for said in events:
        more = ", ".join(
            f"{key} {value}" for key, value in said.items()
            if key not in ("at", "unit", "event") and value != ""
        )  # fmt: skip
        typer.echo(f"{said['at']}  {said['event']:12} {more}")


@app.command()
def fault(
    unit: Unit, what: Annotated[str, typer.Argument(help="What is wrong with it.")],
    inventory: Stock = DEFAULT,
) -> None:  # fmt: skip
    """Note a fault; the unit is faulty until `mended`.

    `trygg inventory fault 240ac480335f "charging contact corroded"`
    """
    _note(Inventory(inventory), unit, "fault", what=what)


@app.command()
def mended(
    unit: Unit, how: Annotated[str, typer.Argument(help="What was done.")],
    inventory: Stock = DEFAULT,
) -> None:  # fmt: skip
    """A faulty unit is a spare again; one that somebody wears stays in use.

    `trygg inventory mended 240ac480335f "contact cleaned"`
    """
    _note(Inventory(inventory), unit, "mended", how=how)


def _note(stock: Inventory, unit: str, event: Event, **facts: str) -> None:
    with _said_plainly():
        _known(stock, unit)
        stock.add(unit, event, **facts)
    typer.echo(f"{unit}: {event} noted")


def _known(stock: Inventory, unit: str) -> list[dict[str, Any]]:
    """What happened to it; a number that nobody knows is a slip of the pen."""
    events = list(stock.events(unit))
    if not events:
        raise InventoryError(f"{stock.path} knows no unit {unit}. `trygg inventory list` has all")
    return events


@app.command("export")
def export_(
    to: Annotated[str, typer.Argument(help="A CSV file, or - for standard output.")] = "-",
    inventory: Stock = DEFAULT,
) -> None:
    """Write each unit as it is now as CSV, in place of an earlier export if there is one.

    Any other file that is there already is refused.

    `trygg inventory export units.csv`
    """
    with _said_plainly():
        rows = Inventory(inventory).units()
        if to == "-":
            write_csv(rows, sys.stdout)
            return
        again = export_csv(rows, Path(to))
    typer.echo(f"{to}: {len(rows)} units{', in place of an earlier export' if again else ''}")


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV: unit and perhaps board, warranty_until, note.")
    ],
    inventory: Stock = DEFAULT,
) -> None:
    """Note units that were bought, with their warranty; for known ones, what is new about them.

    What `export` wrote may come back: of its other columns nothing is taken, for what a unit is
    follows from what happened to it.

    `trygg inventory import delivery.csv`
    """
    stock = Inventory(inventory)
    with _said_plainly():
        rows = read_rows(file, ("unit",), once=("unit",), known=COLUMNS)
        for number, row in rows:
            _demand_date(f"{file} line {number}", row.get("warranty_until", ""))
        known = {row["unit"]: row for row in stock.units()}
        noted = [_imported(stock, known, row) for _, row in rows]
    typer.echo(f"{file}: {noted.count('bought')} units new, {noted.count('noted')} changed")


def _imported(stock: Inventory, known: dict[str, Any], row: dict[str, str]) -> str:
    """The event that was noted, "" if there was nothing new."""
    facts = {key: row[key] for key in ("board", "warranty_until", "note") if row.get(key)}
    there = known.get(row["unit"])
    if there is None:
        stock.add(row["unit"], "bought", **facts)
        return "bought"
    new = {key: said for key, said in facts.items() if there[key] != said}
    if not new:
        return ""
    stock.add(row["unit"], "noted", **new)
    return "noted"


def _demand_date(where: str, text: str) -> None:
    try:
        date.fromisoformat(text or "2026-11-22")
    except ValueError:
        raise CsvError(f"{where}: warranty_until: wanted 2028-11-22, got {text}") from None
