"""The gateway, put together. Reading `Service` from top to bottom is reading the data's way:

    doors → ingest → disk guard → journal → reader (devices, alarms, orders) → views → console
                                  journal → downlink (acks, orders, roll-outs) → doors
                                  journal → forwarder → sinks
    reader → watcher, gap keeper, alarm engine → journal (what the gateway says itself)
    upkeep, quarantine desk → journal (what is let go, forgotten, put through once more)

Everything runs in one event loop beside the journal's writer thread. `run(config)` returns after a
clean stop (SIGTERM, SIGINT) and raises what a part fell over with: a gateway that lost a part ends,
so that whoever watches it starts it again, rather than looking alive.

What another process writes to the journal while this one runs (the command line: trackers, orders,
taken alarms) is found within two seconds by the downlink's reload; an unknown tracker that knocks
is looked up at once. Nothing else is kept in memory that another process may change.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from trygg_gateway import alarm_book, running_file
from trygg_gateway.acks import Acks
from trygg_gateway.alarm_engine import AlarmEngine
from trygg_gateway.broker_book import BrokerBook
from trygg_gateway.config import Config
from trygg_gateway.config_check import demand_fit
from trygg_gateway.doors import make_doors
from trygg_gateway.downlink import Downlink
from trygg_gateway.forwarder import Forwarder
from trygg_gateway.gap_keeper import GapKeeper
from trygg_gateway.ingest import Ingest
from trygg_gateway.journal import set_cursor
from trygg_gateway.keeping import forget_again, make_guard, make_upkeep, open_journal
from trygg_gateway.listener import Listener
from trygg_gateway.listener_book import ListenerBook
from trygg_gateway.metrics import Metrics
from trygg_gateway.order_book import OrderBook
from trygg_gateway.outlets import outlets
from trygg_gateway.policies import limits_of, policy_of, rules_of
from trygg_gateway.ports import demand_free
from trygg_gateway.quarantine_desk import QuarantineDesk
from trygg_gateway.reader import Reader
from trygg_gateway.registry import Registry
from trygg_gateway.reload import Parts, Reloader
from trygg_gateway.rollout_runner import RolloutRunner
from trygg_gateway.running_file import RUNNING as RUNNING  # tools find it here
from trygg_gateway.signals import on_signal, stop_on_signals
from trygg_gateway.systemd_notify import notify
from trygg_gateway.values import Run
from trygg_gateway.views import Views
from trygg_gateway.watchdog import Watchdog
from trygg_gateway.watcher import Told, Watcher
from trygg_gateway.web.app import create_app
from trygg_gateway.web.auth import ConsolePassword
from trygg_gateway.web.server import ConsoleServer

log = structlog.get_logger("service")

JOURNAL = "journal.sqlite"


def now_ms() -> int:
    """The gateway's clock, unix milliseconds."""
    return time.time_ns() // 1_000_000


async def run(
    config: Config,
    say: Callable[[str], None] = print,
    stop: asyncio.Event | None = None,
    file: Path | None = None,
) -> None:
    """Run a gateway until SIGTERM, SIGINT or `stop`; `say` gets the line that it is ready.

    `file` is where the settings come from, and are read again from on SIGHUP.

    Raises ConfigError, PortTaken, JournalError when it cannot start.
    """
    demand_fit(config)
    service = Service(config, file)
    stop = stop or asyncio.Event()
    stop_on_signals(stop)
    on_signal(signal.SIGHUP, service.reloader.ask)
    try:
        await service.start()
        say(service.ready_line())
        notify(f"READY=1\nSTATUS={service.ready_line()}")
        await service.until(stop)
    finally:
        await service.stop()


