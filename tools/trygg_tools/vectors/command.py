"""`trygg vectors`: a receiver's log from the field becomes a test, without whoever carried it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from trygg_tools.nmea_log import LogError, read_log, write_log
from trygg_tools.vectors import clean, expected_file
from trygg_tools.vectors.agreement import Explained
from trygg_tools.vectors.expected_file import Judged
from trygg_tools.vectors.moved import MoveError

app = typer.Typer(
    help="Receivers' logs as tests: cleaned of the person, with the fixes three parsers agree on.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
FOLDER = Path("tests/vectors/nmea/recorded")
LONGEST_LINES = 400

_ASKED = {  # what the header needs: the question
    "name": "Name of the file (receiver and what happens, as m10-tunnel)",
    "receiver": "Receiver (maker and chip)",
    "firmware": "Its firmware (unknown, if it is)",
    "date": "When recorded, as exactly as may be public (a year will do)",
    "note": "What happens in it",
    "licence": "Licence under which it is passed on",
    "recorded_by": "Who recorded it (anonymous will do)",
}

AsJson = Annotated[bool, typer.Option("--json", help="One JSON value, for machines.")]
Into = Annotated[Path, typer.Option(help="Folder of the recorded logs.")]


@app.command()
def add(
    log: Annotated[Path, typer.Argument(help="What the receiver said, as a file of bytes.")],
    name: Annotated[str, typer.Option(help=_ASKED["name"])] = "",
    receiver: Annotated[str, typer.Option(help=_ASKED["receiver"])] = "",
    firmware: Annotated[str, typer.Option(help=_ASKED["firmware"])] = "",
    date: Annotated[str, typer.Option(help=_ASKED["date"])] = "",
    note: Annotated[str, typer.Option(help=_ASKED["note"])] = "",
    licence: Annotated[str, typer.Option(help=_ASKED["licence"])] = "",
    recorded_by: Annotated[str, typer.Option(help=_ASKED["recorded_by"])] = "",
    provenance: Annotated[
        str, typer.Option(help="Where it comes from, if not from our own field.")
    ] = "a field log, added with `trygg vectors add`",
    lines: Annotated[
        str, typer.Option(help=f"The part to take, as 100-260; at most {LONGEST_LINES} lines.")
    ] = "",
    keep_date: Annotated[
        bool, typer.Option("--keep-date", help="Where the date is what the log is about.")
    ] = False,
    explain: Annotated[
        list[str] | None,
        typer.Option(help='Of a disagreement: "date=pynmea2: gpsdecode adds a rollover".'),
    ] = None,
    into: Into = FOLDER,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say it all, write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Clean a log, let three parsers say which fixes are in it, and write both.

    Asks for what the header needs and was not given. Positions are moved by an amount that is
    kept nowhere, dates by whole weeks; whatever is not known to be harmless is taken away, and
    told. Look at what is written before you commit it: you know the wearer, we do not.

    `trygg vectors add tunnel.nmea --lines 40-220`

    `trygg vectors add old.nmea --keep-date --explain "date=pynmea2: RMC says 1999" --dry-run`
    """
    given = {"name": name, "receiver": receiver, "firmware": firmware, "date": date, "note": note}
    given |= {"licence": licence, "recorded_by": recorded_by}
    if not into.is_dir():
        _refuse(f"{into}: no such folder; be in the top folder of Trygg, or say --into")
    _refuse_unasked(given, can_ask=_somebody_is_there() and not as_json)
    try:
        done = clean.cleaned(_part(log, lines), datetime.now(UTC).date(), keep_date)
        judged = _judged(done.lines, explain or [])
        header = _answers(given, into)
        target = into / f"{header.pop('name')}.nmea"
        head = _header(header, provenance, done.taken, keep_date, judged)
        if not dry_run:
            _write(target, head, done.lines, judged)
    except (MoveError, LogError, OSError) as error:
        _refuse(f"{log}: {error}")
    _tell_added(target, done.taken, judged, dry_run, as_json)


