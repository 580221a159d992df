"""Running the gateway, and looking at how it does."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import typer

from trygg_gateway.cli.opened import (
    DEFAULT,
    AsJson,
    ConfigFile,
    clock,
    journal_of,
    loaded,
    now_ms,
    print_json,
    print_table,
    running,
    told,
)
from trygg_gateway.config import Config
from trygg_gateway.garbage import collect_rarely
from trygg_gateway.journal import Journal
from trygg_gateway.logs import start_logging
from trygg_gateway.own_records import OWN_BOOT
from trygg_gateway.service import run as run_service
from trygg_gateway.values import CLASH_BOOT, LANE_NAMES, READER
from trygg_gateway.views import Views

_BEHIND = "SELECT count(*), min(received_ms) FROM records WHERE lane = ? AND id > ?"


def run(config_file: ConfigFile = DEFAULT) -> None:
    """Run the gateway until Ctrl-C or SIGTERM. Prints one line when it is ready.

    Example: `trygg gateway run --config /srv/trygg/gateway.toml`
    """
    config = loaded(config_file)
    os.umask(0o077)  # whatever is made from here on is nobody else's to read
    start_logging(config.log.form, config.log.level)
    collect_rarely()
    with told():
        asyncio.run(run_service(config, lambda line: typer.echo(line), file=config_file))


def status(config_file: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Show whether it runs, how trackers stand, and what each sink has not confirmed yet.

    Example: `trygg gateway status --json`
    """
    config = loaded(config_file)
    with journal_of(config_file) as journal:
        said = {
            "running": running(config),
            "records": journal.query("SELECT count(*) FROM records")[0][0],
            "quarantine": journal.query("SELECT count(*) FROM quarantine")[0][0],
            "trackers": _trackers(journal),
            "open_alarms": len(Views(journal, now_ms).alarms(open_only=True)),
            "behind": _behind(journal, config),
            "held": _held(journal),
            "clashes": _clashes(journal),
        }
    if as_json:
        print_json(said)
    else:
        _print(said)


def _trackers(journal: Journal) -> dict[str, int]:
    count: dict[str, int] = {}
    for tracker in Views(journal, now_ms).trackers():
        count[tracker["status"]] = count.get(tracker["status"], 0) + 1
    return count


def _held(journal: Journal) -> list[dict[str, Any]]:
    """For each tracker and boot: how many records are committed, and the highest number."""
    rows = journal.query(
        "SELECT device, boot, count(*), max(seq) FROM records WHERE boot < ? GROUP BY device, boot",
        (CLASH_BOOT,),
    )
    return [dict(zip(("device", "boot", "records", "upto"), row, strict=True)) for row in rows]


def _clashes(journal: Journal) -> list[dict[str, Any]]:
    """For each tracker and boot that two lives have had: how many records are kept apart."""
    rows = journal.query(
        "SELECT device, boot - ?, count(*) FROM records WHERE boot >= ? AND boot < ?"
        " GROUP BY device, boot",
        (CLASH_BOOT, CLASH_BOOT, OWN_BOOT),
    )
    return [dict(zip(("device", "boot", "records"), row, strict=True)) for row in rows]


def _behind(journal: Journal, config: Config) -> list[dict[str, Any]]:
    """For each sink and lane: records not confirmed yet, and since when the oldest waits."""
    lanes = {name: number for number, name in LANE_NAMES.items()}
    wanted = {READER: list(lanes)} | {name: list(s.lanes) for name, s in config.sinks.items()}
    found = []
    for sink, names in wanted.items():
        for name in names:
            at = journal.cursor(sink, lanes[name])
            count, oldest_ms = journal.query(_BEHIND, (lanes[name], at))[0]
            waits_s = max(0, now_ms() - oldest_ms) // 1000 if oldest_ms else 0
            found.append({"sink": sink, "lane": name, "records": count, "waits_s": waits_s})
    return found


def _print(said: dict[str, Any]) -> None:
    gateway = said["running"]
    if gateway is None:
        typer.echo("not running")
    else:
        since = clock(gateway.pop("since_ms") / 1000)
        typer.echo(f"running since {since}, " + ", ".join(f"{k} {v}" for k, v in gateway.items()))
    trackers = ", ".join(f"{count} {status}" for status, count in said["trackers"].items())
    typer.echo(f"trackers: {trackers or 'none'}")
    typer.echo(f"open alarms: {said['open_alarms']}")
    typer.echo(f"records: {said['records']}, set aside: {said['quarantine']}")
    for clash in said["clashes"]:
        text = "{records} records of {device}, boot {boot}, have numbers of others: kept apart"
        typer.echo(text.format(**clash))
    print_table(said["behind"], ["sink", "lane", "records", "waits_s"], "no sinks")
