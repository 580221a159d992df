"""Moves roll-outs on, for as long as `run` runs: every LOOK_S, and once at the start.

A look costs one commit while a roll-out runs and none otherwise. Gauges: trygg_rollouts_running,
trygg_rollouts_halted.
"""

import asyncio
from collections.abc import Callable

import structlog

from trygg_gateway import rollout_book, rollouts
from trygg_gateway.journal import Journal

log = structlog.get_logger("rollouts")

LOOK_S = 2.0
COUNTERS = ("orders_queued", "halts")


class RolloutRunner:
    """What it queues is found and sent by the downlink's next reload."""

    def __init__(self, journal: Journal, now_ms: Callable[[], int]) -> None:
        self.counters = dict.fromkeys(COUNTERS, 0)
        self.open = dict.fromkeys(rollouts.OPEN, 0)  # state → how many
        self._journal = journal
        self._now_ms = now_ms

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Move every roll-out as far as it may go now."""
        self.open.update(await asyncio.to_thread(self._journal.read, rollout_book.counts))
        if not self.open[rollouts.RUNNING]:
            return
        now_ms = self._now_ms()
        moved = await asyncio.wrap_future(
            self._journal.write(lambda db: rollout_book.look(db, now_ms))
        )
        self.counters["orders_queued"] += len(moved.queued)
        self.counters["halts"] += len(moved.halted)
        for rollout_id, why in moved.halted:
            log.error("rollout_halted", rollout=rollout_id, why=why)
