"""Is anything missing, is anything double? Counted from what the webhook's receiver kept.

Within a boot a tracker numbers its records 1, 2, 3 …, so a gap is a record that has not arrived:
on its way still, or lost. Every line has an id of its own, so a line twice is a double.
"""

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.table import Table


class Boot(NamedTuple):
    """One boot of one tracker, as the receiver knows it."""

    device: str
    boot: int
    records: int
    alarms: int
    upto: int
    missing: list[int]
    doubles: list[int]


def counted(received: Path) -> list[Boot]:
    """Every boot of every tracker in the receiver's file, in their order."""
    times: dict[tuple[str, int], Counter[int]] = defaultdict(Counter)
    alarms: Counter[tuple[str, int]] = Counter()
    for line in received.read_text("utf-8").splitlines() if received.exists() else ():
        event = json.loads(line)
        device, boot, seq = event["id"].split(":")
        times[device, int(boot)][int(seq)] += 1
        alarms[device, int(boot)] += ".alarm." in event["type"]
    return [
        _boot(device, boot, seqs, alarms[device, boot])
        for (device, boot), seqs in sorted(times.items())
    ]


def _boot(device: str, boot: int, seqs: Counter[int], alarms: int) -> Boot:
    upto = max(seqs)
    missing = [seq for seq in range(1, upto) if seq not in seqs]
    doubles = [seq for seq, count in seqs.items() if count > 1]
    return Boot(device, boot, len(seqs), alarms, upto, missing, doubles)


def sentence(boots: list[Boot]) -> str:
    """The sum in one line."""
    records = sum(boot.records for boot in boots)
    missing = sum(len(boot.missing) for boot in boots)
    doubles = sum(len(boot.doubles) for boot in boots)
    alarms = sum(boot.alarms for boot in boots)
    return f"webhook: {records} records, {alarms} alarms, {missing} missing, {doubles} double"


def show(boots: list[Boot], screen: Console) -> None:
    """A table, a row for each boot, and the sum."""
    table = Table("tracker", "boot", "records", "alarms", "to number", "missing", "double")
    for boot in boots:
        gaps = str(len(boot.missing))
        row = (boot.boot, boot.records, boot.alarms, boot.upto, gaps, len(boot.doubles))
        table.add_row(boot.device, *[str(cell) for cell in row])
    screen.print(table)
    screen.print(sentence(boots))


def command(
    folder: Annotated[Path, typer.Option(help="The demo's folder.")] = Path("run"),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list.")] = False,
) -> None:
    """Count what the demo's webhook has got. Exit code 1 if anything is missing or double.

    A record made this second may still be on its way: ask again before you worry.

    Example: `trygg demo-check`
    """
    boots = counted(folder / "received.jsonl")
    if as_json:
        typer.echo(json.dumps([boot._asdict() for boot in boots]))
    else:
        show(boots, Console())
    if any(boot.missing or boot.doubles for boot in boots):
        raise typer.Exit(1)
