"""Where a running gateway is reached: said in one line, and written beside its journal.

`running.json` holds its pid, since when it runs, and its addresses, for the command line.
It is gone when the gateway has ended, and stale after a kill: whoever reads it looks for the pid.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, Final

import structlog

from trygg_gateway.config import Config

log = structlog.get_logger("running")

RUNNING = "running.json"
AGAIN_S: Final = 2.0

Addresses = Mapping[str, str]


def addresses(config: Config, doors: Mapping[str, Any], console_port: int | None) -> Addresses:
    """Where the gateway is reached, by part. `doors` know their port where any free one was asked
    for; `console_port` None: there is no page."""
    found = {}
    if "listener" in doors:
        scheme = "mqtts" if config.listener.tls else "mqtt"
        port = getattr(doors["listener"], "port", config.listener.port)
        found["listener"] = f"{scheme}://{config.listener.host}:{port}"
    if config.broker.url is not None:
        found["broker"] = config.broker.url
    if console_port is not None:
        scheme = "https" if config.console.cert else "http"
        found["console"] = f"{scheme}://{config.console.host}:{console_port}"
    return found


def ready_line(config: Config, places: Addresses) -> str:
    """One line for people and for whoever started this process."""
    where = ", ".join(f"{name} {place}" for name, place in places.items())
    sinks = ", ".join(config.sinks) or "none"
    return f"ready: gateway {config.gateway.name}, {where}, sinks {sinks}"


def keep(config: Config, places: Addresses, now_ms: int) -> Coroutine[Any, Any, None]:
    """Say now that this process is the gateway; what is returned never ends, and says it as soon
    as it can where the disk takes nothing now. A full disk keeps nobody from being heard."""
    said = {"pid": os.getpid(), "since_ms": now_ms, **places}
    path, text = config.gateway.data / RUNNING, json.dumps(said) + "\n"
    return _until_written(path, text, written=_written(path, text))


async def _until_written(path: Path, text: str, written: bool) -> None:
    if not written:
        log.warning("running_not_written", file=str(path), why="the disk takes nothing")
    while not written:
        await asyncio.sleep(AGAIN_S)
        written = _written(path, text)
    await asyncio.Event().wait()


def _written(path: Path, text: str) -> bool:
    new = path.with_suffix(".new")
    try:
        new.write_text(text, "utf-8")
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        return False
    return True


def remove(config: Config) -> None:
    """It is the gateway no more."""
    (config.gateway.data / RUNNING).unlink(missing_ok=True)
