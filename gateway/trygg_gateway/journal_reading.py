"""Connections that only read the journal, a few kept open; each read sees one consistent state."""

import queue
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from trygg_gateway.database import Database
from trygg_gateway.journal_file import connect

KEPT = 4  # idle connections kept open
WIPE_MS = 50

T = TypeVar("T")


class Readers:
    """`read` may be called from any thread; `suspect` is told of every error of SQLite."""

    def __init__(self, path: Path, suspect: Callable[[sqlite3.Error], None]) -> None:
        self._path = path
        self._suspect = suspect
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._closed = False

    def read(self, act: Callable[[Database], T]) -> T:
        """What `act(db)` gives."""
        try:
            db = self._idle.get_nowait()
        except queue.Empty:
            db = connect(self._path)
            db.execute("PRAGMA query_only = 1")
        try:
            db.execute("BEGIN")
            return act(db)
        except sqlite3.Error as error:
            self._suspect(error)
            raise
        finally:
            db.rollback()
            if self._idle.qsize() < KEPT and not self._closed:
                self._idle.put(db)
            else:
                db.close()

    def close(self) -> None:
        """Close what is idle, and from now on what becomes it."""
        self._closed = True
        while not self._idle.empty():
            self._idle.get().close()


def wipe_log(path: Path) -> bool:
    """Bring the log into the file and empty it; False if a reader, the writer or the disk is in
    the way.

    The writer waits meanwhile, so this gives up after WIPE_MS.
    """
    db = connect(path)
    try:
        db.execute(f"PRAGMA busy_timeout = {WIPE_MS}")
        busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
    except sqlite3.OperationalError:  # no room for it
        return False
    finally:
        db.close()
