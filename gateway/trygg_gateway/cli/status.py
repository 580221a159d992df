"""How the gateway does, for whoever is woken at night: what needs somebody first, then the rest."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import typer

from trygg_gateway import rollout_book, sink_standing, watch_book
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
)
from trygg_gateway.config import Config
from trygg_gateway.config_sink import SinkSection
from trygg_gateway.config_sinks import kind_of
from trygg_gateway.database import Database
from trygg_gateway.journal import Journal
from trygg_gateway.night import attention
from trygg_gateway.outlets import lanes_of
from trygg_gateway.own_records import OWN_BOOT
from trygg_gateway.policies import policy_of
from trygg_gateway.reload import last
from trygg_gateway.values import CLASH_BOOT, LANE_NAMES, READER
from trygg_gateway.views import Views

_BEHIND = "SELECT count(*), min(received_ms) FROM records WHERE lane = ? AND id > ?"
_ALARM = (
    "id", "device", "name", "form", "what", "test", "state", "raised_s", "delivered", "taken_by",
)  # fmt: skip
_WEEK_MS = 7 * 86_400_000


def status(config_file: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Show what needs somebody now, then trackers, open alarms, sinks and the journal.

    Nobody's whereabouts are in it.

    Example: `trygg gateway status --json`
    """
    config = loaded(config_file)
    with journal_of(config_file) as journal:
        said = {**_gateway(config, journal), **_people(config, journal), **_data(config, journal)}
    said["attention"] = attention(said, now_ms() // 1000)
    if as_json:
        print_json(said)
    else:
        _print(said)


def _gateway(config: Config, journal: Journal) -> dict[str, Any]:
    alive_ms = journal.read(watch_book.alive_ms)
    outcome = last(config.gateway.data)
    disk = os.statvfs(config.gateway.data)
    return {
        "name": config.gateway.name,
        "running": running(config),
        "sign_of_life_s": (now_ms() - alive_ms) // 1000 if alive_ms else None,
        "reload": outcome._asdict() if outcome else None,
        "disk_free_mb": disk.f_bavail * disk.f_frsize >> 20,
        "disk_wanted_mb": config.watch.disk_free_mb,
    }


def _people(config: Config, journal: Journal) -> dict[str, Any]:
    views = Views(journal, now_ms, policy=policy_of(config))
    trackers, at_s = views.trackers(), now_ms() // 1000
    count: dict[str, int] = {}
    for tracker in trackers:
        count[tracker["status"]] = count.get(tracker["status"], 0) + 1
    silent = [
        {
            "device": one["device"],
            "name": one["name"],
            "silent_s": at_s - one["last_contact_s"] if one["last_contact_s"] else None,
            "battery": "?" if one["battery_percent"] is None else f"{one['battery_percent']} %",
        }
        for one in trackers
        if one["silent_at_s"] is not None and one["silent_at_s"] <= at_s
    ]
    alarms = [{key: one[key] for key in _ALARM} for one in views.alarms(open_only=True)]
    ((held,),) = journal.query("SELECT count(*) FROM alarms WHERE state <> 'closed'")
    return {"trackers": count, "silent": silent, "open_alarms": held, "alarms": alarms}


def _data(config: Config, journal: Journal) -> dict[str, Any]:
    at_ms = now_ms()
    return {
        "records": journal.query("SELECT count(*) FROM records")[0][0],
        "quarantine": journal.query("SELECT count(*) FROM quarantine")[0][0],
        "gaps_open": journal.query("SELECT count(*) FROM gaps WHERE state = 'open'")[0][0],
        "orders_owed": journal.query(
            "SELECT count(*) FROM orders WHERE state IN ('queued', 'sent', 'received')"
        )[0][0],
        "rollouts": _rollouts(journal, at_ms),
        "mendings": _mendings(journal, at_ms),
        "sinks": _sinks(config, journal, at_ms),
        "behind": _behind(journal, config),
        "held": _held(journal),
        "clashes": _clashes(journal),
    }


def _sinks(config: Config, journal: Journal, at_ms: int) -> list[dict[str, Any]]:
    def one(db: Database, name: str, section: SinkSection) -> dict[str, Any]:
        kind, lanes = kind_of(type(section)), lanes_of(section)
        return sink_standing.standing(db, name, kind, lanes, at_ms)

    return [
        journal.read(partial(one, name=name, section=section))
        for name, section in config.sinks.items()
    ]


def _rollouts(journal: Journal, at_ms: int) -> list[dict[str, Any]]:
    """Those that are not over."""
    newest = journal.read(lambda db: rollout_book.newest(db, 20, at_ms))
    kept = ("id", "title", "state", "why")
    return [{key: one[key] for key in kept} for one in newest
            if one["state"] in ("running", "paused", "halted")]  # fmt: skip


def _mendings(journal: Journal, at_ms: int) -> list[dict[str, Any]]:
    """What went wrong with the file within a week."""
    rows = journal.query(
        "SELECT at_ms, what, why, file FROM mendings WHERE at_ms > ? ORDER BY id DESC",
        (at_ms - _WEEK_MS,),
    )
    return [dict(zip(("at_ms", "what", "why", "file"), row, strict=True)) for row in rows]


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
    wanted = {READER: list(LANE_NAMES)}
    wanted |= {name: lanes_of(section) for name, section in config.sinks.items()}
    found = []
    for sink, lanes in wanted.items():
        for lane in lanes:
            at = journal.cursor(sink, lane)
            count, oldest_ms = journal.query(_BEHIND, (lane, at))[0]
            waits_s = max(0, now_ms() - oldest_ms) // 1000 if oldest_ms else 0
            found.append(
                {"sink": sink, "lane": LANE_NAMES[lane], "records": count, "waits_s": waits_s}
            )
    return found


def _print(said: dict[str, Any]) -> None:
    gateway = said["running"]
    if gateway is None:
        typer.echo(f"gateway {said['name']}: not running")
    else:
        since = clock(gateway["since_ms"] / 1000)
        places = ", ".join(f"{k} {v}" for k, v in gateway.items() if k != "since_ms")
        typer.echo(f"gateway {said['name']}: running since {since}, {places}")
    for line in said["attention"]:
        typer.echo(f"! {line}")
    if not said["attention"]:
        typer.echo("nothing needs anybody now")
    trackers = ", ".join(f"{count} {status}" for status, count in said["trackers"].items())
    typer.echo(f"trackers: {trackers or 'none'}")
    typer.echo(f"open alarms: {said['open_alarms']}, orders owed: {said['orders_owed']}")
    typer.echo(
        f"records: {said['records']}, gaps open: {said['gaps_open']}, set aside:"
        f" {said['quarantine']}, disk free: {said['disk_free_mb']:,} MB"
    )
    for clash in said["clashes"]:
        text = "{records} records of {device}, boot {boot}, have numbers of others: kept apart"
        typer.echo(text.format(**clash))
    print_table(
        said["sinks"], ["sink", "type", "state", "behind", "waits_s", "trouble"], "no sinks"
    )
