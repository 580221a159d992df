"""NMEA under fire: random and damaged streams, every split, and the machine code's own source.

nmea_fast.py is MicroPython's viper. Its source is read here as plain Python, with the few words of
that compiler given a meaning, and bounds checks that the machine code does not have: an index past
a buffer's end fails a test here instead of writing over a tracker's memory.
"""

from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmea_sentences import clock, epoch, gsa, gst, gsv, rmc, sentence
from tracker import nmea, nmea_plain

FAST = Path(nmea_plain.__file__).with_name("nmea_fast.py")


class Pointer:
    """A viper pointer that knows how much it may touch."""

    def __init__(self, buffer, form):
        self._view = memoryview(buffer).cast("B").cast(form)

    def __getitem__(self, index):
        assert 0 <= index < len(self._view)
        return self._view[index]

    def __setitem__(self, index, value):
        assert 0 <= index < len(self._view)
        assert -(2**31) <= value < 2**31
        self._view[index] = value


def fast_scan():
    """nmea_fast.scan as plain Python."""
    words = {
        "micropython": SimpleNamespace(viper=lambda function: function),
        "const": lambda value: value,
        "ptr8": lambda buffer: Pointer(buffer, "B"),
        "ptr32": lambda buffer: Pointer(buffer, "i"),
    }
    exec(compile(FAST.read_text(), FAST, "exec"), words)
    return words["scan"]


SCANS = (nmea_plain.scan, fast_scan())
GOOD = b"".join(epoch(second) + gsa() + gsv() + gst(clock(second)) for second in range(4))


def counts(receiver):
    c = receiver.counters
    scanned = c.sentences, c.bad, c.overrun
    return (*scanned, c.fixes, c.no_fix, c.torn, c.refused_because())


def fixes(receiver, pieces):
    """Feed pieces at one moment; every fix that is handed out, and what the counters say."""
    found = []
    for piece in pieces:
        receiver.feed(piece, 0)
        found.append(receiver.take())
    receiver.feed(b"", 100)
    found.append(receiver.take())
    return [fix for fix in found if fix], counts(receiver)


def single_bytes(data):
    return [data[at : at + 1] for at in range(len(data))]


def split(data, places):
    cuts = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in zip(cuts, cuts[1:]) if b > a]


texts = st.sampled_from([
    b"$", b"*", b",", b"\r\n", b"GNRMC,", b"GNGGA,", b"GNGSA,A,", b"GNGST,", b"A", b"V", b"N", b".",
    b"101530.00", b"5955.62000,N,01042.06000,E", b"140626", b"\x00", b"*00", b"*5C", b"3", b"-",
    rmc(), gsa(), gsv(), b"$" + b"k" * 254, b"99999999999",
])  # fmt: skip
noise = st.lists(st.one_of(texts, st.binary(max_size=12)), max_size=60).map(b"".join)


@st.composite
def damaged(draw):
    """Good epochs with bytes flipped, lost, doubled and put in."""
    data = bytearray(GOOD)
    for _ in range(draw(st.integers(0, 12))):
        at = draw(st.integers(0, len(data) - 1))
        match draw(st.sampled_from("flip lose double insert cut".split())):
            case "flip":
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "lose":
                del data[at]
            case "double":
                data[at:at] = data[at : at + 1]
            case "insert":
                data[at:at] = draw(st.binary(max_size=4))
            case "cut":
                del data[at : at + draw(st.integers(1, 80))]
    return bytes(data)


@st.composite
def framed(draw):
    """Sentences with right checksums and any fields at all."""
    field = st.one_of(
        st.sampled_from(["", "A", "V", "N", "S", "E", "W", "1", "0", "08", "1.5", ".", "1.", ".5",
                         "101530.00", "101530", "235960.9", "5955.62000", "01042.06000", "140626",
                         "99999999", "1234567.1", "1.123456789", "-1", "3", "2"]),
        st.text(alphabet="0123456789.ANSEWV-+ ", max_size=14),
    )  # fmt: skip
    fields = draw(st.lists(field, max_size=20))
    name = draw(st.sampled_from(["GNRMC", "GPGGA", "GLGST", "GAGSA", "PGRMC", "PQGGA", "GNRM"]))
    return sentence(",".join([name, *fields]))


@pytest.mark.parametrize("scan", SCANS)
@given(data=st.one_of(noise, damaged()))
@settings(max_examples=150, deadline=None)
def test_nothing_raises_and_the_next_whole_sentence_is_read(scan, data):
    receiver = nmea.Receiver(scan)
    receiver.feed(data, 0)
    before = receiver.counters.sentences
    receiver.feed(gsv(), 0)
    assert receiver.counters.sentences == before + 1


@given(data=st.one_of(noise, damaged(), st.lists(framed(), max_size=8).map(b"".join)))
@settings(max_examples=400, deadline=None)
def test_machine_code_and_plain_code_are_one(data):
    plain, fast = (nmea.Receiver(scan) for scan in SCANS)
    assert fixes(plain, [data]) == fixes(fast, [data])
    assert plain._state[0] == fast._state[0]  # the phase


@given(data=damaged(), places=st.lists(st.integers(0, 5000), max_size=20))
@settings(max_examples=150, deadline=None)
def test_every_split_of_a_stream_gives_the_same_fixes(data, places):
    one_by_one = fixes(nmea.Receiver(), single_bytes(data))
    handed, counted = fixes(nmea.Receiver(SCANS[1]), split(data, places))
    assert counted == one_by_one[1]
    assert all(fix in one_by_one[0] for fix in handed)  # of several in one piece only the newest


@given(data=damaged())
@settings(max_examples=200, deadline=None)
def test_damage_never_moves_the_wearer(data):
    handed, _ = fixes(nmea.Receiver(), single_bytes(data))
    for fix in handed:
        assert (fix.lat_e6, fix.lon_e6) == (59927000, 10701000)
        assert 203595330 <= fix.time_s <= 203595333


@given(st.lists(framed(), max_size=30))
@settings(max_examples=150, deadline=None)
def test_what_is_handed_out_is_within_the_world_whatever_the_fields(lines):
    handed, _ = fixes(nmea.Receiver(), lines)
    for fix in handed:
        assert -90_000_000 <= fix.lat_e6 <= 90_000_000
        assert -180_000_000 <= fix.lon_e6 <= 180_000_000
        assert 0 < fix.time_s < 2**30
        assert 10 <= fix.accuracy_dm <= 60_000
        assert 0 <= fix.course_deg <= 360
        assert 3 <= fix.satellites <= 99


def test_every_cut_and_every_flipped_bit_of_one_epoch_gives_that_epoch_or_nothing():
    data = epoch(0) + gst()
    whole, _ = fixes(nmea.Receiver(), [data])
    for at in range(len(data)):
        for bit in range(8):
            flipped = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
            handed, _ = fixes(nmea.Receiver(), [flipped])
            assert not handed or handed[0][:3] == whole[0][:3], (at, bit)
        handed, _ = fixes(nmea.Receiver(), [data[:at]])
        assert not handed or handed[0][:3] == whole[0][:3]
