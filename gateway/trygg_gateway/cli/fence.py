"""Fences: a whole set for a tracker from a file, as a signed order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from trygg_gateway import order_book
from trygg_gateway.cli.opened import (
    DEFAULT,
    AsJson,
    ConfigFile,
    Who,
    journal_of,
    now_ms,
    print_json,
    print_table,
    tell_order,
    whoami,
)
from trygg_gateway.geojson import EXAMPLE, fences_of, time_zone_of
from trygg_gateway.values import Refused
from trygg_gateway.views import Views

app = typer.Typer(help="Fences of a tracker: set, show, example.", no_args_is_help=True)

Device = Annotated[str, typer.Argument(help="The tracker's name.")]


@app.command("set")
def set_(
    device: Device,
    file: Annotated[
        Path | None, typer.Argument(help="GeoJSON, or a JSON list of fences.", show_default=False)
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="Guard nothing any more.")] = False,
    time_zone: Annotated[
        str, typer.Option(help="By whose clock schedules go.", show_default="the file's")
    ] = "",
    who: Who = "",
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Order a tracker to keep these fences and no others, from when it is next heard.

    A fence in JSON: `{"number": 1, "name": "home", "keep": "in", "shape": "circle", "lat": 59.91,
    "lon": 10.75, "radius_m": 150}`. In GeoJSON each feature is a fence: a Point with `radius_m`,
    or a Polygon; `number`, `name`, `keep`, `private`, `buffer_m` and `schedule` stand in its
    properties. `trygg gateway fence example` prints a file to begin with.

    A `schedule` is when the fence is in force, as in `"mon-fri 22:00-07:00; sat,sun 00:00-24:00"`
    or `"daily 21:00-07:00"`; without one it always is. It goes by the clock of `time_zone`, which
    stands beside the features of the file or in `--time-zone`.

    Without any fence a tracker raises no alarm when its wearer leaves; that takes `--none`.

    Example: `trygg gateway fence set astrid astrid.geojson --time-zone Europe/Oslo`
    """
    with journal_of(config_file) as journal:
        if (file is None) != none:
            raise Refused("Name a file of fences, or say --none for a tracker without any.")
        content = read_json(file) if file is not None else []
        fences = fences_of(content, str(file))
        if not fences and not none:
            raise Refused(
                f"There is no fence in {file}. With none the tracker raises no alarm when its"
                f" wearer leaves; if that is meant: trygg gateway fence set {device} --none"
            )
        zone = time_zone or time_zone_of(content)
        at_ms = now_ms()
        order_id = journal.write(
            lambda db: order_book.queue_fences(db, device, fences, 0, whoami(who), at_ms, zone)
        ).result()
    tell_order(order_id, device, f"{len(fences)} fences, sent when it is heard", as_json)


@app.command()
def example() -> None:
    """Print a file of fences, GeoJSON, to begin with.

    Example: `trygg gateway fence example > astrid.geojson`
    """
    print_json(EXAMPLE)


@app.command()
def show(device: Device, config_file: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Show the fences in force at a tracker, else the newest ordered.

    Example: `trygg gateway fence show astrid --json`
    """
    with journal_of(config_file) as journal:
        found = [one for one in Views(journal, now_ms).trackers() if one["device"] == device]
        if not found:
            raise Refused(f"{device} is not registered. See `trygg gateway tracker list`.")
    fences = found[0]["fences"]
    if as_json:
        print_json(fences)
    else:
        columns = ["number", "name", "keep", "private", "shape", "radius_m", "schedule"]
        print_table(fences, columns, f"{device} has no fences")


def read_json(file: Path) -> Any:
    """What a file of JSON says. Raises Refused."""
    try:
        return json.loads(file.read_text("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Refused(f"{file} is not JSON: {error}.") from None
