"""What a broker sends, cut into publishes by our own code and everything else for its client.

A client library that reads a packet at a time costs several times what the packet is worth: three
reads, an object, a callback. Here one pass over what has come takes the publishes, and hands every
other packet on whole. Pure: bytes in, calls out; so it is tested and fuzzed without a broker.

One publish may have 256 MB (MQTT 3.1.1 has no way to forbid it), and who sends one would fill our
memory and, never acknowledged, come again for ever. Of what is larger than PACKET_MAX the first
KEPT_BYTES of payload are handed in under `too-large/SIZE/TOPIC`, the rest is read past.

The stream has no more meaning after a PacketError: close it and make a new Inbound.
"""

from collections.abc import Callable

from trygg_gateway.ingest import TOO_LARGE
from trygg_gateway.puback_window import UNASKED
from trygg_wire import packets
from trygg_wire.packets import PacketError

PACKET_MAX = 70_000  # bytes of a packet that is taken whole; a topic alone may have 65,535
KEPT_BYTES = 4_096  # of the payload of a larger one
TOPICS_MAX = 50_000  # topics remembered as text

Publish = tuple[str, bytes]  # topic, payload


class Inbound:
    """`feed(data)` appends publishes to `came`, calls `take(packet id)` for each (UNASKED: it wants
    no acknowledgement), and `other(packet)` for every other packet. `five`: the stream is MQTT 5.

    `counters` has "unreadable_topics" and "too_large". `echo` is a topic and what to call instead
    when something of quality of service 0 comes on it."""

    def __init__(
        self,
        came: list[Publish],
        take: Callable[[int], None],
        other: Callable[[bytes], None],
        counters: dict[str, int],
        five: bool,
        echo: tuple[bytes, Callable[[], None]],
        packet_max: int = PACKET_MAX,
    ) -> None:
        self._max = packet_max
        self._echo_topic, self._echoed = echo
        self._came = came
        self._take = take
        self._other = other
        self._counters = counters
        self._five = five
        self._rest = b""
        self._passing = 0  # bytes of a too large packet still to come
        self._topics: dict[bytes, str] = {}

    def feed(self, data: bytes) -> None:
        """These bytes have come. Raises PacketError for what no broker sends."""
        if self._passing:
            passed = min(self._passing, len(data))
            self._passing -= passed
            data = data[passed:]
        if self._rest:
            data = self._rest + data
        self._rest = data[self._cut(data) :]

    def _cut(self, data: bytes) -> int:
        """Take the packets of `data` until one is not whole; where that begins."""
        at, size = 0, len(data)
        while at + 2 <= size:
            first, end = data[at], at + 2 + data[at + 1]
            start = at + 2
            if end - start > 127:
                cut = packets.header(data, at, packets.REMAINING_MAX)
                if cut is None:
                    break
                first, start, end = cut
            if end - at > self._max:
                if size - at < self._max:
                    break  # until its topic is here
                self._take_beginning(first, data, start, at + self._max, end - at)
                self._passing = max(0, end - size)
            elif end > size:
                break
            elif first >> 4 == packets.PUBLISH:
                self._publish(first, data, start, end)
            else:
                self._other(data[at:end])
            at = min(end, size)
        return at

    def _publish(self, first: int, data: bytes, start: int, end: int) -> None:
        """Take the publish whose body is data[start:end]."""
        raw, packet_id, at = _head(first, data, start, end)
        if self._five:
            at = _past_properties(data, at, end)
        if at > end:
            raise PacketError("packet ends in a field")
        if packet_id == UNASKED and raw == self._echo_topic:
            self._echoed()
            return
        topic = self._topics.get(raw) or self._text(raw)
        self._take(packet_id)
        self._came.append((topic, data[at:end]))

    def _take_beginning(self, first: int, data: bytes, start: int, end: int, size: int) -> None:
        """Take what is kept of a publish of `size` bytes, of which data[start:end] is looked at."""
        if first >> 4 != packets.PUBLISH:
            raise PacketError(packets.TOO_LARGE)
        raw, packet_id, at = _head(first, data, start, end)
        if self._five:
            try:
                at = min(end, _past_properties(data, at, end))
            except PacketError:
                at = end  # its properties alone are too large: nothing of it is kept but its topic
        self._take(packet_id)
        self._came.append((f"{TOO_LARGE}{size}/{self._text(raw)}", data[at:end][:KEPT_BYTES]))
        self._counters["too_large"] += 1

    def _text(self, raw: bytes) -> str:
        try:
            topic = raw.decode()
        except UnicodeDecodeError:
            self._counters["unreadable_topics"] += 1
            return "not-utf-8/" + raw.hex()
        if len(self._topics) >= TOPICS_MAX:
            self._topics.clear()
        self._topics[raw] = topic
        return topic


def _head(first: int, data: bytes, start: int, end: int) -> tuple[bytes, int, int]:
    """(topic, packet id or UNASKED, where the rest begins) of the publish in data[start:end]."""
    if start + 2 > end:
        raise PacketError("packet ends in a field")
    topic = start + 2
    at = topic + (data[start] << 8 | data[start + 1])
    if not first & 6:
        return data[topic:at], UNASKED, at
    if first & 6 != 2:
        raise PacketError("a publish of a quality of service that was not asked for")
    packet_id = data[at] << 8 | data[at + 1] if at + 2 <= end else 0
    if not packet_id:
        raise PacketError("publish without a packet id")  # [MQTT-2.3.1-1]
    return data[topic:at], packet_id, at + 2


def _past_properties(data: bytes, at: int, end: int) -> int:
    """Where the payload of an MQTT 5 publish begins: its properties say nothing to us."""
    size = shift = 0
    while at < end and shift < 28:
        byte = data[at]
        size |= (byte & 127) << shift
        shift += 7
        at += 1
        if byte < 128:
            return at + size
    raise PacketError("properties without an end")
