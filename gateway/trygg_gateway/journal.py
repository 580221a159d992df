"""The journal: every record on disk before anybody is told that it is safe.

One thread writes. It takes all that is queued, inserts it in one transaction with
`synchronous=FULL`, and only after the COMMIT calls `confirm` for each parcel of records, in the
order in which they came. It never waits for company: while one commit waits for the disk the next
batch gathers by itself, so the slower the disk, the larger the commit. `commit_rows` and
`commit_ms` bound how much one commit may gather.

Alarms do not queue: each commit inserts every waiting alarm first, however much stands before
it. Its confirm still waits for its turn, since acknowledgements leave in order of arrival.

The identity (device, boot, seq) is UNIQUE in the same transaction. A record that is there
already is confirmed again and not stored again. One with the same identity and other bytes is
kept under another (journal_rows.py), and is confirmed.

When the disk says no (full, read-only, I/O error), nothing of that batch is confirmed. It goes
back to the head of the queue and is tried again after a pause that grows to RETRY_MAX_S, while
the doors are held (`on_pressure`) and reading goes on. A `write` that fails on its own account
fails alone.
"""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from itertools import chain
from pathlib import Path
from typing import IO, Any, Self, TypeVar

import structlog

from trygg_gateway.database import Database, Values
from trygg_gateway.forgetting import dropped
from trygg_gateway.journal_backup import mend_restored
from trygg_gateway.journal_check import Look, is_corrupt, mark
from trygg_gateway.journal_file import (
    JournalError,
    can_shrink,
    is_of_the_disk,
    mark_laid_out,
    only_gateway,
    prepared,
)
from trygg_gateway.journal_reading import Readers
from trygg_gateway.journal_rows import (
    COUNTED,
    COUNTERS,
    HIGHEST_BOOT,
    ROWS,
    Batch,
    Limits,
    Write,
    keep,
    runs_of,
    set_aside,
    set_cursor,
)
from trygg_gateway.journal_salvage import mended
from trygg_gateway.let_go import LetGo
from trygg_gateway.sqlite_pages import MOST_PAGES, PAGE
from trygg_gateway.values import CLASH_BOOT, Parcel, Row, Run

__all__ = ["Journal", "JournalError", "Limits", "set_cursor"]

log = structlog.get_logger("journal")

RETRY_MIN_S, RETRY_MAX_S = 0.1, 5.0

ReadError = sqlite3.OperationalError  # the disk or the file did not let us read

T = TypeVar("T")


