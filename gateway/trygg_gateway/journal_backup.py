"""A copy of the journal while the gateway runs, and a journal made from such a copy.

`backup` copies one consistent state with SQLite's backup API, STEP pages at a time within one read
transaction: commits go on, and only the log cannot be shortened meanwhile. The copy is made as
NAME.part, checked whole, and takes its name last, so a file of that name is always whole. One that
was cut short is begun anew. A copy holds everybody's whereabouts and all secrets: mode 0600.

`restore` puts a copy in the journal's place; what stood there is set aside, not deleted. Trackers
were acknowledged records after the copy was made, and have them no more. So the restored journal is
mended at its next start (mending_book.py): what the journal before it is known to have had is named
at once, if that can still be read, and the rest as each tracker goes on beyond what the copy has.
Who may speak is taken from it as well, or who was revoked since would speak again.
Whoever was forgotten after the copy was made is forgotten again (forgetting.py).
"""

import json
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, NamedTuple

from trygg_gateway import mending_book
from trygg_gateway.database import Database
from trygg_gateway.journal_file import JournalError, beside, connect, only_gateway
from trygg_gateway.values import CLASH_BOOT

STEP: Final = 1024  # pages, 4 MB
REST_S: Final = 0.005  # between two steps, for the disk's other users
COPY_OF: Final = "copy_of"  # meta of a copy: JSON, when it was made
_REPLACED = ".replaced-"
_NEWEST = ("trackers", "certificates", "broker_hashes", "retentions", "bans", "forgotten")
_SAID = "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)"
_TOPS = "SELECT device, boot, max(seq) FROM records WHERE boot < ? GROUP BY device, boot"

Progress = Callable[[int, int], None]  # (pages copied, pages in all)


class Copied(NamedTuple):
    """A backup that was made."""

    path: Path
    records: int
    bytes: int
    seconds: float


