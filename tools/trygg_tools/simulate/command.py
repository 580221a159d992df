"""`trygg simulate`: one tracker on one track, for a person to look at."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

HOUSES = ("wooden", "brick", "block")


TrackFile = Annotated[
    Path | None, typer.Argument(help="A GPX file or an NMEA log; without one a life is made.")
]
Days = Annotated[float, typer.Option(help="Days of a made life.", min=0.05, max=400)]
House = Annotated[str, typer.Option(help=f"Home of a made life: {', '.join(HOUSES)}.")]
Seed = Annotated[int, typer.Option(help="Another seed, another life and another sky.")]
FenceTexts = Annotated[
    list[str] | None,
    typer.Option(
        help="home:RADIUS round the first place, circle:LAT,LON,RADIUS, or "
        "polygon:LAT,LON;LAT,LON;LAT,LON. Again for another; home:150 without.",
    ),
]
BoardName = Annotated[str, typer.Option(help="A file of hardware/boards.")]
Battery = Annotated[int, typer.Option(help="mAh of the battery.", min=50)]
SettingTexts = Annotated[
    list[str] | None,
    typer.Option("--set", help="A setting as in docs/settings.md: fix_floor_s=30. Repeatable."),
]
Motion = Annotated[
    bool, typer.Option("--motion/--no-motion", help="Whether the board has an accelerometer.")
]
Anchor = Annotated[bool, typer.Option("--anchor", help="A known radio at home, heard within 25 m.")]
Compare = Annotated[
    bool, typer.Option("--compare", help="Beside ours: a fix every 15, 60, 300, 900 s.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of the table.")]
Picture = Annotated[Path | None, typer.Option(help="Write a picture (PNG) here.")]


def command(
    track: TrackFile = None,
    days: Days = 7,
    house: House = "wooden",
    seed: Seed = 1,
    fence: FenceTexts = None,
    board: BoardName = "reference-wearable",
    battery: Battery = 1000,
    setting: SettingTexts = None,
    motion: Motion = True,
    anchor: Anchor = False,
    compare: Compare = False,
    as_json: AsJson = False,
    plot: Picture = None,
) -> None:
    """Let the firmware's own core live through a track, and say what it detected and spent.

    The real App runs in simulated time with models of a receiver (time to fix, indoor loss,
    multipath, accuracy that lies), of a network (time to connect, outages) and of a board's
    current. docs/simulation.md tells what is modelled and from which sources.

    `trygg simulate` : a week of an invented person in a wooden house

    `trygg simulate --house block --days 2 --compare --plot week.png`

    `trygg simulate walk.gpx --fence circle:59.927,10.701,150 --board esp32-bench --json`
    """
    from trygg_tools.simulate.wearer import Senses

    try:
        scene = _scene(track, days, house, seed, fence or ["home:150"], board, battery, setting)
        scene = scene._replace(senses=Senses(motion, anchor))
        rows = _run(scene, compare, battery, plot)
    except _faults() as error:
        typer.echo(f"trygg simulate: {error}", err=True)
        raise typer.Exit(2) from None
    _say(rows, as_json)


def _faults() -> tuple[type[Exception], ...]:
    """What a person can put right: all but faults of ours."""
    from trygg_tools.simulate.plots import NoMatplotlib

    return (ValueError, OSError, NoMatplotlib)  # TrackError, FenceError, BoardError are ValueErrors


def _scene(
    file: Path | None,
    days: float,
    house: str,
    seed: int,
    fence_texts: list[str],
    board_name: str,
    battery: int,
    setting_texts: list[str] | None,
) -> Any:
    from trygg_tools.boards import board_file, read_board
    from trygg_tools.simulate import fences, life, run, track_files

    board = read_board(board_file(board_name))
    settings = tuple(_setting(text) for text in setting_texts or [])
    if file is not None:
        track, seconds = track_files.read(file), 0
    else:
        if house not in life.HOMES:
            raise ValueError(f"no house {house!r}; there are: {', '.join(life.HOMES)}")
        person = life.Person(house=house)
        track, seconds = life.generated(max(1, round(days + 0.5)), person, seed), int(days * 86400)
    home = (track.points[0].latitude, track.points[0].longitude)
    if file is None:
        home = life.Person().home
    areas = [fences.parse(text, number, home) for number, text in enumerate(fence_texts, start=1)]
    if len(areas) > 16:
        raise fences.FenceError(f"{len(areas)} fences; a tracker has 16 at most")
    return run.Scene(track, areas, board, seconds, seed, settings=settings, battery_mah=battery)


def _setting(text: str) -> tuple[int, int]:
    from tracker.settings import ROWS

    name, _, value = text.partition("=")
    for number, known, _default, low, high in ROWS:
        if known == name:
            if value.lstrip("-").isdigit() and low <= int(value) <= high:
                return number, int(value)
            raise ValueError(f"setting {name}: wanted {low} to {high}, got {value!r}")
    raise ValueError(f"no setting {name!r}; docs/settings.md has them all")


def _run(scene: Any, compare: bool, battery: int, plot: Path | None) -> list[dict[str, Any]]:
    from trygg_tools.simulate import plots, policies, result
    from trygg_tools.simulate.run import go, judged

    if plot is not None:
        plots.check()  # says now what is missing, and not after the work
    chosen = policies.COMPARED if compare else (policies.OURS,)
    total_s = scene.length_s * len(chosen)
    with typer.progressbar(length=total_s, label="simulating", file=sys.stderr) as bar:
        runs = [go(scene, policy, bar.update) for policy in chosen]
    rows = [result.figures(run, judged(scene, run), scene.board, battery) for run in runs]
    if plot is not None:
        plots.comparison(scene, runs, rows, plot)
    return rows


def _say(rows: list[dict[str, Any]], as_json: bool) -> None:
    from trygg_tools.simulate.result import table

    if as_json:
        for row in rows:
            typer.echo(json.dumps(row))
        return
    typer.echo(table(rows))
