"""Getting entries past a sink, however often that takes: tries, waits, and who is to blame.

`Sending.next(entries)` tries until something became of the first of them, and says what:

    passed     so many at the front are confirmed, with what the confirmation is worth
    refused    after those the sink will never take the next one
    stuck      the first one fails again and again while others get through: it is its own trouble

A sink that says Later is asked again for ever: first with one entry, then with two, four and so on
as they get through. Waits grow (backoff.py), are cut short when a peer that was gone is back or a
new alarm comes, and are as long as the peer asked for where it said so; an alarm's are a minute at
most.

Whose fault a failure is, only others can tell. An entry that has failed SUSPECT times in a row, and
then WITNESSES times while something else got through to the same sink in between, is stuck; the
caller decides what follows. For want of others an entry of another tracker is tried, at each try
another one, which then comes a second time in its turn. What makes the sink fall over (any
exception but Later and Refused, a fault of ours) is refused after FAULTS tries alone.
"""

from __future__ import annotations

import asyncio
import random
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import structlog

from trygg_gateway.backoff import ALARM as ALARM_SCHEDULE
from trygg_gateway.backoff import TELEMETRY, Backoff
from trygg_gateway.circuit import Circuit
from trygg_gateway.delivery import Delivery, aged
from trygg_gateway.sinks.port import Answer, Later, Refused, Sink

log = structlog.get_logger("forwarder")

SUSPECT: Final = 5
WITNESSES: Final = 3
FAULTS: Final = 3
CALM_S: Final = 0.5  # between two tries, however much hurry there is
ROOM: Final = 1 << 16


class Passed(NamedTuple):
    """What became of the entries at the front."""

    confirmed: int
    answer: Answer
    refusal: str = ""  # of the one after those, "" if it was not refused
    stuck: bool = False  # the first one is


class Peer(NamedTuple):
    """One sink as all its lanes share it."""

    name: str
    sink: Sink
    circuit: Circuit
    going: asyncio.Event  # cleared while it is paused
    recovered: Callable[[], None]  # tells the other lanes that it is back
    chance: Callable[[], float] = random.random
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000