@app.command("list")
def list_(
    into: Into = FOLDER,
    markdown: Annotated[bool, typer.Option("--markdown", help="The table of docs.")] = False,
    as_json: AsJson = False,
) -> None:
    """The recorded logs: receiver, fixes, what happens in each."""
    rows = [_listed(log) for log in sorted(into.glob("*.nmea"))]
    if not rows:
        _refuse(f"{into}: no recorded log there; be in the top folder, or say --into")
    if as_json:
        typer.echo(json.dumps(rows))
        return
    if markdown:
        typer.echo("| log | receiver | fixes | what happens |\n|---|---|---|---|")
    for row in rows:
        if markdown:
            line = f"| `{row['log']}` | {row['receiver']} | {row['fixes']} | {row['note']} |"
        else:
            line = f"{row['log']:26} {row['fixes']:3} fixes  {row['receiver']}: {row['note']}"
        typer.echo(line)


def _listed(log: Path) -> dict[str, Any]:
    try:
        header, _ = read_log(log)
        said = expected_file.load(log.with_suffix(".json"))
    except (LogError, OSError, ValueError) as error:
        _refuse(f"{log}: {error}")
    differs = [one["about"] for one in said["disagreements"]]
    told = {key: header.get(key, "") for key in ("receiver", "note", "licence", "provenance")}
    return {"log": log.stem, **told, "fixes": len(said["fixes"]), "differs": differs}


@app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="Of logs; none: all.")] = None,
    into: Into = FOLDER,
    as_json: AsJson = False,
) -> None:
    """Read every recorded log again with the three parsers and the tracker; exit 1 if any differs.

    `trygg vectors check`
    """
    judge = _judge()
    logs = [into / f"{name}.nmea" for name in names or []] or sorted(into.glob("*.nmea"))
    if not logs:
        _refuse(f"{into}: no recorded log there; be in the top folder, or say --into")
    said = {}
    for log in logs:
        try:
            said[log.stem] = judge.checked(log)
        except (LogError, OSError, judge.by_gpsdecode.GpsdecodeError) as error:
            said[log.stem] = [str(error)]
        if not as_json:
            for text in said[log.stem] or ["as expected"]:
                typer.echo(f"{log.stem}: {text}")
    if as_json:
        typer.echo(json.dumps(said))
    if any(said.values()):
        raise typer.Exit(1)


def _somebody_is_there() -> bool:
    return sys.stdin.isatty()


def _refuse_unasked(given: dict[str, str], can_ask: bool) -> None:
    missing = [f"--{key.replace('_', '-')}" for key, text in given.items() if not text.strip()]
    if missing and not can_ask:
        _refuse(f"the log's header needs {', '.join(missing)}; nobody is here to be asked")


def _answers(given: dict[str, str], into: Path) -> dict[str, str]:
    """What the header needs, asked for where it was not given; a bad name is asked for again."""
    answers = {}
    for key, text in given.items():
        check = (lambda name: _named(name, into)) if key == "name" else _one_line
        try:
            answers[key] = (
                check(text) if text.strip() else str(typer.prompt(_ASKED[key], value_proc=check))
            )
        except typer.BadParameter as error:
            _refuse(f"--name {error}")
    return answers


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _named(name: str, into: Path) -> str:
    """A name that can be a file's and is not taken."""
    if not name.replace("-", "").isalnum() or not name.isascii() or name != name.lower():
        raise typer.BadParameter(f"{name!r}: wanted small letters, digits and hyphens")
    if (into / f"{name}.nmea").exists():
        raise typer.BadParameter(f"{name!r}: is there already; another name, or remove it first")
    return name


def _part(log: Path, lines: str) -> list[bytes]:
    try:
        found = log.read_bytes().splitlines(keepends=True)
    except OSError as error:
        _refuse(f"{log}: cannot be read: {error.strerror}")
    if lines:
        first, _, last = lines.partition("-")
        if not (first.isdigit() and last.isdigit() and 1 <= int(first) <= int(last)):
            _refuse(f"--lines {lines!r}: wanted the first and the last line, as 100-260")
        found = found[int(first) - 1 : int(last)]
    if not 0 < len(found) <= LONGEST_LINES:
        _refuse(f"{log}: {len(found)} lines; wanted 1 to {LONGEST_LINES}: take a part with --lines")
    return found


