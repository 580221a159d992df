"""The journal's first reader: understands the records and folds them into what is known.

It has a cursor in each lane like any sink, moved in the same transaction as what it folded, so
after any crash it goes on where the database says it was. Alarms come before anything else,
live records before backlog. Decoding costs as much as a broker's client does, so while records
pour in faster than BUSY_RATE it takes only a batch now and then of anything but alarms, and
catches up when the rush is over.

A health record whose fences are older than those the tracker once applied makes the gateway order
them again: a fence that was lost in silence guards nobody.

What cannot be decoded goes to the quarantine and is passed. A record that decodes and still
cannot be folded is found by folding its batch one by one, and goes the same way.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import structlog

from trygg_gateway import (
    alarm_book,
    alarm_steps,
    alarms,
    boot_times,
    order_book,
    orders,
    quarantine,
)
from trygg_gateway.database import Database
from trygg_gateway.devices import Device, Position, fold, positions_of
from trygg_gateway.journal import Journal, ReadError, set_cursor
from trygg_gateway.own_records import OWN_KIND
from trygg_gateway.values import (
    ALARM,
    CLASH_BOOT,
    LANE_NAMES,
    LANES,
    LIVE,
    READER,
    Refused,
    Row,
    Run,
    Stray,
)
from trygg_wire import codec, layouts

log = structlog.get_logger("reader")

BATCH = 100  # records folded in one go: some milliseconds of the event loop
BUSY_BATCH = 25  # the same beside a rush, where those milliseconds are the doors'
BUSY_RATE = 3_000  # records a second being stored: from here on the doors go first
RATE_MS = 20  # over which the rate is taken
BUSY_PAUSE_S = 0.2  # between two batches then, cut short by an alarm

_DEVICE = f"SELECT {', '.join(Device._fields)} FROM devices WHERE device = ?"  # noqa: S608 - ours
_MARKS = ", ".join("?" * len(Device._fields))
_PUT_DEVICE = f"INSERT OR REPLACE INTO devices VALUES ({_MARKS})"  # noqa: S608 - ours
_PUT_POSITION = "INSERT OR IGNORE INTO positions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"

Json = dict[str, Any]


class Folded(NamedTuple):
    """What a batch of records changes, to be written in one transaction."""

    devices: dict[str, Device]
    positions: list[Position]
    alarms: list[tuple[Row, Json]]
    answers: list[tuple[Row, Json]]
    healths: list[tuple[Row, Json]]  # of now; old ones say nothing about today's fences
    strays: list[Stray]
    starts: dict[tuple[str, int], int]  # (device, boot) → when it began, said for the first time
    told: list[tuple[Row, int, Json]]  # all that is of this life of its tracker


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
        heard: Callable[[list[tuple[Row, int, Json]]], None] = lambda told: None,
    ) -> None:
        """`heard(told)` gets what was decoded, (row, kind, values), after its commit."""
        self.counters = {"folded": 0, "undecodable": 0, "unfoldable": 0, "alarms_raised": 0}
        self._journal = journal
        self._now_ms = now_ms
        self._changed = changed
        self._answered = answered
        self._heard = heard
        self._states: dict[str, Device] = {}
        self._dated: dict[str, int] = {}  # device → the boot whose beginning is known and used
        self._cursors = {lane: journal.cursor(READER, lane) for lane in LANES}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._seen = (0, 0)  # records stored, when
        self._rush = False
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

    async def step(self) -> int:
        """Fold one batch of the first lane that has something; how many records."""
        for lane in LANES:
            if lane != ALARM and self._rushed():
                self._alarm.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._alarm.wait(), BUSY_PAUSE_S)
                if await self._step(ALARM):
                    return 1
            count = await self._step(lane)
            if count:
                return count
        return 0

    def _rushed(self) -> bool:
        """Whether records are being stored at BUSY_RATE or more since it was last asked."""
        stored, now_ms = self._journal.counters["records"], self._now_ms()
        came, passed_ms = stored - self._seen[0], now_ms - self._seen[1]
        if passed_ms < RATE_MS:
            return self._rush
        self._seen = (stored, now_ms)
        self._rush = came * 1000 > BUSY_RATE * passed_ms
        return self._rush

    async def _step(self, lane: int) -> int:
        most = BUSY_BATCH if self._rush and lane != ALARM else BATCH
        rows = self._journal.rows_after(self._cursors[lane], lane, most)
        if rows:
            await self._fold(lane, rows)
            await asyncio.sleep(0)
        return len(rows)

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

    async def _fold(self, lane: int, rows: list[Row]) -> None:
        try:
            folded = self._understood(rows)
            await self._write(lane, rows, folded)
        except (ReadError, OSError, MemoryError):
            raise  # the machine's fault, not a record's: whoever restarts us begins here again
        except Exception as error:
            # ours, not the disk's (which is tried again elsewhere): find the record it is
            if len(rows) > 1:
                for row in rows:
                    await self._fold(lane, [row])
                return
            log.exception("unfoldable", record=f"{rows[0].device}:{rows[0].boot}:{rows[0].seq}")
            self.counters["unfoldable"] += 1
            stray = _stray(rows[0], f"cannot be folded: {type(error).__name__}")
            await self._write(lane, rows, Folded({}, [], [], [], [], [stray], {}, []))

    def _understood(self, rows: list[Row]) -> Folded:
        folded = Folded({}, [], [], [], [], [], {}, [])
        for row in rows:
            if row.kind == OWN_KIND:
                continue  # ours: what it is about was written with it
            try:
                kind, values = codec.decode(row.payload)
            except codec.WireError as error:
                folded.strays.append(_stray(row, str(error)))
                continue
            if kind == layouts.ALARM:
                folded.alarms.append((row, values))
            if row.boot >= CLASH_BOOT:
                continue  # whose it is nobody can tell: it raises alarms and changes nothing else
            state = folded.devices.get(row.device) or self._state(row.device)
            folded.devices[row.device] = fold(state, row, kind, values)
            folded.positions.extend(positions_of(row, kind, values))
            folded.told.append((row, kind, values))
            if kind == layouts.ANSWER:
                folded.answers.append((row, values))
            elif kind == layouts.HEALTH:
                self._understood_health(folded, row, values)
        return folded

    def _understood_health(self, folded: Folded, row: Row, values: Json) -> None:
        if row.lane == LIVE:
            folded.healths.append((row, values))
        boot = (row.device, row.boot)
        start_s = boot_times.start_of(layouts.HEALTH, values)
        if start_s and self._dated.get(row.device) != row.boot:
            folded.starts[boot] = start_s

    def _state(self, device: str) -> Device:
        known = self._states.get(device)
        if known is None:
            found = self._journal.query(_DEVICE, (device,))
            known = self._states[device] = Device._make(found[0]) if found else Device(device)
        return known

    async def _write(self, lane: int, rows: list[Row], folded: Folded) -> None:
        now_ms = self._now_ms()

        def write(db: Database) -> int:
            set_cursor(db, READER, lane, rows[-1].id)
            return _write_all(db, folded, now_ms)

        raised = await asyncio.wrap_future(self._journal.write(write))
        self._cursors[lane] = rows[-1].id
        self._states.update(folded.devices)
        self._dated.update(folded.starts.keys())
        self._heard(folded.told)
        self.counters["folded"] += len(rows) - len(folded.strays)
        self.counters["undecodable"] += len(folded.strays)
        self.counters["alarms_raised"] += raised
        if folded.devices:
            self._changed("trackers")
        if folded.alarms or folded.answers:
            self._changed("alarms")
        for device in {row.device for row, _ in folded.answers + folded.healths}:
            self._answered(device)


def _write_all(db: Database, folded: Folded, now_ms: int) -> int:
    """Write what was folded; how many alarms it raised."""
    db.executemany(_PUT_DEVICE, list(folded.devices.values()))
    db.executemany(_PUT_POSITION, folded.positions)
    if folded.strays:
        quarantine.set_aside(db, folded.strays)
    raised = 0
    for row, values in folded.alarms:
        raised += _write_alarm(db, row, values, now_ms)
    for (device, boot), start_s in folded.starts.items():
        alarm_book.date(db, device, boot, start_s)
    for row, values in folded.answers:
        _write_answer(db, row, values, now_ms)
    for row, values in folded.healths:
        _restore(db, row.device, values["fence_version"], now_ms)
    return raised


def _restore(db: Database, device: str, fence_version: int, now_ms: int) -> None:
    """Give a tracker its fences back if its health record says that it has lost them."""
    try:
        order_id = order_book.restore_fences(db, device, fence_version, now_ms)
    except Refused:
        return  # revoked meanwhile: nothing is ordered of it any more
    if order_id is not None:
        log.warning("fences_lost", device=device, has=fence_version, order=order_id)


def _write_alarm(db: Database, row: Row, values: Json, now_ms: int) -> bool:
    start_s = boot_times.start_in(db, row.device, row.boot) if values["time_is_uptime"] else 0
    alarm = alarms.alarm_of(row, values, now_ms, start_s)
    if values["what"] == layouts.BACK:
        alarm_book.come_back(db, alarm, alarms.back_event(row, values))
        return False
    events = alarms.first_events(row, values, now_ms, start_s)
    return alarm_book.raise_alarm(db, alarm, events) is not None


def _write_answer(db: Database, row: Row, values: Json, now_ms: int) -> None:
    answer = order_book.answered(db, row.device, values, now_ms)
    if answer is None or answer.kind != layouts.COMMAND:
        return
    command = codec.decode_body(layouts.COMMAND, answer.body)
    applied_now = answer.state == orders.APPLIED and answer.was != orders.APPLIED
    if applied_now and command["command"] == layouts.ALARM_TAKEN:
        alarm_steps.told(db, row.device, command["alarm_boot"], command["alarm_seq"], now_ms)


def _stray(row: Row, reason: str) -> Stray:
    return Stray(f"{row.device}:{row.boot}:{row.seq}", row.payload, reason, row.received_ms)
