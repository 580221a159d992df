"""`trygg bench`: the figures the README quotes, measured here and now."""

import importlib
from typing import Annotated

import typer

BENCHES = ("nmea", "wire", "ingest", "alarm")


def command(
    names: Annotated[
        list[str] | None, typer.Argument(help=f"Any of {', '.join(BENCHES)}; all by default.")
    ] = None,
) -> None:
    """Measure and print one JSON line a bench: command, machine, figures.

    Example: `trygg bench nmea wire`
    """
    from trygg_tools.bench import report

    for name in names or BENCHES:
        if name not in BENCHES:
            typer.echo(f"trygg bench: wanted one of {', '.join(BENCHES)}, got {name}", err=True)
            raise typer.Exit(2)
        report.progress(f"measuring {name} …")
        report.say(name, importlib.import_module(f"trygg_tools.bench.{name}").run())
