"""MQTT 3.1.1 packets against vectors typed from the OASIS specification, on both interpreters.

The hex stands as in the specification's figures (named beside each), not as our code wrote it.
"""

from trygg_wire import packets, packets_server
from trygg_wire.packets import PacketError


def hexed(text):
    return bytes([int(pair, 16) for pair in text.split()])


def refused(call, *values):
    """The text with which PacketError refuses the call; an assertion if it does not."""
    try:
        call(*values)
    except PacketError as error:
        return str(error)
    raise AssertionError("accepted: %r" % (values,))


def body_of(packet):
    ((kind, flags, body),) = packets.Reader(1 << 20).feed(packet)
    return kind, flags, body


# figure 3.6: user name, password, will of qos 1, clean session; keep alive 10 seconds
CONNECT = hexed(
    "10 2B 00 04 4D 51 54 54 04 CE 00 0A"
    " 00 07 61 61 73 65 2D 30 31 00 03 61 2F 62 00 03 62 79 65"
    " 00 07 61 61 73 65 2D 30 31 00 03 70 C3 B8"
)
# figures 3.10 and 3.11: topic a/b, packet identifier 10
PUBLISH = hexed("32 0A 00 03 61 2F 62 00 0A 68 65 69")
# figures 3.20 to 3.23: identifier 10, a/b at qos 1, c/d at qos 2
SUBSCRIBE = hexed("82 0E 00 0A 00 03 61 2F 62 01 00 03 63 2F 64 02")
# figures 3.24 to 3.26: maximum qos 0, maximum qos 2, failure
SUBACK = hexed("90 05 00 0A 00 02 80")
# figures 3.28 to 3.30
UNSUBSCRIBE = hexed("A2 0C 00 0A 00 03 61 2F 62 00 03 63 2F 64")
UNSUBACK = hexed("B0 02 00 0A")  # figure 3.31
PUBACK = hexed("40 02 00 0A")  # figure 3.12
CONNACK = hexed("20 02 01 00")  # figure 3.8
ALL = (
    CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK,
    hexed("C0 00"), hexed("D0 00"), hexed("E0 00"),  # figures 3.33, 3.34, 3.35
)  # fmt: skip


def test_connect_is_written_as_in_figure_3_6():
    will = ("a/b", b"bye", 1, False)
    assert packets.connect("aase-01", "aase-01", hexed("70 C3 B8"), 10, True, will) == CONNECT


def test_connect_is_read_as_in_figure_3_6():
    kind, flags, body = body_of(CONNECT)
    assert (kind, flags) == (packets.CONNECT, 0)
    assert packets_server.read_connect(body) == (
        4, "aase-01", "aase-01", hexed("70 C3 B8"), 10, True, ("a/b", b"bye", 1, False),
    )  # fmt: skip


def test_connect_without_login_and_will_keeps_its_session():
    written = packets.connect("aase-01", None, None, 0, False)
    assert written == hexed("10 13 00 04 4D 51 54 54 04 00 00 00 00 07 61 61 73 65 2D 30 31")
    assert packets_server.read_connect(written[2:]) == (4, "aase-01", None, None, 0, False, None)


def test_connack_says_session_and_code():
    assert packets_server.connack(True, packets.ACCEPTED) == CONNACK
    assert packets_server.connack(False, packets.ACCEPTED) == hexed("20 02 00 00")
    # [MQTT-3.2.2-4]: a refusal has session present 0
    assert packets_server.connack(True, packets_server.NOT_AUTHORIZED) == hexed("20 02 00 05")
    assert packets.read_connack(hexed("01 00")) == (True, 0)
    assert packets.read_connack(hexed("00 04")) == (False, packets_server.BAD_LOGIN)


def test_publish_is_written_and_read_as_in_figure_3_11():
    assert packets.publish("a/b", b"hei", 1, 10) == PUBLISH
    kind, flags, body = body_of(PUBLISH)
    assert kind == packets.PUBLISH
    assert packets.read_publish(flags, body) == ("a/b", 1, 10, b"hei", False, False)


