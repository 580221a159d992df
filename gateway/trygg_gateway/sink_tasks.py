"""One sink at work: started however often that takes, its lanes side by side, its replays.

What people ask of it (pause, resume, skip, replay, test) comes once a second from the journal
(sink_book.py), and how it stands goes there when that changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import structlog

from trygg_gateway import sink_book
from trygg_gateway.backoff import ALARM as ALARM_SCHEDULE
from trygg_gateway.backoff import Backoff
from trygg_gateway.circuit import CLOSED, OPEN, Circuit
from trygg_gateway.database import Database
from trygg_gateway.lane_task import LaneTask, Surroundings
from trygg_gateway.own_delivery import Address
from trygg_gateway.replay_task import ReplayTask
from trygg_gateway.sending import Peer
from trygg_gateway.sink_book import Asked, Replay
from trygg_gateway.sink_testing import tested
from trygg_gateway.sinks.port import Later, Sink

log = structlog.get_logger("forwarder")

START_S: Final = 20.0  # for a sink that is to be started now
STOP_S: Final = 15.0
REPLAYS_MAX: Final = 1  # of a sink at a time; the next waits its turn


class NotStarted(Exception):
    """A sink that was to be started now cannot be; the text names it and says why."""


class Outlet(NamedTuple):
    """One configured sink: its name, what delivers, the lanes that go to it, and which of them."""

    name: str
    sink: Sink
    lanes: Sequence[int]
    standby: bool = False  # gets what is addressed to it and nothing else
    warnings: bool = True
    begin_ms: int | None = 0  # of a new one, see sink_book.begin

    @property
    def address(self) -> Address:
        """What decides whether a record is for this sink."""
        return Address(self.name, self.standby, self.warnings)


class SinkTasks:
    """Works for as long as `run` runs."""

    def __init__(self, outlet: Outlet, around: Surroundings, chance: Callable[[], float]) -> None:
        self.outlet = outlet
        self.circuit = Circuit()
        self._around = around
        self._chance = chance
        self._going = asyncio.Event()
        self._going.set()
        self._started = False
        self._start_trouble = ""
        self._replays: dict[int, tuple[ReplayTask, asyncio.Task[None]]] = {}
        self._testing: dict[int, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._said: tuple[str, str] | None = None  # the journal may know an older trouble
        self._peer = Peer(
            outlet.name, outlet.sink, self.circuit, self._going, self._recovered, chance,
            around.now_ms,
        )  # fmt: skip
        self.lanes = [
            LaneTask(self._peer, number, outlet.address, around) for number in sorted(outlet.lanes)
        ]

    async def begin(self) -> None:
        """Start the sink now, before `run`. Raises NotStarted."""
        try:
            later = await asyncio.wait_for(self._start(), START_S)
        except TimeoutError:
            later = Later(f"it has not started in {START_S:.0f} s")
        if later is not None:
            raise NotStarted(f"sink {self.outlet.name} does not start: {later.reason}")
        self._started = True

    async def stop(self) -> None:
        """Let go of the sink, whatever it says to that."""
        try:
            await asyncio.wait_for(self.outlet.sink.stop(), STOP_S)
        except Exception as error:  # noqa: BLE001 - a fault of ours: everything else stops all the same
            fault = type(error).__name__
            log.error("sink_fell_over", sink=self.outlet.name, fault=fault, at="stop")

    async def run(self) -> None:
        """Start the sink, then run the lanes until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            backoff = Backoff(ALARM_SCHEDULE, self._chance)
            while not self._started and (later := await self._start_later()) is not None:
                self._start_trouble = later.reason
                self.circuit.failed(later.reason)
                if backoff.failures % 10 == 0:
                    log.warning("sink_cannot_start", sink=self.outlet.name, reason=later.reason)
                await asyncio.sleep(backoff.failed(later.retry_after_s))
            self._started, self._start_trouble = True, ""
            self.circuit.worked()
            for lane in self.lanes:
                group.create_task(lane.run())

    async def _start_later(self) -> Later | None:
        """The same as `_start`, with what is owed meanwhile to be seen."""
        for lane in self.lanes:
            await lane.peek()
        return await self._start()

    async def _start(self) -> Later | None:
        """Start the sink; why it cannot, None if it did."""
        try:
            await self.outlet.sink.start()
        except Later as error:
            return error
        except Exception as error:  # noqa: BLE001 - a fault of ours, and no other sink's trouble
            return Later(f"the sink fell over: {type(error).__name__}")
        return None

    def _recovered(self) -> None:
        """A lane got through again: the others need not wait out their time."""
        for lane in self.lanes:
            lane.hurry()
        for replaying, _ in self._replays.values():
            replaying.sending.hurry.set()

    @property
    def paused(self) -> bool:
        """Whether somebody has paused it."""
        return not self._going.is_set()

    def state(self) -> list[Mapping[str, Any]]:
        """Each lane's figures, with what they share."""
        own = dict(self.outlet.sink.counters)
        shared = {"circuit": self.circuit.state, "paused": self.paused, "own": own}
        found: list[Mapping[str, Any]] = []
        for lane in self.lanes:
            one = {**lane.state(), **shared}
            found.append({**one, "trouble": one["trouble"] or self._start_trouble})
        return found

    # -- what people ask -------------------------------------------------------------------

    def pause(self, asked: Asked) -> None:
        """Stop or go on as somebody asked."""
        if (self.outlet.name in asked.paused) != self.paused:
            log.info("sink_paused" if not self.paused else "sink_resumed", sink=self.outlet.name)
        if self.outlet.name in asked.paused:
            self._going.clear()
        else:
            self._going.set()

    def follow(self, asked: Asked) -> None:
        """Take up what was asked since the last look."""
        self.pause(asked)
        name = self.outlet.name
        for lane in self.lanes:
            lane.skip(asked.cursors.get((name, lane.number), 0))
            lane.look(asked.newest[lane.number])
        if self._started:
            self._follow_replays([one for one in asked.replays if one.sink == name])
        for id_, sink, who in asked.tests:
            if sink == name and id_ not in self._testing and self._group is not None:
                self._testing[id_] = self._group.create_task(self._test(id_, who))

    def _follow_replays(self, wanted: list[Replay]) -> None:
        ids = {one.id for one in wanted}
        for id_, (_, task) in list(self._replays.items()):
            if id_ not in ids or task.done():
                task.cancel()
                del self._replays[id_]
        for replay in wanted:
            if replay.id not in self._replays and len(self._replays) < REPLAYS_MAX:
                self._begin_replay(replay)

    def _begin_replay(self, replay: Replay) -> None:
        assert self._group is not None, "a replay before the sink runs"
        work = ReplayTask(self._peer, replay, self.outlet.lanes, self.outlet.address, self._around)
        self._replays[replay.id] = work, self._group.create_task(work.run())

    async def _test(self, id_: int, who: str) -> None:
        around = self._around
        if self._start_trouble:
            worked, said = False, f"it cannot start: {self._start_trouble}"
        else:
            worked, said = await tested(self.outlet.sink, around.gateway, who, around.now_ms())

        def act(db: Database) -> None:
            sink_book.answer_test(db, id_, worked, said, around.now_ms())

        await asyncio.wrap_future(around.journal.write(act))
        del self._testing[id_]

    def news(self) -> tuple[str, str] | None:
        """(circuit, trouble) if that is not what was last said."""
        now = CLOSED if self.circuit.is_closed else OPEN, self.circuit.trouble
        if now == self._said:
            return None
        self._said = now
        return now
