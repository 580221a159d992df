"""What the fuzz campaign of the doors throws bytes at, each in this process and without a socket.

A target is a function of bytes that raises nothing, whatever they are: an AssertionError is a
promise broken, any other exception is one that nobody stated. `SEEDS` has what each begins with.

`listener`: a whole session of our own door, logged in or not, in pieces, confirmed at once or late.
`inbound`: what a broker sends, in pieces. `ingest`: messages of any topic and payload, with a
right CRC often enough to be read. `reply`: an order's answer. `fences`: a file to import.
"""

import json
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from gateway.records import NOW_MS, alarm, answer, health, report
from trygg_gateway import geojson, orders
from trygg_gateway.broker_inbound import PACKET_MAX, Inbound
from trygg_gateway.fence_shapes import wire_fence
from trygg_gateway.ingest import Ingest
from trygg_gateway.listener import Limits, Listener
from trygg_gateway.values import Incoming, Parcel, Refused, Tracker
from trygg_wire import codec, layouts, packets, packets_server, topics
from trygg_wire.crc16 import crc16

UP, DOWN = topics.up("nord", "aase"), topics.down("nord", "aase")
LOGIN = packets.connect("aase", "aase", b"secret", 60, True)
PIECES = (1, 9, 70, 1_000)  # bytes that arrive at once
LIMITS = Limits(max_packet=512, inflight=8, rate_per_s=0, write_high=4096, down_window=4)


# -- our own door --------------------------------------------------------------------------


class Loop:
    """An event loop for one session: time stands still, and what is to be called is called."""

    def __init__(self) -> None:
        self._soon: deque[tuple[Callable[..., Any], tuple[Any, ...]]] = deque()

    def time(self) -> float:
        return 1.0

    def call_later(self, _seconds: float, _what: Callable[..., Any], *_: Any) -> "Loop":
        return self

    def call_soon(self, what: Callable[..., Any], *values: Any) -> None:
        self._soon.append((what, values))

    def create_task(self, work: Coroutine[Any, Any, None]) -> "Loop":
        self.call_soon(self._run, work)  # never at once, as in a real one
        return self

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            work.send(None)  # nothing in it waits
        except StopIteration:
            return
        raise AssertionError("a login that waits")

    def add_done_callback(self, what: Callable[..., Any]) -> None:
        what(self)

    def cancel(self) -> None:
        pass

    def turn(self) -> None:
        while self._soon:
            what, values = self._soon.popleft()
            what(*values)


