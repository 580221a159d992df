"""One lane of one sink: the journal's rows after its cursor, in their order, until confirmed.

    read the next rows → decode → Sending → Settlement (cursor, timeline, what was refused) → again

The cursor moves after the sink has confirmed, so a crash in between delivers again and never less.

An entry that fails while others get through (sending.py) does not stop the rest. A report is set
aside, as one that was refused. An alarm is not: it is held, tried again for as long as it takes,
and those after it overtake it; so is what comes of its tracker while one is held (held_alarms.py).
The cursor waits for the oldest that is held, so that after a crash it comes again, and those after
it with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any, Final, NamedTuple, Protocol

import structlog

from trygg_gateway.database import Database
from trygg_gateway.delivery import Delivery
from trygg_gateway.held_alarms import HeldTracker
from trygg_gateway.lane_order import LaneOrder
from trygg_gateway.lane_reading import Portion, cut, entry_of, portion
from trygg_gateway.own_delivery import Address
from trygg_gateway.sending import Passed, Peer, Sending
from trygg_gateway.settlement import (
    Outcome,
    SetCursor,
    Settled,
    Settlement,
    Tell,
    confirmed_of,
    refused_of,
    stray_of,
)
from trygg_gateway.values import ALARM, LANE_NAMES, Row

log = structlog.get_logger("forwarder")

READ_AHEAD: Final = 20  # after a portion of more rows the next one is read beside it
ALARMS_READ: Final = 50  # alarms looked at at once, however few the sink wants in one delivery

COUNTERS = (
    "delivered",  # records a sink confirmed
    "tried_later",  # times that a sink said not now
    "refused",  # records a sink will never take, set aside
    "faults",  # times that a sink fell over, which is a fault of ours
    "held",  # alarms that failed while others got through, and were overtaken
    "witnesses",  # records delivered once more, to learn whose trouble a failure is
    "undecodable",  # records passed, since the reader has set them aside
    "let_go",  # records passed, since their content was deleted
    "overtaken",  # records that came after a later one of their tracker
)


class Journal(Protocol):
    """What the forwarder asks of the journal."""

    def cursor(self, sink: str, lane: int) -> int:
        """The row up to which the sink has confirmed the lane."""

    def rows_after(self, id_: int, lane: int, limit: int) -> list[Row]:
        """The next rows of a lane."""

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """The rows that one SELECT gives."""

    def read(self, act: Callable[[Database], Any]) -> Any:
        """`act` on one state of the database."""

    def write(self, act: Callable[[Database], Any]) -> Future[Any]:
        """Run `act` in the next commit."""


class Surroundings(NamedTuple):
    """What every lane of every sink shares."""

    journal: Journal
    gateway: str
    set_cursor: SetCursor
    tell: Tell
    told: Callable[[], None]
    observe: Callable[[str, float], None]
    now_ms: Callable[[], int]
    threads: Executor  # reading and decoding: a sink that hangs in a thread holds up no other


class LaneTask:
    """Works for as long as `run` runs."""

    def __init__(self, peer: Peer, number: int, address: Address, around: Surroundings) -> None:
        self.number = number
        self.woken = asyncio.Event()
        self.counters = dict.fromkeys(COUNTERS, 0)
        self._peer = peer
        self._address = address
        self._around = around
        self._order = LaneOrder(around.journal.query)
        self._sending = self._new_sending()
        self._at = 0  # read up to here
        self._front: Sequence[Row] = ()  # read and neither confirmed nor held
        self._held: dict[str, HeldTracker] = {}  # alarms that others overtake, by their trackers
        self._forwarding: asyncio.Task[None] | None = None
        self._settlement = Settlement(
            around.journal, peer.name, number, peer.sink.batch,
            around.set_cursor, around.tell, around.told,
        )  # fmt: skip

    def _new_sending(self) -> Sending:
        title = LANE_NAMES[self.number]
        return Sending(self._peer, title, self.counters, urgent=self.number == ALARM)

    async def peek(self) -> None:
        """See what waits first, while the sink cannot be started: `state` tells its age."""
        journal = self._around.journal
        at = await self._in_thread(journal.cursor, self._peer.name, self.number)
        self._front = await self._in_thread(journal.rows_after, at, self.number, 1)

    async def run(self) -> None:
        """Forward what is there, then what comes, until cancelled."""
        journal = self._around.journal
        self._at = await self._in_thread(journal.cursor, self._peer.name, self.number)
        self._front = ()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._settlement.run())
            while True:
                self._forwarding = group.create_task(self._forward_all(group))
                await asyncio.wait([self._forwarding])
                if not self._forwarding.cancelled():
                    return  # it fell over, as the group says

    def skip(self, id_: int) -> None:
        """Somebody has moved the cursor on to row `id_`: what is before it is not delivered."""
        if self._forwarding is None or id_ <= self._cursor():
            return
        self._at, self._front = id_, ()  # what is after it and not confirmed is read again
        for held in self._held.values():
            held.task.cancel()
        self._held.clear()
        self._order = LaneOrder(self._around.journal.query)
        self._sending = self._new_sending()
        self._forwarding.cancel()

    def wake(self) -> None:
        """Records came into the lane. A new alarm is worth a try, however long the pause is."""
        self.woken.set()
        if self.number == ALARM:
            self._sending.hurry.set()

    def look(self, newest: int) -> None:
        """The lane's last row is that: another process may have written it."""
        if newest > self._at:
            self.wake()

    def hurry(self) -> None:
        """The peer is back: nothing waits out its pause."""
        self._sending.hurry.set()
        for held in self._held.values():
            held.sending.hurry.set()

    def state(self) -> Mapping[str, Any]:
        """Figures for metrics and status; `waiting_s` is the age of the oldest row held up."""
        since_ms = [held.oldest_ms for held in self._held.values() if held]
        since_ms += [row.received_ms for row in self._front[:1]]
        oldest_ms = min(since_ms, default=0)
        waiting_s = max(0.0, (self._around.now_ms() - oldest_ms) / 1000) if oldest_ms else 0.0
        return {
            "sink": self._peer.name,
            "lane": LANE_NAMES[self.number],
            "waiting_s": waiting_s,
            "failures": self._sending.failures,
            "trouble": self._trouble(),
            **self.counters,
        }

    def _trouble(self) -> str:
        troubles = [self._sending, *(held.sending for held in self._held.values())]
        return next((one.trouble for one in troubles if one.trouble), "")

    # -- the way of a portion --------------------------------------------------------------

    async def _forward_all(self, group: asyncio.TaskGroup) -> None:
        """While one portion is delivered the next is read, where there is one."""
        ahead: asyncio.Future[Portion] | None = None
        try:
            while True:
                found = await ahead if ahead is not None else None
                ahead = None
                if found is None or not found.rows:
                    self.woken.clear()  # before reading: what comes from here on wakes again
                    found = await self._reading()
                if not found.rows:
                    await self.woken.wait()
                    continue
                self._at = found.rows[-1].id
                if len(found.rows) > READ_AHEAD:
                    ahead = self._reading()
                await self._forward(found.rows, found.entries, group)
        finally:
            if ahead is not None:
                ahead.cancel()

    def _reading(self) -> asyncio.Future[Portion]:
        """The next portion after where the lane is now, in a thread."""
        return asyncio.ensure_future(self._in_thread(self._read, self._at, self._order))

    def _read(self, after: int, order: LaneOrder) -> Portion:
        """The next rows, and what of them is for this sink and can be decoded."""
        sink, around = self._peer.sink, self._around
        most = max(sink.alarm_batch, ALARMS_READ) if self.number == ALARM else sink.batch
        rows = cut(around.journal.rows_after(after, self.number, most))
        return portion(rows, around.gateway, self._address, self.counters, order)

    async def _forward(
        self, rows: list[Row], entries: list[Delivery], group: asyncio.TaskGroup
    ) -> None:
        """Get every entry confirmed, refused or held, moving the cursor as that happens."""
        sink, places = self._peer.sink, {row.id: place for place, row in enumerate(rows)}
        most = sink.alarm_batch if self.number == ALARM else sink.batch
        self._front, last = rows, -1
        while entries := self._apart(entries, rows, places):
            passed = await self._sending.next(entries, most)
            gone = passed.confirmed + bool(passed.refusal or passed.stuck)
            concerned = [rows[places[entry.row_id]] for entry in entries[:gone]]
            last = places[entries[gone - 1].row_id]
            self._front = rows[last + 1 :]
            if passed.stuck:
                await self._stuck(concerned[0], entries[0], passed, group)
            else:
                await self._settle(concerned, passed, rows[last].id)
            entries = entries[gone:]
        self._front = ()
        if last < len(rows) - 1:  # the last were undecodable, or for others
            await self._settle([], None, rows[-1].id)

    async def _stuck(
        self, row: Row, entry: Delivery, passed: Passed, group: asyncio.TaskGroup
    ) -> None:
        """An entry that fails alone: a report is set aside, an alarm held."""
        why = f"others were taken, this one was not: {self._sending.trouble}"
        sending, self._sending = self._sending, self._new_sending()
        if self.number != ALARM:
            await self._settle([row], passed._replace(refusal=why), row.id)
            return
        held = HeldTracker(
            sending, self._again, self._became, partial(self._count_held, row.device, sending)
        )
        self._count_held(row.device, sending)
        held.add(row, entry, tried=True)
        self._held[row.device] = held
        held.task = group.create_task(self._retry(row.device, held))

    def _count_held(self, device: str, sending: Sending) -> None:
        self.counters["held"] += 1
        name, why = self._peer.name, sending.trouble
        log.error("alarm_held", sink=name, device=device, reason=why)

    def _apart(
        self, entries: list[Delivery], rows: list[Row], places: Mapping[int, int]
    ) -> list[Delivery]:
        """Without those of trackers of which one is held: they are tried beside it."""
        if not self._held:  # nearly always
            return entries
        rest = []
        for entry in entries:
            row = rows[places[entry.row_id]]
            held = self._held.get(row.device)
            if held is None:
                rest.append(entry)
            else:
                held.add(row, entry, tried=False)
        return rest

    async def _retry(self, device: str, held: HeldTracker) -> None:
        """Try one tracker's until all of it is settled, or skipped."""
        await held.run()
        del self._held[device]

    async def _again(self, row_id: int) -> tuple[Row, Delivery] | None:
        """A held row as it stands in the journal now."""
        around = self._around
        rows = await self._in_thread(around.journal.rows_after, row_id - 1, self.number, 1)
        if not rows or rows[0].id != row_id:
            return None
        entry = entry_of(rows[0], around.gateway, self._address, self.counters)
        return None if entry is None else (rows[0], entry)

    async def _became(self, row: Row | None, passed: Passed | None) -> None:
        """Something became of a held row, or there is none any more."""
        await self._settle([] if row is None else [row], passed, self._cursor())

    def _cursor(self) -> int:
        """The row up to which nothing is owed: before the oldest that is held."""
        front = self._front[0].id - 1 if self._front else self._at
        return min([front, *(held.first - 1 for held in self._held.values() if held)])

    async def _settle(self, rows: list[Row], passed: Passed | None, upto: int) -> None:
        """Hand over what became of the rows: confirmed, but for a refused last one."""
        at_ms = self._around.now_ms()
        refused = rows[-1] if passed is not None and passed.refusal else None
        confirmed = rows[:-1] if refused is not None else rows
        outcomes: list[Outcome] = []
        if self.number == ALARM and passed is not None:
            outcomes = self._outcomes(confirmed, refused, passed, at_ms)
        strays = []
        if refused is not None and passed is not None:
            strays = [stray_of(refused, self._peer.name, passed.refusal, at_ms)]
        self.counters["delivered"] += len(confirmed)
        self.counters["refused"] += len(strays)
        at = min(upto, self._cursor())
        await self._settlement.add(Settled(at, len(rows), outcomes, strays))

    def _outcomes(
        self, confirmed: list[Row], refused: Row | None, passed: Passed, at_ms: int
    ) -> list[Outcome]:
        name = self._peer.name
        for row in confirmed:
            self._around.observe(name, max(0.0, (at_ms - row.received_ms) / 1000))
        outcomes = [confirmed_of(row, name, passed.answer, at_ms, False) for row in confirmed]
        if refused is not None:
            log.error("alarm_refused", sink=name, device=refused.device, reason=passed.refusal)
            outcomes.append(refused_of(refused, name, passed.refusal, at_ms))
        return outcomes

    async def _in_thread(self, call: Callable[..., Any], *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._around.threads, call, *arguments)
