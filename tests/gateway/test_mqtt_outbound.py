"""Publishes to a broker, packed by us: the window, turns, what is lost; PUBACKs off the line."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from trygg_gateway.sinks.mqtt_outbound import FIRST_ID, IDS, LOST, TOO_LARGE, Message, Outbound
from trygg_gateway.sinks.mqtt_socket import Line
from trygg_wire import packets


def messages(count, device="astrid"):
    return [Message(f"events/{device}", b"%d" % number) for number in range(count)]


def outbound(room, five=False):
    made = Outbound(five)
    made.room = room
    return made


def packed(out):
    """(topic, packet id, payload) of what was packed, and taken by the line."""
    out.pack()
    read = packets.Reader(1 << 20).feed(bytes(out.data))
    out.data.clear()
    found = [packets.read_publish(flags, body) for _, flags, body in read]
    assert {qos for _, qos, *_ in found} <= {1}
    return [(topic, packet_id, bytes(payload)) for topic, _, packet_id, payload, _, _ in found]


def test_no_more_are_unacknowledged_than_there_is_room_for():
    out = outbound(3)
    sending = out.add(messages(5))
    first = packed(out)
    assert [payload for _, _, payload in first] == [b"0", b"1", b"2"]
    assert packed(out) == []
    out.acked(first[1][1], 0)
    assert [payload for _, _, payload in packed(out)] == [b"3"]
    assert sending.codes == [None, 0, None, None, None]


def test_before_the_brokers_welcome_nothing_is_sent():
    out = outbound(0)
    out.add(messages(2))
    assert packed(out) == []


def test_an_alarm_does_not_wait_behind_a_batch():
    out = outbound(2)
    out.add(messages(100))
    (_, first, _), _ = packed(out)
    out.add(messages(1, "alarm"))
    out.acked(first, 0)
    out.acked(first + 1, 0)
    assert "events/alarm" in [topic for topic, _, _ in packed(out)]


def test_a_packet_identifier_is_not_used_again_while_it_waits():
    out = outbound(IDS)
    out.add(messages(1))
    ((_, held, _),) = packed(out)
    for _ in range(IDS + 10):
        out.add(messages(1))
        ((_, packet_id, _),) = packed(out)
        assert FIRST_ID <= packet_id < FIRST_ID + IDS
        assert packet_id != held
        out.acked(packet_id, 0)


def test_when_the_connection_is_lost_everybody_is_told_what_was_confirmed_and_what_not():
    out = outbound(2)
    waiting, behind = out.add(messages(3)), out.add(messages(1))
    ((_, first, _), *_) = packed(out)
    out.acked(first, 0)
    out.lost()
    assert (waiting.codes, behind.codes) == ([0, LOST, LOST], [LOST])
    assert packed(out) == [], "and nothing more is sent"


def test_what_its_sender_has_given_up_is_not_sent():
    out = outbound(1)
    given_up = out.add(messages(3))
    assert len(packed(out)) == 1
    out.withdraw(given_up)
    out.add(messages(1, "bjorn"))
    out.room = 5
    assert [topic for topic, _, _ in packed(out)] == ["events/bjorn"]


def test_what_is_larger_than_the_broker_takes_is_refused_and_the_rest_sent():
    out = outbound(5)
    out.most_bytes = 1000
    sending = out.add([Message("events/astrid", bytes(600)), *messages(1)])
    assert [payload for _, _, payload in packed(out)] == [b"0"]
    assert sending.codes == [TOO_LARGE, None]


def test_with_mqtt_5_a_publish_says_what_it_holds():
    out = outbound(1, five=True)
    out.add([Message("a/b", b"{}", retain=True, content="application/json")])
    out.pack()
    text = b"\x00\x10application/json"
    expected = b"\x00\x03a/b\x80\x01" + b"\x15\x01\x01\x03" + text + b"{}"
    assert bytes(out.data) == bytes([0x33, len(expected)]) + expected


def test_a_sender_is_woken_by_answers_until_it_has_them_all():
    async def story():
        out = outbound(2)
        sending = out.add(messages(2))
        ids = [packet_id for _, packet_id, _ in packed(out)]
        out.acked(ids[0], 0)
        assert await sending.more()
        out.acked(ids[1], 0x97)
        assert not await sending.more()
        assert not await out.add([]).more(), "who sends nothing waits for nothing"
        return sending.codes

    assert asyncio.run(story()) == [0, 0x97]


class Pieces:
    """A socket that gives these bytes, a piece a call, and has nothing between them."""

    def __init__(self, data, cuts):
        ends = sorted({*(cut % (len(data) + 1) for cut in cuts), len(data)})
        self.pieces = [data[a:b] for a, b in zip([0, *ends], ends, strict=False) if a < b]

    def recv(self, size):
        if not self.pieces:
            raise BlockingIOError
        return self.pieces.pop(0)

    def setsockopt(self, *_):
        pass


LONG = packets.publish("down", bytes(300), 1, 9)
OTHERS = [b"\x20\x03\x00\x00\x00", b"\xd0\x00", LONG, b"\xb0\x02\x00\x05", b"\xe0\x00"]
PUBACKS = st.tuples(st.integers(1, 65_535), st.sampled_from([None, 0, 0x10, 0x97]))


def puback(packet_id, code):
    tail = b"" if code is None else bytes([code])
    return bytes([0x40, 2 + len(tail)]) + packet_id.to_bytes(2, "big") + tail


@given(
    st.lists(st.one_of(st.sampled_from(OTHERS), PUBACKS), max_size=12),
    st.lists(st.integers(0, 4000), max_size=12),
)
@settings(deadline=None)
def test_however_the_bytes_come_pubacks_are_told_and_the_rest_is_whole_for_paho(stream, cuts):
    data = b"".join(one if isinstance(one, bytes) else puback(*one) for one in stream)
    pieces, acked, left = Pieces(data, cuts), [], b""
    line = Line(pieces, 5.0)
    line.acked = lambda packet_id, code: acked.append((packet_id, code))
    while pieces.pieces or line.pending():
        try:
            left += line.recv(7)
        except BlockingIOError:
            continue
    assert acked == [(one[0], one[1] or 0) for one in stream if isinstance(one, tuple)]
    assert left == b"".join(one for one in stream if isinstance(one, bytes))
