"""The forwarder: what the journal holds goes on to every sink, in order, at least once.

Each sink (sink_tasks.py) has a task for each lane (lane_task.py), with its own cursor in the
journal and its own waits: an alarm never waits behind reports, and one sink never waits for
another. Within a lane records go in the journal's order (lane_order.py). What is sent, how often
and how long is waited, is sending.py; what is confirmed is written down by settlement.py, all in
one commit: the cursor, the alarm's timeline, what the sink refused.

A sink that says Later is asked again for ever: for alarms at most every 15 s, for the rest up to
5 minutes apart (backoff.py), with single entries once its circuit is open (circuit.py). A new sink
starts at the beginning of the journal, unless its settings say otherwise.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

import structlog

from trygg_gateway import sink_book
from trygg_gateway.database import Database
from trygg_gateway.lane_task import Journal, Surroundings
from trygg_gateway.settlement import SetCursor, Tell
from trygg_gateway.sink_tasks import NotStarted, SinkTasks
from trygg_gateway.sink_tasks import Outlet as Outlet  # whoever makes a forwarder makes outlets
from trygg_gateway.sinks.unmade import Unmade
from trygg_gateway.values import Run

log = structlog.get_logger("forwarder")

Make = Callable[[], Outlet]  # a sink, made anew and not started

STOP_S: Final = 10.0  # for a sink that is replaced to let go
LOOK_S: Final = 1.0  # between two looks for what people asked


class Forwarder:
    """All sinks' lanes. `wake` may be called from any thread, everything else from the loop's."""

    def __init__(
        self,
        journal: Journal,
        outlets: Sequence[Outlet],
        *,
        gateway: str,
        set_cursor: SetCursor,
        tell: Tell,
        told: Callable[[], None] = lambda: None,
        observe: Callable[[str, float], None] = lambda sink, seconds: None,
        chance: Callable[[], float] = random.random,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._journal = journal
        self._now_ms = now_ms
        self._threads = ThreadPoolExecutor(4, "forwarder")
        around = Surroundings(
            journal, gateway, set_cursor, tell, told, observe, now_ms, self._threads
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._around, self._chance = around, chance
        self._list([self._sink(outlet) for outlet in outlets])
        self._tasks: dict[str, asyncio.Task[None]] = {}  # by sink; "" follows what people ask
        self._changed = asyncio.Event()  # other sinks are at work

    def _sink(self, outlet: Outlet) -> SinkTasks:
        return SinkTasks(outlet, self._around, self._chance)

    def _list(self, sinks: Sequence[SinkTasks], coming: Sequence[SinkTasks] = ()) -> None:
        """These are the sinks; `owing` is which lanes go to them and to those that are coming."""
        self.sinks = list(sinks)
        owing: dict[str, list[int]] = {}
        for sink in (*sinks, *coming):
            lanes = owing.get(sink.outlet.name, ())
            owing[sink.outlet.name] = sorted({*lanes, *sink.outlet.lanes})
        self.owing: Mapping[str, Sequence[int]] = owing  # never changed: read from any thread

    async def start(self) -> None:
        """Begin; returns at once, also when a sink cannot be reached yet."""
        self._loop = asyncio.get_running_loop()
        await self._write_begun(self.sinks)
        self._go_on(self.sinks, await self._look())
        self._tasks[""] = asyncio.create_task(self._follow())

    async def _write_begun(self, sinks: Sequence[SinkTasks]) -> None:
        def act(db: Database) -> None:
            for sink in sinks:
                sink_book.begin(db, sink.outlet.name, sink.outlet.begin_ms, self._now_ms())

        await asyncio.wrap_future(self._journal.write(act))

    async def replace(self, old: Mapping[str, Make], new: Mapping[str, Make]) -> None:
        """Go on with `new` instead of `old` (both by name); the other sinks do not notice.

        All of them are owed to until it is over. Raises NotStarted, or what making one raised: then
        those of `old` are at work again, but for one that cannot be made: that stays, in trouble.
        """
        made = [self._sink(make()) for make in new.values()]
        back = self._way_back(old)
        asked = await self._look()
        stay = [sink for sink in self.sinks if sink.outlet.name not in old]
        begun: list[SinkTasks] = []
        self._list(self.sinks, made)
        try:
            await self._end(old)
            for sink in made:
                begun.append(sink)
                await sink.begin()
            await self._write_begun(made)
        except BaseException as failure:
            try:
                await asyncio.gather(*(sink.stop() for sink in begun), return_exceptions=True)
            finally:  # nothing is waited for here: whatever has failed, they come back
                self._list([*stay, *back])
                self._go_on(back, asked)
            if isinstance(failure, Exception) and (lost := _lost(back)):
                raise NotStarted(f"{failure}; {lost}") from failure
            raise
        self._list([*stay, *made])
        self._go_on(made, asked)

    def _way_back(self, old: Mapping[str, Make]) -> list[SinkTasks]:
        """Those at work, made anew while they are, each on its own."""
        now = {sink.outlet.name: sink.outlet for sink in self.sinks}
        return [self._sink(_made_again(now[name], make)) for name, make in old.items()]

    async def _end(self, names: Collection[str]) -> None:
        """Stop those sinks where they are; what they had not confirmed comes again."""
        ended = [self._tasks.pop(name) for name in names if name in self._tasks]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
        stopping = [sink.stop() for sink in self.sinks if sink.outlet.name in names]
        waits = (asyncio.wait_for(stop, STOP_S) for stop in stopping)
        await asyncio.gather(*waits, return_exceptions=True)  # a thread that hangs is left behind

    def _go_on(self, sinks: Sequence[SinkTasks], asked: sink_book.Asked) -> None:
        for sink in sinks:
            sink.pause(asked)
            self._tasks[sink.outlet.name] = asyncio.create_task(sink.run())
        self._changed.set()

    async def stop(self) -> None:
        """Stop every lane where it is and let go of the sinks."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for sink in self.sinks:
            await sink.stop()
        self._threads.shutdown(wait=False)

    async def ended(self) -> None:
        """Return never; raise what a lane fell over with, which is a fault of ours."""
        while True:
            self._changed.clear()
            changed = asyncio.ensure_future(self._changed.wait())
            try:
                await asyncio.wait(
                    [*self._tasks.values(), changed], return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                changed.cancel()
            for task in self._tasks.values():
                if task.done():
                    task.result()

    def wake(self, runs: Sequence[Run]) -> None:
        """Records were committed (a journal's `on_commit`): the lanes they are of look again."""
        if self._loop is None or self._loop.is_closed():
            return
        lanes = {run.lane for run in runs}
        with suppress(RuntimeError):  # the loop was closed meanwhile: nobody is left to wake
            self._loop.call_soon_threadsafe(self._wake, lanes)

    def _wake(self, lanes: set[int]) -> None:
        for sink in self.sinks:
            for lane in sink.lanes:
                if lane.number in lanes:
                    lane.wake()

    def state(self) -> list[Mapping[str, Any]]:
        """Each lane of each sink: counters, seconds its oldest record waits, and its trouble."""
        return [lane for sink in self.sinks for lane in sink.state()]

    def counters(self) -> dict[str, dict[str, Any]]:
        """The same for people, by a title: each sink, and each lane of it."""
        apart = ("sink", "lane", "circuit", "paused", "own")
        found: dict[str, dict[str, Any]] = {}
        for lane in self.state():
            title = f"sink {lane['sink']}"
            shared = {"circuit": lane["circuit"], "paused": lane["paused"], **lane["own"]}
            found[title] = shared
            found[f"{title}, {lane['lane']}"] = {
                key: value for key, value in lane.items() if key not in apart
            }
        return found

    # -- what people ask of the sinks ------------------------------------------------------

    async def _follow(self) -> None:
        """Look every second for what was asked, and say how the sinks stand."""
        while True:
            await asyncio.sleep(LOOK_S)
            asked = await self._look()
            for sink in self.sinks:
                if sink.outlet.name in self._tasks:  # it is not being replaced
                    sink.follow(asked)
            news = [(sink.outlet.name, said) for sink in self.sinks if (said := sink.news())]
            if news:
                await self._say(news)

    async def _look(self) -> sink_book.Asked:
        loop = asyncio.get_running_loop()
        found: sink_book.Asked = await loop.run_in_executor(
            self._threads, self._journal.read, sink_book.asked
        )
        return found

    async def _say(self, news: Sequence[tuple[str, tuple[str, str]]]) -> None:
        def act(db: Database) -> None:
            for name, (circuit, trouble) in news:
                sink_book.say(db, name, circuit, trouble, self._now_ms())

        await asyncio.wrap_future(self._journal.write(act))


def _made_again(outlet: Outlet, make: Make) -> Outlet:
    """The same, made anew; if that cannot be, one that tries it at each start."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001 - no fault of the settings that are taken over
        log.warning("sink_not_made", sink=outlet.name, fault=type(error).__name__)
        return outlet._replace(sink=Unmade(outlet.sink, lambda: make().sink))


def _lost(back: Sequence[SinkTasks]) -> str:
    """Which of the old sinks could not be made again, for people; empty if there is none."""
    lost = [sink.outlet.name for sink in back if isinstance(sink.outlet.sink, Unmade)]
    return f"the old {', '.join(lost)} cannot be made again and is tried on" if lost else ""
