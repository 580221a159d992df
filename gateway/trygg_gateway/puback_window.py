"""The publishes of one connection that are not acknowledged yet, in their order of arrival.

[MQTT-4.6.0-2] wants PUBACKs in the order of the PUBLISHes. Commits confirm many that follow each
other at once, and mostly in that order too, so the next in turn is a comparison; what is confirmed
before its turn waits. Every publish has a number of its own, since a client may use a packet id
twice.

A door's token is `number of the connection << TOKEN_BITS | number of the publish on it`.
"""

import struct
from collections import deque

TOKEN_BITS = 48
NUMBER = (1 << TOKEN_BITS) - 1  # the mask of a publish's number

PUBACK = 0x4002_0000  # with the packet id in the lower half: the whole acknowledgement
UNASKED = 0  # instead of a packet id: quality of service 0, nobody waits for an acknowledgement


class Window:
    """Numbers publishes from 0 as they are taken, and has the PUBACKs of those confirmed `due`.

    `take(packet_id)` takes one, UNASKED if it wants no PUBACK."""

    def __init__(self) -> None:
        self._turn = 0  # the number that is acknowledged next
        self._packet_ids: deque[int] = deque()  # of the unconfirmed
        self._early: dict[int, int] = {}  # number → how many from there on, confirmed
        self._due: list[int] = []
        self.take = self._packet_ids.append  # bound once: it is called with every message

    def __len__(self) -> int:
        """How many are unconfirmed, or confirmed before their turn."""
        return len(self._packet_ids)

    @property
    def taken(self) -> int:
        """How many publishes were taken: the next one's number."""
        return self._turn + len(self._packet_ids)

    def confirm(self, number: int, count: int) -> None:
        """`count` publishes from that one on are committed.

        What is confirmed again, or was never taken, changes nothing."""
        last = min(number + count, self.taken)
        if number > self._turn:
            if number < last:
                self._early[number] = max(last - number, self._early.get(number, 0))
            return
        self._pass(last)
        while self._early and (number := min(self._early)) <= self._turn:
            self._pass(number + self._early.pop(number))

    def _pass(self, number: int) -> None:
        """All below that number have had their turn."""
        count = number - self._turn
        if count > 0:
            ids = self._packet_ids
            self._due += [ids.popleft() for _ in range(count)]
            self._turn = number

    def due(self) -> tuple[bytes, int]:
        """(PUBACK packets, how many) that became due since the last call."""
        due, self._due = self._due, []
        if UNASKED in due:
            due = [packet_id for packet_id in due if packet_id != UNASKED]
        return struct.pack(f">{len(due)}I", *[PUBACK | packet_id for packet_id in due]), len(due)
