"""Whether the journal's file is whole. Looked at before every start, by the gateway alone.

    always                    the header, the log's checksums, the layout of every table, and
                              SQLite's quick_check for CLEAN_S: 0.6 s for 1.5 million records
    after a stop that was     the same, quick_check for UNCLEAN_S
    not clean
    after SQLite has said     quick_check and integrity_check, to the end
    that it is corrupt
    `whole`, for a person     integrity_check to the end, and the CRC of every record: 10 s for 1.5
                              million

A check that its time cuts short is no damage: the gateway starts, and says that it has not looked
at all of it. `mark` leaves the word for the next start, beside the file, that a whole look is due.
"""

import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from trygg_gateway.journal_file import (
    APPLICATION,
    FULL,
    SCHEMA_VERSION,
    JournalError,
    beside,
    connect,
    is_full,
    is_of_the_disk,
    laid_out,
    lock_of,
)
from trygg_gateway.own_records import OWN_BOOT
from trygg_gateway.sqlite_pages import PAGE, last_commit, page_size_of, read_wal
from trygg_gateway.values import CLASH_BOOT
from trygg_wire import codec

CLEAN_S, UNCLEAN_S = 5.0, 60.0
SUSPECT = ".suspect"
MAX_FRAME_AT = 16  # in a -shm file: how many frames of the log count, walformat.html
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_LARGE = {"records", "positions", "alarm_events", "reads", "calls"}
_LAYOUT = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%'"


class Look(NamedTuple):
    """What a look at the file gave; `trouble` is "" when nothing is wrong with it."""

    trouble: str = ""
    to_the_end: bool = True  # False: there was no time for all of it
    torn_tail: bool = False  # the last commit of the log is torn, as a cut of power leaves it
    unclean: bool = False  # the journal was not closed


def mark(path: Path) -> None:
    """The next start looks at the whole file."""
    beside(path, SUSPECT).touch()


def is_corrupt(error: sqlite3.Error) -> bool:
    """Whether SQLite found the file damaged, and not the statement or the disk."""
    damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF in _CORRUPT
    return damaged or str(error).startswith("Could not decode to UTF-8")


def look(path: Path, clean_s: float = CLEAN_S, unclean_s: float = UNCLEAN_S) -> Look:
    """Look at the journal at `path`, which nobody has open."""
    suspect = beside(path, SUSPECT).exists()
    wal = _bytes_of(beside(path, "-wal"))
    unclean = suspect or bool(wal)
    if _is_taken_whole(path, wal):
        wal = b""  # nothing in it needs a look
    trouble = _of_the_files(path, wal)
    if trouble is None:
        return Look()  # there is no journal yet
    if trouble:
        return Look(trouble, unclean=unclean)
    log = read_wal(wal)
    if log is not None and log.commits_lost > 1:
        why = f"{log.commits_lost} commits of its log lie behind damage"
        return Look(why, unclean=unclean)
    torn = log is not None and log.commits_lost == 1
    seconds = None if suspect else unclean_s if unclean else clean_s
    found = _of_the_database(path, suspect, seconds)
    return found._replace(torn_tail=torn, unclean=unclean)


def _is_taken_whole(path: Path, wal: bytes) -> bool:
    """Whether SQLite takes every commit of the log; it is asked by other names for both files, so
    that it changes neither. False also where it cannot be asked."""
    commit = last_commit(wal)
    if commit <= 0 or not path.exists() or path.stat().st_size % PAGE:
        return False
    peek = beside(path, ".peek")
    names = [(path, peek), (beside(path, "-wal"), beside(peek, "-wal"))]
    try:
        _unlink(peek)
        for old, new in names:
            os.link(old, new)
        with closing(sqlite3.connect(f"{peek.resolve().as_uri()}?mode=ro", uri=True)) as db:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            head = _bytes_of(beside(peek, "-shm"))[: MAX_FRAME_AT + 4]
        return int.from_bytes(head[MAX_FRAME_AT:], sys.byteorder) >= commit
    except (OSError, sqlite3.Error, UnicodeDecodeError):
        return False
    finally:
        _unlink(peek)