class FarEnd:
    """The transport of one connection: what was written, and whether it was closed."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.closed = False
        self.reading = True

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    abort = close

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int) -> None:
        pass

    def get_extra_info(self, _name: str) -> None:
        return None


async def check(device: str, password: bytes) -> str | None:
    if password == b"error":
        raise OSError("as the test wants it")
    return "nord" if device == "aase" and password == b"secret" else None


class Door:
    """A listener without a socket."""

    def __init__(self) -> None:
        self.came: list[Incoming] = []
        self.listener = Listener(
            host="", port=0, deliver=self.came.append, check=check, limits=LIMITS
        )
        self.loop = Loop()
        self.listener.loop = self.loop  # type: ignore[assignment]
        self.listener._thread = threading.get_ident()

    def confirm(self) -> int:
        """Confirm all that came; how many publishes."""
        count = 0
        for incoming in self.came:
            assert incoming.messages, "nothing handed in"
            assert all(topic == UP or topic.startswith("not-own/aase/")
                       for topic, _ in incoming.messages)  # fmt: skip
            incoming.confirm(incoming.token, len(incoming.messages))
            count += len(incoming.messages)
        self.came.clear()
        self.loop.turn()
        return count


_door = Door()


def listener(data: bytes) -> None:
    """A session: the first byte says whether it has logged in, whether confirms come at once, and
    how large the pieces are in which the rest arrives."""
    how, data = (data[0], data[1:]) if data else (0, b"")
    door, line = _door, FarEnd()
    door.listener.guesses.__init__()  # type: ignore[misc]  # a guess is another test's
    session = door.listener.new_session()
    session.made(line, 1.0)
    if how & 1:
        data = LOGIN + data
    size, published = PIECES[how >> 2 & 3], 0
    for piece in (data[at : at + size] for at in range(0, len(data), size)):
        if line.closed or not line.reading:
            break
        session.received(piece)
        door.loop.turn()
        assert len(session._rest) <= LIMITS.max_packet + size, "more is kept than a packet"
        assert len(session._window) <= LIMITS.inflight, "more is unconfirmed than allowed"
        if how & 2:
            published += door.confirm()
    door.listener.send("nord", "aase", b"order")
    published += door.confirm()
    _must_be_answers(bytes(line.written), published)
    session.connection_lost(None)
    door.loop.turn()
    assert not door.listener._live
    assert not len(door.listener.strangers)
    assert not door.listener._sessions


def _must_be_answers(written: bytes, published: int) -> None:
    """Every byte that was sent is a packet that a server may send, and no PUBACK is too many."""
    acks = 0
    for kind, flags, body in packets.Reader(1 << 16).feed(written):
        if kind == packets.PUBLISH:
            assert packets.read_publish(flags, body)[0] == DOWN
        else:
            assert kind in (packets.CONNACK, packets.PUBACK, packets.SUBACK,
                            packets_server.UNSUBACK, packets.PINGRESP_TYPE)  # fmt: skip
        acks += kind == packets.PUBACK
    assert acks <= published, "acknowledged and not handed in"


# -- a broker's ----------------------------------------------------------------------------


def inbound(data: bytes) -> None:
    """What a broker sends; the first byte says which MQTT, how large the pieces are, and whether
    hardly anything is too large."""
    how, data = (data[0], data[1:]) if data else (0, b"")
    came: list[tuple[str, bytes]] = []
    ids: list[int] = []
    counters = {"unreadable_topics": 0, "too_large": 0}
    echo = b"trygg/probe/t", lambda: None
    most = PACKET_MAX if how & 8 else 40
    cut = Inbound(came, ids.append, _other_packet, counters, bool(how & 1), echo, most)
    size = PIECES[how >> 1 & 3]
    try:
        for at in range(0, len(data), size):
            cut.feed(data[at : at + size])
            assert len(cut._rest) <= most + size
    except packets.PacketError:
        pass
    assert len(came) == len(ids)
    for topic, payload in came:
        assert isinstance(topic, str)
        assert isinstance(payload, bytes)


def _other_packet(packet: bytes) -> None:
    assert packet[0] >> 4 != packets.PUBLISH
    assert packets.frame(packet, 0, 1 << 28) is not None, "a packet that is not whole"


class Trackers:
    """One tracker that speaks and one that was revoked."""

    by_topic = {UP: "aase"}  # noqa: RUF012

    def find(self, device: str) -> Tracker | None:
        known = {"aase": False, "old": True}
        revoked = known.get(device)
        return None if revoked is None else Tracker(device, "nord", "", "", b"", 0, revoked)


_parcels: list[Parcel] = []


def _put(parcel: Parcel) -> bool:
    _parcels.append(parcel)
    return True


_ingest = Ingest(_put, Trackers(), lambda: NOW_MS)


def ingest(data: bytes) -> None:
    """Messages: each a byte of its topic's size and kind, the topic, a byte of size, payload."""
    messages = list(_messages(data))
    if not messages:
        return
    _ingest.deliver(Incoming(messages, lambda token, count: None, 7))
    parcel = _parcels.pop()
    kept = (len(parcel.alarms) + len(parcel.others)) // 8 + len(parcel.strays)
    assert (parcel.count, kept) == (len(messages), len(messages)), "something fell between"
    for topic, payload in messages:
        names = topics.parse(topic)
        assert names is None or topics.up(names[0], names[1]) == topic or names[2] == "down"
        _read_whole(payload)


