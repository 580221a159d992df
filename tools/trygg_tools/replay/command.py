"""`trygg replay`: a log, a GPX track or a walk, said again to whoever parses NMEA."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from trygg_tools import walks
from trygg_tools.replay import alter, source, words
from trygg_tools.replay.play import Played, Player, RealClock
from trygg_tools.replay.source import Entry, Recording, SourceError
from trygg_tools.replay.target import PATIENT_S, Patience, TargetError, open_target

WALKING_M_S = 1.2

What = Annotated[
    str, typer.Argument(help="NMEA log, GPX track, or one of the demo's: astrid, bjorn, solveig.")
]
Where = Annotated[
    str,
    typer.Argument(
        help="`/dev/ttyUSB0`, `COM3`, `pty`, `pty:/tmp/gps`, `tcp://host:port`,"
        " `tcp-listen://host:port`, or `-` for a pipe."
    ),
]


def command(
    what: What = "",
    where: Where = "pty",
    walk: Annotated[
        str, typer.Option(help='Walk this instead of a file: "59.927,10.701 59.930,10.705".')
    ] = "",
    pace: Annotated[float, typer.Option(min=0.1, help="Of --walk, metres a second.")] = WALKING_M_S,
    speed: Annotated[
        float, typer.Option(min=0, help="2: twice as fast; 0: as fast as the target takes it.")
    ] = 1.0,
    begin: Annotated[str, typer.Option("--from", help="Seek: 90, 1:30 or 0:01:30.")] = "0",
    end: Annotated[str, typer.Option("--to", help="Stop there; none: at the end.")] = "",
    loop: Annotated[int, typer.Option(min=0, help="Rounds; 0: for ever.")] = 1,
    baud: Annotated[int, typer.Option(min=1200, help="Of the serial line.")] = 9600,
    clock: Annotated[
        str,
        typer.Option(
            help="`keep` the log's, `now`, a time in ISO 8601, or `rollover`: now, but the date"
            " 1,024 weeks back, as receivers without a new firmware say it."
        ),
    ] = "keep",
    clock_off: Annotated[float, typer.Option(help="Seconds that the clock is wrong.")] = 0.0,
    checksums: Annotated[
        str, typer.Option(help="`keep`, `repair` every one, `break` some (--broken).")
    ] = "keep",
    broken: Annotated[float, typer.Option(min=0, max=1, help="Share that `break` breaks.")] = 0.1,
    gap: Annotated[float, typer.Option(min=0, max=1, help="Chance of a missing second.")] = 0.0,
    jitter: Annotated[int, typer.Option(min=0, help="Lines late by up to so many ms.")] = 0,
    damage: Annotated[float, typer.Option(min=0, max=1, help="Chance of a harmed line.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of every chance: the same again.")] = 1,
    pps: Annotated[
        str, typer.Option(help="`rts` or `dtr`: the line that pulses each second.")
    ] = "",
    look: Annotated[bool, typer.Option("--look", help="Say what is in it; send nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line at the end.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Say a receiver's log again, in its own time.

    A tracker, a virtual board or any NMEA parser on the other end hears what the receiver said
    then: in real time or faster, with the log's own clock or today's, whole or harmed on purpose.

    `trygg replay astrid pty --speed 10` makes a pty and says its name

    `trygg replay walk.nmea /dev/ttyUSB0 --baud 38400 --clock now --loop 0`

    `trygg replay trip.gpx tcp-listen://127.0.0.1:2947 --from 10:00 --to 25:00`

    `trygg replay --walk "59.927,10.701 59.930,10.705" pty --gap 0.05 --checksums break`
    """
    try:
        if walk and what and where == "pty":
            what, where = "", what  # the only argument is the target
        recording = _opened(what, walk, pace, baud, seed)
        recording = recording._replace(entries=_part(recording, begin, end))
        said = _said(recording)
        if look:
            _tell(said, as_json)
            return
        harm = alter.Harm(words.checksums(checksums), broken, gap, jitter, damage)
        start_ms = words.clock(clock, clock_off, recording)
        rounds = _rounds(recording, loop, start_ms, harm, seed)
        played, name, dropped = _play(recording, rounds, where, baud, pps, speed, loop, quiet)
    except (SourceError, TargetError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    done = {**said, "target": name, "dropped_octets": dropped, **played._asdict()}
    _tell_played(done, as_json)


def _opened(what: str, walk: str, pace: float, baud: int, seed: int) -> Recording:
    if walk:
        return source.walked(words.places(walk), pace, seed, int(time.time()))
    if not what:
        raise SourceError(
            "wanted a log, a GPX track or --walk; got none. A first try: `trygg replay astrid pty`"
        )
    names = {row["name"].lower(): walks.FOLDER / row["file"] for row in walks.rows()}
    return source.read(names.get(what, Path(what)), baud)


def _part(recording: Recording, begin: str, end: str) -> list[Entry]:
    first, last = words.milliseconds(begin), words.milliseconds(end) if end else None
    entries = alter.part(recording.entries, first, last)
    if not entries:
        raise SourceError(
            f"{recording.name}: nothing between --from {begin} and --to {end or 'its end'}:"
            f" it lasts {recording.lasts_ms // 1000} s"
        )
    return entries


def _rounds(
    recording: Recording, loops: int, start_ms: int | None, harm: alter.Harm, seed: int
) -> Iterator[list[Entry]]:
    """Each round's entries; a clock that was set goes on from round to round."""
    length_ms = recording.lasts_ms // 1000 * 1000 + 1000
    number = 0
    while loops == 0 or number < loops:
        entries: Iterator[Entry] = iter(recording.entries)
        if start_ms is not None:
            entries = alter.at_time(entries, start_ms + number * length_ms)
        yield list(alter.harmed(entries, harm, seed + number))
        number += 1


def _play(
    recording: Recording,
    rounds: Iterator[list[Entry]],
    where: str,
    baud: int,
    pps: str,
    speed: float,
    loops: int,
    quiet: bool,
) -> tuple[Played, str, int]:
    if pps not in ("", "rts", "dtr"):
        raise TargetError(f"--pps {pps!r}: wanted rts or dtr")
    patience = Patience(0.0 if speed else PATIENT_S)
    target = open_target(where, baud, pps, patience)
    player = Player(target, RealClock(), pps=bool(pps))

    def stop(*_: object) -> None:
        player.stop()
        patience.end()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    console = Console(stderr=True, quiet=quiet)
    console.print(f"{recording.name} to {target.name}", highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console, disable=quiet) as progress:
            whole = recording.lasts_ms * loops if loops else None
            bar = progress.add_task("", total=whole)
            done = _Done(recording.lasts_ms)

            def on_line(at_ms: int, octets: int) -> None:
                shown = f"{at_ms // 60_000}:{at_ms // 1000 % 60:02d}"
                progress.update(bar, completed=done.at(at_ms), description=shown)

            played = player.play(rounds, speed, on_line)
    finally:
        target.close()
    return played, target.name, target.dropped


class _Done:
    """How far it is, over the rounds."""

    def __init__(self, length_ms: int) -> None:
        self._length_ms, self._rounds, self._last = length_ms, 0, 0

    def at(self, at_ms: int) -> int:
        """Milliseconds of the recording said so far."""
        self._rounds += at_ms < self._last
        self._last = at_ms
        return self._rounds * self._length_ms + at_ms


def _said(recording: Recording) -> dict[str, Any]:
    kinds = Counter(
        line[line.find(b"$") + 3 :][:3].decode("ascii", "replace")
        for _, line in recording.entries
        if b"$" in line
    )
    start = recording.start_unix_ms
    began = datetime.fromtimestamp(start / 1000, UTC).isoformat() if start is not None else None
    return {
        "source": recording.name,
        "note": recording.note,
        "lasts_s": recording.lasts_ms / 1000,
        "began": began,
        "sentences": dict(sorted(kinds.items())),
    }


def _tell(said: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(said))
        return
    typer.echo(f"{said['source']}: {said['lasts_s']:.0f} s, began {said['began'] or 'unknown'}")
    if said["note"]:
        typer.echo(f"  {said['note']}")
    for kind, count in said["sentences"].items():
        typer.echo(f"  {kind} {count}")


def _tell_played(done: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(done), err=done["target"] == "standard output")
        return
    late = f", {done['late']} lines late, the worst {done['worst_late_ms']} ms"
    lost = f", {done['dropped_octets']} B that nobody took" if done["dropped_octets"] else ""
    typer.echo(
        f"{done['lines']} lines, {done['octets']} B in {done['seconds']:.1f} s"
        f"{late if done['late'] else ''}{lost}",
        err=True,
    )
