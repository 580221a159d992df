"""The journal's file: whose it is, whether it is one of ours at our version, how it is opened.

schema.sql lays out version 1, and each schema_N.sql makes version N of the one before. A new file
goes through all of them, an older journal through those it lacks, in one transaction: it is of the
new version or untouched. That is done by nobody but the gateway that has the journal to itself;
beside a running gateway of an older Trygg the command line refuses.
"""

import fcntl
import os
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

from trygg_gateway.database import Database

SCHEMA_VERSION = 3
APPLICATION = 0x54727967  # "Tryg", PRAGMA application_id of every journal from version 3 on
INCREMENTAL = 2  # PRAGMA auto_vacuum
SHRINK_MOST = 1 << 30
VISIT_S = 30  # a command waits so long for the others that write: a slow disk, many at once
_FOLDER = Path(__file__).parent

# errors of the disk or the file, not of the statement: the same work is tried again
_DISK = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM,
}  # fmt: skip
OPENING: Final = 1 << 20  # bytes that a journal takes to be opened, and some
FULL: Final = (
    "wanted to write beside it, and its disk is full. Make room there; nothing is wrong with the"
    " journal, so leave it where it is"
)


class JournalError(Exception):
    """The journal cannot be opened or used; the text names file, wanted, got, what to do."""


def beside(path: Path, ending: str) -> Path:
    """The file beside the journal whose name is the journal's with `ending`."""
    return path.with_name(path.name + ending)


def old_journals(path: Path) -> list[Path]:
    """What stood at the journal's name and was set aside, with everybody's whereabouts then."""
    return [
        *path.parent.glob(path.name + ".damaged-*"),
        *path.parent.glob(path.name + ".replaced-*"),
    ]


def lock_of(path: Path) -> Path:
    """The file that a gateway locks. Once a journal has been laid out it is not empty."""
    return beside(path, ".lock")


def only_gateway(path: Path) -> IO[bytes]:
    """The lock that one gateway at a time has on a journal; it goes with the process."""
    try:
        lock = open(lock_of(path), "ab", opener=_private)  # noqa: SIM115 - held while we live
    except OSError as error:
        raise JournalError(
            f"open journal {path}: wanted a folder to write to, got: {error.strerror}."
            " Make the folder, or name another in gateway.data"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise JournalError(
            f"open journal {path}: another gateway is running on it. Stop that one first"
        ) from error
    return lock


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def mark_laid_out(lock: IO[bytes]) -> None:
    """Let the lock's file say that there was a journal: an empty one is then known to be damage."""
    if not lock.tell():
        lock.write(b"a journal of Trygg stands beside this file\n")
        lock.flush()


def make_or_check(db: Database, path: Path) -> None:
    """Lay out an empty database, bring an older one up to date; refuse one that is not ours."""
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master").fetchall()}
    if not tables:
        _run(db, "schema.sql")
        db.execute("INSERT INTO meta VALUES ('schema', '1')")
    elif "meta" not in tables or "records" not in tables:
        raise JournalError(
            f"open journal {path}: wanted a journal of Trygg, got a database with other tables."
            " Name another file in gateway.data"
        )
    version = _version(db, path)
    for number in range(version + 1, SCHEMA_VERSION + 1):
        _run(db, f"schema_{number}.sql")
    if version < SCHEMA_VERSION:
        db.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (str(SCHEMA_VERSION),))
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        db.execute(f"PRAGMA application_id = {APPLICATION}")


def _version(db: Database, path: Path) -> int:
    """The version of a journal that this Trygg can use, at once or once it is brought up to it."""
    (got,) = db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() or ("none",)
    if not got.isdigit() or not 1 <= int(got) <= SCHEMA_VERSION:
        raise JournalError(
            f"open journal {path}: wanted schema {SCHEMA_VERSION}, got schema {got}. Start"
            " it with the Trygg that wrote it, or move the file away to begin a new one"
        )
    return int(got)


def _run(db: Database, file: str) -> None:
    for statement in (_FOLDER / file).read_text("utf-8").split(";\n"):
        db.execute(statement)