def backup(journal: Path, to: Path, now_ms: int, progress: Progress = lambda *_: None) -> Copied:
    """Copy the journal to the new file `to`. Raises JournalError: it exists, no room, damage."""
    if to.exists():
        raise JournalError(
            f"backup to {to}: wanted a new file, and it exists. Name another, or move it away"
        )
    if not to.parent.is_dir():
        raise JournalError(f"backup to {to}: no folder {to.parent}. Make it, or name another")
    begun, part = time.monotonic(), beside(to, ".part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        records = _copied(journal, part, now_ms, progress)
        part.replace(to)
        _sync(to.parent)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise JournalError(
            f"backup {journal} to {to}: wanted a whole copy, got: {error}. The journal is as it"
            " was; make room, or look at it with `trygg gateway doctor`"
        ) from error
    return Copied(to, records, to.stat().st_size, time.monotonic() - begun)


def _copied(journal: Path, part: Path, now_ms: int, progress: Progress) -> int:
    with closing(connect(journal)) as source, closing(connect(part)) as copy:
        source.execute("PRAGMA query_only = 1")
        source.execute("BEGIN")
        (records,) = source.execute("SELECT count(*) FROM records").fetchone()  # the state copied
        source.backup(
            copy, pages=STEP, progress=lambda _, left, all_: _step(progress, left, all_), sleep=0
        )
        source.rollback()
        copy.execute("PRAGMA journal_mode = DELETE")  # one file
        copy.execute("PRAGMA synchronous = FULL")
        copy.execute(_SAID, (COPY_OF, json.dumps({"at_ms": now_ms})))
        (said,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
        (there,) = copy.execute("SELECT count(*) FROM records").fetchone()
    if said != "ok" or there != records:
        raise sqlite3.DatabaseError(f"a copy with {there} of {records} records: {said}")
    _sync(part)
    return int(records)


def _step(progress: Progress, left: int, all_: int) -> None:
    progress(all_ - left, all_)
    time.sleep(REST_S)


def note(db: Database, copied: Copied, now_ms: int) -> None:
    """Within a write: the journal remembers where copies of it are."""
    insert = "INSERT INTO backups (path, at_ms, records) VALUES (?, ?, ?)"
    db.execute(insert, (str(copied.path.resolve()), now_ms, copied.records))


# -- the way back ------------------------------------------------------------------------------


def restore(copy: Path, journal: Path) -> Path | None:
    """Put a backup in the journal's place; where that is now set aside, None if there was none.

    No gateway may be running on it. Raises JournalError, and then nothing was changed.
    """
    new = beside(journal, ".restoring")
    with only_gateway(journal):
        try:
            made = _checked(copy)
            new.unlink(missing_ok=True)
            _copy_file(copy, new)
            with closing(connect(new)) as db:
                tops, kept = _tops_of(journal), _take_over(journal, db)
                said = {**made, "tops": tops, "who_may_speak": kept}
                db.execute(_SAID, (COPY_OF, json.dumps(said)))
            away = _replace(journal, new)
        except (OSError, sqlite3.Error, ValueError) as error:
            with suppress(OSError):
                new.unlink(missing_ok=True)
            raise JournalError(
                f"restore {copy}: wanted a backup of a journal, got: {error}. Nothing was changed"
            ) from error
    return away


def _checked(copy: Path) -> dict[str, int]:
    """What the copy says of itself. Raises what is wrong with it."""
    source = f"{copy.resolve(strict=True).as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(source, uri=True)) as db:
        (said,) = db.execute("PRAGMA integrity_check(1)").fetchone()
        found = db.execute("SELECT value FROM meta WHERE key = ?", (COPY_OF,)).fetchone()
    if said != "ok" or found is None:
        raise ValueError(said if said != "ok" else "no copy that `trygg gateway backup` made")
    made: dict[str, int] = json.loads(found[0])
    return made


def _tops_of(journal: Path) -> list[list[object]]:
    """How far each boot had come in the journal that is replaced, as far as it can be read."""
    if not journal.exists():
        return []
    try:
        with closing(connect(journal)) as db:
            return [list(row) for row in db.execute(_TOPS, (CLASH_BOOT,)).fetchall()]
    except (sqlite3.Error, UnicodeDecodeError):
        return []


def _take_over(journal: Path, db: sqlite3.Connection) -> bool:
    """Who may speak, and who was forgotten, is as the replaced journal has it, if that can be
    read: nobody who was revoked since the copy speaks again. False: it is as the copy has it."""
    if not journal.exists():
        return False
    try:
        with closing(connect(journal)) as old:
            rows = {name: old.execute(f"SELECT * FROM {name}").fetchall() for name in _NEWEST}  # noqa: S608
        db.execute("BEGIN IMMEDIATE")
        for name, found in rows.items():
            db.execute(f"DELETE FROM {name}")  # noqa: S608 - our own names
            for row in found:
                db.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
        db.execute("COMMIT")
    except (sqlite3.Error, UnicodeDecodeError):
        if db.in_transaction:
            db.rollback()
        return False
    return True


def _replace(journal: Path, new: Path) -> Path | None:
    number = 1
    while beside(journal, f"{_REPLACED}{number}").exists():
        number += 1
    away = beside(journal, f"{_REPLACED}{number}")
    had_one = journal.exists()
    if had_one:
        _keep_as(journal, away)
        _sync(journal.parent)
    for ending in ("-wal", "-shm"):  # there only where the log could not be brought home
        if beside(journal, ending).exists():
            beside(journal, ending).replace(beside(away, ending))
    new.replace(journal)
    _sync(journal.parent)
    return away if had_one else None


def _keep_as(journal: Path, away: Path) -> None:
    """A second name for the journal: it has the first until the new one takes it, so that there
    is a journal at every moment, whoever is killed."""
    try:
        os.link(journal, away)
    except OSError:  # a file system without second names
        _copy_file(journal, away)


def mend_restored(db: sqlite3.Connection, now_ms: int) -> bool:
    """At the start: if the journal is a copy, name what it may lack; True if it was one."""
    found = db.execute("SELECT value FROM meta WHERE key = ?", (COPY_OF,)).fetchone()
    if found is None:
        return False
    made = json.loads(found[0])
    evidence = [(str(device), int(boot), int(seq)) for device, boot, seq in made.get("tops", ())]
    at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(made["at_ms"] / 1000))
    why = f"from a backup made {at}"
    if not made.get("who_may_speak"):
        why += "; who may speak is as it was then: revoke again whom you revoked since"
    db.execute("BEGIN IMMEDIATE")
    mending_book.mend(db, "restored", why, "the backup", evidence, [], now_ms)
    db.execute("DELETE FROM meta WHERE key = ?", (COPY_OF,))
    db.execute("COMMIT")
    return True


def _copy_file(source: Path, target: Path) -> None:
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as out, source.open("rb") as file:
        while piece := file.read(1 << 20):
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())


def _sync(place: Path) -> None:
    fd = os.open(place, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
