"""The codec against values and bytes that nobody thought of."""

from hypothesis import given, settings
from hypothesis import strategies as st

from trygg_wire import codec, layouts
from trygg_wire.crc16 import _crc16_by_table, crc16


def _values(rows, first=True):
    return st.fixed_dictionaries(
        {row[0]: _value(row) for row in rows if row[0] != "spare"},
    )


def _value(row):
    name, form, low, high, step = row
    if form == "list":
        few = min(high, 4)
        return st.lists(_values(layouts.LISTS[name]), min_size=low, max_size=max(low, few))
    if form == "text":
        return st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=high)
    if form in ("bytes", "raw"):
        return st.binary(min_size=low, max_size=min(high, 64) if form == "bytes" else high)
    if form == "lon":
        high -= 1
    return st.integers(low // step, high // step).map(lambda number: number * step)


def _first_age_is_the_records(values):
    for entry in (values.get("fixes") or values.get("evidence") or [])[:1]:
        entry["age_s"] = values["fix_age_s"]
    return values


@st.composite
def messages(draw):
    kind = draw(st.sampled_from(sorted(layouts.ROWS)))
    return kind, _first_age_is_the_records(draw(_values(layouts.ROWS[kind])))


@given(messages())
@settings(max_examples=400, deadline=None)
def test_whatever_is_encoded_decodes_to_itself(message):
    kind, values = message
    frame = codec.encode(kind, values)
    assert codec.decode(frame) == (kind, values)


@given(st.sampled_from(sorted(layouts.BODIES)).flatmap(
    lambda kind: st.tuples(st.just(kind), _values(layouts.BODIES[kind]))))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_whatever_body_is_encoded_decodes_to_itself(body):
    kind, values = body
    assert codec.decode_body(kind, codec.encode_body(kind, values)) == values


FENCES = _values(layouts.BODIES[layouts.FENCES])


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
