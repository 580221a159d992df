"""What is done to the journal while it runs, a slice at a time: forgetting, retention, room.

Everything is written by the journal's writer like anything else, SLICE records or PAGES pages in
one go with a pause behind it, so an alarm waits for one slice at most. While records pour in only
what cannot wait is done: who was asked to be forgotten, and room on a disk that is nearly full.
"""

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

import structlog

from trygg_gateway import disk_guard, forgetting, let_go, own_book
from trygg_gateway.database import Database
from trygg_gateway.disk_guard import DiskGuard, Room
from trygg_gateway.journal import Journal
from trygg_gateway.journal_file import INCREMENTAL, old_journals
from trygg_gateway.journal_reading import wipe_log
from trygg_gateway.let_go import DAY_S, SLICE, Old
from trygg_gateway.own_book import Finding
from trygg_gateway.own_records import GATEWAY, JOURNAL_FULL, JOURNAL_UNCHECKED, OWN_BOOT
from trygg_gateway.values import CLASH_BOOT, LANES, READER, Run

log = structlog.get_logger("upkeep")

LOOK_S = 1.0  # at the disk, and for who is to be forgotten
LAP_S = 3600.0  # between two rounds of everybody's retention
SWEEP_S = 5.0
LOOKED_AT = 2_000  # rows looked at for those that may go for room
PAUSE_S = 0.05  # behind each slice
BUSY_ROWS = 500  # records waiting for a commit: not now
PAGES = 64  # given back to the file system in one go
FREE_PAGES = 2_000  # kept for what comes, and a tenth of the file
COUNTERS = (
    "deleted_by_age",
    "deleted_unsent",  # of these: what a sink never confirmed
    "laps_put_off",  # the clock was not believed
    "places_deleted",
    "strays_deleted",
    "deleted_for_room",
    "people_forgotten",
    "records_forgotten",
    "pages_given_back",
)
UNSENT = "a sink has not confirmed them for so long that nobody waits for it any more"
DOUBT_S = 2 * DAY_S  # the clock is ahead of the last lap by this: put off
BELIEVED_S = DAY_S  # and believed when it has stayed so for this
_TODO = "Make room on the disk of gateway.data, or give the journal more (journal.max_mb)."