@cache
def laid_out(version: int) -> frozenset[tuple[Any, ...]]:
    """What sqlite_master says of a journal of that version: (type, name, table, sql)."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        if 1 <= version <= SCHEMA_VERSION:
            _run(db, "schema.sql")
        for number in range(2, min(version, SCHEMA_VERSION) + 1):
            _run(db, f"schema_{number}.sql")
        return frozenset(db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))


def _is_older(db: Database) -> bool:
    """Whether it is a journal that an older Trygg may be running on."""
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is None:
        return False
    found = db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    return found is not None and found[0].isdigit() and int(found[0]) < SCHEMA_VERSION


def is_of_the_disk(error: sqlite3.Error) -> bool:
    """Whether the disk or the file refused, and not the statement."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DISK


def is_full(path: Path) -> bool:
    """Whether the disk that a journal is on has no room to open it."""
    disk = os.statvfs(path.parent)
    return disk.f_bavail * disk.f_frsize < OPENING


def connect(path: Path, wait_s: float = 5) -> sqlite3.Connection:
    """A connection that begins and ends its transactions only where it is told to."""
    return sqlite3.connect(
        path, timeout=wait_s, isolation_level=None, check_same_thread=False, cached_statements=256
    )


def prepared(path: Path, alone: bool) -> sqlite3.Connection:
    """The writer's connection to a journal of our schema, made now if the file is empty.

    `alone`: this process has the journal to itself; else an older one is brought up to date only
    if no gateway is running on it.
    """
    if not alone:
        _demand_not_emptied(path)
    try:
        db = connect(path) if alone else connect(path, VISIT_S)
        try:
            if db.execute("PRAGMA page_count").fetchone() == (0,):
                db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # must be said before all else
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA wal_autocheckpoint = 4000")  # 16 MB: one commit may have 2,000 pages
            db.execute("PRAGMA journal_size_limit = 67108864")
            db.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
            if alone or not _is_older(db):
                _made(db, path)
            else:
                with only_gateway(path):
                    _made(db, path)
        except BaseException:
            db.close()
            raise
    except sqlite3.Error as error:
        raise _cannot_open(path, error) from error
    return db


def _cannot_open(path: Path, error: sqlite3.Error) -> JournalError:
    """A journal that others write to is none that may be moved away."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
        return JournalError(
            f"open journal {path}: wanted to write to it, but others have for {VISIT_S} s: many"
            " commands at once, or a slow disk. Nothing was changed: say the same again"
        )
    if is_of_the_disk(error) and is_full(path):
        return JournalError(f"open journal {path}: {FULL}")
    return JournalError(
        f"open journal {path}: wanted a SQLite database to write to, got: {error}."
        " Look at the file and its folder; once it is moved away, a new one is begun"
    )


def _demand_not_emptied(path: Path) -> None:
    """Raise JournalError if a journal stood here: laying out another would hide what happened."""
    lock = lock_of(path)
    was_laid_out = lock.exists() and lock.stat().st_size > 0
    if was_laid_out and path.exists() and not path.stat().st_size:
        raise JournalError(
            f"open journal {path}: it was a journal, and the file is empty now. Start the gateway:"
            " it sets the file aside, salvages what it can and says what is missing"
        )


def _made(db: sqlite3.Connection, path: Path) -> None:
    db.execute("BEGIN IMMEDIATE")
    make_or_check(db, path)
    db.execute("COMMIT")


def can_shrink(db: sqlite3.Connection, path: Path) -> bool:
    """Make a file of before version 3 one that gives free pages back; True if it is one now.

    It is written anew for that, 4 s for 1.5 million records: only where there is room for two more
    of it, and only up to SHRINK_MOST bytes. Else it stays as it is, and uses free pages again.
    """
    (kind,) = db.execute("PRAGMA auto_vacuum").fetchone()
    if kind == INCREMENTAL:
        return True
    size, disk = path.stat().st_size, os.statvfs(path.parent)
    if size > SHRINK_MOST or 2 * size > disk.f_bavail * disk.f_frsize:
        return False
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")
    db.execute("VACUUM")
    return True
