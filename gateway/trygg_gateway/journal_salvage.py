"""A damaged journal is set aside whole, and what can be read of it goes into a new one.

Nothing of the damaged file is changed or deleted: it, its log and its index are renamed to
NAME.damaged-1 (-2 ...). The new journal is made beside it first, whole and on disk, and takes the
name last; a start finishes a salvage that was cut short (`finish`).

What is salvaged, table by table: first as SQLite reads it, with every page of the log that has its
checksum; where SQLite stops, row by row from the pages themselves (sqlite_pages.py), each taken
for the only table that it fits. A record whose CRC is wrong is set aside in the quarantine.

Which identities that touched is named three times: in table `mendings`, in the log, and as an alarm
of the gateway's own. `lost`: the journal or its book of gaps says that they were there, and they
are not. What came after a boot's highest known number nobody can tell; should a tracker go on
beyond it, the gap book names what lies between (gap_book.py, `mended_upto`).
"""

import mmap
import os
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import structlog

from trygg_gateway import mending_book
from trygg_gateway.journal_check import SUSPECT, Look, is_sound, look
from trygg_gateway.journal_file import JournalError, beside, lock_of, prepared
from trygg_gateway.mending_book import Identity
from trygg_gateway.own_records import GATEWAY
from trygg_gateway.quarantine import set_aside as quarantine
from trygg_gateway.salvage_tables import Table, as_row, is_identity, tables_of
from trygg_gateway.sqlite_pages import PAGE, Frame, Row, page_size_of, read_wal, rows_in
from trygg_gateway.values import Stray

log = structlog.get_logger("salvage")

NEW, READY, IMAGE, DAMAGED = ".new", ".salvaged", ".image", ".damaged-"
TORN = "as a cut of power leaves it; if it was none, what is lost shows as a gap of its tracker"
NOUGHTS_MOST = 1 << 20
_LOG_ENDINGS = ("-wal", "-shm")
_ONLY_ADDED = ("records", "positions", "alarm_events", "reads")  # rows of these never change
_BY_SQL_ONLY = ("boots",)  # its rows look like those of an index of `records`
_KEEP = "INSERT OR {} INTO {} ({}) VALUES ({})"

Rows = Iterator[tuple[Any, ...]]


def mended(path: Path, now_ms: int) -> Look:
    """Look at the journal before it is opened, and salvage it if it is damaged; what was seen.

    Raises JournalError if the disk does not let us.
    """
    try:
        finish(path)
        seen = look(path)
        if seen.torn_tail:
            log.warning("log_ends_torn", file=str(path), why=TORN)
        if seen.trouble and _was_never_laid_out(path):
            _set_aside(path)  # the power was cut at the very first start
        elif seen.trouble:
            salvage(path, seen.trouble, now_ms)
        beside(path, SUSPECT).unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as error:
        raise JournalError(
            f"salvage journal {path}: wanted to write a new one beside it, got: {error}. Nothing of"
            " it was changed. Make room or mend the rights of its folder, and start again"
        ) from error
    return seen


def _was_never_laid_out(path: Path) -> bool:
    """Whether nothing was ever committed: no gateway said so, and the file holds noughts."""
    lock = lock_of(path)
    if not path.exists() or (lock.exists() and lock.stat().st_size):
        return False
    return path.stat().st_size <= NOUGHTS_MOST and not any(path.read_bytes())


def finish(path: Path) -> None:
    """End a salvage that was cut short: one that was ready takes the journal's place."""
    for ending in (NEW, IMAGE + "1", IMAGE + "2"):
        for more in ("", *_LOG_ENDINGS, "-journal"):
            beside(path, ending + more).unlink(missing_ok=True)
    ready = beside(path, READY)
    if ready.exists():
        _set_aside(path)
        ready.replace(path)
        _sync_folder(path)


def salvage(path: Path, why: str, now_ms: int) -> None:
    """Make a new journal of what can be read, and set the damaged one aside."""
    log.error("journal_damaged", file=str(path), why=why, doing="salvaging what can be read")
    begun = time.monotonic()
    images = _images(path)
    try:
        counts = _new_journal(path, images, why, now_ms)
    finally:
        for image in images:
            if image != path:
                image.unlink(missing_ok=True)
    beside(path, NEW).replace(beside(path, READY))
    _sync_folder(path)
    finish(path)
    log.error(
        "journal_salvaged", file=str(path), rows=counts, seconds=round(time.monotonic() - begun, 1)
    )


def _free_name(path: Path) -> Path:
    number = 1
    while any(beside(path, f"{DAMAGED}{number}{more}").exists() for more in ("", *_LOG_ENDINGS)):
        number += 1
    return beside(path, f"{DAMAGED}{number}")


