"""What comes in, as it comes: one line a record, without anybody's whereabouts."""

from __future__ import annotations

import json
import time
from enum import StrEnum
from typing import Annotated, Any

import typer

from trygg_gateway import tailing
from trygg_gateway.cli.opened import (
    DEFAULT,
    ConfigFile,
    journal_of,
    loaded,
    now_ms,
    running,
    whoami,
)
from trygg_gateway.journal import Journal
from trygg_gateway.tailing import Wanted
from trygg_gateway.values import LANE_NAMES, Refused, Row
from trygg_gateway.views import Views

LOOK_S = 0.25


class Lane(StrEnum):
    """The three lanes."""

    ALARM = "alarm"
    LIVE = "live"
    BACKLOG = "backlog"


class Kind(StrEnum):
    """What a record is; gateway: what the gateway itself says."""

    REPORT = "report"
    ALARM = "alarm"
    HEALTH = "health"
    ANSWER = "answer"
    GATEWAY = "gateway"


def tail(
    device: Annotated[list[str] | None, typer.Option(help="Only this tracker; repeatable.")] = None,
    lane: Annotated[list[Lane] | None, typer.Option(help="Only this lane; repeatable.")] = None,
    kind: Annotated[list[Kind] | None, typer.Option(help="Only this kind; repeatable.")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Begin so far back.")] = 10,
    once: Annotated[bool, typer.Option("--once", help="Do not wait for more.")] = False,
    positions: Annotated[
        bool, typer.Option("--positions", help="With --json: places too. That is written down.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    config_file: ConfigFile = DEFAULT,
) -> None:
    """Show records as they are committed, until Ctrl-C. No coordinates, unless asked for in JSON.

    Example: `trygg gateway tail --device astrid --lane alarm --lane live`
    """
    config = loaded(config_file)
    numbers = {name: number for number, name in LANE_NAMES.items()}
    wanted = Wanted(
        device or [], [numbers[one] for one in lane or []],
        [tailing.KINDS[one] for one in kind or []],
    )  # fmt: skip
    with journal_of(config_file) as journal:
        if positions and not as_json:
            raise Refused("Places are shown with --json only: --positions --json.")
        show = _Shown(journal, config.gateway.name, as_json, positions)
        rows, at = journal.read(lambda db: tailing.newest(db, wanted, lines))
        show.all(rows)
        if not once and running(config) is None:
            typer.echo("no gateway is running on this journal; waiting", err=True)
        while not once:
            rows, at = journal.read(lambda db, at=at: tailing.after(db, wanted, at))  # type: ignore[misc]
            show.all(rows)
            if not rows:
                time.sleep(LOOK_S)


class _Shown:
    """Prints records; what shows places is written down first."""

    def __init__(self, journal: Journal, gateway: str, as_json: bool, positions: bool) -> None:
        self._views = Views(journal, now_ms)
        self._gateway = gateway
        self._as_json = as_json
        self._positions = positions

    def all(self, rows: list[Row]) -> None:
        """One line each."""
        events = [tailing.event_of(row, self._gateway, self._positions) for row in rows]
        self._write_down(events)
        for row, event in zip(rows, events, strict=True):
            text = json.dumps(event, ensure_ascii=False) if self._as_json else None
            typer.echo(text or tailing.line_of(row, event))

    def _write_down(self, events: list[dict[str, Any]]) -> None:
        shown = sorted({event["device"] for event in events if tailing.shows_places(event)})
        if shown:
            self._views.log_read(f"{whoami('')} (command line)", f"tail of {', '.join(shown)}")
