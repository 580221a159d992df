"""What a broker sends is cut the same however it arrives, and nothing of it fills the memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trygg_gateway import broker_inbound
from trygg_gateway.broker_inbound import KEPT_BYTES, PACKET_MAX, Inbound
from trygg_wire import packets, packets_server
from trygg_wire.packets import PacketError

TOPIC = "trygg/v1/nord/aase/up"


class Cut:
    """An Inbound and all that it told."""

    def __init__(self, five: bool = False) -> None:
        self.came: list[tuple[str, bytes]] = []
        self.ids: list[int] = []
        self.others: list[bytes] = []
        self.counters = {"unreadable_topics": 0, "too_large": 0}
        self.echoes: list[int] = []
        echo = b"trygg/probe/t", lambda: self.echoes.append(1)
        others = self.others.append
        self.inbound = Inbound(self.came, self.ids.append, others, self.counters, five, echo)

    def feed(self, data: bytes, size: int = 1 << 30) -> "Cut":
        for at in range(0, len(data), size):
            self.inbound.feed(data[at : at + size])
        return self


def five(payload: bytes, properties: bytes, packet_id: int = 7) -> bytes:
    """An MQTT 5 publish of quality of service 1."""
    body = packets.text16(TOPIC) + packet_id.to_bytes(2, "big") + properties + payload
    return packets.join_packet(packets.PUBLISH, 2, body)


PUBLISHES = st.lists(
    st.tuples(st.text("aåø/", min_size=1, max_size=40), st.binary(max_size=300), st.booleans()),
    max_size=12,
)


@given(PUBLISHES, st.integers(1, 500))
def test_however_it_arrives_the_publishes_are_those_that_were_sent(publishes, size):
    stream, ids = b"", []
    for number, (topic, payload, asked) in enumerate(publishes, 1):
        ids.append(number if asked else 0)
        stream += packets.publish(topic, payload, int(asked), number) + packets_server.PINGRESP
    cut = Cut().feed(stream, size)
    assert cut.came == [(topic, payload) for topic, payload, _ in publishes]
    assert cut.ids == ids
    assert cut.others == [packets_server.PINGRESP] * len(publishes)


@pytest.mark.parametrize("properties", [b"\0", b"\x02\x01\x01", b"\x82\x01" + bytes(130)])
def test_properties_of_mqtt_5_are_passed_over(properties):
    for size in (1, 1000):
        cut = Cut(five=True).feed(five(b"one", properties) + five(b"", properties, 8), size)
        assert cut.came == [(TOPIC, b"one"), (TOPIC, b"")]
        assert cut.ids == [7, 8]


@pytest.mark.parametrize(
    ("stream", "is_five"),
    [
        (packets.publish(TOPIC, b"x", 2, 1), False),  # never subscribed to
        (packets.join_packet(3, 2, packets.text16(TOPIC) + b"\0\0x"), False),  # no packet id
        (packets.join_packet(3, 2, packets.text16(TOPIC)), False),
        (packets.join_packet(3, 0, b"\0\x09abc"), False),  # a topic that goes on past the end
        (packets.join_packet(3, 0, b"\0"), False),
        (packets.join_packet(3, 0, b""), False),
        (b"\x30\xff\xff\xff\xff\x01", False),  # a length of five bytes
        (b"\x00\x81\x01", False),  # no such type
        (five(b"", b""), True),
        (five(b"", b"\x09\x01"), True),
        (five(b"", b"\xff\xff\xff\xff\x01"), True),
        (packets.join_packet(packets.SUBACK, 0, bytes(PACKET_MAX)), False),
    ],
)
def test_what_no_broker_sends_is_refused(stream, is_five):
    with pytest.raises(PacketError):
        Cut(is_five).feed(stream)


def test_a_topic_that_is_not_utf_8_is_handed_on_as_hex():
    body = b"\0\x0atrygg/v1/\xff" + b"\0\x05" + b"odd"
    cut = Cut().feed(packets.join_packet(packets.PUBLISH, 2, body))
    assert cut.came == [("not-utf-8/" + b"trygg/v1/\xff".hex(), b"odd")]
    assert (cut.ids, cut.counters["unreadable_topics"]) == ([5], 1)


@pytest.mark.parametrize("size", [1_000, 65_536, 1 << 30])
@pytest.mark.parametrize("payload", [PACKET_MAX, 300_000])
def test_of_what_is_too_large_the_beginning_is_kept_and_the_rest_read_past(size, payload):
    large = packets.publish(TOPIC, bytes(range(250)) * (payload // 250 + 1), 1, 9)
    stream = large + packets.publish(TOPIC, b"after", 1, 10)
    cut = Cut().feed(stream, size)
    assert cut.came[0][0] == f"too-large/{len(large)}/{TOPIC}"
    assert cut.came[0][1] == (bytes(range(250)) * 20)[:KEPT_BYTES]
    assert cut.came[1:] == [(TOPIC, b"after")]
    assert (cut.ids, cut.counters["too_large"]) == ([9, 10], 1)


def test_topics_remembered_are_bounded(monkeypatch):
    monkeypatch.setattr(broker_inbound, "TOPICS_MAX", 3)
    cut = Cut()
    for number in range(10):
        cut.feed(packets.publish(f"t/{number}", b""))
        assert len(cut.inbound._topics) <= 3
    assert [topic for topic, _ in cut.came] == [f"t/{number}" for number in range(10)]


def test_our_own_word_that_comes_back_is_nobodys_record():
    cut = Cut().feed(packets.publish("trygg/probe/t", b"") + packets.publish(TOPIC, b"x", 1, 3))
    assert (cut.echoes, cut.came, cut.ids) == ([1], [(TOPIC, b"x")], [3])
    cut.feed(packets.publish("trygg/probe/t", b"forged", 1, 4))
    assert cut.came[-1] == ("trygg/probe/t", b"forged"), "one that wants an answer gets it"


def test_what_is_too_large_never_touches_what_came_before_it():
    """Also on the topic of our own word, where what comes is otherwise nobody's record."""
    before = packets.publish(TOPIC, b"an alarm", 1, 41)
    large = packets.publish("trygg/probe/t", bytes(PACKET_MAX))
    cut = Cut().feed(before + large + packets.publish(TOPIC, b"after", 1, 42))
    assert [payload for _, payload in cut.came] == [b"an alarm", bytes(KEPT_BYTES), b"after"]
    assert [topic.split("/")[0] for topic, _ in cut.came] == ["trygg", "too-large", "trygg"]
    assert (cut.ids, cut.echoes) == ([41, 0, 42], [])
    assert Cut().feed(large).came[0][0].startswith("too-large/")


@pytest.mark.parametrize("size", [9_000, 65_536, 1 << 30])
def test_properties_that_are_too_large_alone_cost_the_payload_and_not_the_connection(size):
    text = b"\x26\x00\x01k\xea\x60" + bytes(60_000)  # a user property of 60 KB
    length = 2 * len(text)
    encoded = bytes((length & 127 | 128, length >> 7 & 127 | 128, length >> 14))
    stream = five(b"payload", encoded + text + text, 7) + five(b"after", b"\0", 8)
    cut = Cut(five=True).feed(stream, size)
    assert cut.came[0][0].endswith(TOPIC)
    assert cut.came[0][1] == b""
    assert cut.came[1:] == [(TOPIC, b"after")]
    assert cut.ids == [7, 8]
