"""Our own door for a test, with its limits as the test wants them."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from gateway.door_rig import LoopThread, Taken
from gateway.raw_tracker import RawTracker
from trygg_gateway.listener import Limits, Listener
from trygg_wire import packets

EASY = Limits(max_packet=4096, rate_per_s=0)


async def check(_device: str, password: bytes) -> str | None:
    """Everybody with the right password is of the group nord."""
    return "nord" if password == b"secret" else None


class Door:
    """A started Listener. `faults` collects what reached the loop's exception handler: nothing
    ever may."""

    def __init__(
        self,
        *,
        check: Callable[[str, bytes], Awaitable[str | None]] = check,
        tls: ssl.SSLContext | None = None,
        **limits: Any,
    ) -> None:
        self.loop = LoopThread()
        self.taken = Taken()
        self.faults: list[dict[str, Any]] = []
        self.loop.loop.set_exception_handler(lambda _loop, context: self.faults.append(context))
        self.listener = Listener(
            host="127.0.0.1",
            port=0,
            deliver=self.taken.deliver,
            check=check,
            tls=tls,
            limits=replace(EASY, **limits),
        )
        self.loop.run(self.listener.start())
        self.port = self.listener.port
        self.counters = self.listener.counters
        self._trackers: list[RawTracker] = []

    def stranger(self, device: str = "aase", **options: Any) -> RawTracker:
        """A connection that has not logged in."""
        tracker = RawTracker(self.port, device, **options)
        self._trackers.append(tracker)
        return tracker

    def tracker(self, device: str = "aase") -> RawTracker:
        """A connection that has."""
        tracker = self.stranger(device)
        assert tracker.log_in()[1] == packets.ACCEPTED
        return tracker

    def send(self, device: str, payload: bytes) -> bool:
        """Listener.send, in the loop's thread."""
        return self.loop.call(self.listener.send, "nord", device, payload)

    def confirm_next(self) -> bytes:
        """Confirm the next delivery; its payload."""
        incoming = self.taken.next()
        incoming.confirm()
        return incoming.payload

    def serves(self, tracker: RawTracker) -> bool:
        """That tracker can publish and is acknowledged."""
        tracker.publish(b"still here", 999)
        assert self.confirm_next() == b"still here"
        return tracker.expect_puback() == 999

    def close(self) -> None:
        """Stop the door; nothing went wrong inside it meanwhile."""
        self.loop.run(self.listener.stop())
        for tracker in self._trackers:
            tracker.close()
        self.loop.close()
        assert self.faults == []