class Upkeep:
    """Works for as long as `run` runs."""

    def __init__(
        self,
        journal: Journal,
        guard: DiskGuard,
        now_ms: Callable[[], int],
        *,
        days: int,
        sinks: Callable[[], Mapping[str, Sequence[int]]],
        written: Callable[[Sequence[Run]], None] = lambda runs: None,
        forgotten: Callable[[str], None] = lambda device: None,
    ) -> None:
        """`sinks()`: each with its lanes, the reader too; none may be behind what is deleted.

        `written(runs)` is told of own records committed, `forgotten(device)` that what is known of
        a tracker outside the journal is void.
        """
        self.counters = dict.fromkeys(COUNTERS, 0)
        self._journal = journal
        self._guard = guard
        self._now_ms = now_ms
        self._days = days
        self._sinks = sinks
        self._written = written
        self._forgotten = forgotten
        self._doubted_s = 0.0  # since when the clock is not believed, by the machine's counter
        # forgotten a moment ago, or before this start: → when they are swept
        self._unswept = dict.fromkeys(journal.forgotten, time.monotonic() + SWEEP_S)
        self._room_at = 0  # row up to which room was looked for

    async def run(self) -> None:
        """Keep the journal until cancelled."""
        text = "the journal was too large to be looked at whole at this start"
        todo = "Run `trygg gateway doctor`, which takes the time for it."
        self._say(JOURNAL_UNCHECKED, text, todo, self._journal.look.to_the_end)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._looks())  # waits for no commit: a full disk has none
            group.create_task(self._watch())
            group.create_task(self._rounds())

    async def _looks(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def _watch(self) -> None:
        while True:
            worked = await self.forget_some() or await self.make_room()
            await self.sweep()
            await asyncio.sleep(PAUSE_S if worked else LOOK_S)

    async def _rounds(self) -> None:
        while True:
            await self.lap()
            while await self.give_back():  # noqa: ASYNC110 - nobody says when
                await asyncio.sleep(PAUSE_S)
            await asyncio.sleep(LAP_S)

    # -- room ------------------------------------------------------------------------------

    async def look(self) -> None:
        """Look at the disk; say it when what is taken changes."""
        self._journal.forgotten = await asyncio.to_thread(self._journal.read, forgetting.dropped)
        room = await asyncio.to_thread(self.room)
        full = self._journal.disk_full
        changed = self._guard.look(room, full)
        if self._guard.level > disk_guard.WELL:  # the log's bytes are room, and what it will take
            await asyncio.to_thread(wipe_log, self._journal.path)
        if changed:
            left_mb, over = self._guard.left(room) >> 20, self._guard.level == disk_guard.WELL
            text = f"{left_mb} MB are left for the journal: {disk_guard.WORDS[self._guard.level]}"
            self._say(JOURNAL_FULL, text, _TODO, over)

    def room(self) -> Room:
        """What there is now."""
        path = self._journal.path
        disk = os.statvfs(path.parent)
        pages, spare, size = (
            self._journal.query(f"PRAGMA {name}")[0][0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        log_ = path.with_name(path.name + "-wal")
        used = pages * size + (log_.stat().st_size if log_.exists() else 0)
        return Room(disk.f_bavail * disk.f_frsize, used, spare * size)

    def _say(self, what: int, text: str, todo: str, over: bool) -> None:
        """Say it, or that it is over, as the gateway's own."""
        now_ms = self._now_ms()
        data = {"text": text} if over else {"text": text, "todo": todo}
        finding = Finding(GATEWAY, what, over, now_ms // 1000, data)
        said = self._journal.write(lambda db: own_book.write(db, finding, now_ms))
        said.add_done_callback(self._said)  # not waited for: on a full disk it may be long

    def _said(self, done: Future[Run | None]) -> None:
        run = None if done.exception() else done.result()
        if run is not None:
            self._written([run])

    async def make_room(self) -> bool:
        """Delete some of the oldest records that every sink has; False if there are none."""
        if self._guard.level < disk_guard.MAKING_ROOM:
            self._room_at = 0
            return False
        gone, last = await self._write(lambda db: self._without_oldest(db, self._room_at))
        self.counters["deleted_for_room"] += gone
        self._guard.counters["room_made"] += gone
        self._room_at = last
        return bool(last)

    def _without_oldest(self, db: Database, after: int) -> tuple[int, int]:
        """(records deleted, the row up to which was looked, 0 at the end)."""
        rows = let_go.oldest(db, after, LOOKED_AT)
        confirmed = let_go.confirmed_by_all(db, self._sinks())
        had = [row for row in rows if let_go.is_confirmed(row, confirmed)][:SLICE]
        if not rows:
            return 0, 0
        last = had[-1].id if len(had) == SLICE else rows[-1].id
        chosen = let_go.keep_alarms(db, had) if had else []
        newest: dict[str, int] = {}
        for row in chosen:
            newest[row.device] = max(row.made_s, newest.get(row.device, 0))
        for device, made_s in newest.items():
            let_go.blank_places(db, device, made_s)
        return let_go.delete(db, chosen, self._journal.let_go), last

    # -- who asked to be forgotten ---------------------------------------------------------

    async def forget_some(self) -> bool:
        """One slice of the first who is to be forgotten; False if there is nobody."""
        asked = await asyncio.to_thread(self._journal.read, forgetting.asked)
        if not asked:
            return False
        one, now_ms = asked[0], self._now_ms()
        self._journal.forgotten |= {one.device}  # before its records go, so that none comes after
        self._forgotten(one.device)
        known = self._journal.let_go
        before = one.deleted.get("records", 0)
        after, run = await self._write(lambda db: forgetting.step(db, one, known, now_ms))
        self.counters["records_forgotten"] += after.deleted.get("records", 0) - before
        if run is not None:
            self._journal.forgotten = self._journal.read(forgetting.dropped)
            self._forgotten(one.device)
            self._unswept[one.device] = time.monotonic() + SWEEP_S
            await self._wipe_log()
            self.counters["people_forgotten"] += 1
            log.warning("forgotten", device=one.device, who=one.who, deleted=after.deleted)
            self._written([run])
        return True

    async def sweep(self) -> None:
        """Delete once more what was being written of somebody while they were forgotten."""
        due = [device for device, at_s in self._unswept.items() if at_s <= time.monotonic()]
        for device in due:
            del self._unswept[device]
            if device in self._journal.forgotten:  # and not registered anew since
                self._forgotten(device)
                await self._write(partial(forgetting.sweep, device=device))
                await self._wipe_log()

    async def _wipe_log(self) -> None:
        """What was deleted stands in the log until that is emptied."""
        for _ in range(50):
            if await asyncio.to_thread(wipe_log, self._journal.path):
                return
            await asyncio.sleep(0.1)  # somebody reads
        log.warning("log_not_emptied", why="it is read all the time; the next checkpoint does it")

    # -- retention -------------------------------------------------------------------------

    async def lap(self) -> None:
        """Everybody's retention once; put off when the clock cannot be believed."""
        read = self._journal.read
        if not await self._clock_is_believed():
            return
        own = await asyncio.to_thread(read, let_go.retentions)
        now_s = self._now_ms() // 1000
        for device in await asyncio.to_thread(read, let_go.devices):
            before_s = now_s - own.get(device, self._days) * DAY_S
            await self._by_age(device, before_s)
        await self._drop_old_journals(now_s)
        while await self._counted("strays_deleted", self._old_strays(now_s)) == SLICE:
            await self._rest()

    async def _clock_is_believed(self) -> bool:
        """Whether retention may go by the clock: it has not leapt ahead since the last lap.

        A gateway that was off for longer waits as well: BELIEVED_S of running, not of the clock.
        """
        now_ms, counter_s = self._now_ms(), time.monotonic()
        last_ms = await asyncio.to_thread(self._journal.read, let_go.last_lap_ms)
        if last_ms and now_ms - last_ms > DOUBT_S * 1000:
            self._doubted_s = self._doubted_s or counter_s
            if counter_s - self._doubted_s < BELIEVED_S:
                self.counters["laps_put_off"] += 1
                log.warning("retention_put_off", why="the clock is days ahead of the last round")
                return False
        self._doubted_s = 0.0
        await self._write(lambda db: let_go.set_last_lap(db, now_ms))
        return True

    async def _drop_old_journals(self, now_s: int) -> None:
        """Damaged and replaced journals have everybody's places: they go at their age, too."""
        for place in old_journals(self._journal.path):
            if place.stat().st_mtime < now_s - self._days * DAY_S:
                await asyncio.to_thread(place.unlink)
                log.warning("old_journal_deleted", file=str(place), days=self._days)

    def _old_strays(self, now_s: int) -> Callable[[Database], int]:
        before_s = now_s - self._days * DAY_S
        return lambda db: let_go.drop_strays(db, before_s)

    async def _by_age(self, device: str, before_s: int) -> None:
        blank = lambda db: let_go.blank_places(db, device, before_s)  # noqa: E731
        while gone := await self._counted("places_deleted", blank):
            self._forgotten(device)  # what the reader remembers has the old place
            await self._rest()
            if gone < SLICE:
                break
        for first, end in ((0, CLASH_BOOT), (CLASH_BOOT, OWN_BOOT), (OWN_BOOT, 2 * OWN_BOOT)):
            await self._records_by_age(device, before_s, first, end)

    async def _records_by_age(self, device: str, before_s: int, first: int, end: int) -> None:
        """Of the boots from `first` and before `end`; clashes stand in no order of time."""
        after = (first, 0)
        while True:
            at = after
            rows = await asyncio.to_thread(
                self._journal.read, lambda db, at=at: let_go.old_of(db, device, at, SLICE)
            )
            rows = [row for row in rows if row.boot < end]
            old = [row for row in rows if row.made_s < before_s]
            if not rows or (not old and first != CLASH_BOOT):
                return
            after = (rows[-1].boot, rows[-1].seq)
            if old:
                act = lambda db, some=old: self._without_old(db, some, before_s)  # noqa: E731
                await self._counted("deleted_by_age", act)
                await self._rest()

    def _without_old(self, db: Database, rows: list[Old], before_s: int) -> int:
        confirmed = let_go.confirmed_by_all(db, self._sinks())
        read = let_go.confirmed_by_all(db, {READER: LANES})
        chosen = let_go.keep_alarms(db, let_go.due(rows, before_s, confirmed, read))
        unsent = sum(not let_go.is_confirmed(row, confirmed) for row in chosen)
        if unsent:
            self.counters["deleted_unsent"] += unsent
            log.error("deleted_unsent", device=rows[0].device, records=unsent, why=UNSENT)
        return let_go.delete(db, chosen, self._journal.let_go)

    async def _counted(self, counter: str, act: Callable[[Database], int]) -> int:
        gone: int = await self._write(act)
        self.counters[counter] += gone
        return gone

    async def _rest(self) -> None:
        await asyncio.sleep(PAUSE_S)
        while self._journal.waiting > BUSY_ROWS:  # noqa: ASYNC110 - nobody says when
            await asyncio.sleep(PAUSE_S)

    # -- free pages ------------------------------------------------------------------------

    async def give_back(self) -> bool:
        """Give some free pages back to the file system; False if there are few."""
        if self._journal.waiting > BUSY_ROWS:
            return False
        given = await self._write(_give_back)
        self.counters["pages_given_back"] += given
        return bool(given)

    async def _write(self, act: Callable[[Database], Any]) -> Any:
        return await asyncio.wrap_future(self._journal.write(act))


def _give_back(db: Database) -> int:
    """Within a write; how many pages. A file of before version 3 that is not so made gives none."""
    (kind,) = db.execute("PRAGMA auto_vacuum").fetchone()
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    (free,) = db.execute("PRAGMA freelist_count").fetchone()
    over = min(PAGES, free - max(FREE_PAGES, pages // 10))
    if kind != INCREMENTAL or over <= 0:
        return 0
    db.execute(f"PRAGMA incremental_vacuum({over})").fetchall()
    return int(over)
