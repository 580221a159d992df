"""The disk under a journal's writer, in a test's hand: it refuses, or the power goes in a commit.

    disk = TappedDisk(folder)   of the journal; `disk.tap()` before it is opened
    disk.refuse(2)              the next two commits find no room (SQLITE_FULL)
    disk.cut(1, "torn", dice)   in the commit after the next one the power goes; `disk.left` is a
                                folder with what is left then, while the journal lives on unharmed

A cut "before" leaves nothing of the commit, "after" all of it, and "torn" any of the sectors that
the commit wrote: of the log, or, where the commit also brought the log home into the database,
of the database, for then the log was synced first.
"""

import random
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from trygg_gateway import journal_file

SECTOR = 512
FILES = ("journal.sqlite", "journal.sqlite-wal")
KINDS = ("before", "after", "torn")


class TappedDisk:
    """Stands between one journal's writer and its file. Put in place by `tap`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.left: Path | None = None
        self._refusals = 0
        self._cut: tuple[int, str, random.Random, Callable[[], object]] | None = None

    def tap(self) -> None:
        """Every writer's connection that is made from now on goes through this disk."""

        def connect(path: Path) -> sqlite3.Connection:
            made = sqlite3.connect(
                path, timeout=5, isolation_level=None, check_same_thread=False, factory=_Tapped
            )
            made.disk = self
            made.execute("PRAGMA wal_autocheckpoint = 8")  # so that logs are brought home often
            return made

        journal_file.connect = connect

    def refuse(self, commits: int) -> None:
        """So many commits from now on find the disk full."""
        self._refusals = commits

    def cut(
        self, after: int, kind: str, dice: random.Random, when: Callable[[], object] = int
    ) -> None:
        """The power goes in the commit that comes after so many others; `when()` is called then."""
        self._cut = after, kind, dice, when

    def cut_now(self) -> Path:
        """The power goes between two commits: what is left."""
        self._cut = None
        self._leave(self._state())
        return self.left

    def commit(self, run) -> object:
        """Run a COMMIT, unless it is refused; take the picture of a cut if this is its moment."""
        if self._refusals:
            self._refusals -= 1
            full = sqlite3.OperationalError("database or disk is full")
            full.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise full
        if self._cut is None or self._cut[0]:
            if self._cut is not None:
                self._cut = self._cut[0] - 1, *self._cut[1:]
            return run()
        _, kind, dice, when = self._cut
        self._cut = None
        when()
        before = self._state()
        done = run()
        after = self._state()
        self._leave({"before": before, "after": after}.get(kind) or torn(before, after, dice))
        return done

    def _state(self) -> dict[str, bytes]:
        files = {name: self.folder / name for name in FILES}
        return {name: file.read_bytes() for name, file in files.items() if file.exists()}

    def _leave(self, state: dict[str, bytes]) -> None:
        self.left = Path(tempfile.mkdtemp(dir=self.folder.parent))
        for name, held in state.items():
            (self.left / name).write_bytes(held)
        for file in self.folder.glob("*.lock"):
            shutil.copy(file, self.left)


class _Tapped(sqlite3.Connection):
    disk: TappedDisk

    def execute(self, sql: str, parameters=(), /) -> sqlite3.Cursor:
        if sql == "COMMIT":
            return self.disk.commit(lambda: super(_Tapped, self).execute(sql))
        return super().execute(sql, parameters)


def torn(
    before: dict[str, bytes], after: dict[str, bytes], dice: random.Random
) -> dict[str, bytes]:
    """What a cut in the commit may leave of what it wrote."""
    database, log = FILES
    if before.get(database) != after[database]:
        return {**after, database: _mixed(before.get(database, b""), after[database], dice)}
    return {**after, log: _mixed(before.get(log, b""), after.get(log, b""), dice)}


def _mixed(old: bytes, new: bytes, dice: random.Random) -> bytes:
    """Some sectors as they were, some as they are; the file as long as its last new sector."""
    out = bytearray(old)
    for at in range(0, len(new), SECTOR):
        piece = new[at : at + SECTOR]
        if out[at : at + SECTOR] != piece and dice.random() < 0.5:
            out.extend(bytes(max(0, at - len(out))))
            out[at : at + SECTOR] = piece
    return bytes(out)