def _messages(data: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while at < len(data):
        size = data[at] & 63
        topic = UP if data[at] & 64 else data[at + 1 : at + 1 + size].decode("utf-8", "replace")
        right, at = data[at] & 128, at + 1 + size
        payload = data[at + 1 : at + 1 + (data[at] if at < len(data) else 0)]
        yield topic, with_crc(payload) if right else payload
        at += 1 + len(payload)


def with_crc(data: bytes) -> bytes:
    """The frame with the CRC that it should have."""
    crc: int = crc16(data)
    return data + crc.to_bytes(2, "big")


def _read_whole(payload: bytes) -> None:
    try:
        kind, values = codec.decode(payload)
    except codec.WireError:
        return
    assert kind in layouts.ROWS
    assert isinstance(values, dict)


def reply(data: bytes) -> None:
    """An answer to an order, and every state that it meets."""
    try:
        kind, values = codec.decode(with_crc(data))
    except codec.WireError:
        return
    if kind != layouts.ANSWER:
        return
    states = (*orders.OWED, *orders.NOT_SENT, orders.APPLIED, orders.ARMED, orders.REFUSED)
    for state in states:
        after = orders.state_after(state, values["result"], values["reason"])
        assert after in states
        assert orders.state_after(after, values["result"], values["reason"]) == after


def fences(data: bytes) -> None:
    """A file of fences, as far as a person's file comes before it is refused or signed: the bytes
    of one, or (first byte 0) the example with odd values in odd places, two bytes each."""
    try:
        content = _changed(data[1:]) if data[:1] == b"\0" else json.loads(data)
    except (ValueError, RecursionError):
        return
    try:
        for fence in geojson.fences_of(content, "file"):
            wire_fence(fence)
        geojson.time_zone_of(content)
    except Refused:
        return


ODD = (None, True, -1, 0, 2**70, -2**70, 1e300, float("nan"), float("inf"), "", "in", "x" * 99, [],
       {}, [[]], [[[1, 2], [2, 3]]], {"type": "Point"}, "Polygon", "Feature", "daily 7:00-7:00",
       "mon 25:99", [1], [10.7, 59.9, 5.0], [91.0, 181.0], "1e5", "\ud800")  # fmt: skip


def _changed(script: bytes) -> Any:
    content = json.loads(json.dumps(geojson.EXAMPLE))
    for at in range(0, len(script) - 1, 2):
        places = list(_places(content))
        where, key = places[script[at] % len(places)]
        where[key] = json.loads(json.dumps(ODD[script[at + 1] % len(ODD)]))
        if not any(True for _ in _places(content)):
            break
    return content


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value that something stands in."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from _places(value[key])


# -- what they begin with ------------------------------------------------------------------


def framed(*frames: bytes) -> bytes:
    """Messages for `ingest`: on the own topic, their CRC made anew."""
    return b"".join(bytes((192, len(one) - 2)) + one[:-2] for one in frames)


SAID = [
    LOGIN,
    packets.publish(UP, b"payload", 1, 1) * 3,
    packets.publish(UP, b"payload"),
    packets.publish("trygg/v1/nord/bodil/up", b"payload", 1, 2),
    packets.subscribe(3, [(DOWN, 1), ("#", 0)]),
    packets_server.unsubscribe(4, [DOWN]),
    packets.puback(1) + packets.PINGREQ,
    packets.publish(UP, b"payload", 2, 9),
    packets.connect("aase", "aase", b"error", 0, False, (UP, b"will", 1, True)),
    packets.DISCONNECT,
]
SENT = [
    packets_server.connack(True, 0),
    packets.publish(UP, b"payload", 1, 7) * 3,
    packets.publish(UP, b"payload"),
    packets_server.suback(1, [1]) + packets_server.PINGRESP,
    packets.publish("trygg/probe/t", b"") + packets.publish("trygg/probe/t", bytes(50)),
    packets.join_packet(3, 2, packets.text16(UP) + b"\0\7\2\1\1payload"),
    packets.join_packet(3, 2, packets.text16(UP) + b"\0\7\0payload"),
]
FILES = [
    json.dumps(geojson.EXAMPLE).encode(),
    b'[{"number":1,"keep":"out","shape":"circle","lat":59.9,"lon":10.7,"radius_m":50}]',
    b'{"type":"Feature","properties":null,"geometry":{"type":"Polygon","coordinates":[[[1,2]]]}}',
]
TARGETS: dict[str, Callable[[bytes], None]] = {
    "listener": listener,
    "inbound": inbound,
    "ingest": ingest,
    "reply": reply,
    "fences": fences,
}
SEEDS: dict[str, list[bytes]] = {
    "listener": [bytes((how,)) + b"".join(SAID[at : at + 4]) for at in range(len(SAID))
                 for how in (15, 11, 13, 9, 3, 4)],
    "inbound": [bytes((how,)) + b"".join(SENT[at : at + 3]) for at in range(len(SENT))
                for how in (14, 15, 6, 7, 4, 5, 0, 1)],
    "ingest": [framed(report(1, 2), alarm(1, 3)), framed(health(2, 9), answer(3, 4)),
               b"\x8ctrygg/v1/a/b\x03abc", b"\x15trygg/v1/nord/old/up\x00"],
    "reply": [answer(3, 4)[:-2], report(1, 1)[:-2]],
    "fences": [*FILES, *(bytes((0, place, value)) for place in range(0, 40, 3)
                         for value in range(0, len(ODD), 5))],
}  # fmt: skip
