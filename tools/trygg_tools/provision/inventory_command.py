"""`trygg inventory`: which units there are, where they are, and what happened to each."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from trygg_tools.csv_rows import CsvError, read_rows
from trygg_tools.provision.inventory import (
    COLUMNS,
    Inventory,
    InventoryError,
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


@app.command("list")
def list_(inventory: Stock = DEFAULT, as_json: AsJson = False) -> None:
    """Each unit as it is now.

    `trygg inventory list --inventory inventory.jsonl`
    """
    stock = Inventory(inventory)
    rows = stock.units()
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        faults = f", {row['faults']} faults" if row["faults"] else ""
        typer.echo(
            f"{row['unit']:16} {row['state']:8} {row['device'] or '-':20} {row['board']}{faults}"
        )
    if not rows:
        typer.echo(f"{inventory}: no units; `trygg provision add` notes them, `import` takes a CSV")
    if stock.torn:
        typer.echo(f"{inventory}: {stock.torn} lines cannot be read and were passed over", err=True)


@app.command()
def show(unit: Unit, inventory: Stock = DEFAULT, as_json: AsJson = False) -> None:
    """Everything that happened to one unit, oldest first.

    `trygg inventory show 240ac480335f`
    """
    events = list(Inventory(inventory).events(unit))
    if as_json:
        typer.echo(json.dumps(events))
        return
    for said in events:
        more = ", ".join(
            f"{key} {value}" for key, value in said.items()
            if key not in ("at", "unit", "event") and value != ""
        )  # fmt: skip
        typer.echo(f"{said['at']}  {said['event']:12} {more}")
    if not events:
        typer.echo(f"error: {inventory} knows no unit {unit}", err=True)
        raise typer.Exit(1)


@app.command()
def fault(
    unit: Unit, what: Annotated[str, typer.Argument(help="What is wrong with it.")],
    inventory: Stock = DEFAULT,
) -> None:  # fmt: skip
    """Note a fault; the unit is faulty until `mended`.

    `trygg inventory fault 240ac480335f "charging contact corroded"`
    """
    Inventory(inventory).add(unit, "fault", what=what)


@app.command()
def mended(
    unit: Unit, how: Annotated[str, typer.Argument(help="What was done.")],
    inventory: Stock = DEFAULT,
) -> None:  # fmt: skip
    """A faulty unit is a spare again."""
    Inventory(inventory).add(unit, "mended", how=how)


@app.command("export")
def export_(
    to: Annotated[str, typer.Argument(help="A CSV file, or - for standard output.")] = "-",
    inventory: Stock = DEFAULT,
) -> None:
    """Write each unit as it is now as CSV.

    `trygg inventory export units.csv`
    """
    rows = Inventory(inventory).units()
    if to == "-":
        write_csv(rows, sys.stdout)
        return
    with Path(to).open("w", encoding="utf-8", newline="") as file:
        write_csv(rows, file)
    typer.echo(f"{to}: {len(rows)} units")


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help=f"CSV with unit and any of {', '.join(COLUMNS[1:])}.")
    ],
    inventory: Stock = DEFAULT,
) -> None:
    """Note units that were bought, with their warranty.

    `trygg inventory import delivery.csv`
    """
    try:
        rows = read_rows(file, ("unit",))
        stock = Inventory(inventory)
        for _, row in rows:
            facts = {key: row[key] for key in ("board", "warranty_until", "note") if row.get(key)}
            stock.add(row["unit"], "bought", **facts)
    except (CsvError, InventoryError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{file}: {len(rows)} units noted")
