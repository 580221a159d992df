"""A tracker's records until they are acknowledged, and the ledger of what was. Pure.

As the firmware has it: a record is kept until the gateway's ack on the down topic covers it; a
PUBACK only makes room in the window, since a foreign broker's means "received". A tracker that
`forgets_at_puback` takes the gateway at its word that behind its own door a PUBACK means committed,
or stands for a client of a broker that has no other acknowledgement. What was forgotten is said
never again, so whatever is lost of it is lost for good, and shows.

On a new connection all that is kept is said again from the oldest on; on a standing one what was
acknowledged by PUBACK alone is said again after AGAIN_S, and what an ack calls missing at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trygg_wire import packets

WINDOW = 20
AGAIN_S = 1.5

Key = tuple[int, int]  # boot and seq


class Outbox:
    """One tracker's. `covered` is the ledger: what it may forget, as (boot, seq)."""

    def __init__(self, topic: str, *, forgets_at_puback: bool) -> None:
        self.covered: set[Key] = set()
        self.said: dict[Key, bool] = {}  # every record there ever was; True for an alarm
        self.never_sent: set[Key] = set()  # acknowledged although nobody had said it
        self.sent_as: dict[int, Key] = {}  # by packet id, over all connections
        self._topic = topic
        self._forgets_at_puback = forgets_at_puback
        self._kept: dict[Key, bytes] = {}  # in the order in which they were made
        self._sent: set[Key] = set()  # ever
        self._due: dict[Key, float] = {}  # said on this connection: when again
        self._flight: dict[int, Key] = {}
        self._packet_id = 0

    def add(self, key: Key, frame: bytes, *, is_alarm: bool) -> None:
        """Keep a new record."""
        self.said[key] = is_alarm
        self._kept[key] = frame

    def __len__(self) -> int:
        return len(self._kept)

    def connected(self) -> None:
        """A new connection: nothing was said on it."""
        self._due.clear()
        self._flight.clear()

    def packets(self, now_s: float) -> Iterator[bytes]:
        """What may be sent now, as far as the window has room."""
        for key, frame in self._kept.items():
            if len(self._flight) >= WINDOW:
                return
            if self._due.get(key, 0.0) > now_s:
                continue
            self._packet_id = self._packet_id % 65_535 + 1
            self._flight[self._packet_id] = self.sent_as[self._packet_id] = key
            again = key in self._sent
            self._sent.add(key)
            self._due[key] = now_s + AGAIN_S
            yield packets.publish(self._topic, frame, 1, self._packet_id, again)

    def puback(self, packet_id: int) -> bool:
        """That packet was acknowledged; False if it was none of this connection's."""
        key = self._flight.pop(packet_id, None)
        if key is not None and self._forgets_at_puback:
            self._forget(key)
        return key is not None

    def ack(self, values: dict[str, Any]) -> None:
        """The gateway's ack: {boot, upto, missing}."""
        missing = [(gap["first"], gap["first"] + gap["count"]) for gap in values["missing"]]
        boot, upto = values["boot"], values["upto"]
        for key in [key for key in self._kept if key[0] == boot and key[1] <= upto]:
            if not any(first <= key[1] < end for first, end in missing):
                self._forget(key)
            elif key not in self._flight.values():
                self._due.pop(key, None)

    def _forget(self, key: Key) -> None:
        if key in self._kept:
            del self._kept[key]
            self._due.pop(key, None)
            self.covered.add(key)
            if key not in self._sent:
                self.never_sent.add(key)
