"""One window that goes to one sink again, because somebody asked (`trygg gateway sinks replay`).

Rows go in the journal's order, all lanes together, each event marked `replayed`; a receiver knows
what it has by the id. A replay is a task of its own with its own waits, so live records never stand
behind it; when the sink is in trouble it waits as reports do. How far it is stands in the journal
after every batch, so it goes on there after a restart. What the sink refuses is set aside, what
fails while others get through too. A replayed alarm that is confirmed stands in its timeline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from trygg_gateway import sink_book
from trygg_gateway.database import Database
from trygg_gateway.lane_reading import Portion, cut, portion
from trygg_gateway.lane_task import COUNTERS, Surroundings
from trygg_gateway.own_delivery import Address
from trygg_gateway.quarantine import set_aside
from trygg_gateway.replay_rows import Window, rows_of
from trygg_gateway.sending import Passed, Peer, Sending
from trygg_gateway.settlement import confirmed_of, refused_of, stray_of
from trygg_gateway.sink_book import Replay
from trygg_gateway.values import ALARM, Row

log = structlog.get_logger("forwarder")


class ReplayTask:
    """Works until the window is through, or it is cancelled."""

    def __init__(
        self,
        peer: Peer,
        replay: Replay,
        lanes: Sequence[int],
        address: Address,
        around: Surroundings,
    ) -> None:
        self.counters = dict.fromkeys(COUNTERS, 0)
        self.sending = Sending(peer, f"replay {replay.id}", self.counters, urgent=False)
        self._peer = peer
        self._replay = replay
        self._lanes = lanes
        self._address = address
        self._around = around

    async def run(self) -> None:
        """Deliver what is left of the window."""
        loop = asyncio.get_running_loop()
        while True:
            found = await loop.run_in_executor(self._around.threads, self._read)
            if not found.rows:
                break
            await self._deliver(found)
        now_ms = self._around.now_ms()
        await self._write(
            lambda db: sink_book.end_replay(db, self._replay.id, sink_book.DONE, now_ms)
        )
        log.info("replayed", sink=self._peer.name, replay=self._replay.id)

    def _read(self) -> Portion:
        one, query = self._replay, self._around.journal.query
        window = Window(one.device, one.from_ms, one.to_ms)
        rows = cut(rows_of(query, window, one.at, one.upto, self._lanes, self._peer.sink.batch))
        return portion(rows, self._around.gateway, self._address, self.counters, None)

    async def _deliver(self, found: Portion) -> None:
        rows, entries = found
        by_id = {row.id: row for row in rows}
        while entries:
            passed = await self.sending.next(entries, self._peer.sink.batch)
            if passed.stuck:
                why = f"others were taken, this one was not: {self.sending.trouble}"
                passed = passed._replace(refusal=why)
            gone = passed.confirmed + bool(passed.refusal)
            await self._settle([by_id[entry.row_id] for entry in entries[:gone]], passed)
            entries = entries[gone:]
        await self._settle([], None, rows[-1].id)

    async def _settle(self, rows: list[Row], passed: Passed | None, upto: int = 0) -> None:
        """Write down what became of the rows: confirmed, but for a refused last one."""
        name, at_ms = self._peer.name, self._around.now_ms()
        refused = rows[-1] if passed is not None and passed.refusal else None
        confirmed = rows[:-1] if refused is not None else rows
        at = upto or rows[-1].id
        self._replay = self._replay._replace(at=at)

        def act(db: Database) -> None:
            sink_book.replayed(db, self._replay.id, at, len(confirmed), int(refused is not None))
            for row in confirmed:
                if row.lane == ALARM and passed is not None:
                    self._around.tell(db, confirmed_of(row, name, passed.answer, at_ms, True))
            if refused is not None and passed is not None:
                set_aside(db, [stray_of(refused, name, passed.refusal, at_ms)])
                if refused.lane == ALARM:
                    self._around.tell(db, refused_of(refused, name, passed.refusal, at_ms))

        await self._write(act)
        if any(row.lane == ALARM for row in rows):
            self._around.told()

    async def _write(self, act: Callable[[Database], Any]) -> None:
        await asyncio.wrap_future(self._around.journal.write(act))