def _set_aside(path: Path) -> None:
    """Rename what stands at the journal's name; its log first, or SQLite would play it again."""
    away = _free_name(path)
    for ending in (*_LOG_ENDINGS, ""):
        if beside(path, ending).exists():
            beside(path, ending).replace(beside(away, ending))


def _images(path: Path) -> list[Path]:
    """Files to read from, in order of trust: the database as SQLite would see it, then with every
    page of its log that has its checksum.

    Where there is no room for a copy it is the damaged file: what is only in its log is then lost.
    """
    wal = beside(path, "-wal")
    log_ = read_wal(wal.read_bytes()) if wal.exists() else None
    if log_ is None:
        return [path] if path.exists() else []
    good = [frame for frame in log_.frames if frame.good]
    seen_by_sqlite = log_.frames[: log_.valid]
    images = [_image(path, beside(path, IMAGE + "1"), seen_by_sqlite, log_.page_size)]
    if len(good) > len(seen_by_sqlite):
        images.append(_image(path, beside(path, IMAGE + "2"), good, log_.page_size))
    return images


def _image(path: Path, image: Path, frames: list[Frame], page_size: int) -> Path:
    try:
        if path.exists():
            shutil.copyfile(path, image)
        with (
            image.open("r+b" if image.exists() else "w+b") as out,
            beside(path, "-wal").open("rb") as source,
        ):
            for frame in frames:
                source.seek(frame.at)
                out.seek((frame.page - 1) * page_size)
                out.write(source.read(page_size))
    except OSError as error:
        log.error("no_room_for_the_log", file=str(path), error=error.strerror)
        image.unlink(missing_ok=True)
        return path
    return image


# -- the new journal ---------------------------------------------------------------------------


def _new_journal(path: Path, images: list[Path], why: str, now_ms: int) -> dict[str, int]:
    """Lay out NAME.new, fill it, name what is missing; rows by table."""
    new = prepared(beside(path, NEW), alone=True)
    counts: Counter[str] = Counter()
    with closing(new) as db:
        db.execute("PRAGMA synchronous = OFF")  # it is synced whole before it counts
        db.execute("BEGIN IMMEDIATE")
        evidence, failed = set[Identity](), list[str]()
        for image in images:
            filling = _Filling(db, image)
            filling.fill(again=image != images[0])
            evidence |= filling.evidence()
            failed += [name for name in filling.failed if name not in failed]
            counts.update({name: count for name, count in filling.counts.items() if count})
        away = _free_name(path).name
        mending_book.mend(db, "salvaged", why, away, evidence, failed, now_ms)
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with beside(path, NEW).open("rb") as file:
        os.fsync(file.fileno())
    return dict(counts)


