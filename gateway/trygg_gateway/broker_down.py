"""What goes down through a broker: handed over by any thread, published by the one that may.

At most OUT_MAX wait here, and as many in the client library, so a broker that takes nothing costs
no memory without end; what is refused stays owed and is sent when the tracker is heard again.
"""

from collections import deque
from typing import Any, Protocol

OUT_MAX = 1_000


class Client(Protocol):
    """What is asked of the client library."""

    def publish(self, topic: str, payload: bytes, qos: int) -> Any:
        """Take a message; `rc` 0 and its `mid` if it was taken."""


class Down:
    """`put` from any thread; the rest from the door's own."""

    def __init__(self, counters: dict[str, int]) -> None:
        self._counters = counters
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._unanswered: set[int] = set()  # the library's numbers

    def __bool__(self) -> bool:
        """Something waits."""
        return bool(self._waiting)

    def put(self, topic: str, payload: bytes) -> bool:
        """Hand that over; False if too much waits."""
        taken = len(self._waiting) < OUT_MAX
        if taken:
            self._waiting.append((topic, payload))
        return taken

    def clear(self) -> None:
        """A new connection: what waits here stays owed."""
        self._waiting.clear()

    def publish(self, client: Client) -> None:
        """Publish all that waits."""
        while self._waiting:
            topic, payload = self._waiting.popleft()
            info = client.publish(topic, payload, qos=1)
            if info.rc == 0:
                self._unanswered.add(info.mid)
            self._counters["down_sent" if info.rc == 0 else "down_refused"] += 1

    def answered(self, mid: int) -> None:
        """The library says that this one of its messages was acknowledged, or merely left."""
        self._counters["down_acked"] += mid in self._unanswered
        self._unanswered.discard(mid)