def _unlink(peek: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        beside(peek, ending).unlink(missing_ok=True)


def _of_the_files(path: Path, wal: bytes) -> str | None:
    """What the files themselves tell: None for no journal yet, "" for nothing wrong."""
    size = path.stat().st_size if path.exists() else -1
    if size < 0:
        return "the file is gone, and its log is there" if wal else None
    if size == 0:
        was_one = wal or _bytes_of(lock_of(path))
        return "the file is empty" if was_one else None
    with path.open("rb") as file:
        page_size = page_size_of(file.read(100))
    if not page_size:
        return "it does not begin as a database does"
    log = read_wal(wal)
    last = size // page_size + 1  # a page that the file holds in part, if it does
    if size % page_size and (log is None or last not in {frame.page for frame in log.frames}):
        return "it is cut off within a page"
    if log is not None and not log.header_good:
        return "the header of its log is damaged"
    return ""


def _of_the_database(path: Path, suspect: bool, seconds: float | None) -> Look:
    db = connect(path)
    try:
        trouble = _of_the_layout(db)
        if trouble:
            return Look(trouble)
        to_the_end = _checked(db, "quick_check", seconds)
        _check_texts(db, suspect)
        if suspect:
            _checked(db, "integrity_check", None)
        return Look(to_the_end=to_the_end)
    except (_Damaged, UnicodeDecodeError) as error:
        return Look(str(error).splitlines()[0])
    except sqlite3.Error as error:
        if is_of_the_disk(error):
            if is_full(path):
                raise JournalError(f"open journal {path}: {FULL}") from error
            raise JournalError(
                f"open journal {path}: wanted to look whether it is whole, got: {error}. Look at"
                " the disk and the rights of its folder"
            ) from error
        return Look(str(error).splitlines()[0])
    finally:
        db.close()


class _Damaged(Exception):
    """SQLite's check named what is wrong; the text is its first line that says something."""


def _checked(db: sqlite3.Connection, check: str, seconds: float | None) -> bool:
    """Run a check; False if `seconds` were not enough. Raises _Damaged."""
    until = time.monotonic() + (seconds if seconds is not None else 1e9)
    db.set_progress_handler(lambda: time.monotonic() > until, 50_000)
    try:
        (said,) = db.execute(f"PRAGMA {check}(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return False
        raise
    finally:
        db.set_progress_handler(None, 0)
    if said != "ok":
        lines = [line for line in said.splitlines() if not line.startswith("***")]  # its headings
        raise _Damaged(lines[0] if lines else said)
    return True


def _check_texts(db: sqlite3.Connection, all_of_it: bool) -> None:
    """Read every text, of the large tables only if asked to; SQLite raises at one that is none."""
    names = {table for kind, _, table, _ in db.execute(_LAYOUT).fetchall() if kind == "table"}
    for name in names - (set() if all_of_it else _LARGE):
        columns = db.execute(f"PRAGMA table_info({name})").fetchall()
        texts = ", ".join(column[1] for column in columns if column[2] == "TEXT")
        if texts:
            for _ in db.execute(f"SELECT {texts} FROM {name}"):  # noqa: S608 - our own names
                pass


def _of_the_layout(db: sqlite3.Connection) -> str:
    """Whether the tables are those of the version that the file says it is of."""
    (ours,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    found = set(db.execute(_LAYOUT).fetchall())
    if ours != APPLICATION or version > SCHEMA_VERSION:
        return ""  # older than these marks, newer, or another's: journal_file.py sees to it
    if found != laid_out(version):
        return "its tables are not laid out as they were"
    said = db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    return "" if said == (str(version),) else "it does not know its version"


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


# -- for a person ------------------------------------------------------------------------------


def whole(path: Path) -> list[str]:
    """Everything that is wrong with the journal, one line each; beside a running gateway too."""
    db = connect(path)
    try:
        db.execute("PRAGMA query_only = 1")
        said = [line for (line,) in db.execute("PRAGMA integrity_check(100)").fetchall()]
        return [line for line in said if line != "ok"] + list(_harmed_records(db))
    except sqlite3.Error as error:
        return [str(error)]
    finally:
        db.close()


def _harmed_records(db: sqlite3.Connection) -> Iterator[str]:
    rows = db.execute("SELECT device, boot, seq, kind, payload FROM records")
    for device, boot, seq, kind, payload in rows:
        if not is_sound(boot, seq, kind, payload):
            yield f"record {device}:{boot}:{seq} is not as it was received"


def is_sound(boot: Any, seq: Any, kind: Any, payload: Any) -> bool:
    """Whether a record's bytes are those that came, and its numbers are theirs."""
    try:
        if boot == OWN_BOOT:
            return isinstance(json.loads(payload), dict)
        said = codec.peek(payload)
    except (codec.WireError, ValueError, TypeError):
        return False
    if boot >= CLASH_BOOT:
        return bool((said[0], said[1] | CLASH_BOOT) == (kind, boot))
    return bool(said[:3] == (kind, boot, seq))