def _judge() -> Any:
    """The judge, who needs a parser that only technicians and developers have installed."""
    try:
        from trygg_tools.vectors import judge
    except ModuleNotFoundError as error:
        _refuse(
            f"{error.name} is not installed: in a clone of Trygg, `pip install '.[technician]'`"
            " brings it"
        )
    return judge


def _judged(lines: Sequence[bytes], explain: Sequence[str]) -> Judged:
    judge = _judge()
    explained: dict[str, Explained] = {}
    try:
        explained.update(judge.explanation(text) for text in explain)
        found: Judged = judge.judged(lines, explained)
    except judge.NotAgreedError as error:
        _refuse(
            f"the parsers do not agree, and it is not explained:\n{error}\nSay who is right and why"
            ' with --explain "WHAT=WHO: WHY" for each; a fault is ours: keep the log and report it'
        )
    except (ValueError, judge.by_gpsdecode.GpsdecodeError) as error:
        _refuse(str(error))
    if not found.rows and not any(one.denied for one in found.readings):
        _refuse("no parser sees a fix or a no in it: is it NMEA, and not a receiver's binary log?")
    return found


def _header(
    answers: dict[str, str], provenance: str, taken: Counter[str], keep_date: bool, judged: Judged
) -> dict[str, str]:
    dates = "dates as recorded" if keep_date else "dates by whole weeks"
    head = {**answers, "provenance": provenance}
    head["recorded-by"] = head.pop("recorded_by")
    head["moved"] = (
        f"positions and heights by an amount that is kept nowhere, hemispheres stay, {dates};"
        " longitudes drawn out so that east-west metres stay"
    )
    head["taken-away"] = "; ".join(f"{count} {what}" for what, count in sorted(taken.items()))
    head["parsers"] = ", ".join(f"{one.parser} {one.version}" for one in judged.readings)
    for one in judged.differences:
        why = judged.explained[one.about]
        head[f"disagree-{one.about}"] = (
            f"{one.moments} times, {one.example}; {why.right} is right: {why.because}"
        )
    if judged.tracked.rolled_weeks:
        head["rolled"] = (
            f"the tracker adds {judged.tracked.rolled_weeks} weeks, for it takes a date before 2020"
            " for one from before a week rollover (gnss_date.py)"
        )
    if judged.tracked.withheld:
        because = judged.explained[expected_file.TRACKER].because
        head["withheld"] = f"the tracker gives {len(judged.tracked.withheld)} fewer: {because}"
    return head


def _write(target: Path, head: dict[str, str], lines: Sequence[bytes], judged: Judged) -> None:
    """Write both files or none."""
    try:
        write_log(target, head, lines)
        target.with_suffix(".json").write_text(expected_file.text(judged), "utf-8")
    except OSError as error:
        target.unlink(missing_ok=True)
        _refuse(f"{error.filename or target}: cannot be written: {error.strerror}")


def _tell_added(
    target: Path, taken: Counter[str], judged: Judged, dry_run: bool, as_json: bool
) -> None:
    said = expected_file.value(judged)
    if as_json:
        told = {"log": str(target), "written": not dry_run, "taken_away": taken, **said}
        typer.echo(json.dumps(told | {"fixes": len(judged.rows)}))
        return
    typer.echo("Taken away or changed:")
    for what, count in sorted(taken.items()):
        typer.echo(f"  {count:5} {what}")
    heard = ", ".join(f"{one} {count}" for one, count in said["fixes_heard"].items())
    typer.echo(f"{len(judged.rows)} fixes expected (heard by {heard})")
    for one in said["disagreements"]:
        typer.echo(f"  {one['about']}: {one['right']} is right: {one['because']}")
    if dry_run:
        typer.echo(f"would write {target} and {target.stem}.json")
    else:
        typer.echo(f"wrote {target} and {target.stem}.json: look at both, then commit them")


def _refuse(text: str) -> NoReturn:
    typer.echo(f"error: {text}", err=True)
    raise typer.Exit(1)
