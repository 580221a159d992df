"""What goes down to a tracker that is heard: its acks, and the orders owed to it.

It listens to the journal's commits. A tracker whose record was just committed is there to listen,
so that is when it is sent things; nothing is kept in any broker's memory (promise 2). `nudge`
tries at once, for an order that somebody waits for.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from trygg_gateway.acks import Acks
from trygg_gateway.order_book import OrderBook
from trygg_gateway.registry import Registry
from trygg_gateway.values import Run

RELOAD_S = 2.0  # orders and trackers written by another process are found within this


class Door(Protocol):
    """What the downlink asks of a front door."""

    def send(self, group: str, device: str, payload: bytes) -> bool:
        """Hand the payload to the tracker's down topic; False if it cannot be reached here."""

    def close_tracker(self, device: str) -> bool:
        """Cut the connection of a tracker that was revoked; True if there was one to cut."""


class Downlink:
    """Sends for as long as `run` runs. `nudge` and `on_commit` may be called from any thread."""

    def __init__(
        self,
        doors: Sequence[Door],
        acks: Acks,
        book: OrderBook,
        registry: Registry,
        now_ms: Callable[[], int],
    ) -> None:
        self.counters = {"down_sent": 0, "down_unreachable": 0}
        self._doors = doors
        self._acks = acks
        self._book = book
        self._registry = registry
        self._now_ms = now_ms
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ms = 0

    def on_commit(self, runs: Sequence[Run]) -> None:
        """These records are committed: one for `Journal.on_commit`."""
        self._in_loop(self._heard, runs)

    def nudge(self, device: str) -> None:
        """Something new is owed to that tracker: read it, and try to send it now."""
        self._in_loop(self._nudged, device)

    async def run(self) -> None:
        """Send until cancelled."""
        self._loop = asyncio.get_running_loop()
        try:
            while True:
                await asyncio.sleep(RELOAD_S)
                self._reload()
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._loop = None

    def _reload(self) -> None:
        """What another process wrote: trackers revoked, orders queued."""
        for device in self._registry.load():
            for door in self._doors:
                door.close_tracker(device)
        self._send_orders(self._book.reload())

    def _in_loop(self, act: Callable[[Any], None], value: Any) -> None:
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(act, value)
            except RuntimeError:
                return  # the loop is closed: trackers ask again, orders stay owed

    def _heard(self, runs: Sequence[Run]) -> None:
        self._acks.committed(runs, self._now_ms())
        self._send_acks()
        if self._book.owed:
            self._send_orders({run.device for run in runs})

    def _nudged(self, device: str) -> None:
        self._book.reload()
        self._send_orders([device])

    def _send_orders(self, devices: Iterable[str]) -> None:
        for device in devices:
            for order in self._book.due(device):
                if self._send(device, order.frame):
                    self._book.sent(order)

    def _send_acks(self) -> None:
        now_ms = self._now_ms()
        for device, frame in self._acks.due(now_ms):
            self._send(device, frame)
        next_ms = self._acks.next_ms()
        if next_ms is None or self._loop is None:
            return
        if self._timer is None or next_ms < self._timer_ms:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_ms = next_ms
            wait_s = max(0, next_ms - now_ms) / 1000
            self._timer = self._loop.call_later(wait_s, self._timer_came)

    def _timer_came(self) -> None:
        self._timer = None
        self._send_acks()

    def _send(self, device: str, frame: bytes) -> bool:
        tracker = self._registry.find(device)
        if tracker is None or tracker.revoked:
            return False
        for door in self._doors:
            if door.send(tracker.group, device, frame):
                self.counters["down_sent"] += 1
                return True
        self.counters["down_unreachable"] += 1
        return False