class _Filling:
    """Fills an empty journal from a damaged one."""

    def __init__(self, db: sqlite3.Connection, image: Path) -> None:
        self._db = db
        self._image = image
        self.tables = tables_of(db)
        self.counts = dict.fromkeys((table.name for table in self.tables), 0)
        self.failed: list[str] = []  # tables that SQLite could not read to their end
        self._known: set[tuple[str, int, int]] = set()  # identities that an index names
        self._harmed: set[tuple[str, int, int]] = set()  # identities set aside
        self._index_read = False
        self._again = False
        self._devices: set[str] = set()

    def fill(self, again: bool) -> None:
        """Every table by SQL, then by the pages those where SQL stopped.

        `again`: from a newer state of the file than before; a table that is whole in it counts
        alone, or a tracker that was revoked since might speak.
        """
        self._again = again
        for table in self.tables:
            if again and table.name not in _ONLY_ADDED and self._is_well(table):
                self._db.execute(f"DELETE FROM {table.name}")  # noqa: S608 - what is newer is whole
            if not self._by_sql(table):
                self.failed.append(table.name)
            self._learn_devices()
        self._again = False  # a page may be an old one
        put = "INSERT OR REPLACE INTO meta VALUES ('schema', ?)"
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        self._db.execute(put, (str(version),))  # of the new file, whatever the old one's was
        by_pages = [t for t in self.tables if t.name in self.failed and t.name not in _BY_SQL_ONLY]
        others = [table for table in by_pages if table.name != "records"]
        for tables in (others, [table for table in by_pages if table not in others]):
            if tables and self._image.exists():
                self._by_pages(tables)
            self._learn_devices()  # before the records

    def evidence(self) -> set[tuple[str, int, int]]:
        """Identities that were in the journal, of trackers that we know."""
        both = self._in_index() | self._harmed
        return {one for one in both if not self._devices or one[0] in self._devices}

    def _in_index(self) -> set[tuple[str, int, int]]:
        if not self._index_read:
            self._index_read = True
            found = self._read(
                "SELECT device, boot, seq FROM records INDEXED BY sqlite_autoindex_records_1"
            )
            self._known.update(row for row in found if is_identity(row))
        return self._known

    def _is_well(self, table: Table) -> bool:
        """Whether the table is whole in this image."""
        return list(self._read(f"PRAGMA quick_check({table.name})")) == [("ok",)]

    def _by_sql(self, table: Table) -> bool:
        """Copy a table as SQLite reads it; False if it could not to the end."""
        whole = [True]
        there = [row[1] for row in self._read(f"PRAGMA table_info({table.name})", whole)]
        names = [column.name for column in table.columns if column.name in there]
        if not there:
            return self._is_older_than(table)
        if names[: table.least] != [column.name for column in table.columns[: table.least]]:
            return False  # what it calls its columns is damaged
        rows = self._read(f"SELECT {', '.join(names)} FROM {table.name}", whole)  # noqa: S608
        self._keep(table, rows, names)
        return whole[0]

    def _is_older_than(self, table: Table) -> bool:
        """Whether a readable journal simply does not have the table yet."""
        whole = [True]
        names = {name for (name,) in self._read("SELECT name FROM sqlite_master", whole)}
        return whole[0] and "records" in names and table.name not in names

    def _read(self, sql: str, whole: list[bool] | None = None) -> Rows:
        """Rows until SQLite stops; `whole[0]` becomes False when it stops before the end."""
        if not self._image.exists():
            if whole:
                whole[0] = False
            return
        source = f"{self._image.resolve().as_uri()}?mode=ro&immutable=1"
        try:
            with closing(sqlite3.connect(source, uri=True)) as db:
                yield from db.execute(sql)
        except (sqlite3.Error, UnicodeDecodeError, OverflowError):
            if whole:
                whole[0] = False

    def _keep(self, table: Table, rows: Rows, names: list[str]) -> None:
        columns, marks = ", ".join(names), ", ".join("?" * len(names))
        conflict = "REPLACE" if self._again and table.name not in _ONLY_ADDED else "IGNORE"
        insert = _KEEP.format(conflict, table.name, columns, marks)
        short = table._replace(columns=[c for c in table.columns if c.name in names])
        is_records = table.name == "records"
        for row in rows:
            if not short.fits(row):
                continue
            if is_records and not self._is_whole(row):
                self._harmed.add(row[1:4])
                name = f"{row[1]}:{row[2]}:{row[3]}"
                quarantine(self._db, [Stray(name, row[8], "damaged in the journal", row[7])])
                continue
            self.counts[table.name] += self._db.execute(insert, row).rowcount

    def _learn_devices(self) -> None:
        found = self._db.execute("SELECT device FROM trackers").fetchall()
        self._devices = {GATEWAY, *(device for (device,) in found)} if found else set()

    def _is_whole(self, row: tuple[Any, ...]) -> bool:
        """Whether a record is as it came. Its CRC does not cover whose it is: that is a tracker we
        know, or the index says the same."""
        if not is_sound(row[2], row[3], row[4], row[8]):
            return False
        return not self._devices or row[1] in self._devices or row[1:4] in self._in_index()

    def _by_pages(self, tables: list[Table]) -> None:
        """Whatever row of the whole file fits one of the tables and no other."""
        entry = "SELECT device, kind, version, id FROM orders"
        index = self._read(f"{entry} INDEXED BY sqlite_autoindex_orders_1")
        orders = {*self._db.execute(entry).fetchall(), *index}
        with self._image.open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                return
            with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as image:
                size = page_size_of(image[:100]) or PAGE
                for _, rows in groupby(rows_in(image, size), attrgetter("page")):
                    self._by_page(tables, list(rows), orders)

    def _by_page(self, tables: list[Table], rows: list[Row], orders: set[tuple[Any, ...]]) -> None:
        """One page's rows. What an index of orders says, (device, kind, version), is no identity,
        and looks like one: a page with an entry of an order has no other entries."""
        entries = [row.values for row in rows if _is_entry(row)]
        orders_known = all(table.name != "orders" for table in tables)
        if orders_known and orders.isdisjoint(entries):
            self._known.update((device, boot, seq) for device, boot, seq, _ in entries)
        for row in rows:
            if not _is_entry(row):
                self._place(tables, *row)

    def _place(
        self, tables: list[Table], page: int, rowid: int | None, values: tuple[Any, ...]
    ) -> None:
        fitting = [t for t in self.tables if (t.rowid is None) == (rowid is None)]
        found = [(table, row) for table in fitting if (row := as_row(table, rowid, values))]
        if len(found) > 1:  # tables are made in one order, so a small one stands on the same page
            found = [one for one in found if one[0].root == page]
        if len(found) == 1 and found[0][0] in tables:
            table, row = found[0]
            names = [column.name for column in table.columns[: len(row)]]
            self._keep(table, iter([row]), names)


def _is_entry(row: Row) -> bool:
    """Whether it can be an index's entry for (device, boot, seq): those and a rowid."""
    return row.rowid is None and len(row.values) == 4 and is_identity(row.values[:3])


def _sync_folder(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
