"""A door under test: its loop in a thread of its own, what it delivers in a queue."""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, TypeVar

from trygg_gateway.values import Confirm, Incoming

SECONDS = 30
T = TypeVar("T")


def until(true: Callable[[], object], what: str = "it") -> None:
    """Return as soon as `true()` is; an assertion after SECONDS."""
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end, f"{what} did not come true in {SECONDS} s"
        time.sleep(0.005)


class LoopThread:
    """An event loop in a thread; `run` waits for a coroutine of it from outside."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The coroutine's value, or its exception."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(SECONDS)

    def call(self, function: Callable[..., T], *values: Any) -> T:
        """`function(*values)` called in the loop's thread."""

        async def called() -> T:
            return function(*values)

        return self.run(called())

    def close(self) -> None:
        """End the loop and the thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(SECONDS)
        self.loop.close()


class Came(NamedTuple):
    """One message that a door delivered."""

    topic: str
    payload: bytes
    confirm_from: Confirm
    token: int

    def confirm(self) -> None:
        """Confirm this one alone."""
        self.confirm_from(self.token, 1)


class Taken:
    """What a door delivers, message by message: `deliver` for the door, `next` for the test.

    `confirming` makes it confirm at once; `fail` makes the next delivery raise."""

    def __init__(self) -> None:
        self.all: queue.Queue[Came] = queue.Queue()
        self.deliveries: list[Incoming] = []
        self.confirming = False
        self.fail = False

    def deliver(self, incoming: Incoming) -> None:
        """The door's deliver."""
        if self.fail:
            self.fail = False
            raise ValueError("deliver fails as the test wants it")
        self.deliveries.append(incoming)
        for token, (topic, payload) in enumerate(incoming.messages, incoming.token):
            self.all.put(Came(topic, payload, incoming.confirm, token))
        if self.confirming:
            incoming.confirm(incoming.token, len(incoming.messages))

    def next(self) -> Came:
        """The next message."""
        return self.all.get(timeout=SECONDS)

    def payloads(self, count: int) -> list[bytes]:
        """The payloads of the next `count` messages."""
        return [self.next().payload for _ in range(count)]
