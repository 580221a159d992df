"""`trygg bench`: the figures the README quotes, measured here and now."""

import importlib
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer

BENCHES = ("nmea", "fence", "wire", "week", "ingest", "sustained", "inflight", "end-to-end",
           "drain", "keeping", "alarm", "doors", "modem")  # fmt: skip
# what follows a name is the bench's own, --help too
SETTINGS = {"ignore_unknown_options": True, "help_option_names": []}


def command(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(help=f"Any of {', '.join(BENCHES)}; all by default.")
    ] = None,
) -> None:
    """Measure and print one JSON line a bench: command, machine, figures.

    nmea: epochs a second and heap under MicroPython; TRYGG_MICROPYGPS=path/to/micropyGPS.py has
    that parser measured beside. fence: one decision for 16 fences of 64 corners, scaled to an
    ESP32 at 80 MHz. wire: bytes a fix. week: seconds for a simulated week of one
    tracker. ingest: records a second through each front door (the broker's needs Mosquitto).
    sustained: what our own door takes for as long as it lasts, decoded and folded. inflight:
    milliseconds to the PUBACK of 1,000 trackers over TLS with one record in flight. end-to-end:
    broker to broker and to a file, beside thingsboard-gateway (TRYGG_THINGSBOARD=its venv).
    drain: a day of a thousand trackers behind a dead file sink, while alarms go through.
    keeping: what an alarm waits while records are deleted, a person forgotten, a backup made.
    alarm: seconds from fix to webhook with 100 trackers. doors: ten thousand trackers at our own
    door, plain and over TLS: memory each, a storm of logins, latency under a flood.
    modem: simulated ms from an alarm to the gateway over each modem, and what its driver takes.

    A bench that cannot run here says why and the others go on; the exit code is then 1. After
    one name alone come its own options: `trygg bench ingest --help` tells them.

    Example: `trygg bench nmea wire`, `trygg bench ingest --door listener`
    """
    wanted, options = _split(names or [])
    if "--help" in options and not wanted:
        typer.echo(context.get_help())
        raise typer.Exit
    for name in wanted:
        if name not in BENCHES:
            _refuse(f"wanted one of {', '.join(BENCHES)}, got {name}")
    if options and len(wanted) != 1:
        _refuse(f"options are of one bench, which is named before them, got {' '.join(options)}")
    given = _given(wanted[0], options) if options else {}
    failed = [name for name in wanted or BENCHES if not _measured(name, options, given)]
    if failed:
        raise typer.Exit(1)


def _split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names at the front, and what follows them from the first option on."""
    for place, word in enumerate(words):
        if word.startswith("-"):
            return list(words[:place]), list(words[place:])
    return list(words), []


def _refuse(why: str) -> NoReturn:
    typer.echo(f"trygg bench: {why}", err=True)
    raise typer.Exit(2)


def _module(name: str) -> Any:
    return importlib.import_module(f"trygg_tools.bench.{name.replace('-', '_')}")


def _given(name: str, options: Sequence[str]) -> dict[str, Any]:
    """The options of one bench, as its `run` takes them; `--help` prints them and ends."""
    parser = getattr(_module(name), "parser", None)
    if parser is None:
        _refuse(f"{name} has no options, got {' '.join(options)}. `trygg bench --help`")
    return dict(vars(parser().parse_args(options)))


def _measured(name: str, options: Sequence[str], given: dict[str, Any]) -> bool:
    from trygg_tools.bench import report

    report.progress(f"measuring {name} …")
    try:
        report.say(" ".join([name, *options]), _module(name).run(**given))
    except (OSError, RuntimeError) as error:  # a program is missing, or did not do its part
        report.progress(f"trygg bench {name}: {error}")
        return False
    return True
