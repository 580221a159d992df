"""The down topic of one connection at the gateway's own door: subscribed to, sent on, answered."""

from collections.abc import Callable

from trygg_wire import packets, packets_server

NOT_SUBSCRIBED = -1


class DownTopic:
    """What the tracker of one connection hears, written by `write`; `topic` is its own.

    At most `window` messages of quality of service 1 are unanswered. `keep` is told what is
    granted from now on, which is `granted` to begin with."""

    def __init__(
        self,
        topic: str,
        window: int,
        granted: int,
        write: Callable[[bytes], None],
        keep: Callable[[int], None],
    ) -> None:
        self.topic = topic
        self.granted = granted  # NOT_SUBSCRIBED, or the quality of service
        self._keep = keep
        self._window = window
        self._write = write
        self._packet_id = 0
        self._owed: set[int] = set()

    def subscribe(self, packet_id: int, filters: list[tuple[str, int]]) -> None:
        """Answer a SUBSCRIBE: every filter but the own topic is refused."""
        codes = []
        for name, qos in filters:
            if name == self.topic:
                self._grant(min(qos, 1))
            codes.append(self.granted if name == self.topic else packets.SUBACK_REFUSED)
        self._write(packets_server.suback(packet_id, codes))

    def unsubscribe(self, packet_id: int, filters: list[str]) -> None:
        """Answer an UNSUBSCRIBE."""
        if self.topic in filters:
            self._grant(NOT_SUBSCRIBED)
        self._write(packets_server.unsuback(packet_id))

    def _grant(self, qos: int) -> None:
        self.granted = qos
        self._keep(qos)

    def send(self, payload: bytes) -> bool:
        """Write a message; False if nobody listens, or too many are unanswered."""
        if self.granted == NOT_SUBSCRIBED:
            return False
        if self.granted == 0:
            self._write(packets.publish(self.topic, payload))
            return True
        if len(self._owed) >= self._window:
            return False
        packet_id = self._next_id()
        self._owed.add(packet_id)
        self._write(packets.publish(self.topic, payload, 1, packet_id))
        return True

    def answered(self, packet_id: int) -> bool:
        """The tracker acknowledged; False for what was not owed."""
        owed = packet_id in self._owed
        self._owed.discard(packet_id)
        return owed

    def _next_id(self) -> int:
        while True:
            self._packet_id = self._packet_id % 65_535 + 1
            if self._packet_id not in self._owed:
                return self._packet_id
