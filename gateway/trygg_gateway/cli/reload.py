"""New settings for the running gateway."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import typer

from trygg_gateway.cli.opened import (
    DEFAULT,
    AsJson,
    ConfigFile,
    loaded,
    now_ms,
    print_json,
    running,
    told,
)
from trygg_gateway.reload import Outcome, last
from trygg_gateway.values import Refused

WAIT_S = 120
LOOK_S = 0.05


def reload(config_file: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Have the running gateway take over new settings and certificates; trackers stay connected.

    Sinks, people, on-call, alarms, the watch, the log and certificates are taken over. What needs
    a restart is named. If anything is wrong with the file, or a new sink does not start, all stays
    as it was, and the exit code is 2.

    Example: `trygg gateway reload --config /srv/trygg/gateway.toml`
    """
    config = loaded(config_file)
    with told():
        said = running(config)
        if said is None:
            raise Refused("No gateway is running on these settings. trygg gateway run")
        before = last(config.gateway.data)
        asked_ms = now_ms()
        os.kill(int(said["pid"]), signal.SIGHUP)
        outcome = _awaited(config.gateway.data, before, asked_ms)
    if as_json:
        print_json(outcome._asdict())
    else:
        _print(outcome)
    if not outcome.done:
        raise typer.Exit(2)


def _awaited(data: Path, before: Outcome | None, asked_ms: int) -> Outcome:
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        outcome = last(data)
        if outcome is not None and outcome != before and outcome.at_ms >= asked_ms:
            return outcome
        time.sleep(LOOK_S)
    raise Refused(
        f"The gateway was told, and has not answered for {WAIT_S} s. Look at its log, and at"
        " `trygg gateway status`."
    )


def _print(outcome: Outcome) -> None:
    if not outcome.done:
        typer.echo("refused; the old settings go on:", err=True)
        typer.echo(outcome.why, err=True)
        return
    typer.echo(f"taken over: {', '.join(outcome.taken) or 'nothing has changed'}")
    typer.echo("certificates were read again")
    if outcome.restart:
        typer.echo(f"needs a restart, and is as it was: {', '.join(outcome.restart)}")
