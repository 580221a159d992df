"""Runs the watch: hears what the reader has folded, looks at the clock, writes what is found.

Nothing here is in the way of a record: the reader hands over what it has committed, in the event
loop, and every LOOK_S the watch is asked who has become silent. What it finds is written together
with what it knows of that tracker, so a finding is raised once, through any crash. What is merely
learned is saved SAVE_S after it was, SAVE_MOST trackers at a look, so that no look is long.

Every ALIVE_S a commit says that the gateway hears. That commit is also the measure of how long one
takes (trygg_commit_seconds), and what says after a kill for how long nobody was heard.

Gauges: trygg_watch_trackers, trygg_watch_silent, and those of gateway_health.py.
"""

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import structlog

from trygg_gateway import own_book, own_records, watch_book
from trygg_gateway.database import Database
from trygg_gateway.gateway_health import Figures, GatewayHealth, Limits, Wait
from trygg_gateway.journal import Journal
from trygg_gateway.values import Row, Run
from trygg_gateway.watch import Watch
from trygg_gateway.watch_heard import at_once
from trygg_gateway.watch_words import finding_of
from trygg_gateway.watched import Notice, Rules

log = structlog.get_logger("watch")

LOOK_S = 2.0
ALIVE_S, SAVE_S, ORDERS_S = 10.0, 60.0, 60.0
SAVE_MOST = 100
STALL_S = 30  # between two looks: the machine slept, so nobody was heard
COUNTERS = ("silences", "warnings", "over", "about_gateway", "looks")

Json = dict[str, Any]
Told = Sequence[tuple[Row, int, Json]]  # rows with what the codec made of them


class Upto(Protocol):
    """What is asked of the reader."""

    def read_upto_ms(self, now_ms: int) -> int:
        """Up to when every record that came has been read."""