def test_publish_of_quality_0_has_no_packet_id():
    written = packets.publish("a/b", b"hei", 0, 10)
    assert written == hexed("30 08 00 03 61 2F 62 68 65 69")
    assert packets.read_publish(0, written[2:]) == ("a/b", 0, 0, b"hei", False, False)


def test_dup_and_retain_are_bits_3_and_0():
    assert packets.publish("a/b", b"", 1, 10, True, True)[0] == 0x3B
    # [MQTT-3.3.1-2]: DUP is 0 for qos 0
    assert packets.publish("a/b", b"", 0, 0, True, False)[0] == 0x30
    assert packets.read_publish(0x0B, PUBLISH[2:])[4:] == (True, True)


def test_acknowledgements_are_two_bytes_of_id():
    assert packets.puback(10) == PUBACK
    assert packets_server.unsuback(10) == UNSUBACK
    assert packets.puback(65535) == hexed("40 02 FF FF")
    assert packets.read_puback(hexed("FF FF")) == 65535


def test_subscriptions_are_written_and_read_as_in_figures_3_20_to_3_30():
    assert packets.subscribe(10, [("a/b", 1), ("c/d", 2)]) == SUBSCRIBE
    assert packets_server.read_subscribe(SUBSCRIBE[2:]) == (10, [("a/b", 1), ("c/d", 2)])
    assert packets_server.suback(10, [0, 2, 0x80]) == SUBACK
    assert packets.read_suback(SUBACK[2:]) == (10, [0, 2, 0x80])
    assert packets_server.unsubscribe(10, ["a/b", "c/d"]) == UNSUBSCRIBE
    assert packets_server.read_unsubscribe(UNSUBSCRIBE[2:]) == (10, ["a/b", "c/d"])


def test_packets_without_a_body_are_two_bytes():
    assert (packets.PINGREQ, packets_server.PINGRESP, packets.DISCONNECT) == ALL[8:]


def test_texts_are_utf_8_behind_their_length():
    # section 1.5.3, figure 1.2: "A" and U+2A6D4
    assert packets.subscribe(1, [("A\U0002a6d4", 0)])[4:] == hexed("00 05 41 F0 AA 9B 94 00")


def test_remaining_lengths_are_those_of_table_2_4():
    # first and last length of each number of digits; table 2.4 stands for the header's bytes
    for size, digits in ((0, "00"), (127, "7F"), (128, "80 01"), (16383, "FF 7F"),
                         (16384, "80 80 01")):  # fmt: skip
        if size < 6:
            continue
        packet = packets.publish("a/b", bytes(size - 5), 0)
        assert packet[1 : 1 + len(hexed(digits))] == hexed(digits)
        assert len(packet) == 1 + len(hexed(digits)) + size
    for digits, size in (("FF FF 7F", 2097151), ("80 80 80 01", 2097152),
                         ("FF FF FF 7F", 268435455)):  # fmt: skip
        header = hexed("30 " + digits)
        assert packets.frame(header, 0, size + len(header)) is None
        assert refused(packets.frame, header, 0, size + len(header) - 1) == packets.TOO_LARGE


def test_a_remaining_length_of_five_bytes_is_refused():
    assert "four" in refused(packets.Reader(1 << 28).feed, hexed("30 FF FF FF FF 01"))


def test_a_stream_in_single_bytes_gives_the_same_packets_as_in_one_piece():
    stream = b"".join(ALL)
    at_once = packets.Reader(100).feed(stream)
    reader = packets.Reader(100)
    singly = []
    for byte in stream:
        singly.extend(reader.feed(bytes((byte,))))
    assert singly == at_once
    assert len(at_once) == len(ALL)
    assert [(kind << 4 | flags) for kind, flags, _ in at_once] == [packet[0] for packet in ALL]


def test_every_prefix_is_incomplete_and_nothing_else():
    for packet in ALL:
        for size in range(len(packet)):
            assert packets.Reader(100).feed(packet[:size]) == []
        assert len(packets.Reader(100).feed(packet)) == 1