class Sending:
    """One row of entries to one sink: a lane's, a replay's, or one alarm's that is stuck."""

    def __init__(self, peer: Peer, title: str, counters: dict[str, int], *, urgent: bool) -> None:
        self.hurry = asyncio.Event()  # set from outside: do not wait out the pause
        self.trouble = ""  # what the sink said last
        self._peer = peer
        self._title = title
        self._counters = counters
        self._urgent = urgent
        self._backoff = Backoff(ALARM_SCHEDULE if urgent else TELEMETRY, peer.chance)
        self._wait_s = 0.0  # before the next try
        self._asked = False  # by the peer
        self._room = ROOM  # entries in the next try: 1 after a failure, then twice as many
        self._passed_before = 0  # the circuit's `passed` at the last failure
        self._witnesses = 0
        self.faults = 0  # times in a row that the sink fell over one entry

    @property
    def failures(self) -> int:
        """In a row."""
        return self._backoff.failures

    async def next(self, entries: Sequence[Delivery], most: int) -> Passed:
        """Try until something became of the first entry, `most` entries at a time."""
        while True:
            await self.pause()
            room = min(most, self._room) if self._peer.circuit.is_closed else 1
            passed = await self._tried(entries[:room])
            if passed is not None:
                return passed
            if self._witnesses >= WITNESSES:
                self._witnesses = 0
                return Passed(0, self._peer.sink.confirms, stuck=True)
            if self.failures >= SUSPECT:
                await self._ask_for_another(entries)

    async def once(self, entry: Delivery) -> Passed | None:
        """One try of one entry, after `pause`; None if nothing became of it."""
        return await self._tried([entry])

    def hasten(self) -> None:
        """The next try need not wait, but for what the peer asked."""
        if not self._asked:
            self._wait_s = 0.0

    async def _tried(self, window: Sequence[Delivery]) -> Passed | None:
        """One try; None if nothing became of the first entry."""
        confirms = self._peer.sink.confirms
        try:
            return self._well(len(window), await self._deliver(window))
        except Refused as error:
            return self._well(error.confirmed, confirms)._replace(refusal=error.reason)
        except Later as error:
            passed = self._well(error.confirmed, confirms) if error.confirmed else None
            self._failed(error)
            return passed
        except Exception as error:  # noqa: BLE001 - whatever a sink's library raises
            reason = self._fell_over(error, len(window))
            if self.faults >= FAULTS:
                return self._well(0, confirms)._replace(refusal=reason)
            self._failed(Later(reason))
            return None

    async def _deliver(self, window: Sequence[Delivery]) -> Answer:
        if self._urgent:
            window = [aged(entry, self._peer.now_ms()) for entry in window]
        self._peer.circuit.begin()
        try:
            return await self._peer.sink.deliver(window)
        finally:
            self._peer.circuit.end()

    def _well(self, count: int, answer: Answer) -> Passed:
        """The peer answered for something: all is well, and nobody need wait for it."""
        was_open = self._peer.circuit.worked()
        if was_open or self.failures:
            log.info("sink_works_again", sink=self._peer.name, lane=self._title)
            self._peer.recovered()
        self._backoff.worked()
        self.trouble = ""
        self._room = min(ROOM, 2 * self._room)
        self._wait_s, self._witnesses, self.faults = 0.0, 0, 0
        return Passed(count, answer)

    def _failed(self, error: Later) -> None:
        """Count it, and set how long to wait."""
        circuit = self._peer.circuit
        self._counters["tried_later"] += 1
        if self.failures % 10 == 0:  # the first and every tenth, so that the log stays read
            log.warning(
                "sink_says_later", sink=self._peer.name, lane=self._title, reason=error.reason,
                tries=self.failures + 1,
            )  # fmt: skip
        if self.failures >= SUSPECT and circuit.passed != self._passed_before:
            self._witnesses += 1
        self._passed_before = circuit.passed
        circuit.failed(error.reason)
        self.trouble = error.reason
        self._room = 1
        self._wait_s = self._backoff.failed(error.retry_after_s)
        self._asked = error.retry_after_s is not None
        if self._asked:
            circuit.asked(asyncio.get_running_loop().time() + self._wait_s)

    def _fell_over(self, error: Exception, tried: int) -> str:
        """A fault of ours: said with its place and kind, never with what it holds."""
        self._counters["faults"] += 1
        self.faults += tried == 1
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{last.filename.rpartition('/')[2]}:{last.lineno}"
        log.error("sink_fell_over", sink=self._peer.name, fault=type(error).__name__, at=place)
        return f"the sink fell over: {type(error).__name__} at {place}"

    async def pause(self) -> None:
        """Until it may be tried: after the pause, unless the peer is back; not while paused."""
        if self._wait_s:
            self.hurry.clear()
            wait_s, self._wait_s = self._wait_s, 0.0
            at_once_s = wait_s if self._asked else min(wait_s, CALM_S)
            await asyncio.sleep(at_once_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s - at_once_s):
                    await self.hurry.wait()
        now_s = asyncio.get_running_loop().time()
        if not self._urgent and (rest_s := self._peer.circuit.left_alone_s(now_s)):
            await asyncio.sleep(rest_s)  # what the peer asked another lane for
        await self._peer.going.wait()

    async def _ask_for_another(self, entries: Sequence[Delivery]) -> None:
        """Try an entry of another tracker: whether it gets through says whose the trouble is."""
        device = entries[0].attributes["subject"]
        others = [entry for entry in entries if entry.attributes["subject"] != device]
        if others and self._peer.circuit.passed == self._passed_before:
            with suppress(Exception):  # its own turn will come, and what it says then counts
                place = self._counters["witnesses"] % len(others)
                self._counters["witnesses"] += 1
                await self._deliver(others[place : place + 1])
                self._peer.circuit.worked()
