"""In a running gateway: replays the strays that a person marked, and tells who is to read them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from trygg_gateway import quarantine_replay
from trygg_gateway.database import Database
from trygg_gateway.ingest import Registered
from trygg_gateway.journal import Journal
from trygg_gateway.quarantine_replay import STILL
from trygg_gateway.values import Run

log = structlog.get_logger("quarantine")

LOOK_S: Final = 1.0
AT_ONCE: Final = 200  # strays of one commit
COUNTERS = ("replayed", "still_unreadable")


class QuarantineDesk:
    """Works for as long as `run` runs. `written(runs)` is told of what was committed."""

    def __init__(
        self,
        journal: Journal,
        registry: Registered,
        now_ms: Callable[[], int],
        written: Callable[[Sequence[Run]], None],
    ) -> None:
        self.counters = dict.fromkeys(COUNTERS, 0)
        self._journal = journal
        self._registry = registry
        self._now_ms = now_ms
        self._written = written

    async def run(self) -> None:
        """Look every second until cancelled."""
        while True:
            if not await self.step():
                await asyncio.sleep(LOOK_S)

    async def step(self) -> int:
        """Replay what is marked; how many that were."""
        marked = await asyncio.to_thread(
            self._journal.read, lambda db: quarantine_replay.marked(db, AT_ONCE)
        )
        if not marked:
            return 0

        def act(db: Database) -> tuple[int, int, list[Run]]:
            said, runs = quarantine_replay.replay(
                db, marked, self._registry, "quarantine", self._now_ms(), self._journal.let_go
            )
            still = [id_ for id_, verdict in said if verdict.what == STILL]
            quarantine_replay.unmark(db, still)
            return len(said) - len(still), len(still), runs

        taken, still, runs = await asyncio.wrap_future(self._journal.write(act))
        self.counters["replayed"] += taken
        self.counters["still_unreadable"] += still
        log.info("quarantine_replayed", taken=taken, still=still)
        if runs:
            self._written(runs)
        return len(marked)