class Watcher:
    """Works for as long as `run` runs. `pressed` may be called from any thread."""

    def __init__(
        self,
        journal: Journal,
        rules: Rules,
        limits: Limits,
        now_ms: Callable[[], int],
        *,
        written: Callable[[Sequence[Run]], None],
        changed: Callable[[], None] = lambda: None,
        lanes: Callable[[], Sequence[Mapping[str, Any]]] = tuple,
        doors: Mapping[str, Any] | None = None,
        observe_commit: Callable[[float], None] = lambda seconds: None,
        counter: Callable[[], float] = time.monotonic,
    ) -> None:
        """`written(runs)` is told of own records committed, `changed()` of new alarms.

        `lanes()` is the forwarder's state, `doors` the front doors by name, `counter()` the
        machine's own seconds, which no clock change moves.
        """
        self.counters = dict.fromkeys(COUNTERS, 0)
        self.figures = Figures()
        self._journal = journal
        self._rules = rules
        self._now_ms = now_ms
        self._written = written
        self._changed = changed
        self._lanes = lanes
        self._doors = {} if doors is None else doors
        self._observe_commit = observe_commit
        self._counter = counter
        self._health = GatewayHealth(limits)
        self._found: list[Notice] = []
        self._dirty: dict[str, float] = {}  # tracker → since when it is not saved
        self._pressed = False
        self._deaf_since_ms = 0
        self._commits: deque[float] = deque(maxlen=6)
        self._asked_s: float | None = None  # when the commit under way was asked for
        self._clocks = (now_ms(), counter())
        self._due = {"alive": 0.0, "orders": counter() + ORDERS_S}
        self.watch = self._begin()

    def _begin(self) -> Watch:
        now_ms = self._now_ms()
        alive_ms = self._journal.read(watch_book.alive_ms)
        deaf_s = max(0, now_ms - alive_ms) // 1000 if alive_ms else 0
        watch = Watch(self._rules, now_ms // 1000, deaf_s)
        for device, state in self._journal.read(watch_book.learned):
            watch.load(device, state)
        for known in self._journal.read(watch_book.folded):
            watch.adopt(known)
        watch.keep_only(self._journal.read(watch_book.speaking))
        self._health.take_up(self._journal.read(watch_book.open_of_gateway), now_ms // 1000)
        return watch

    def go_by(self, rules: Rules, limits: Limits) -> None:
        """Judge by other rules from the next look on; what was noticed stays noticed."""
        self._rules = rules
        self.watch.go_by(rules)
        self._health.go_by(limits)

    # -- what it is told ---------------------------------------------------------------------

    def heard(self, told: Told) -> None:
        """These records were folded and committed. In the event loop."""
        now_s = self._counter()
        for records in at_once(told):
            self._found += self.watch.heard_at_once(records)
            self._dirty.setdefault(records[0][0].device, now_s)

    def forget(self, device: str) -> None:
        """This tracker is waited for no more, and nothing of it is kept."""
        self.watch.keep_only(self.watch.trackers.keys() - {device})
        self._found = [notice for notice in self._found if notice.device != device]
        self._dirty.pop(device, None)

    def pressed(self, on: bool) -> None:
        """The journal takes nothing more, or does again: who speaks is not heard."""
        self._pressed = on

    # -- the loop ----------------------------------------------------------------------------

    async def run(self, reader: Upto) -> None:
        """Watch until cancelled."""
        while True:
            await self.look(reader)
            await asyncio.sleep(LOOK_S)

    async def look(self, reader: Upto) -> None:
        """Everything that is due now."""
        self.counters["looks"] += 1
        now_ms = self._now_ms()
        self._hear_anew(now_ms)
        read_ms = await asyncio.to_thread(reader.read_upto_ms, now_ms)
        self._found += self.watch.poll(read_ms // 1000)
        self.figures = await asyncio.to_thread(self._look_at_gateway, now_ms, read_ms)
        self._found += self._health.judge(self.figures, now_ms // 1000)
        if self._due["alive"] <= self._counter() and self._asked_s is None:
            self._due["alive"] = self._counter() + ALIVE_S
            self._say_alive(now_ms)
        writing = asyncio.ensure_future(self._write_down(now_ms))
        try:
            while not (await asyncio.wait({writing}, timeout=LOOK_S))[0]:
                # a disk that takes nothing: just then the figures must not stand still
                self.figures = await asyncio.to_thread(
                    self._look_at_gateway, self._now_ms(), read_ms
                )
            writing.result()
        finally:
            writing.cancel()

    async def _write_down(self, now_ms: int) -> None:
        """Everything of a look that waits for a commit."""
        if self._due["orders"] <= self._counter():
            self._due["orders"] = self._counter() + ORDERS_S
            await self._look_at_orders(now_ms)
        await self._write()
        await self._save(now_ms)

    def _hear_anew(self, now_ms: int) -> None:
        """Whether everybody can be heard, and could be since the last look."""
        then_ms, then_s = self._clocks
        self._clocks = (now_ms, self._counter())
        passed_s = max((now_ms - then_ms) / 1000, self._clocks[1] - then_s)
        if passed_s >= STALL_S:
            self.watch.deaf(then_ms // 1000)
        if self._deaf_why():
            self._deaf_since_ms = self._deaf_since_ms or now_ms
            self.watch.deaf(now_ms // 1000)
        else:
            self._deaf_since_ms = 0
            self.watch.hears(now_ms // 1000)
        jump_s = (now_ms - then_ms) / 1000 - (self._clocks[1] - then_s)
        if jump_s <= -STALL_S:
            self.watch.stepped_back(round(-jump_s))
        self.figures = self.figures._replace(jump_s=jump_s)

    def _deaf_why(self) -> str:
        lost = [name for name, door in self._doors.items() if not getattr(door, "connected", True)]
        if lost:
            return f"no connection to the {' and the '.join(lost)}"
        return "the disk takes no records" if self._pressed else ""

    def _look_at_gateway(self, now_ms: int, read_ms: int) -> Figures:
        unconfirmed_ms = self._journal.read(watch_book.oldest_unconfirmed_ms)
        lanes = self._lanes()
        waits = [Wait(one["sink"], one["lane"], one["waiting_s"], one["trouble"]) for one in lanes]
        has_sinks = any(wait.lane == "alarm" for wait in waits)
        commits = list(self._commits)
        if self._asked_s is not None:
            commits.append(time.monotonic() - self._asked_s)
        disk = os.statvfs(self._journal.path.parent)
        return Figures(
            waits=waits,
            unconfirmed_s=(now_ms - (unconfirmed_ms or now_ms)) / 1000 if has_sinks else 0.0,
            commits_s=commits,
            disk_free=disk.f_bavail * disk.f_frsize,
            jump_s=self.figures.jump_s,
            behind_s=(now_ms - read_ms) / 1000,
            deaf_s=(now_ms - (self._deaf_since_ms or now_ms)) / 1000,
            deaf_why=self._deaf_why(),
        )

    # -- writing -----------------------------------------------------------------------------

    def _say_alive(self, now_ms: int) -> None:
        """Commit that the gateway hears, and measure it."""
        if self._deaf_since_ms:
            return
        self._asked_s = asked_s = time.monotonic()
        done = self._journal.write(lambda db: watch_book.set_alive(db, now_ms))

        def measured(_: Any) -> None:  # in the writer's thread
            self._commits.append(time.monotonic() - asked_s)
            self._asked_s = None
            self._observe_commit(self._commits[-1])

        done.add_done_callback(measured)

    async def _look_at_orders(self, now_ms: int) -> None:
        """Who may speak, and whose fences are not in force."""
        self.watch.keep_only(await asyncio.to_thread(self._journal.read, watch_book.speaking))
        fences = await asyncio.to_thread(self._journal.read, watch_book.fence_orders)
        for device, order in fences.items():
            self._found += self.watch.fences(device, order, now_ms // 1000)
        await asyncio.wrap_future(self._journal.write(watch_book.forget))

    async def _save(self, now_ms: int) -> None:
        """Keep what was learned of those who have waited longest for it."""
        until_s = self._counter() - SAVE_S
        waiting = [device for device, since_s in self._dirty.items() if since_s <= until_s]
        for device in waiting[:SAVE_MOST]:
            del self._dirty[device]
        known = [device for device in waiting[:SAVE_MOST] if device in self.watch.trackers]
        if known:
            rows = [self._row(device, now_ms) for device in known]
            await asyncio.wrap_future(self._journal.write(lambda db: watch_book.save(db, rows)))

    def _row(self, device: str, now_ms: int) -> tuple[Any, ...]:
        watch = self.watch
        hours = watch.hours_left(device, now_ms // 1000)
        patience_s = watch.patience_s(device)
        kept_hours = None if hours is None else round(hours)
        return device, patience_s, kept_hours, watch.dump(device), now_ms

    async def _write(self) -> None:
        """Raise and end what was found, with what is known of its tracker, in one commit."""
        found, self._found = self._found, []
        if not found:
            return
        now_ms = self._now_ms()
        known = {one.device for one in found} & self.watch.trackers.keys()
        rows = [self._row(device, now_ms) for device in known]

        def act(db: Database) -> list[Run]:
            watch_book.save(db, rows)
            runs = [self._written_one(db, notice, now_ms) for notice in found]
            return [run for run in runs if run is not None]

        runs = await asyncio.wrap_future(self._journal.write(act))
        for notice in found:
            self.counters[_counted(notice)] += 1
            name = own_records.NAMES[notice.what]
            log.warning("noticed", what=name, device=notice.device, over=notice.over)
        self._written(runs)
        self._changed()

    def _written_one(self, db: Database, notice: Notice, now_ms: int) -> Run | None:
        state = watch_book.folded_of(db, notice.device)
        hours = None
        if notice.device in self.watch.trackers:
            hours = self.watch.hours_left(notice.device, now_ms // 1000)
        return own_book.write(db, finding_of(notice, state, hours), now_ms)

    # -- figures -----------------------------------------------------------------------------

    def gauges(self) -> dict[str, tuple[str, Callable[[], float]]]:
        """Name → what it is, and its value at this moment."""
        now = self
        return {
            "watch_trackers": ("trackers watched", lambda: len(now.watch.trackers)),
            "watch_silent": ("trackers that are silent", lambda: now.watch.silent),
            "alarm_unconfirmed_seconds": (
                "age of the oldest alarm without a sink's word", lambda: now.figures.unconfirmed_s
            ),
            "commit_probe_seconds": (
                "the last commit, asked for until done", lambda: _last(now.figures.commits_s)
            ),
            "disk_free_bytes": ("free under gateway.data", lambda: now.figures.disk_free),
            "clock_jump_seconds": ("of the clock at the last look", lambda: now.figures.jump_s),
            "reader_behind_seconds": ("age of the oldest unread", lambda: now.figures.behind_s),
            "hearing": ("1: every door can be heard", lambda: float(not now._deaf_since_ms)),
        }  # fmt: skip


def _counted(notice: Notice) -> str:
    if notice.over:
        return "over"
    if notice.device == own_records.GATEWAY:
        return "about_gateway"
    return "silences" if notice.what == own_records.SILENT else "warnings"


def _last(values: Sequence[float]) -> float:
    return values[-1] if values else 0.0
