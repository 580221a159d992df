"""What goes first when the disk is nearly full, so that an alarm is taken to the last byte.

The room is what the file system has left, or what `journal.max_mb` leaves, whichever is less, and
the pages that are free in the file. With R = `journal.reserve_mb`:

    room < 3 R   making room    the oldest records that every sink has are deleted, before their age
    room < 2 R   no backlog     backlog is not taken, nor what would be set aside
    room < R     alarms only    live records are not taken either
    room < R/4   reserve        a file of R bytes beside the journal is given back to the disk

A record that is not taken is confirmed to whoever carried it and never acked: the tracker keeps it
and sends it again, and a broker goes on to the alarm behind it. So while the journal sheds, a
PUBACK of our own door, too, means only received. What is full to the last byte takes nothing; then
the doors are held, as for any disk that refuses (journal.py). A level ends when there is a quarter
more room than it begins at.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog

from trygg_gateway.values import BACKLOG, Entry, Parcel

log = structlog.get_logger("disk")

WELL, MAKING_ROOM, NO_BACKLOG, ALARMS_ONLY, LAST = range(5)
WORDS: Final = (
    "there is room",
    "the oldest records that every sink has are deleted",
    "backlog stays with the trackers",
    "only alarms are taken",
    "only alarms are taken, into the reserve",
)
COUNTERS = ("backlog_not_taken", "live_not_taken", "strays_not_taken", "reserve_given", "room_made")
RESERVE: Final = ".reserve"
_WIDTH = len(Entry._fields)
_LANE = Entry._fields.index("lane")
_BEGINS: Final = {MAKING_ROOM: 12, NO_BACKLOG: 8, ALARMS_ONLY: 4, LAST: 1}  # quarters of R


def room_to_start(journal: Path, reserve: int) -> None:
    """Give the reserve back before the journal is opened, where that would not find any room: an
    alarm has to be heard after a restart on a full disk, too."""
    disk, file = os.statvfs(journal.parent), journal.with_name(journal.name + RESERVE)
    if disk.f_bavail * disk.f_frsize < reserve // 4 and file.exists():
        file.unlink()
        log.error("reserve_given", mb=reserve >> 20, why="the disk is too full to start")


class Room(NamedTuple):
    """Bytes: free on the file system, taken by the journal and its log, free within the file."""

    free: int
    used: int
    spare: int


class DiskGuard:
    """`put` stands before the journal's; `look` is called now and then with the room there is."""

    def __init__(
        self, put: Callable[[Parcel], bool], journal: Path, max_bytes: int, reserve: int
    ) -> None:
        """`max_bytes`: of the journal, 0 for as much as the disk has."""
        self.counters = dict.fromkeys(COUNTERS, 0)
        self.level = WELL
        self._put = put
        self._max_bytes = max_bytes
        self._reserve = reserve
        self._file = journal.with_name(journal.name + RESERVE)

    def put(self, parcel: Parcel) -> bool:
        """Queue a parcel, without what is not taken just now."""
        if self.level < NO_BACKLOG:
            return self._put(parcel)
        left = replace(parcel, others=self._taken(parcel.others), strays=[])
        self.counters["strays_not_taken"] += len(parcel.strays)
        if left.alarms or left.others:
            return self._put(left)
        parcel.confirm(parcel.token, parcel.count)
        return True

    def _taken(self, others: list[Any]) -> list[Any]:
        if self.level >= ALARMS_ONLY:
            self.counters["live_not_taken"] += len(others) // _WIDTH
            return []
        kept = []
        for at in range(0, len(others), _WIDTH):
            if others[at + _LANE] != BACKLOG:
                kept += others[at : at + _WIDTH]
        self.counters["backlog_not_taken"] += (len(others) - len(kept)) // _WIDTH
        return kept

    def look(self, room: Room, full: bool) -> bool:
        """Judge the room; `full`: the disk has refused a commit for want of it. True: it changed.

        A reserve that was given back is taken again when there is room for it.
        """
        before, left = self.level, self.left(room)
        self.level = self._judged(left, full)
        if self.level == LAST:
            self._give_reserve()
        elif self.level == WELL:
            self._take_reserve()
        if self.level != before:
            log.warning("disk_room", level=self.level, doing=WORDS[self.level], left_mb=left >> 20)
        return self.level != before

    def left(self, room: Room) -> int:
        """The bytes that the journal may still take."""
        free = room.free
        if self._max_bytes:
            free = min(free, self._max_bytes - room.used)
        return max(0, free) + room.spare

    def _judged(self, left: int, full: bool) -> int:
        if full:
            return LAST
        level = WELL
        for one, quarters in _BEGINS.items():
            begins = self._reserve * quarters // 4
            if left < begins or (one <= self.level and left < begins * 5 // 4):
                level = one
        return level

    # -- the reserve -----------------------------------------------------------------------

    def begin(self) -> None:
        """Take the reserve from the disk, if it has that much."""
        self._take_reserve()

    def _take_reserve(self) -> None:
        if self._file.exists() and self._file.stat().st_size == self._reserve:
            return
        try:
            fd = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.truncate(fd, 0)
                if self._reserve:
                    os.posix_fallocate(fd, 0, self._reserve)
            finally:
                os.close(fd)
        except OSError as error:
            self._file.unlink(missing_ok=True)
            log.warning("no_reserve", wanted_mb=self._reserve >> 20, error=error.strerror)

    def _give_reserve(self) -> None:
        if self._file.exists():
            self._file.unlink()
            self.counters["reserve_given"] += 1
            log.error("reserve_given", mb=self._reserve >> 20)