def test_a_packet_may_be_as_large_as_allowed_and_one_byte_more_is_refused_early():
    assert len(packets.Reader(len(PUBLISH)).feed(PUBLISH)) == 1
    # the header alone is enough to refuse it
    assert refused(packets.Reader(len(PUBLISH) - 1).feed, PUBLISH[:2]) == packets.TOO_LARGE


def test_a_large_packet_in_pieces_is_put_together_in_one_buffer_of_its_size():
    payload = bytes(range(256)) * 26
    large = packets.publish("kari/down", payload, 1, 5)
    stream = PUBLISH + large + large + PUBLISH
    for piece in (1, 7, 900, 6000, len(large), len(stream) - 1):
        reader = packets.Reader(7372)
        made = []
        with_sizes_noted(made)
        found = []
        try:
            for at in range(0, len(stream), piece):
                found.extend(reader.feed(stream[at : at + piece]))
        finally:
            del packets.bytearray
        assert found == packets.Reader(7372).feed(stream), piece
        assert [packets.read_publish(f, body)[3] for _, f, body in found][1:3] == [payload] * 2
        assert [size for size in made if size > 100].count(len(large) - 3) == len(
            [size for size in made if size > 100]
        )


def with_sizes_noted(made):
    def noting(size):
        made.append(size)
        return bytearray(size)

    packets.bytearray = noting


def no_memory(_size):
    raise MemoryError


def test_a_packet_that_finds_no_memory_is_a_packet_error():
    large = packets.publish("kari/down", bytes(6656), 1, 5)
    reader = packets.Reader(7372)
    packets.bytearray = no_memory
    try:
        said = refused(reader.feed, large[:100])
    finally:
        del packets.bytearray
    assert said == "no memory for a packet of %d bytes" % (len(large) - 3)
    body = large[3:]
    packets.memoryview = no_memory
    try:
        assert "no memory" in refused(packets.read_publish, 2, body)
    finally:
        del packets.memoryview


def test_types_and_flags_of_table_2_2_are_demanded():
    allowed = {1: 0, 2: 0, 4: 0, 5: 0, 6: 2, 7: 0, 8: 2, 9: 0, 10: 2, 11: 0, 12: 0, 13: 0, 14: 0}
    for first in range(256):
        kind, flags = first >> 4, first & 15
        if kind == 3:
            fits = flags >> 1 & 3 != 3  # [MQTT-3.3.1-4]
        else:
            fits = allowed.get(kind) == flags
        if fits:
            assert packets.frame(bytes((first, 0)), 0, 10) == (first, 2, 2)
        else:
            assert "%02x" % first in refused(packets.frame, bytes((first, 0)), 0, 10)


def test_every_body_cut_short_is_refused():
    readers = (
        (packets_server.read_connect, CONNECT[2:]),
        (packets.read_connack, CONNACK[2:]),
        (packets.read_puback, PUBACK[2:]),
        (packets.read_suback, SUBACK[2:4]),
    )
    for read, body in readers:
        for size in range(len(body)):
            refused(read, body[:size])
    for size in range(7):
        refused(packets.read_publish, 2, PUBLISH[2 : 2 + size])
    # a cut between two filters leaves a whole packet of one filter
    for size in range(len(SUBSCRIBE) - 2):
        if size != 8:
            refused(packets_server.read_subscribe, SUBSCRIBE[2 : 2 + size])
    for size in range(len(UNSUBSCRIBE) - 2):
        if size != 7:
            refused(packets_server.read_unsubscribe, UNSUBSCRIBE[2 : 2 + size])


def test_a_connect_that_breaks_the_specification_is_refused():
    body = bytearray(CONNECT[2:])
    for place, value in ((0, 1), (2, 0x6D), (7, 0xCF), (7, 0xDE), (7, 0xCA), (7, 0x4E), (7, 0x8E)):
        damaged = bytearray(body)
        damaged[place] = value
        refused(packets_server.read_connect, bytes(damaged))
    refused(packets_server.read_connect, bytes(body) + b"\0")
    # [MQTT-3.1.3-8]: no client id, and yet a session to keep
    refused(packets_server.read_connect, hexed("00 04 4D 51 54 54 04 00 00 00 00 00"))
    assert packets_server.read_connect(hexed("00 04 4D 51 54 54 04 02 00 00 00 00"))[1] == ""


