"""The forwarder: what the journal holds goes on to every sink, in order, at least once.

Each sink has a task for each lane, with its own cursor in the journal and its own waits: an alarm
never waits behind reports, and one sink never waits for another. Within a lane records go in the
journal's order. A lane does one thing at a time:

    read the next rows after the cursor → decode → sink.deliver → settlement → again

The settlement (settlement.py) writes down what is confirmed: the cursor, the timeline's "delivered"
of an alarm, and what the sink refused, set aside with the reason, all in one commit. The cursor
moves after the sink has confirmed, so a crash in between delivers again and never less; the sink
makes that harmless (see sinks/).

A sink that says Later is asked again for ever: for alarms at most every 15 s, for the rest up to
5 minutes apart (backoff.py). When one lane gets through again, the others try at once, unless
the receiver had asked them to wait. A record that cannot be decoded is passed: the reader has set
it aside already. A new sink starts at the beginning of the journal.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

import structlog

from trygg_gateway.backoff import ALARM as ALARM_SCHEDULE
from trygg_gateway.backoff import TELEMETRY, Backoff
from trygg_gateway.database import Database
from trygg_gateway.delivery import Delivery, Undecodable, aged
from trygg_gateway.own_delivery import Address, delivery_for
from trygg_gateway.settlement import (
    Outcome,
    SetCursor,
    Settled,
    Settlement,
    Tell,
    outcome_of,
    stray_of,
)
from trygg_gateway.sinks.port import Later, Refused, Sink
from trygg_gateway.values import ALARM, LANE_NAMES, Row, Run

log = structlog.get_logger("forwarder")

COUNTERS = (
    "delivered",  # records a sink confirmed
    "tried_later",  # times that a sink said not now
    "refused",  # records a sink will never take, set aside
    "undecodable",  # records passed, since the reader has set them aside
)


class Journal(Protocol):
    """What the forwarder asks of the journal."""

    def cursor(self, sink: str, lane: int) -> int:
        """The row up to which the sink has confirmed the lane."""

    def rows_after(self, id_: int, lane: int, limit: int) -> list[Row]:
        """The next rows of a lane."""

    def write(self, act: Callable[[Database], Any]) -> Future[Any]:
        """Run `act` in the next commit."""


class Outlet(NamedTuple):
    """One configured sink: its name, what delivers, the lanes that go to it, and which of them."""

    name: str
    sink: Sink
    lanes: Sequence[int]
    standby: bool = False  # gets what is addressed to it and nothing else
    warnings: bool = True

    @property
    def address(self) -> Address:
        """What decides whether a record is for this sink."""
        return Address(self.name, self.standby, self.warnings)


class Forwarder:
    """All sinks' lanes. `wake` may be called from any thread, everything else from the loop's."""

    def __init__(
        self,
        journal: Journal,
        outlets: Sequence[Outlet],
        *,
        gateway: str,
        set_cursor: SetCursor,
        tell: Tell,
        told: Callable[[], None] = lambda: None,
        observe: Callable[[str, float], None] = lambda sink, seconds: None,
        chance: Callable[[], float] = random.random,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.journal = journal
        self.gateway = gateway
        self.set_cursor = set_cursor
        self.tell = tell
        self.told = told
        self.observe = observe
        self.chance = chance
        self.now_ms = now_ms
        # reading and decoding happen here, so that a sink that hangs in a thread holds up no other
        self.threads = ThreadPoolExecutor(4, "forwarder")
        self.sinks = [SinkTasks(self, outlet) for outlet in outlets]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin; returns at once, also when a sink cannot be reached yet."""
        self._loop = asyncio.get_running_loop()
        self._tasks = [asyncio.create_task(sink.run()) for sink in self.sinks]

    async def stop(self) -> None:
        """Stop every lane where it is and let go of the sinks."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for sink in self.sinks:
            with suppress(Later):
                await sink.outlet.sink.stop()
        self.threads.shutdown(wait=False)

    async def ended(self) -> None:
        """Return never; raise what a lane fell over with, which is a fault of ours."""
        if self._tasks:
            done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        await asyncio.Event().wait()

    def wake(self, runs: Sequence[Run]) -> None:
        """Records were committed (a journal's `on_commit`): the lanes they are of look again."""
        if self._loop is None or self._loop.is_closed():
            return
        lanes = {run.lane for run in runs}
        with suppress(RuntimeError):  # the loop was closed meanwhile: nobody is left to wake
            self._loop.call_soon_threadsafe(self._wake, lanes)

    def _wake(self, lanes: set[int]) -> None:
        for sink in self.sinks:
            for lane in sink.lanes:
                if lane.number in lanes:
                    lane.woken.set()

    def state(self) -> list[Mapping[str, Any]]:
        """Each lane of each sink: counters, seconds its oldest record waits, and its trouble."""
        return [lane.state() for sink in self.sinks for lane in sink.lanes]


class SinkTasks:
    """One sink: started, then its lanes side by side."""

    def __init__(self, parent: Forwarder, outlet: Outlet) -> None:
        self.parent = parent
        self.outlet = outlet
        self.lanes = [LaneTask(self, number) for number in sorted(outlet.lanes)]

    async def run(self) -> None:
        """Start the sink, however often that takes, then run the lanes until cancelled."""
        backoff = Backoff(ALARM_SCHEDULE, self.parent.chance)
        while True:
            try:
                await self.outlet.sink.start()
                break
            except Later as error:
                _complain(self.outlet.name, "start", error, backoff.failures)
                await asyncio.sleep(backoff.failed(error.retry_after_s))
        async with asyncio.TaskGroup() as group:
            for lane in self.lanes:
                group.create_task(lane.run())

    def recovered(self) -> None:
        """A lane got through again: the others need not wait out their time."""
        for lane in self.lanes:
            lane.hurry.set()


class LaneTask:
    """One lane of one sink."""

    def __init__(self, sink: SinkTasks, number: int) -> None:
        self.number = number
        self.woken = asyncio.Event()
        self.hurry = asyncio.Event()
        self.counters = dict.fromkeys(COUNTERS, 0)
        self._sink = sink
        self._parent = sink.parent
        self._name = sink.outlet.name
        self._at = 0
        self._waiting: Sequence[Row] = ()
        self._trouble = ""
        self._patient = False
        schedule = ALARM_SCHEDULE if number == ALARM else TELEMETRY
        self._backoff = Backoff(schedule, sink.parent.chance)
        self._settlement = Settlement(
            sink.parent.journal,
            self._name,
            number,
            sink.outlet.sink.batch,
            sink.parent.set_cursor,
            sink.parent.tell,
            sink.parent.told,
        )

    async def run(self) -> None:
        """Forward what is there, then what comes, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._settlement.run())
            group.create_task(self._forward_all())

    async def _forward_all(self) -> None:
        self._at = await self._in_thread(self._parent.journal.cursor, self._name, self.number)
        while True:
            self.woken.clear()  # before reading: what comes from here on wakes again
            rows, entries = await self._in_thread(self._next)
            if rows:
                await self._forward(rows, entries)
            else:
                await self.woken.wait()

    def state(self) -> Mapping[str, Any]:
        """Figures for metrics and status; `waiting_s` is the age of the oldest row held up."""
        oldest_ms = self._waiting[0].received_ms if self._waiting else 0
        waiting_s = max(0.0, (self._parent.now_ms() - oldest_ms) / 1000) if oldest_ms else 0.0
        return {
            "sink": self._name,
            "lane": LANE_NAMES[self.number],
            "waiting_s": waiting_s,
            "failures": self._backoff.failures,
            "trouble": self._trouble,
            **self.counters,
        }

    def _next(self) -> tuple[list[Row], list[Delivery]]:
        """The next rows, and what of them is for this sink and can be decoded."""
        sink, address = self._sink.outlet.sink, self._sink.outlet.address
        batch = sink.alarm_batch if self.number == ALARM else sink.batch
        rows = self._parent.journal.rows_after(self._at, self.number, batch)
        entries = []
        for row in rows:
            try:
                entry = delivery_for(row, self._parent.gateway, address)
            except Undecodable:
                self.counters["undecodable"] += 1
                continue
            if entry is not None:
                entries.append(entry)
        return rows, entries

    async def _forward(self, rows: list[Row], entries: list[Delivery]) -> None:
        """Get every entry confirmed or refused, moving the cursor as that happens."""
        by_id = {row.id: row for row in rows}
        self._waiting = rows
        while entries:
            gone, refusal, wait_s = await self._deliver(entries)
            passed = [by_id[entry.row_id] for entry in entries[: gone + bool(refusal)]]
            entries = entries[len(passed) :]
            if passed:
                self._waiting = rows[rows.index(passed[-1]) + 1 :]
                await self._settle(passed, refusal)
            if wait_s is not None:
                await self._pause(wait_s)
        if self._at < rows[-1].id:  # the last were undecodable, or for others
            await self._settle([], upto=rows[-1].id)
        self._waiting = ()

    async def _deliver(self, entries: list[Delivery]) -> tuple[int, str, float | None]:
        """(entries confirmed, why the next was refused or "", seconds to wait or None)."""
        if self.number == ALARM:
            entries = [aged(entry, self._parent.now_ms()) for entry in entries]
        try:
            await self._sink.outlet.sink.deliver(entries)
        except Later as error:
            _complain(self._name, LANE_NAMES[self.number], error, self._backoff.failures)
            self.counters["tried_later"] += 1
            self._trouble = error.reason
            if error.confirmed:
                self._backoff.worked()
            self._patient = error.retry_after_s is not None
            return error.confirmed, "", self._backoff.failed(error.retry_after_s)
        except Refused as error:
            self._well()
            return error.confirmed, error.reason, None
        self._well()
        return len(entries), "", None

    def _well(self) -> None:
        if self._backoff.failures:
            self._backoff.worked()
            self._trouble = ""
            log.info("sink_works_again", sink=self._name, lane=LANE_NAMES[self.number])
            self._sink.recovered()

    async def _pause(self, wait_s: float) -> None:
        self.hurry.clear()
        if self._patient:
            await asyncio.sleep(wait_s)
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self.hurry.wait(), wait_s)

    async def _settle(self, passed: list[Row], refusal: str = "", upto: int = 0) -> None:
        """Hand over what became of the rows at the front: confirmed, but for a refused last one."""
        at_ms = self._parent.now_ms()
        self._at = upto or passed[-1].id
        refused = passed.pop() if refusal else None
        outcomes = self._outcomes(passed, refused, refusal, at_ms)
        stray = stray_of(refused, self._name, refusal, at_ms) if refused else None
        self.counters["delivered"] += len(passed)
        self.counters["refused"] += bool(refused)

        settled = Settled(self._at, len(passed) + bool(refused), outcomes, [stray] if stray else [])
        await self._settlement.add(settled)

    def _outcomes(
        self, passed: list[Row], refused: Row | None, refusal: str, at_ms: int
    ) -> list[Outcome]:
        if self.number != ALARM:
            return []
        outcomes = []
        for row in passed:
            seconds = max(0.0, (at_ms - row.received_ms) / 1000)
            self._parent.observe(self._name, seconds)
            text = f"confirmed by {self._name} {seconds:.1f} s after it was received"
            outcomes.append(outcome_of(row, self._name, "delivered", text, at_ms))
        if refused:
            log.error("alarm_refused", sink=self._name, device=refused.device, reason=refusal)
            text = f"{self._name} will not take it: {refusal}"
            outcomes.append(outcome_of(refused, self._name, "refused", text, at_ms))
        return outcomes

    async def _in_thread(self, call: Callable[..., Any], *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._parent.threads, call, *arguments)


def _complain(sink: str, lane: str, error: Later, failures: int) -> None:
    """Say so at the first failure of a row and every tenth after, so that the log stays read."""
    if failures % 10 == 0:
        tries = failures + 1
        log.warning("sink_says_later", sink=sink, lane=lane, reason=error.reason, tries=tries)
