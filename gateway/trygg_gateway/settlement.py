"""What a sink confirmed is written down: cursor, timelines and refusals of a lane, in one commit.

The lane does not wait for that commit: it hands over what is confirmed and goes on, and whatever
came together meanwhile is one commit. Commits of a lane are in its order, so the cursor never
passes what is not confirmed. At most `bound` records may be confirmed and not written down; so
many can come again after a crash, and a sink that knows them again must remember that many.

The reader may not have made the alarm yet whose timeline is to be written: then the commit waits
for it, up to TIMELINE_S; the sink does not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple, Protocol

from trygg_gateway.alarms import ACCEPTED, DELIVERED, REFUSED
from trygg_gateway.database import Database
from trygg_gateway.quarantine import BY_SINK, set_aside
from trygg_gateway.sinks.port import Answer
from trygg_gateway.values import Row, Stray

TIMELINE_S, TIMELINE_STEP_S = 2.0, 0.02


class Outcome(NamedTuple):
    """What became of one alarm at one sink, for its timeline."""

    row_id: int
    device: str
    boot: int
    seq: int
    sink: str
    event: str  # "delivered", "accepted" or "refused"
    text: str
    at_ms: int


class Settled(NamedTuple):
    """The rows up to `at` are confirmed or set aside."""

    at: int
    rows: int
    outcomes: list[Outcome]
    strays: list[Stray]


class Writes(Protocol):
    """What is asked of the journal."""

    def write(self, act: Callable[[Database], Any]) -> Future[Any]:
        """Run `act` in the next commit."""


# moves a cursor (sink, lane, row), inside a write
SetCursor = Callable[[Database, str, int, int], None]
# writes an outcome into the alarm's timeline, inside a write; False: there is no alarm yet
Tell = Callable[[Database, Outcome], bool]


class _NotYet(Exception):
    """The reader has not made the alarm whose timeline is to be written."""


class Settlement:
    """One lane of one sink. `add` hands over, `run` writes down."""

    def __init__(
        self,
        journal: Writes,
        sink: str,
        lane: int,
        bound: int,
        set_cursor: SetCursor,
        tell: Tell,
        told: Callable[[], None],
    ) -> None:
        """`told()` is called, in the event loop, after each commit that changed a timeline."""
        self._journal = journal
        self._sink = sink
        self._lane = lane
        self._bound = bound
        self._set_cursor = set_cursor
        self._tell = tell
        self._told = told
        self._waiting: list[Settled] = []
        self._rows = 0
        self._some = asyncio.Event()
        self._room = asyncio.Event()

    async def add(self, settled: Settled) -> None:
        """Hand over; waits while more than the bound is not written down."""
        self._waiting.append(settled)
        self._rows += settled.rows
        self._some.set()
        while self._rows > self._bound:
            self._room.clear()
            await self._room.wait()

    async def run(self) -> None:
        """Write down until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            together, self._waiting = self._waiting, []
            await self._commit(together)
            self._rows -= sum(settled.rows for settled in together)
            self._room.set()

    async def _commit(self, together: list[Settled]) -> None:
        until = time.monotonic() + TIMELINE_S

        def act(db: Database) -> None:
            outcomes = [outcome for settled in together for outcome in settled.outcomes]
            told = [self._tell(db, outcome) for outcome in outcomes]
            if not all(told) and time.monotonic() < until:
                raise _NotYet
            self._set_cursor(db, self._sink, self._lane, together[-1].at)
            strays = [stray for settled in together for stray in settled.strays]
            if strays:
                set_aside(db, strays)

        while True:
            try:
                await asyncio.wrap_future(self._journal.write(act))
                break
            except _NotYet:
                await asyncio.sleep(TIMELINE_STEP_S)
        if any(settled.outcomes for settled in together):
            self._told()


def confirmed_of(row: Row, sink: str, answer: Answer, at_ms: int, replayed: bool) -> Outcome:
    """The outcome of a row that the sink has confirmed: who only accepted it, has it not yet."""
    event = DELIVERED if answer.counts else ACCEPTED
    seconds = max(0.0, (at_ms - row.received_ms) / 1000)
    when = "replayed" if replayed else f"{seconds:.1f} s after it was received"
    text = f"{answer} by {sink}, {when}"
    return Outcome(row.id, row.device, row.boot, row.seq, sink, event, text, at_ms)


def refused_of(row: Row, sink: str, refusal: str, at_ms: int) -> Outcome:
    """The outcome of a row that the sink will never take."""
    text = f"{sink} will not take it: {refusal}"
    return Outcome(row.id, row.device, row.boot, row.seq, sink, REFUSED, text, at_ms)


def stray_of(row: Row, sink: str, refusal: str, at_ms: int) -> Stray:
    """A refused row as it is set aside, whole."""
    identity = f"{row.device}:{row.boot}:{row.seq}"
    return Stray(identity, row.payload, f"{BY_SINK}{sink}: {refusal}", at_ms, row.device)
