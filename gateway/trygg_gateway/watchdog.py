"""The sign of life for systemd's watchdog, given only while the gateway does its work.

A gateway that hangs looks alive from outside: its process is there, its port answers. So the sign
is given by the event loop itself, a third of the time apart, and only if

    the journal's writer has committed, or been refused by the disk, since it was last asked
    every door is alive: it listens, or its thread turns

A full or failing disk and a broker that is away are no reason: a restart mends neither. A sign
that is held back is said once, with the reason; systemd then ends the process and starts it again,
and what was not acknowledged comes again.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

import structlog

from trygg_gateway.database import Database
from trygg_gateway.systemd_notify import notify, watchdog_s

log = structlog.get_logger("watchdog")

COUNTERS = ("signs", "held_back")


class Journal(Protocol):
    """What is asked of the journal."""

    counters: dict[str, int]

    def write(self, act: Callable[[Database], Any]) -> "Future[Any]":
        """Run `act` in the next commit."""


class Watchdog:
    """Works for as long as `run` runs; returns at once where no watchdog waits for it."""

    def __init__(
        self,
        journal: Journal,
        doors: Mapping[str, Any],
        within_s: float | None = None,
        tell: Callable[[str], bool] = notify,
    ) -> None:
        """`within_s` None: as systemd's environment says."""
        self.counters = dict.fromkeys(COUNTERS, 0)
        self._journal = journal
        self._doors = doors
        self._within_s = watchdog_s() if within_s is None else within_s
        self._tell = tell
        self._asked: Future[Any] | None = None
        self._turns = -1  # of the writer when it was asked

    async def run(self) -> None:
        """Give the sign until cancelled."""
        if self._within_s is None:
            await asyncio.Event().wait()
            return
        log.info("watchdog", within_s=self._within_s)
        said: Sequence[str] = ()
        while True:
            stuck = self.look()
            if stuck and stuck != said:
                log.error("sign_of_life_held_back", stuck=stuck)
            said = stuck
            await asyncio.sleep(self._within_s / 3)

    def look(self) -> list[str]:
        """Give the sign if all is alive; else what is not."""
        stuck = [name for name, door in self._doors.items() if not getattr(door, "alive", True)]
        if self._writer_is_stuck():
            stuck.append("journal")
        self.counters["held_back" if stuck else "signs"] += 1
        if not stuck:
            self._tell("WATCHDOG=1")
        return stuck

    def _writer_is_stuck(self) -> bool:
        """Whether the writer was asked for a commit at the last look and has not turned since."""
        turns = self._journal.counters["commits"] + self._journal.counters["disk_errors"]
        if self._asked is not None and not self._asked.done():
            stuck = turns == self._turns
            self._turns = turns
            return stuck
        if self._asked is not None and self._asked.exception() is not None:
            return True  # the journal is closed
        self._turns = turns
        self._asked = self._journal.write(_nothing)
        return False


def _nothing(_db: Database) -> None:
    """A commit of nothing, that the writer has to get round to."""
