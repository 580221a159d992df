"""Where a running gateway is reached: said in one line, and written beside its journal.

`running.json` holds its pid, since when it runs, and its addresses, for the command line.
It is gone when the gateway has ended, and stale after a kill: whoever reads it looks for the pid.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from trygg_gateway.config import Config

RUNNING = "running.json"

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


def write(config: Config, places: Addresses, now_ms: int) -> None:
    """This process is the gateway."""
    said = {"pid": os.getpid(), "since_ms": now_ms, **places}
    path = config.gateway.data / RUNNING
    new = path.with_suffix(".new")
    new.write_text(json.dumps(said) + "\n", "utf-8")
    new.replace(path)


def remove(config: Config) -> None:
    """It is the gateway no more."""
    (config.gateway.data / RUNNING).unlink(missing_ok=True)
