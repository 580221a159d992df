"""Keeps the gap book beside a running journal: hears of commits, folds, saves, gives up.

`on_commit` only puts a commit's runs aside; they are folded within STEP_S, some at a time, so that
neither the writer nor the event loop is held up. What is folded is saved every SAVE_S, some boots
at a time, and the book's cursor after the last of them. A cursor is saved only once all that came
before it was folded: the newest row at the save before the last one.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from trygg_gateway import gap_book
from trygg_gateway.database import Database
from trygg_gateway.gap_book import Changed, GapBook
from trygg_gateway.journal import Journal
from trygg_gateway.values import CLASH_BOOT, Row, Run
from trygg_wire import layouts

log = structlog.get_logger("gaps")

STEP_S, SAVE_S = 1.0, 30.0
AT_ONCE = 2_000  # runs folded, or rows read, without a look at anything else
SAVE_MOST = 200  # boots written in one go: some milliseconds of the writer

Told = Sequence[tuple[Row, int, dict[str, Any]]]


class GapKeeper:
    """Works for as long as `run` runs. `on_commit` may be called from any thread."""

    def __init__(self, journal: Journal, now_ms: Callable[[], int]) -> None:
        self.book = GapBook()
        self.counters = self.book.counters
        self._journal = journal
        self._now_ms = now_ms
        self._came: deque[Sequence[Run]] = deque()
        self._said_empty: list[tuple[str, int, int]] = []
        self._tops = (0, 0)  # the newest row at the save before the last one, and at the last
        self._running = False

    def on_commit(self, runs: Sequence[Run]) -> None:
        """These are committed: one for `Journal.on_commit`."""
        if self._running:
            self._came.append(runs)

    def heard(self, told: Told) -> None:
        """These records were read: a health record may say that its tracker holds nothing else."""
        for row, kind, values in told:
            if kind == layouts.HEALTH and not values["records_waiting"] and row.boot < CLASH_BOOT:
                self._said_empty.append((row.device, row.boot, row.seq))

    async def run(self) -> None:
        """Keep the book until cancelled."""
        self._running = True  # before anything is read: what comes from here on is told us
        await self._begin()
        steps = round(SAVE_S / STEP_S)
        step = 0
        while True:
            await self.step()
            step += 1
            if step % steps == 0:
                await self.save()
            await asyncio.sleep(STEP_S)

    async def _begin(self) -> None:
        """Take the book up where it was saved, and read what came since."""
        read = self._journal.read
        boots, id_ = await asyncio.to_thread(read, gap_book.load)
        if not id_ and not boots:
            now_ms = self._now_ms()
            boots = await asyncio.to_thread(read, lambda db: gap_book.first_look(db, now_ms))
        for key, boot in boots.items():
            self.book.load(key, boot)
        self.book.fold(await asyncio.to_thread(read, gap_book.let_go_runs), self._now_ms())
        self._tops = (id_, id_)
        while True:
            after = id_
            id_, runs = await asyncio.to_thread(
                read, lambda db, after=after: gap_book.rows_after(db, after, AT_ONCE)
            )
            if not runs:
                return
            self.book.fold(runs, self._now_ms())

    async def step(self) -> None:
        """Fold what came, then judge what is still missing."""
        said_empty, self._said_empty = self._said_empty, []  # before: what it is of is in _came
        for _ in range(len(self._came)):
            runs = self._came.popleft()
            for at in range(0, len(runs), AT_ONCE):
                self.book.fold(runs[at : at + AT_ONCE], self._now_ms())
            if len(runs) > AT_ONCE // 10:
                await asyncio.sleep(0)
        for device, boot, seq in said_empty:
            self.book.emptied(device, boot, seq)
        self.book.judge(self._now_ms())

    async def save(self) -> None:
        """Write what changed since the last save, then the cursor."""
        changed = self.book.changed()
        for at in range(0, len(changed), SAVE_MOST):
            await self._write(changed[at : at + SAVE_MOST])
        safe = self._tops[0]
        top = await self._in_commit(lambda db: gap_book.set_cursor(db, safe))
        self._tops = (self._tops[1], top)

    async def _write(self, changed: list[Changed]) -> None:
        await self._in_commit(lambda db: gap_book.save(db, changed))

    async def _in_commit(self, act: Callable[[Database], Any]) -> Any:
        return await asyncio.wrap_future(self._journal.write(act))