def test_another_protocol_level_is_read_so_that_it_can_be_answered():
    # MQTT 5, which has properties where 3.1.1 has the client id
    assert packets_server.read_connect(hexed("00 04 4D 51 54 54 05 02 00 3C 00 00 00"))[0] == 5


def test_a_packet_id_of_0_is_refused():
    refused(packets.read_puback, hexed("00 00"))
    refused(packets.read_publish, 2, hexed("00 03 61 2F 62 00 00"))
    refused(packets_server.read_subscribe, hexed("00 00 00 01 61 00"))
    refused(packets.read_suback, hexed("00 00 00"))
    refused(packets_server.read_unsubscribe, hexed("00 00 00 01 61"))


def test_topics_with_wildcards_nulls_or_no_name_are_refused():
    for topic in ("00 01 2B", "00 01 23", "00 00", "00 01 00"):
        refused(packets.read_publish, 0, hexed(topic))
    for topic in ("+", "a/#", "", "a\0b"):
        refused(packets.publish, topic, b"")


def test_text_that_is_not_utf_8_is_refused():
    refused(packets.read_publish, 0, hexed("00 02 C3 28"))
    refused(packets_server.read_subscribe, hexed("00 0A 00 01 FF 00"))


def test_subscriptions_to_nothing_or_at_no_quality_are_refused():
    refused(packets_server.read_subscribe, hexed("00 0A"))
    refused(packets_server.read_subscribe, hexed("00 0A 00 01 61 03"))
    refused(packets_server.read_unsubscribe, hexed("00 0A"))
    refused(packets.read_suback, hexed("00 0A"))
    refused(packets.read_suback, hexed("00 0A 03"))


def test_values_past_their_range_are_not_written():
    for packet_id in (0, 65536, -1):  # 65536 must not wrap to 0 in MicroPython's struct
        refused(packets.puback, packet_id)
        refused(packets.publish, "a/b", b"", 1, packet_id)
        refused(packets.subscribe, packet_id, [("a", 0)])
    refused(packets.connect, "aase-01", None, None, 65536, True)
    refused(packets.connect, "aase-01", None, b"secret", 60, True)
    refused(packets.connect, "x" * 65536, None, None, 60, True)
    refused(packets.publish, "a/b", b"", 3, 1)
    refused(packets.subscribe, 1, [])
    refused(packets_server.unsubscribe, 1, [])
    refused(packets_server.suback, 1, [3])
    refused(packets_server.connack, False, 256)


def test_no_refusal_says_a_password():
    assert "hemmelig" not in refused(packets.connect, "a", None, b"hemmelig", 60, True)


READ = {
    packets.CONNECT: packets_server.read_connect,
    packets.CONNACK: packets.read_connack,
    packets.PUBACK: packets.read_puback,
    packets.SUBSCRIBE: packets_server.read_subscribe,
    packets.SUBACK: packets.read_suback,
    packets_server.UNSUBSCRIBE: packets_server.read_unsubscribe,
    packets_server.UNSUBACK: packets_server.read_unsuback,
}


def read_all(data):
    """Everything that a stream holds; the one exception is PacketError."""
    try:
        for kind, flags, body in packets.Reader(1000).feed(data):
            if kind == packets.PUBLISH:
                packets.read_publish(flags, body)
            elif kind in READ:
                READ[kind](body)
    except PacketError:
        return False
    return True


def test_every_flipped_bit_is_read_or_refused_and_raises_nothing_else():
    outcomes = [0, 0]
    for packet in ALL:
        for place in range(len(packet)):
            for bit in range(8):
                damaged = bytearray(packet)
                damaged[place] ^= 1 << bit
                outcomes[read_all(bytes(damaged))] += 1
    assert min(outcomes) > 100


def test_seeded_garbage_is_read_or_refused_and_raises_nothing_else():
    state = 20211
    for _ in range(1500):
        garbage = bytearray()
        for _ in range(24):
            state = (state * 1103 + 12345) % 65521
            garbage.append(state & 255)
        read_all(bytes(garbage))
