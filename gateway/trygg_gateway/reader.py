"""The journal's first reader: understands the records and folds them into what is known.

It has a cursor in each lane like any sink, moved in the same transaction as what it folded, so
after any crash it goes on where the database says it was. Alarms come before anything else,
live records before backlog.

A batch is read in slices, and between two slices the doors have their turn; in a rush they go
first, until too much waits (pace.py). An alarm waits for a slice, not for a batch. While a whole
batch is written the next one is read.

A health record whose fences are older than those the tracker once applied makes the gateway order
them again: a fence that was lost in silence guards nobody.

What cannot be decoded goes to the quarantine and is passed. A record that decodes and still
cannot be folded is found by folding its batch one by one, and goes the same way.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import NamedTuple

import structlog

from trygg_gateway import understood_book
from trygg_gateway.database import Database
from trygg_gateway.devices import Device, Record
from trygg_gateway.journal import Journal, ReadError, set_cursor
from trygg_gateway.pace import BATCH, Pace
from trygg_gateway.understood import Understood, stray_of
from trygg_gateway.values import ALARM, LANE_NAMES, LANES, READER, Row, Run

log = structlog.get_logger("reader")

SLICE = 400  # records read at a time: four milliseconds of the event loop
BUSY_PAUSE_S = 0.2  # between two batches while the doors go first, cut short by an alarm

MACHINE = (ReadError, OSError, MemoryError)  # no record's fault: who restarts us begins here again


class Batch(NamedTuple):
    """Records that are being written."""

    lane: int
    rows: list[Row]
    understood: Understood
    written: asyncio.Future[int]


class Reader:
    """Folds for as long as `run` runs.

    After each commit, in the event loop, `changed("trackers"|"alarms")` is called for what it
    changed and `answered(device)` for each tracker that answered an order.
    """

    def __init__(
        self,
        journal: Journal,
        now_ms: Callable[[], int],
        changed: Callable[[str], None],
        answered: Callable[[str], None],
        heard: Callable[[Sequence[Record]], None] = lambda told: None,
    ) -> None:
        """`heard(told)` gets what was decoded, (row, kind, values), after its commit: each
        tracker's in the order in which it came, one tracker after the other."""
        self.counters = {"folded": 0, "undecodable": 0, "unfoldable": 0, "alarms_raised": 0}
        self._journal = journal
        self._now_ms = now_ms
        self._changed = changed
        self._answered = answered
        self._heard = heard
        self._states: dict[str, Device] = {}
        self._dated: dict[str, int] = {}  # device → the boot whose beginning is known and used
        self._cursors = {lane: journal.cursor(READER, lane) for lane in LANES}
        self._upto = dict(self._cursors)  # read, and perhaps not yet written
        self._under_way: Batch | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        stored = journal.counters["records"]
        self._pace = Pace(sum(self.behind.values()), stored)
        self._work = asyncio.Event()
        self._alarm = asyncio.Event()
        self._woken = False

    def on_commit(self, runs: Sequence[Run]) -> None:
        """The journal has something new. From the writer's thread."""
        alarm = any(run.lane == ALARM for run in runs)
        if self._loop is not None and (alarm or not self._woken):
            self._woken = True
            try:
                self._loop.call_soon_threadsafe(self._wake, alarm)
            except RuntimeError:
                self._woken = False  # the loop is closed: the rest is read at the next start

    def _wake(self, alarm: bool) -> None:
        self._work.set()
        if alarm:
            self._alarm.set()

    async def run(self) -> None:
        """Fold until cancelled."""
        self._loop = asyncio.get_running_loop()
        self._journal.on_commit.append(self.on_commit)
        try:
            while True:
                self._woken = False  # before the look, so that what comes from here on wakes us
                self._work.clear()
                if not await self.step():
                    await self._work.wait()
        finally:
            self._journal.on_commit.remove(self.on_commit)
            if self._under_way is not None:
                self._under_way.written.cancel()  # it is read again at the next start

    async def step(self) -> int:
        """Fold one batch of the first lane that has something; how many records."""
        for lane in LANES:
            if lane != ALARM and self._must_yield():
                await self._finish()
                self._alarm.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(BUSY_PAUSE_S):
                        await self._alarm.wait()
                if await self._step(ALARM, BATCH):
                    return 1
            count = await self._step(lane, BATCH if lane == ALARM else self._pace.batch)
            if count:
                return count
        await self._finish()
        self._pace.caught_up(self._journal.counters["records"])
        return 0

    def _must_yield(self) -> bool:
        self._pace.look(self._journal.counters["records"], self._now_ms())
        return self._pace.yields

    async def _step(self, lane: int, most: int) -> int:
        """Fold the next records of a lane, at most so many; how many.

        Of a whole batch the write may still be under way: the next one is read meanwhile.
        """
        rows, understood = list[Row](), Understood()
        try:
            await self._read(lane, most, rows, understood)
            if rows:
                await self._finish()
                self._begin(lane, rows, understood)
        except MACHINE:
            raise
        except Exception:
            log.exception("batch_unfoldable", records=len(rows))
            await self._finish()
            for row in rows:
                await self._fold_alone(lane, row)
        if 0 < len(rows) < most:
            await self._finish()
        self._pace.read(len(rows))
        return len(rows)

    async def _read(self, lane: int, most: int, rows: list[Row], understood: Understood) -> None:
        """Read what comes next in a lane into `rows`, and what it says into `understood`."""
        while len(rows) < most:
            size = min(SLICE, most - len(rows))
            piece = self._journal.rows_after(self._upto[lane], lane, size)
            if piece:
                self._upto[lane] = piece[-1].id
                rows += piece
                understood.read(piece)
            if len(piece) < size:
                return
            await self._give_way(lane)

    async def _give_way(self, lane: int) -> None:
        """Let the doors have their turn when it is theirs, and an alarm its own."""
        began_s = time.monotonic()
        if self._pace.still_ours(began_s):
            return
        await asyncio.sleep(0)
        self._doors_had_since(began_s)
        if self._alarm.is_set() and lane != ALARM:
            self._alarm.clear()
            await self._step(ALARM, BATCH)

    def _doors_had_since(self, began_s: float) -> None:
        now_s = time.monotonic()
        self._pace.doors_had(now_s - began_s, now_s)

    def forget(self, device: str) -> None:
        """What is remembered of a tracker is void: the database has less."""
        self._states.pop(device, None)
        self._dated.pop(device, None)

    @property
    def behind(self) -> dict[str, int]:
        """How many records each lane has that are not folded yet, by lane name."""
        count = "SELECT count(*) FROM records WHERE lane = ? AND id > ?"
        return {
            LANE_NAMES[lane]: self._journal.query(count, (lane, self._cursors[lane]))[0][0]
            for lane in LANES
        }

    def read_upto_ms(self, now_ms: int) -> int:
        """Up to when every record that came has been folded; from any thread."""
        oldest = [self._journal.rows_after(at, lane, 1) for lane, at in self._cursors.items()]
        return min([now_ms, *(rows[0].received_ms for rows in oldest if rows)])

    # -- one batch -------------------------------------------------------------------------

    def _begin(self, lane: int, rows: list[Row], understood: Understood) -> None:
        """Fold a batch and have it written; `_finish` waits for that."""
        understood.fold_states(self._state)
        for device, boot in list(understood.starts):
            if self._dated.get(device) == boot:
                del understood.starts[device, boot]
        written = asyncio.ensure_future(self._write(lane, rows[-1].id, understood))
        self._under_way = Batch(lane, rows, understood, written)

    async def _write(self, lane: int, last_id: int, understood: Understood) -> int:
        """Write a batch; how many alarms it raised.

        Of many places all but the last piece go ahead, a commit each, tracker by tracker: so none
        delays the doors' commits for long. After a crash they are written again, to no effect.
        """
        now_ms, size = self._now_ms(), self._pace.piece
        places = understood.positions
        if len(places) > size:
            places.sort()
        while len(places) > size:
            piece, places = places[:size], places[size:]
            ahead = partial(understood_book.write_positions, positions=piece)
            await asyncio.wrap_future(self._journal.write(ahead))
        understood.positions = places

        def write(db: Database) -> int:
            set_cursor(db, READER, lane, last_id)
            return understood_book.write(db, understood, now_ms)

        return await asyncio.wrap_future(self._journal.write(write))

    async def _finish(self) -> None:
        """Wait until the batch under way is committed, and say what is new."""
        batch, self._under_way = self._under_way, None
        if batch is None:
            return
        try:
            await self._committed(batch)
        except MACHINE:
            raise
        except Exception:
            if len(batch.rows) == 1:
                raise
            log.exception("batch_unfoldable", records=len(batch.rows))
            for row in batch.rows:
                await self._fold_alone(batch.lane, row)

    async def _committed(self, batch: Batch) -> None:
        lane, rows, understood, written = batch
        raised = written.result() if written.done() else await self._waited(written)
        self._cursors[lane] = rows[-1].id
        self._states.update(understood.states)
        self._dated.update(understood.starts.keys())
        self.counters["folded"] += len(rows) - len(understood.strays)
        self.counters["undecodable"] += len(understood.strays)
        self.counters["alarms_raised"] += raised
        await self._tell(lane, understood)

    async def _waited(self, written: asyncio.Future[int]) -> int:
        began_s = time.monotonic()
        try:
            return await written
        finally:
            self._doors_had_since(began_s)

    async def _fold_alone(self, lane: int, row: Row) -> None:
        """Find the record that cannot be folded, and set it aside."""
        try:
            understood = Understood()
            understood.read([row])
            self._begin(lane, [row], understood)
            await self._finish()
        except MACHINE:
            raise
        except Exception as error:
            log.exception("unfoldable", record=f"{row.device}:{row.boot}:{row.seq}")
            self.counters["unfoldable"] += 1
            stray = stray_of(row, f"cannot be folded: {type(error).__name__}")
            self._begin(lane, [row], Understood(strays=[stray]))
            await self._finish()

    def _state(self, device: str) -> Device:
        known = self._states.get(device)
        if known is None:
            found = self._journal.query(understood_book.STATE_OF, (device,))
            known = Device._make(found[0]) if found else Device(device)
        return known

    async def _tell(self, lane: int, understood: Understood) -> None:
        """Say what was folded, to whom it concerns."""
        if understood.states:
            self._changed("trackers")
        if understood.alarms or understood.answers:
            self._changed("alarms")
        for device in {row.device for row, _ in understood.answers + understood.healths}:
            self._answered(device)
        told = list(chain.from_iterable(understood.by_tracker.values()))
        for at in range(0, len(told), SLICE):
            self._heard(told[at : at + SLICE])
            await self._give_way(lane)