class Journal:
    """The one owner of the database. `put` and `write` may be called from any thread.

    `on_commit` functions are called by the writer thread with the records of each commit as runs,
    alarms first, duplicates too, and before all clashes as they are kept; `on_pressure` ones with
    True when the doors should deliver no more and False when they may again; both must be quick.
    `ended` is done when the writer has stopped, with its error if it fell over.
    """

    def __init__(self, path: Path, limits: Limits, lock: IO[bytes] | None) -> None:
        """Use `Journal.open` or `Journal.visit`."""
        self.path = path
        self.look = Look()  # at the file, before it was opened
        self.counters = dict.fromkeys(COUNTERS, 0)
        self.on_commit: list[Callable[[Sequence[Run]], None]] = []
        self.on_pressure: list[Callable[[bool], None]] = []
        self.ended: Future[None] = Future()
        self._limits = limits
        self._lock = lock
        self._db = prepared(path, lock is not None)
        self.let_go = LetGo()  # of the writer, as is everything that changes it
        self.forgotten: frozenset[str] = frozenset()  # devices of which nothing is set aside
        if lock is not None:
            can_shrink(self._db, path)
            mend_restored(self._db, time.time_ns() // 1_000_000)
            self.let_go.load(self._db)
            self.forgotten = dropped(self._db)
        self._readers = Readers(path, self._suspect)
        self._queue: deque[Parcel] = deque()
        self._alarms: deque[list[Any]] = deque()  # flat, of parcels in the queue
        self._writes: deque[Write] = deque()
        self._waiting = 0  # records in the queue
        self._put_lock = threading.Lock()
        self._idle = False
        self._work = threading.Event()
        self._closing = threading.Event()
        self._pressed = False
        self._troubled = False
        self._full = False
        self._press_lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    # -- opening and closing ---------------------------------------------------------------

    @classmethod
    def open(cls, path: Path, limits: Limits | None = None) -> Self:
        """The journal at `path` for the gateway alone; a new file gets the schema.

        A damaged one is set aside and salvaged first (journal_salvage.py). Raises JournalError:
        another gateway has it, a newer schema, another's database, no access.
        """
        lock = only_gateway(path)
        try:
            seen = mended(path, time.time_ns() // 1_000_000)
            journal = cls(path, limits or Limits(), lock)
        except BaseException:
            lock.close()
            raise
        journal.look = seen
        mark_laid_out(lock)
        return journal

    @classmethod
    def visit(cls, path: Path) -> Self:
        """The same beside the gateway that may be running on it, as the command line does."""
        return cls(path, Limits(), None)

    def close(self) -> None:
        """Commit what is queued, stop the writer, close the file."""
        self._closing.set()
        self._work.set()
        self._thread.join()
        self._readers.close()
        if self._lock is not None:
            self._lock.close()

    # -- writing ---------------------------------------------------------------------------

    def put(self, parcel: Parcel) -> bool:
        """Queue records; `parcel.confirm` is called once all of them are committed.

        False if the queue is full or the journal closed: then none is taken and none will be
        confirmed, and whoever sent them still has them.
        """
        with self._put_lock:
            waiting = self._waiting
            if waiting >= self._limits.queue_rows or self._closing.is_set():
                self.counters["refused_full"] += parcel.count
                return False
            self._waiting += parcel.count
        if waiting + parcel.count > self._limits.queue_rows // 2:
            self._press(True)
        if parcel.alarms:
            self._alarms.append(parcel.alarms)  # before the queue: what is confirmed was inserted
        self._queue.append(parcel)
        if self._idle:
            self._work.set()
        return True

    def write(self, act: Callable[[Database], T]) -> "Future[T]":
        """Run `act(db)` in the writer's next transaction; its value when that is committed.

        `act` is run again if the disk refused the commit, so it changes nothing but the
        database. An error it raises is the future's, and undoes only what `act` did.
        """
        done: Future[T] = Future()
        done.set_running_or_notify_cancel()  # from here on nobody can cancel it
        if self._closing.is_set():
            done.set_exception(JournalError(f"write to journal {self.path}: it is closed"))
            return done
        self._writes.append(Write(act, done))
        if self._idle:
            self._work.set()
        return done

    def move_cursor(self, sink: str, lane: int, id_: int) -> "Future[Any]":
        """Say that `sink` has confirmed all of `lane` up to row `id_`."""
        return self.write(lambda db: set_cursor(db, sink, lane, id_))

    def bound(self, max_bytes: int) -> None:
        """Let the file grow to this and no further; 0: as far as the disk goes."""
        pages = max_bytes // PAGE or MOST_PAGES
        self.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages}").fetchall()).result()

    @property
    def disk_full(self) -> bool:
        """Whether the last commit was refused for want of room."""
        return self._full

    @property
    def waiting(self) -> int:
        """How many records are queued and not committed."""
        return self._waiting

    # -- reading ---------------------------------------------------------------------------

    def read(self, act: Callable[[Database], T]) -> T:
        """`act(db)` on one consistent state of the database, read-only, in this thread."""
        return self._readers.read(act)

    def _suspect(self, error: sqlite3.Error) -> None:
        """SQLite may have found the file damaged: the gateway ends, and the next start mends it."""
        if is_corrupt(error):
            self.counters["corruptions"] += 1
            mark(self.path)
            log.error("journal_corrupt", file=str(self.path), error=str(error))

    def query(self, sql: str, values: Values = ()) -> list[Any]:
        """The rows (tuples) that one SELECT gives."""
        return self.read(lambda db: db.execute(sql, values).fetchall())

    def rows_after(self, id_: int, lane: int, limit: int) -> list[Row]:
        """The next rows of a lane after row `id_`, in their order, at most `limit`."""
        return [Row._make(found) for found in self.query(ROWS, (lane, id_, limit))]

    def highest_boot(self, device: str) -> int:
        """The highest boot of which a record is held, 0 for none."""
        return int(self.query(HIGHEST_BOOT, (device, CLASH_BOOT))[0][0] or 0)

    def cursor(self, sink: str, lane: int) -> int:
        """The row up to which `sink` has confirmed `lane`; 0 for none."""
        found = self.query("SELECT id FROM cursors WHERE sink = ? AND lane = ?", (sink, lane))
        return int(found[0][0]) if found else 0

    # -- the writer thread -----------------------------------------------------------------

    def _run(self) -> None:
        try:
            pause_s = RETRY_MIN_S
            while self._has_work() or not self._closing.is_set():
                if not self._has_work():
                    self._rest()
                elif self._commit():
                    pause_s = RETRY_MIN_S
                elif self._closing.wait(pause_s):
                    break  # closing, and the disk will not: unconfirmed, so still with its sender
                else:
                    pause_s = min(2 * pause_s, RETRY_MAX_S)
        except BaseException as error:
            log.exception("journal_writer_fell_over", file=str(self.path))
            self._stop(error)
            raise
        self._stop(None)

    def _stop(self, error: BaseException | None) -> None:
        self._closing.set()
        while self._writes:
            refused = JournalError(f"write to journal {self.path}: it stopped before the commit")
            self._writes.popleft().done.set_exception(refused)
        self._db.close()
        if error is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(error)

    def _has_work(self) -> bool:
        return bool(self._queue or self._writes)

    def _rest(self) -> None:
        self._idle = True
        if not self._has_work():  # what came before _idle did not set the event
            self._work.wait()
        self._idle = False
        self._work.clear()

    def _commit(self) -> bool:
        """One transaction with what is queued; False if the disk refused it."""
        batch = Batch([], [], [], [], [], [], [])
        try:
            self._db.execute("BEGIN IMMEDIATE")
            gathered = self._gather(batch)
            results = [self._try(write) for write in batch.writes]
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._suspect(error)
            if not is_of_the_disk(error):
                self._writes.extendleft(reversed(batch.writes))  # who waits is told that it ended
                raise
            self._take_back(batch, error)
            return False
        for name, count in gathered.items():
            self.counters[name] += count
        self.counters["commits"] += 1
        self._committed(batch, results)
        return True

    def _gather(self, batch: Batch) -> dict[str, int]:
        """Insert alarms, then what is queued, until a bound is met; what there was of each."""
        count = dict.fromkeys(COUNTED, 0)
        room, until = self._limits.commit_rows, time.monotonic() + self._limits.commit_ms / 1000
        while parcels := self._next_parcels(room, bool(batch.parcels)):
            room -= sum(parcel.count for parcel in parcels)
            batch.parcels.extend(parcels)
            # after the parcels: every alarm among them is in _alarms, or was committed before
            alarms = _joined(_taken(self._alarms, len(self._alarms)))
            others = _joined(parcel.others for parcel in parcels)
            strays = [stray for parcel in parcels for stray in parcel.strays]
            keep(self._db, batch, alarms, others, self.let_go, self.forgotten, count)
            set_aside(self._db, strays, self.forgotten, count)
            if time.monotonic() >= until:
                break
        batch.writes.extend(_taken(self._writes, len(self._writes)))
        return count

    def _next_parcels(self, room: int, any_yet: bool) -> list[Parcel]:
        """The queue's first parcels, whole, as many as have room; one in any case if none yet."""
        parcels: list[Parcel] = []
        while self._queue and (self._queue[0].count <= room or not any_yet):
            parcels.append(self._queue.popleft())
            room -= parcels[-1].count
            any_yet = True
        with self._put_lock:
            self._waiting -= sum(parcel.count for parcel in parcels)
        return parcels

    def _try(self, write: Write) -> tuple[Any, Exception | None]:
        """What the write gives or raises; an error of the disk is everybody's and goes on."""
        self._db.execute("SAVEPOINT act")
        try:
            value, raised = write.act(self._db), None
        except Exception as error:  # it belongs to whoever waits for the future
            if isinstance(error, sqlite3.Error) and (is_of_the_disk(error) or is_corrupt(error)):
                raise
            self._db.execute("ROLLBACK TO act")
            value, raised = None, error
        self._db.execute("RELEASE act")
        return value, raised

    def _committed(self, batch: Batch, results: list[tuple[Any, Exception | None]]) -> None:
        self._troubled = self._full = False
        if self._pressed and self._waiting <= self._limits.queue_rows // 4:
            self._press(False)
        self._confirm(batch.parcels)
        for write, (value, raised) in zip(batch.writes, results, strict=True):
            if raised is None:
                write.done.set_result(value)
            else:
                write.done.set_exception(raised)
        runs = runs_of(batch.apart) + batch.alarm_runs + batch.other_runs
        if runs:
            for tell in self.on_commit:
                tell(runs)

    def _confirm(self, parcels: list[Parcel]) -> None:
        for parcel in parcels:
            try:
                parcel.confirm(parcel.token, parcel.count)
                self.counters["confirms"] += parcel.count
            except Exception:  # a door that falls over is not the journal's end
                self.counters["confirm_errors"] += parcel.count
                log.exception("confirm_failed")

    def _take_back(self, batch: Batch, error: sqlite3.Error) -> None:
        """The disk refused: everything of the batch is queued again, in front, in its order."""
        self.counters["disk_errors"] += 1
        if not self._troubled:
            log.error("disk_refuses", file=str(self.path), error=str(error), waiting=self.waiting)
        self._troubled = True
        self._full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
        if self._db.in_transaction:
            self._db.rollback()
        with self._put_lock:
            self._waiting += sum(parcel.count for parcel in batch.parcels)
        self._queue.extendleft(reversed(batch.parcels))
        self._alarms.appendleft(batch.alarms)
        self._writes.extendleft(reversed(batch.writes))
        self._press(True)

    def _press(self, on: bool) -> None:
        with self._press_lock:
            if on == self._pressed or (not on and self._troubled):
                return
            self._pressed = on
            self.counters["pressure"] += on
            for tell in self.on_pressure:
                tell(on)


def _taken(waiting: "deque[T]", count: int) -> list[T]:
    return [waiting.popleft() for _ in range(count)]


def _joined(lists: Iterable[list[Any]]) -> list[Any]:
    return list(chain.from_iterable(lists))
