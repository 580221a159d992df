"""The gateway's decoder and the codec say the same of every frame, of the bad ones too."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.records import alarm, answer, health, report
from trygg_gateway import decoder
from trygg_wire import codec, layouts
from trygg_wire.crc16 import crc16
from wire_messages import messages

REPORTS = [report(1, 7), alarm(3, 70_000), health(1, 300), answer(2, 9)]


def outcome(decode, frame):
    """What a decoder makes of a frame: values with their types and order, or the error's text."""
    try:
        kind, values = decode(frame)
    except codec.WireError as error:
        return str(error)
    return kind, repr(values)


def same_of(frame):
    frame = bytes(frame)
    assert outcome(decoder.decode, frame) == outcome(codec.decode, frame)


def with_crc(data):
    return bytes(data) + crc16(data).to_bytes(2, "big")


@given(messages())
@settings(max_examples=400, deadline=None)
def test_every_valid_frame_is_read_alike(message):
    frame = codec.encode(*message)
    assert decoder.decode(frame) == message
    same_of(frame)


@given(messages(), st.data())
@settings(max_examples=400, deadline=None)
def test_changed_bytes_under_a_crc_that_fits_are_read_or_refused_alike(message, data):
    frame = bytearray(codec.encode(*message)[:-2])
    for _ in range(data.draw(st.integers(1, 3))):
        frame[data.draw(st.integers(0, len(frame) - 1))] ^= data.draw(st.integers(1, 255))
    same_of(with_crc(frame))


@given(st.sampled_from([0x11, 0x12, 0x13, 0x14, 0x18, 0x19, 0x15, 0x21]), st.binary(max_size=200))
@settings(max_examples=400, deadline=None)
@example(0x11, b"")
def test_any_bytes_under_a_crc_that_fits_are_read_or_refused_alike(first, junk):
    same_of(with_crc(bytes([first]) + junk))


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_any_bytes_at_all_are_refused_alike(junk):
    same_of(junk)


@pytest.mark.parametrize("frame", REPORTS, ids=["report", "alarm", "health", "answer"])
def test_a_frame_cut_anywhere_or_with_more_at_its_end_is_refused_alike(frame):
    body = frame[:-2]
    for length in range(len(body)):
        same_of(frame[:length])
        same_of(with_crc(body[:length]))
    for more in (b"\x00", b"\x80", b"\x00\x00\x00\x00\x00"):
        same_of(with_crc(body + more))


@pytest.mark.parametrize("frame", REPORTS, ids=["report", "alarm", "health", "answer"])
def test_every_value_of_every_byte_is_read_or_refused_alike(frame):
    for at in range(len(frame) - 2):
        for value in range(256):
            same_of(with_crc(frame[:at] + bytes([value]) + frame[at + 1 : -2]))


@pytest.mark.parametrize("east", [-180_000_000, -179_999_999, -1, 0, 179_999_999])
@pytest.mark.parametrize("further", [-180_000_000, -179_999_999, 0, 1, 179_999_999])
def test_a_way_over_the_180th_meridian_is_read_alike(east, further):
    place = {
        "age_s": 4,
        "lat_e6": -90_000_000,
        "accuracy_dm": 0,
        "speed_dm_s": 0,
        "course_deg": 360,
    }
    fixes = [place | {"lon_e6": east}, place | {"lon_e6": further, "lat_e6": 90_000_000}]
    frame = report(1, 1, fixes=fixes)
    assert decoder.decode(frame)[1]["fixes"] == codec.decode(frame)[1]["fixes"] == fixes


def test_the_longest_lists_are_read_alike():
    place = {
        "age_s": 60,
        "lat_e6": 1,
        "lon_e6": 2,
        "accuracy_dm": 5,
        "speed_dm_s": 0,
        "course_deg": 2,
    }
    fixes = [place | {"lat_e6": n * n * 10_000} for n in range(60)]
    fixes[0]["age_s"] = 4
    bounds = [{"number": n, "bound_s": 86_400} for n in range(1, 17)]
    frame = report(1, 1, fixes=fixes, bounds=bounds)
    assert decoder.decode(frame)[1]["fixes"] == fixes
    same_of(frame)


def test_valid_frames_do_not_need_the_codec(monkeypatch):
    def never(frame):
        raise AssertionError(f"{frame.hex()} went the slow way")

    expected = [codec.decode(frame) for frame in REPORTS]
    monkeypatch.setattr(codec, "decode", never)
    assert [decoder.decode(frame) for frame in REPORTS] == expected


def test_a_slice_of_a_packet_is_read_like_the_bytes_it_shows():
    for frame in REPORTS:
        assert decoder.decode(memoryview(frame)) == codec.decode(frame)


def test_there_is_a_compiled_function_for_every_kind():
    for kind in layouts.ROWS:
        assert decoder.compiled(kind)
