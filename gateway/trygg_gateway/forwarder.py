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

from trygg_gateway import sink_book
from trygg_gateway.database import Database
from trygg_gateway.lane_task import Journal, Surroundings
from trygg_gateway.settlement import SetCursor, Tell
from trygg_gateway.sink_tasks import Outlet as Outlet  # whoever makes a forwarder makes outlets
from trygg_gateway.sink_tasks import SinkTasks
from trygg_gateway.values import Run

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
        self.sinks = [SinkTasks(outlet, around, chance) for outlet in outlets]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._around, self._chance = around, chance
        self._tasks: dict[str, asyncio.Task[None]] = {}  # by sink; "" follows what people ask
        self._changed = asyncio.Event()  # other sinks are at work

    async def start(self) -> None:
        """Begin; returns at once, also when a sink cannot be reached yet."""
        self._loop = asyncio.get_running_loop()
        await asyncio.wrap_future(self._journal.write(self._begin))
        asked = await self._look()
        for sink in self.sinks:
            sink.pause(asked)
        for sink in self.sinks:
            self._tasks[sink.outlet.name] = asyncio.create_task(sink.run())
        self._tasks[""] = asyncio.create_task(self._follow())

    def _begin(self, db: Database) -> None:
        for sink in self.sinks:
            sink_book.begin(db, sink.outlet.name, sink.outlet.begin_ms, self._now_ms())

    async def replace(self, old: Mapping[str, Make], new: Mapping[str, Make]) -> None:
        """Go on with `new` instead of `old` (both by name); the other sinks do not notice.

        Raises NotStarted, or what making one raised: then those of `old` are at work again."""
        made = [SinkTasks(make(), self._around, self._chance) for make in new.values()]
        await self._end(set(old))
        begun: list[SinkTasks] = []
        try:
            for sink in made:
                begun.append(sink)
                await sink.begin()
            self.sinks += made
            await asyncio.wrap_future(self._journal.write(self._begin))
        except BaseException:
            self.sinks = [sink for sink in self.sinks if sink not in made]
            for sink in begun:
                await sink.stop()
            await self._go_on(
                [SinkTasks(make(), self._around, self._chance) for make in old.values()]
            )
            raise
        await self._go_on(made)

    async def _end(self, names: Collection[str]) -> None:
        """Stop those sinks where they are; what they had not confirmed comes again."""
        ended = [task for name, task in self._tasks.items() if name in names]
        for name in names:
            self._tasks.pop(name, None)
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
        for sink in self.sinks:
            if sink.outlet.name in names:
                with suppress(TimeoutError):  # a thread that hangs is left behind
                    await asyncio.wait_for(sink.stop(), STOP_S)
        self.sinks = [sink for sink in self.sinks if sink.outlet.name not in names]

    async def _go_on(self, sinks: Sequence[SinkTasks]) -> None:
        asked = await self._look()
        for sink in sinks:
            if sink not in self.sinks:
                self.sinks.append(sink)
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
