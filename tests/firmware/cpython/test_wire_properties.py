"""The codec against values and bytes that nobody thought of."""

from hypothesis import given, settings
from hypothesis import strategies as st

from trygg_wire import codec, layouts
from trygg_wire.crc16 import _crc16_by_table, crc16
from wire_messages import messages, values_of


@given(messages())
@settings(max_examples=400, deadline=None)
def test_whatever_is_encoded_decodes_to_itself(message):
    kind, values = message
    frame = codec.encode(kind, values)
    assert codec.decode(frame) == (kind, values)


@given(st.sampled_from(sorted(layouts.BODIES)).flatmap(
    lambda kind: st.tuples(st.just(kind), values_of(layouts.BODIES[kind]))))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_whatever_body_is_encoded_decodes_to_itself(body):
    kind, values = body
    assert codec.decode_body(kind, codec.encode_body(kind, values)) == values


FENCES = values_of(layouts.BODIES[layouts.FENCES])


@given(FENCES, st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), max_size=2))
@settings(max_examples=300, deadline=None)
def test_fences_one_at_a_time_are_the_fences_together_or_both_are_refused(values, flips):
    body = bytearray(codec.encode_body(layouts.FENCES, values))
    for at, flip in flips:
        body[at % len(body)] ^= flip
    assert _one_at_a_time(bytes(body)) == _together(bytes(body))


def _together(body):
    try:
        return codec.decode_body(layouts.FENCES, body)
    except codec.WireError:
        return None


def _one_at_a_time(body):
    parts = codec.fences_of(memoryview(body))
    try:
        values = {**next(parts), "fences": list(parts)}
    except codec.WireError:
        return None
    for fence in values["fences"]:
        for ring in fence["rings"]:
            ring["points"] = list(ring["points"])
    return values


@given(st.binary(max_size=200))
@settings(max_examples=500, deadline=None)
def test_any_bytes_are_refused_or_are_the_one_frame_of_their_values(junk):
    for first in (b"", b"\x11", b"\x12", b"\x13", b"\x14", b"\x18", b"\x19"):
        head = first + junk
        frame = head + crc16(head).to_bytes(2, "big")
        try:
            kind, values = codec.decode(frame)
        except codec.WireError:
            continue
        assert codec.encode(kind, values) == frame


@given(messages(), st.data())
@settings(max_examples=300, deadline=None)
def test_a_changed_byte_under_a_crc_that_fits_is_refused_or_read_as_what_it_says(message, data):
    frame = bytearray(codec.encode(*message)[:-2])
    frame[data.draw(st.integers(0, len(frame) - 1))] ^= data.draw(st.integers(1, 255))
    changed = bytes(frame) + crc16(frame).to_bytes(2, "big")
    try:
        kind, values = codec.decode(changed)
    except codec.WireError:
        return
    assert codec.encode(kind, values) == changed


@given(st.binary(max_size=300))
def test_both_ways_to_the_crc_agree(data):
    assert crc16(data) == _crc16_by_table(data)
