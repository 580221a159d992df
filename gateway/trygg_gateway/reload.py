"""New settings for a running gateway, all of them or none, without a tracker noticing.

On SIGHUP (`trygg gateway reload`) the file is read and looked at whole, as before a start. Then the
sinks that changed are stopped and the new ones started; one that does not start within START_S puts
all of them back as they were. What follows cannot fail: who is called, when a tracker is silent,
the log, certificates for connections that begin from now on. No connection is touched, and what was
under way to a sink that is replaced goes to the new one from the same cursor.

What came of it stands in the log and in `reload.json` beside the journal, which the command waits
for and `status` shows.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from trygg_gateway.alarm_engine import AlarmEngine
from trygg_gateway.config import Config, load
from trygg_gateway.config_changes import Changes, changes
from trygg_gateway.config_check import demand_fit
from trygg_gateway.config_errors import ConfigError
from trygg_gateway.doors import listener_tls
from trygg_gateway.forwarder import Forwarder
from trygg_gateway.logs import start_logging
from trygg_gateway.outlets import outlet_of
from trygg_gateway.policies import limits_of, policy_of, rules_of
from trygg_gateway.sink_tasks import NotStarted
from trygg_gateway.systemd_notify import notify, reloading
from trygg_gateway.views import Views
from trygg_gateway.watcher import Watcher
from trygg_gateway.web.server import ConsoleServer, greeting

log = structlog.get_logger("reload")

FILE = "reload.json"
COUNTERS = ("reloads", "reloads_refused")


class Parts(NamedTuple):
    """What takes something over."""

    forwarder: Forwarder
    alarm_engine: AlarmEngine
    views: Views
    watcher: Watcher | None
    listener: Any  # the door, None without one
    console: ConsoleServer | None


class Wanted(NamedTuple):
    """The new settings, with what is made of their certificates as those were at one time."""

    changes: Changes
    door: ssl.SSLContext | None
    console: ssl.SSLContext | None


class Outcome(NamedTuple):
    """What came of a reload: `why` is empty if it was done, else all is as it was."""

    at_ms: int
    done: bool
    taken: list[str]
    restart: list[str]
    why: str = ""


class Reloader:
    """Works for as long as `run` runs; `ask` is the signal's handler."""

    def __init__(
        self, config: Config, file: Path | None, parts: Parts, now_ms: Callable[[], int]
    ) -> None:
        self.counters = dict.fromkeys(COUNTERS, 0)
        self.config = config
        self._file = file
        self._parts = parts
        self._now_ms = now_ms
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Read the settings again."""
        self._asked.set()

    async def run(self) -> None:
        """Reload whenever it is asked for, until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            notify(reloading())
            outcome = await self.reload()
            notify(f"READY=1\nSTATUS={_words(outcome)}")

    async def reload(self) -> Outcome:
        """Read the file and take it over, or leave all as it is; what came of it is written."""
        try:
            wanted = await self._wanted()
            await self._replace_sinks(wanted.changes)
        except (ConfigError, NotStarted, OSError) as failure:
            outcome = Outcome(self._now_ms(), False, [], [], str(failure))
        except Exception as failure:
            log.exception("reload_fell_over")
            why = f"{type(failure).__name__}: {failure}"
            outcome = Outcome(self._now_ms(), False, [], [], why)
        else:
            self._take(wanted)
            taken, restart = wanted.changes.taken, wanted.changes.restart
            outcome = Outcome(self._now_ms(), True, list(taken), list(restart))
        self._say(outcome)
        return outcome

    async def _wanted(self) -> Wanted:
        """The new file against what runs; raises ConfigError if a gateway could not start on it."""
        if self._file is None:
            raise ConfigError("this gateway was started without a file of settings")
        new = await asyncio.to_thread(load, self._file)
        await asyncio.to_thread(demand_fit, new)
        found = changes(self.config, new)
        return Wanted(found, *self._contexts(found.merged))

    async def _replace_sinks(self, wanted: Changes) -> None:
        def makers(config: Config) -> dict[str, Any]:
            sections = {name: config.sinks[name] for name in wanted.sinks if name in config.sinks}
            about = self._parts.views.about
            return {name: partial(outlet_of, name, one, about) for name, one in sections.items()}

        if wanted.sinks:
            before, after = makers(self.config), makers(wanted.merged)
            await self._parts.forwarder.replace(before, after)

    def _contexts(self, config: Config) -> tuple[ssl.SSLContext | None, ssl.SSLContext | None]:
        """(door's, console's), made of the files as they are now. Raises ConfigError."""
        door = listener_tls(config) if self._parts.listener is not None else None
        section = config.console
        if self._parts.console is None or not (section.cert and section.key):
            return door, None
        try:
            return door, greeting(section.cert, section.key)
        except OSError as error:
            raise ConfigError(f"TLS: {error}. `trygg gateway check` names the file") from None

    def _take(self, wanted: Wanted) -> None:
        """The rest, of which nothing waits and nothing fails: no file is opened any more."""
        parts, config = self._parts, wanted.changes.merged
        policy = policy_of(config)
        parts.alarm_engine.go_by(policy)
        parts.views.go_by(policy)
        if parts.watcher is not None:
            parts.watcher.go_by(rules_of(config), limits_of(config))
        if wanted.door is not None:
            parts.listener.take_tls(wanted.door)
        if parts.console is not None and wanted.console is not None:
            parts.console.take_tls(wanted.console)
        if config.log != self.config.log:
            start_logging(config.log.form, config.log.level)
        self.config = config

    def _say(self, outcome: Outcome) -> None:
        self.counters["reloads" if outcome.done else "reloads_refused"] += 1
        if outcome.done:
            log.info("reloaded", taken=outcome.taken, needs_restart=outcome.restart)
        else:
            log.error("reload_refused", why=outcome.why)
        path = self.config.gateway.data / FILE
        new = path.with_suffix(".new")
        try:
            new.write_text(json.dumps(outcome._asdict()) + "\n", "utf-8")
            new.replace(path)
        except OSError as failure:
            log.error("reload_not_written", file=str(path), why=failure.strerror)


def last(data: Path) -> Outcome | None:
    """What came of the last reload of the gateway in that folder; None if there was none."""
    try:
        return Outcome(**json.loads((data / FILE).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _words(outcome: Outcome) -> str:
    return "settings taken over" if outcome.done else "new settings refused, the old ones go on"
