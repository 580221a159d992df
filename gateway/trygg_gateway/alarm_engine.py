"""Sees to it that somebody takes an alarm: further channels, the next person, calling off.

What is due follows from the journal alone (escalation.py, call_book.py), so a gateway that was
killed goes on to the second where it was; in memory is only when to look at which alarm again, and
how long each has waited: a wall's clock that is set changes no wait (alarm_clock.py). The
engine looks when it is woken (an alarm was raised, a sink confirmed, a person did something here),
when the next step is due, and every LOOK_S for what another process did (`trygg gateway alarms
take`). An alarm costs a look when its timeline has a new line, and one for each step.

Each new line is also counted once in the histogram of how long each hop takes (alarm_hops.py).
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog

from trygg_gateway import alarms, call_book, escalation
from trygg_gateway.alarm_clock import AlarmClock, counted_ms
from trygg_gateway.alarm_hops import Hops
from trygg_gateway.database import Database
from trygg_gateway.escalation import PERSON, Facts, Policy, Step
from trygg_gateway.journal import Journal
from trygg_gateway.values import Run

log = structlog.get_logger("alarms")

LOOK_S = 1.0
RETRY_MS = 1000  # a step that could not be written is tried again
EMPTY_MS = 30_000  # nobody is on call: the calendar is asked again

COUNTERS = (
    "people_called",
    "channels_begun",  # a further channel, since the one before did not confirm
    "called_off",
    "nobody_on_call",  # alarms that people are to be called for, and the calendar names nobody
)


class AlarmEngine:
    """Works for as long as `run` runs. `wake` may be called from any thread."""

    def __init__(
        self,
        journal: Journal,
        policy: Policy,
        now_ms: Callable[[], int],
        written: Callable[[Sequence[Run]], None],
        changed: Callable[[], None],
        observe: Callable[[str, float], None] = lambda hop, seconds: None,
        counter_ms: Callable[[], int] = counted_ms,
    ) -> None:
        """`written(runs)` is told of own records that were committed, `changed()` of timelines.

        `now_ms` is the wall's clock: stamps and the calendar. Waits go by `counter_ms`.
        """
        self.clock = AlarmClock(now_ms, counter_ms)
        self.counters = dict.fromkeys(COUNTERS, 0)
        self._journal = journal
        self._policy = policy
        self._now_ms = now_ms
        self._written = written
        self._changed = changed
        self._hops = Hops(observe)
        self._look_ms: dict[int, int] = {}  # alarm → when to look at it again, by `clock`
        self._offs_owed = True  # whether somebody may have to be called off
        self._alone: set[int] = set()  # alarms counted in nobody_on_call
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()

    def go_by(self, policy: Policy) -> None:
        """Go on by another policy: who waits is looked at again."""
        self._policy = policy
        self._look_ms = dict.fromkeys(self._look_ms, 0)
        self.wake()

    def wake(self) -> None:
        """Something about an alarm has changed."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: what is due is due at the next start
                self._loop.call_soon_threadsafe(self._woken.set)

    async def run(self) -> None:
        """Follow every alarm up until cancelled."""
        self._loop = asyncio.get_running_loop()
        self.begin()
        while True:
            self._woken.clear()
            due_ms = await self.step()
            wait_s = LOOK_S if due_ms is None else (due_ms - self.clock.now_ms()) / 1000
            with suppress(TimeoutError):
                async with asyncio.timeout(min(LOOK_S, max(0.0, wait_s))):
                    await self._woken.wait()

    def begin(self) -> None:
        """Take up what the journal holds: every alarm that nobody has taken is looked at."""
        self._journal.read(self._hops.begin)
        self._look_ms = dict.fromkeys(self._journal.read(call_book.raised), 0)
        self._offs_owed = True

    async def step(self) -> int | None:
        """Do what is due now; when to look next by `clock`, None if no alarm waits."""
        now_ms, wall_ms = self.clock.look(), self._now_ms()
        due = self._journal.read(lambda db: self._due(db, now_ms))
        offs = []
        if self._offs_owed:
            offs = self._journal.read(lambda db: call_book.owed_offs(db, wall_ms))
        self._offs_owed = False
        if due or offs:
            await self._write(due, offs, wall_ms)
            return now_ms  # what was written is a new line: look again
        if self._hops.more:
            return now_ms
        return min(self._look_ms.values(), default=None)

    def _due(self, db: Database, now_ms: int) -> list[tuple[int, Step]]:
        """The steps due of the alarms that changed, or that are to be looked at now."""
        touched = self._hops.read(db)
        self._offs_owed = self._offs_owed or bool(touched)
        touched |= {alarm_id for alarm_id, at_ms in self._look_ms.items() if at_ms <= now_ms}
        return [found for alarm_id in sorted(touched) for found in self._of(db, alarm_id, now_ms)]

    def _of(self, db: Database, alarm_id: int, now_ms: int) -> list[tuple[int, Step]]:
        self._look_ms.pop(alarm_id, None)
        facts = call_book.facts_of(db, alarm_id)
        if facts is None or facts.state == alarms.CLOSED or facts.test:
            self.clock.forget(alarm_id)
            return []
        facts = self.clock.even(facts)
        if facts.state != alarms.RAISED:
            return []
        steps = escalation.upcoming(self._policy, facts, self._now_ms())
        looks = [at if at > now_ms else now_ms + RETRY_MS for at in (s.due_ms for s in steps)]
        if self._wants_people(facts) and not any(step.kind == PERSON for step in steps):
            self._nobody(alarm_id)
            looks.append(now_ms + EMPTY_MS)  # the calendar may name somebody then
        if looks:
            self._look_ms[alarm_id] = min(looks)
        return [(alarm_id, step) for step in steps if step.due_ms <= now_ms]

    def _wants_people(self, facts: Facts) -> bool:
        return facts.what in self._policy.call_for and bool(self._policy.duties)

    def _nobody(self, alarm_id: int) -> None:
        if alarm_id not in self._alone:
            self._alone.add(alarm_id)
            self.counters["nobody_on_call"] += 1
            log.error("nobody_on_call", alarm=alarm_id)

    async def _write(
        self, due: list[tuple[int, Step]], offs: list[tuple[int, int]], now_ms: int
    ) -> None:
        def act(db: Database) -> list[tuple[str, Run]]:
            done: list[tuple[str, Run | None]] = [
                (step.kind, call_book.call(db, alarm_id, step, now_ms)) for alarm_id, step in due
            ]
            done += [("off", call_book.call_off(db, *off, now_ms)) for off in offs]
            return [(kind, run) for kind, run in done if run is not None]

        done = await asyncio.wrap_future(self._journal.write(act))
        counted: dict[str, Any] = {"person": "people_called", "channel": "channels_begun"}
        for kind, _ in done:
            self.counters[counted.get(kind, "called_off")] += 1
        self._written([run for _, run in done])
        self._changed()
