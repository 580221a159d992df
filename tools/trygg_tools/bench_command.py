"""`trygg bench`: the figures the README quotes, measured here and now."""

import importlib
from typing import Annotated

import typer

BENCHES = ("nmea", "fence", "wire", "week", "ingest", "drain", "alarm", "doors", "modem")


def command(
    names: Annotated[
        list[str] | None, typer.Argument(help=f"Any of {', '.join(BENCHES)}; all by default.")
    ] = None,
) -> None:
    """Measure and print one JSON line a bench: command, machine, figures.

    nmea: epochs a second and heap under MicroPython; TRYGG_MICROPYGPS=path/to/micropyGPS.py has
    that parser measured beside. fence: one decision for 16 fences of 64 corners, scaled to an
    ESP32 at 80 MHz. wire: bytes a fix. week: seconds for a simulated week of one
    tracker. ingest: records a second through each front door (the broker's needs Mosquitto).
    drain: a day of a thousand trackers behind a dead file sink, while alarms go through.
    alarm: seconds from fix to webhook with 100 trackers. doors: ten thousand trackers at our own
    door, plain and over TLS: memory each, a storm of logins, latency under a flood.
    modem: simulated ms from an alarm to the gateway over each modem, and what its driver takes.

    A bench that cannot run here says why and the others go on; the exit code is then 1.

    Example: `trygg bench nmea wire`
    """
    from trygg_tools.bench import report

    wanted = names or list(BENCHES)
    for name in wanted:
        if name not in BENCHES:
            typer.echo(f"trygg bench: wanted one of {', '.join(BENCHES)}, got {name}", err=True)
            raise typer.Exit(2)
    failed = False
    for name in wanted:
        report.progress(f"measuring {name} …")
        try:
            report.say(name, importlib.import_module(f"trygg_tools.bench.{name}").run())
        except (OSError, RuntimeError) as error:  # a program is missing, or did not do its part
            failed = True
            report.progress(f"trygg bench {name}: {error}")
    if failed:
        raise typer.Exit(1)
