"""Is anything missing, is anything double? Counted from what the webhook's receiver kept.

Within a boot a tracker numbers its records 1, 2, 3 …, up to the highest number that the receiver or
the gateway's journal knows. A number that the receiver has not got is missing: on its way still, or
lost. Every record has an id of its own, so an id on two lines is a double.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.table import Table

from trygg_tools.demo.folder import Folder
from trygg_tools.demo.processes import run_command

GATEWAY_S_OWN = 1 << 30  # the boot of what the gateway itself has to say, numbered by it


class Boot(NamedTuple):
    """One boot of one tracker, as the receiver knows it."""

    device: str
    boot: int
    records: int
    alarms: int
    upto: int
    missing: list[int]
    doubles: list[int]


def counted(received: Path, held: Mapping[tuple[str, int], int] | None = None) -> list[Boot]:
    """Every boot of every tracker that the receiver's file knows, or `held` of the gateway."""
    times: dict[tuple[str, int], Counter[int]] = defaultdict(Counter)
    alarms: Counter[tuple[str, int]] = Counter()
    for line in _whole_lines(received):
        event = json.loads(line)
        if ".warning." in event["type"]:
            continue  # the gateway's own, numbered by it
        device, boot, seq = event["id"].split(":")
        times[device, int(boot)][int(seq)] += 1
        alarms[device, int(boot)] += ".alarm." in event["type"]
    highest = held or {}
    return [
        _boot(*key, times[key], alarms[key], highest.get(key, 0))
        for key in sorted(times.keys() | highest.keys())
    ]


def held_by_gateway(config: Path) -> dict[tuple[str, int], int]:
    """For each tracker and boot the highest number that the gateway has committed."""
    said = json.loads(run_command("status", "--json", "--config", str(config)))
    return {
        (row["device"], row["boot"]): row["upto"]
        for row in said["held"]
        if row["boot"] < GATEWAY_S_OWN
    }


def _whole_lines(received: Path) -> list[str]:
    """The file's lines but one that is being written now."""
    text = received.read_text("utf-8") if received.exists() else ""
    return text[: text.rfind("\n") + 1].splitlines()


def _boot(device: str, boot: int, seqs: Counter[int], alarms: int, highest: int) -> Boot:
    upto = max([highest, *seqs])
    missing = [seq for seq in range(1, upto + 1) if seq not in seqs]
    doubles = [seq for seq, count in seqs.items() if count > 1]
    return Boot(device, boot, len(seqs), alarms, upto, missing, doubles)


def sentence(boots: list[Boot]) -> str:
    """The sum in one line."""
    records = sum(boot.records for boot in boots)
    missing = sum(len(boot.missing) for boot in boots)
    doubles = sum(len(boot.doubles) for boot in boots)
    alarms = sum(boot.alarms for boot in boots)
    got = f"{_many(records, 'record')}, {_many(alarms, 'alarm')}"
    return f"webhook: {got}, {missing} missing, {doubles} double"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


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
    place = Folder(folder)
    if not place.received.exists():
        typer.echo(f"{place.received} is not there: start `trygg demo` first", err=True)
        raise typer.Exit(2)
    boots = counted(place.received, held_by_gateway(place.config))
    if as_json:
        typer.echo(json.dumps([boot._asdict() for boot in boots]))
    else:
        show(boots, Console())
    if any(boot.missing or boot.doubles for boot in boots):
        raise typer.Exit(1)