class Service:
    """One gateway's parts."""

    def __init__(self, config: Config, file: Path | None = None) -> None:
        self.config = config
        self.file = file
        config.gateway.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.journal = open_journal(config.gateway.data / JOURNAL, config)
        try:
            self._put_together()
        except BaseException:
            self.journal.close()
            raise

    def _put_together(self) -> None:
        journal, config = self.journal, self.config
        forget_again(journal, config)
        self.registry = Registry(journal, now_ms)
        self.guard = make_guard(journal, config)
        self.ingest = Ingest(self.guard.put, self.registry, now_ms)
        self.listener_book = ListenerBook(journal, now_ms)
        self.doors = make_doors(
            config, self.ingest.deliver, self.registry, self.listener_book, BrokerBook(journal)
        )
        self.acks = Acks(journal.highest_boot)
        self.book = OrderBook(journal, now_ms)
        self.downlink = Downlink(
            list(self.doors.values()), self.acks, self.book, self.registry, now_ms
        )
        self.rollouts = RolloutRunner(journal, now_ms)
        self.metrics = Metrics()
        policy = policy_of(config)
        self.views = Views(
            journal, now_ms, self.downlink.nudge, self.counters, policy, self._alarms_changed
        )
        self._put_work_together()
        self.watchdog = Watchdog(journal, self.doors)
        self.console: ConsoleServer | None = None
        if config.console.enabled:
            self.console = self._make_console()
        parts = Parts(
            self.forwarder, self.alarm_engine, self.views, self.watcher,
            self.doors.get("listener"), self.console,
        )  # fmt: skip
        self.reloader = Reloader(config, self.file, parts, now_ms)
        self._measure()
        self._tasks: list[asyncio.Task[None]] = []
        self._stop_metrics: Callable[[], None] | None = None
        self._journal_ended: asyncio.Future[None] | None = None

    def _put_work_together(self) -> None:
        """What is done with records once they are committed."""
        journal, config, policy = self.journal, self.config, policy_of(self.config)
        self.reader = Reader(journal, now_ms, self._folded, self.downlink.nudge, self._heard)
        self.alarm_engine = AlarmEngine(
            journal, policy, now_ms, self._written, partial(self.views.changed, "alarms"),
            self.metrics.observe_hop,
        )  # fmt: skip
        self.forwarder = Forwarder(
            journal,
            outlets(config, self.views.about),
            gateway=config.gateway.name,
            set_cursor=set_cursor,
            tell=alarm_book.sink_said,
            told=partial(self._folded, "alarms"),
            observe=self.metrics.observe_alarm,
            now_ms=now_ms,
        )
        self.gaps = GapKeeper(journal, now_ms)
        self.upkeep = make_upkeep(
            journal, self.guard, config, now_ms,
            lanes=lambda: self.forwarder.owing, written=self._written, forgotten=self._forget,
        )  # fmt: skip
        self.quarantine = QuarantineDesk(journal, self.registry, now_ms, self._replayed)
        self.watcher = self._make_watcher() if config.watch.enabled else None

    def _forget(self, device: str) -> None:
        """What is remembered of a tracker outside the journal is void."""
        self.reader.forget(device)
        to_close = {*self.registry.load()}  # whoever it is that another process has changed
        tracker = self.registry.find(device)
        if tracker is None or tracker.revoked:
            to_close.add(device)
            if self.watcher is not None:
                self.watcher.forget(device)
        for door in self.doors.values():
            for one in to_close:
                door.close_tracker(one)
        self._folded("trackers")

    def _make_watcher(self) -> Watcher:
        return Watcher(
            self.journal,
            rules_of(self.config),
            limits_of(self.config),
            now_ms,
            written=self._written,
            changed=partial(self._folded, "alarms"),
            lanes=self.forwarder.state,
            doors=self.doors,
            observe_commit=self.metrics.observe_commit,
        )

    def _heard(self, told: Told) -> None:
        self.gaps.heard(told)
        if self.watcher is not None:
            self.watcher.heard(told)

    def _folded(self, what: str) -> None:
        """The reader or a sink has changed "trackers" or "alarms"."""
        self.views.changed(what)
        if what == "alarms":
            self._alarms_changed()

    def _alarms_changed(self) -> None:
        self.alarm_engine.wake()

    def _written(self, runs: Sequence[Run]) -> None:
        """Own records were committed: they are read and forwarded like any other."""
        self.reader.on_commit(runs)
        self.forwarder.wake(runs)

    def _replayed(self, runs: Sequence[Run]) -> None:
        """What was set aside has become records: whoever is told of a commit is told of these."""
        for tell in self.journal.on_commit:
            tell(runs)

    def _measure(self) -> None:
        for name, part in self._parts().items():
            self.metrics.add_part(name, partial(getattr, part, "counters"))
        self.metrics.add_lanes(self.forwarder.state)
        self.metrics.add_gauge(
            "journal_waiting", "records queued for a commit", lambda: self.journal.waiting
        )
        self.metrics.add_gauge(
            "gaps_open", "ranges of records that are waited for", lambda: self.gaps.book.open
        )
        self.metrics.add_gauge("orders_owed", "orders not settled", lambda: self.book.owed)
        for state in ("running", "halted"):
            count = partial(self.rollouts.open.__getitem__, state)
            self.metrics.add_gauge(f"rollouts_{state}", f"roll-outs that are {state}", count)
        gauges = self.watcher.gauges() if self.watcher is not None else {}
        for name, (about, value) in gauges.items():
            self.metrics.add_gauge(name, about, value)

    def _parts(self) -> dict[str, Any]:
        return {
            **self.doors,
            "ingest": self.ingest,
            "journal": self.journal,
            "reader": self.reader,
            "registry": self.registry,
            "acks": self.acks,
            "gaps": self.gaps,
            "upkeep": self.upkeep,
            "disk": self.guard,
            "orders": self.book,
            "downlink": self.downlink,
            "rollouts": self.rollouts,
            "quarantine": self.quarantine,
            "watchdog": self.watchdog,
            "settings": self.reloader,
            "alarms": self.alarm_engine,
            **({"watch": self.watcher} if self.watcher is not None else {}),
        }

    def counters(self) -> dict[str, Any]:
        """Every part's counters by its name, and each sink's lanes."""
        found: dict[str, Any] = {name: dict(part.counters) for name, part in self._parts().items()}
        return found | self.forwarder.counters()

    # -- starting and stopping -------------------------------------------------------------

    async def start(self) -> None:
        """Start every part, the doors last: who is heard is also kept, answered and forwarded."""
        self._demand_ports()
        loop = asyncio.get_running_loop()
        self._journal_ended = loop.create_future()
        self.journal.ended.add_done_callback(
            lambda ended: loop.call_soon_threadsafe(self._journal_has_ended, ended)
        )
        self.journal.on_commit += [
            self.downlink.on_commit, self.forwarder.wake, self.gaps.on_commit
        ]  # fmt: skip
        self.journal.on_pressure.append(self._press)
        self._begin("reader", self.reader.run())
        self._begin("downlink", self.downlink.run())
        self._begin("rollouts", self.rollouts.run())
        self._begin("gaps", self.gaps.run())
        self._begin("upkeep", self.upkeep.run())
        self._begin("quarantine", self.quarantine.run())
        await self.forwarder.start()
        self._begin("forwarder", self.forwarder.ended())
        self._begin("alarms", self.alarm_engine.run())
        if self.console is not None:
            await self.console.start()
        self._serve_metrics()
        for door in self.doors.values():
            await door.start()
            if isinstance(door, Listener):
                self._begin("bans", self.listener_book.run(door.guesses))
        if self.watcher is not None:
            self._begin("watch", self.watcher.run(self.reader))
        self._begin("running", running_file.keep(self.config, self.addresses(), now_ms()))
        self._begin("watchdog", self.watchdog.run())
        self._begin("reload", self.reloader.run())

    def _demand_ports(self) -> None:
        """Every port free, or PortTaken with the holder's name, before anything is begun."""
        for name in ("listener", "console", "metrics"):
            section = getattr(self.config, name)
            if section.enabled:
                demand_free(section.host, section.port, f"{name}.port")

    def _begin(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    def _press(self, on: bool) -> None:
        if self.watcher is not None:
            self.watcher.pressed(on)
        for door in self.doors.values():
            door.paused(on)

    def _journal_has_ended(self, ended: Future[None]) -> None:
        if self._journal_ended is not None and not self._journal_ended.done():
            error = ended.exception() or RuntimeError("the journal stopped")
            self._journal_ended.set_exception(error)

    async def until(self, stop: asyncio.Event) -> None:
        """Return when `stop` is set; raise what a part fell over with."""
        stopped = asyncio.create_task(stop.wait())
        assert self._journal_ended is not None, "until before start"
        waited: list[asyncio.Future[Any]] = [stopped, self._journal_ended, *self._tasks]
        try:
            done, _ = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        for one in done:
            one.result()

    async def stop(self) -> None:
        """Stop every part, the doors first; what was handed in is committed.

        Also after a `start` that failed halfway: what was not started has nothing to stop.
        """
        log.info("stopping")
        notify("STOPPING=1")
        running_file.remove(self.config)
        for door in self.doors.values():
            await door.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.forwarder.stop()
        if self.console is not None:
            await self.console.stop()
        if self._stop_metrics is not None:
            await asyncio.to_thread(self._stop_metrics)
        if self._journal_ended is not None:
            self._journal_ended.cancel()
        await asyncio.to_thread(self.journal.close)

    # -- the console and the metrics -------------------------------------------------------

    def _make_console(self) -> ConsoleServer:
        section = self.config.console
        password = None
        if section.password_hash_file is not None:
            password = ConsolePassword.from_text(section.password_hash_file.read_text("utf-8"))
        on_console = self.config.metrics.enabled and self.config.metrics.port == 0
        app = create_app(
            self.views,
            metrics=self.metrics.text if on_console else None,
            password=password,
            tiles=section.tiles,
            tiles_credit=section.tiles_credit,
            allowed_hosts=section.hosts or ["localhost", "127.0.0.1", "[::1]", section.host],
            name=self.config.gateway.name,
        )
        return ConsoleServer(app, section.host, section.port, cert=section.cert, key=section.key)

    def _serve_metrics(self) -> None:
        metrics = self.config.metrics
        if metrics.enabled and metrics.port:
            self._stop_metrics = self.metrics.serve(metrics.host, metrics.port)

    def addresses(self) -> running_file.Addresses:
        """Where the gateway is reached, by part."""
        port = None if self.console is None else self.console.port
        return running_file.addresses(self.config, self.doors, port)

    def ready_line(self) -> str:
        """One line for people and for whoever started this process."""
        return running_file.ready_line(self.config, self.addresses())
