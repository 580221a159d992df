"""The publishes of one connection that are not acknowledged yet, in their order of arrival.

[MQTT-4.6.0-2] wants PUBACKs in the order of the PUBLISHes. Commits mostly confirm in that order
too, so the next in turn is a comparison; what is confirmed before its turn waits in a set. Every
publish has a number of its own, since a client may use a packet id twice.

A door's token is `number of the connection << TOKEN_BITS | number of the publish on it`.
"""

from collections import deque

TOKEN_BITS = 48
NUMBER = (1 << TOKEN_BITS) - 1  # the mask of a publish's number

_PUBACK = b"\x40\x02"


class Window:
    """Numbers publishes from 0 with `take`, and has the PUBACKs of what was confirmed `due`."""

    def __init__(self) -> None:
        self.taken = 0  # publishes taken: the next one's number
        self._turn = 0  # the number that is acknowledged next
        self._packet_ids: deque[bytes] = deque()  # of the unconfirmed; b"" for qos 0
        self._early: set[int] = set()
        self._due: list[bytes] = []

    def __len__(self) -> int:
        """How many are unconfirmed, or confirmed before their turn."""
        return len(self._packet_ids)

    def take(self, packet_id: bytes) -> int:
        """Number a publish; `packet_id` as its two bytes, or b"" if nobody waits for a PUBACK."""
        self._packet_ids.append(packet_id)
        self.taken += 1
        return self.taken - 1

    def confirm(self, number: int) -> None:
        """That publish is committed. A number confirmed twice, or never given, changes nothing."""
        if number != self._turn or not self._packet_ids:
            if self._turn < number < self.taken:
                self._early.add(number)
            return
        self._pass()
        while self._early and self._turn in self._early:
            self._early.discard(self._turn)
            self._pass()

    def _pass(self) -> None:
        self._turn += 1
        packet_id = self._packet_ids.popleft()
        if packet_id:
            self._due.append(packet_id)

    def due(self) -> tuple[bytes, int]:
        """(PUBACK packets, how many) that became due since the last call."""
        due, self._due = self._due, []
        return (_PUBACK + _PUBACK.join(due) if due else b"", len(due))
