"""The journal's file: whose it is, whether it is one of ours at our version, how it is opened."""

import fcntl
import sqlite3
from pathlib import Path
from typing import IO

from trygg_gateway.database import Database

SCHEMA_VERSION = 1
SCHEMA = Path(__file__).with_name("schema.sql")

# errors of the disk or the file, not of the statement: the same work is tried again
_DISK = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM,
}  # fmt: skip


class JournalError(Exception):
    """The journal cannot be opened or used; the text names file, wanted, got, what to do."""


def only_gateway(path: Path) -> IO[bytes]:
    """The lock that one gateway at a time has on a journal; it goes with the process."""
    try:
        lock = path.with_name(path.name + ".lock").open("ab")
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


def make_or_check(db: Database, path: Path) -> None:
    """Lay out an empty database; refuse one that is not ours or not of our version."""
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master").fetchall()}
    if not tables:
        for statement in SCHEMA.read_text("utf-8").split(";\n"):
            db.execute(statement)
        db.execute("INSERT INTO meta VALUES ('schema', ?)", (str(SCHEMA_VERSION),))
        return
    if "meta" not in tables or "records" not in tables:
        raise JournalError(
            f"open journal {path}: wanted a journal of Trygg, got a database with other tables."
            " Name another file in gateway.data"
        )
    (got,) = db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() or ("none",)
    if got != str(SCHEMA_VERSION):
        raise JournalError(
            f"open journal {path}: wanted schema {SCHEMA_VERSION}, got schema {got}. Start it with"
            " the Trygg that wrote it, or move the file away to begin a new one"
        )


def is_of_the_disk(error: sqlite3.Error) -> bool:
    """Whether the disk or the file refused, and not the statement."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DISK


def connect(path: Path) -> sqlite3.Connection:
    """A connection that begins and ends its transactions only where it is told to."""
    return sqlite3.connect(
        path, timeout=5, isolation_level=None, check_same_thread=False, cached_statements=256
    )


def prepared(path: Path) -> sqlite3.Connection:
    """The writer's connection to a journal of our schema, made now if the file is empty."""
    try:
        db = connect(path)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA journal_size_limit = 67108864")
            db.execute("BEGIN IMMEDIATE")
            make_or_check(db, path)
            db.execute("COMMIT")
        except BaseException:
            db.close()
            raise
    except sqlite3.Error as error:
        raise JournalError(
            f"open journal {path}: wanted a SQLite database to write to, got: {error}."
            " Look at the file and its folder; once it is moved away, a new one is begun"
        ) from error
    return db
