"""Looking the gateway over before the night: what is wrong, why it matters, what to do."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from trygg_gateway.cli.opened import (
    DEFAULT,
    AsJson,
    ConfigFile,
    journal_of,
    loaded,
    print_json,
    running,
)
from trygg_gateway.doctor.finding import WORST_FIRST, Finding, exit_code
from trygg_gateway.doctor.mqtt_probe import Probe, tracker_probe
from trygg_gateway.doctor.whole import Asked, examine, parts
from trygg_gateway.values import Refused

_MARKS = {"error": "ERROR", "warning": "warn ", "note": "note ", "good": "ok   "}


def doctor(
    deep: Annotated[
        bool, typer.Option("--deep", help="Compare every index of the journal, too.")
    ] = False,
    mosquitto_conf: Annotated[
        Path | None, typer.Option(help="The broker's configuration, to be read.")
    ] = None,
    probe: Annotated[
        list[Path] | None,
        typer.Option(help="Credentials of a tracker made for trying the broker; two are needed."),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Say what is well, too.")] = False,
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Look at clock, disk, journal, files, certificates, ports, broker and sinks.

    Each finding says what is, why it matters and what to do. Nothing is changed and nothing is
    delivered; a few KB are written beside the journal to see how long the disk takes, and the
    broker is asked whether it lets anybody in, keeps sessions, and keeps trackers apart. Exit code
    2 with an error, 1 with a warning, 0 otherwise.

    Example: `trygg gateway doctor --mosquitto-conf /etc/mosquitto/mosquitto.conf`
    """
    config = loaded(config_file)
    said = running(config)
    pid = int(said["pid"]) if said else None
    with journal_of(config_file) as journal:
        asked = Asked(config_file, deep, mosquitto_conf, _probes(probe or []), pid)
        found = list(examine(parts(config, journal, asked), _tell))
    _tell("")
    found.sort(key=lambda one: WORST_FIRST.index(one.level))
    if as_json:
        print_json([one._asdict() for one in found])
    else:
        _print(found, all_)
    raise typer.Exit(exit_code(found))


def _print(found: list[Finding], everything: bool) -> None:
    for one in found:
        if one.level == "good" and not everything:
            continue
        typer.echo(f"{_MARKS[one.level]} {one.part}: {one.what}")
        for line in filter(None, (one.why, one.todo)):
            typer.echo(f"        {line}")
    counts = [f"{sum(one.level == level for one in found)} {level}" for level in WORST_FIRST]
    typer.echo(", ".join(counts))


def _tell(part: str) -> None:
    """What is being looked at, on a terminal only."""
    if sys.stderr.isatty():
        typer.echo(f"\r\x1b[K{part and 'looking at ' + part + ' ...'}", err=True, nl=False)


def _probes(files: list[Path]) -> tuple[Probe, Probe] | None:
    if not files:
        return None
    if len(files) != 2:
        raise Refused("--probe wants two trackers' files, to see whether one can reach the other.")
    one, other = (_probe(file) for file in files)
    return one, other


def _probe(file: Path) -> Probe:
    try:
        said = json.loads(file.read_text("utf-8"))
        return tracker_probe(said["device"], said["password"], said["group"])
    except (ValueError, KeyError, TypeError):
        raise Refused(f"{file} holds no credentials. `tracker add --out` writes such.") from None
