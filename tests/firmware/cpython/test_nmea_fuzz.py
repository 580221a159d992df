"""NMEA under fire: random and damaged streams, every split, and the machine code's own source.

nmea_fast.py is MicroPython's viper. Its source is read here as plain Python, with the few words of
that compiler given a meaning, and bounds checks that the machine code does not have: an index past
a buffer's end fails a test here instead of writing over a tracker's memory.
"""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nmea_sentences import clock, epoch, gga, gsa, gst, gsv, rmc, sentence
from tracker import nmea, nmea_plain, nmea_rows, nmea_usual
from tracker.nmea_rows import READ, UNREADABLE
from trygg_tools.nmea_sentence import checksum

FAST = Path(nmea_plain.__file__).with_name("nmea_fast.py")


class Int32(int):
    """An integer of 32 bits that wraps, as on the chip."""


def _wrapping(name):
    plain = getattr(int, name)
    return lambda *operands: Int32((plain(*operands) + 2**31) % 2**32 - 2**31)


for _name in "add sub mul floordiv mod and or xor lshift rshift".split():
    setattr(Int32, f"__{_name}__", _wrapping(f"__{_name}__"))
    setattr(Int32, f"__r{_name}__", _wrapping(f"__r{_name}__"))
Int32.__invert__ = _wrapping("__invert__")


class Memory:
    """Addresses for buffers, as viper sees them; an access outside of all of them fails.

    Bytes begin at any distance from a word's border, arrays on one.
    """

    def __init__(self):
        self._known = []  # (address, buffer, its bytes)
        self._calls = 0

    def forget(self):
        self._known = []
        self._calls += 1

    def address(self, buffer):
        for address, known, _ in self._known:
            if known is buffer:
                return address
        off = self._calls % 4 if isinstance(buffer, bytes) else 0
        address = 65536 * (len(self._known) + 1) + off
        self._known.append((address, buffer, memoryview(buffer).cast("B")))
        return address

    def at(self, address, size):
        for start, _, view in self._known:
            if start <= address and address + size <= start + len(view):
                return view[address - start : address - start + size]
        raise AssertionError(f"{size} bytes at {address} belong to nobody")

    def pointer(self, form):
        """ptr8 (form B) or ptr32: i reads negative numbers as the chip does, where integers have
        32 bits, and I large ones as the unix port does."""
        memory, size = self, 1 if form == "B" else 4

        class Pointer:
            def __init__(self, where):
                where = where.address if isinstance(where, Pointer) else where
                self.address = where if isinstance(where, int) else memory.address(where)
                assert self.address % size == 0

            def __getitem__(self, index):
                value = memory.at(self.address + index * size, size).cast(form)[0]
                return Int32(value) if form == "i" else value

            def __setitem__(self, index, value):
                assert size == 1 or -(2**31) <= value < 2**32
                value = int(value) & 2 ** (8 * size) - 1
                memory.at(self.address + index * size, size)[:] = value.to_bytes(size, "little")

        return Pointer


def fast_words(word):
    """nmea_fast.py as plain Python: its names; `word` is how ptr32 reads."""
    memory = Memory()
    words = {
        "micropython": SimpleNamespace(viper=lambda function: function),
        "const": lambda value: value,
        "ptr8": memory.pointer("B"),
        "ptr32": memory.pointer(word),
        "int": lambda value: value if isinstance(value, int) else value.address,
    }
    exec(compile(FAST.read_text(), FAST, "exec"), words)
    return words, memory


def fast_scan(word):
    """nmea_fast.scan as plain Python."""
    words, memory = fast_words(word)

    def scan(i, end, data, line, state):
        memory.forget()
        return words["scan"](i, end, data, line, state)

    return scan


SCANS = (nmea_plain.scan, fast_scan("i"), fast_scan("I"))
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


def judged(found):
    """The fixes and what became of the epochs: what both readers are to agree on."""
    handed, counted = found
    return handed, counted[3:]


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


@st.composite
def resealed(draw):
    """RMC, GGA and others with a few characters changed and a checksum that fits."""
    whole = [rmc(), rmc(knots="599.99", date="010100"), gga(), gga(hdop="1"), gst(), gsa()]
    body = draw(st.sampled_from(whole))[1:-5].decode()
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(body)))
        put = draw(st.sampled_from(["", *",.-0569AESVW\0"]))
        body = body[:at] + put + body[at + draw(st.integers(0, 2)) :]
    return sentence(body)


def test_the_readers_own_constants_are_those_of_the_rows():
    slots = {
        "_READ_" + name: nmea_rows.READ + getattr(nmea_rows, name)
        for name in ("QUALITY", "SATELLITES", "HDOP", "SPEED", "COURSE", "DATE")
    }
    slots |= {
        "_READ_" + name: nmea_rows.READ + getattr(nmea_rows, "S_" + name)
        for name in ("TIME", "STATUS", "LAT", "LON", "MODE", "DIMENSIONS")
    }
    known = slots | {"_" + name: value for name, value in vars(nmea_rows).items() if name.isupper()}
    framing = {"_HUNTING", "_BODY", "_HIGH_DIGIT", "_LOW_DIGIT"}
    plains = {"_SIZE", "_SHIFT", "_REST", "_BLOCK", "_COPY", "_BELOW", "_DIGITS", "_MODES"}
    plains |= {"_SAME_PLACE_E6"}
    for words, own, least in (
        (fast_words("i")[0], framing, 30),
        (vars(nmea_plain), framing | plains, 30),
        (vars(nmea_usual), {"_MOST", "_DIGIT"}, 10),
    ):
        ours = {
            name: value for name, value in words.items() if name[1:].isupper() and name[0] == "_"
        }
        of_rows = {name: value for name, value in ours.items() if name in known}
        assert of_rows == {name: known[name] for name in of_rows}
        assert len(of_rows) > least
        assert ours.keys() - of_rows.keys() == own


@pytest.mark.parametrize("scan", SCANS)
@given(data=st.one_of(noise, damaged()))
@settings(max_examples=150, deadline=None)
def test_nothing_raises_and_the_next_whole_sentence_is_read(scan, data):
    receiver = nmea.Receiver(scan)
    receiver.feed(data, 0)
    before = receiver.counters.sentences
    receiver.feed(gsv(), 0)
    assert receiver.counters.sentences == before + 1


@given(
    data=st.one_of(
        noise, damaged(), st.lists(st.one_of(framed(), resealed()), max_size=8).map(b"".join)
    )
)
@settings(max_examples=600, deadline=None)
def test_machine_code_and_plain_code_are_one(data):
    plain, *fast = (nmea.Receiver(scan) for scan in SCANS)
    handed, counted = fixes(plain, [data])
    told = range(UNREADABLE, READ)  # before them is framing, which plain code does not do for all
    for receiver in fast:
        assert (handed, counted[3:]) == judged(fixes(receiver, [data]))
        assert [receiver._state[slot] for slot in told] == [plain._state[slot] for slot in told]


@given(data=damaged(), places=st.lists(st.integers(0, 5000), max_size=20))
@settings(max_examples=150, deadline=None)
def test_every_split_of_a_stream_gives_the_same_fixes(data, places):
    one_by_one = fixes(nmea.Receiver(), single_bytes(data))
    handed, counted = fixes(nmea.Receiver(SCANS[1]), split(data, places))
    assert counted[3:] == one_by_one[1][3:]
    for scan in SCANS[:2]:
        whole = fixes(nmea.Receiver(scan), [data])
        assert fixes(nmea.Receiver(scan), split(data, places))[1][3:] == whole[1][3:]
    assert all(fix in one_by_one[0] for fix in handed)  # of several in one piece only the newest


def forged(data):
    """Whether a harmed sentence fits its checksum, which is an XOR: of the same bit flipped twice
    it knows nothing, and nobody can."""
    return any(
        checksum(body) == int(said, 16) and b"$%s*%s" % (body, said) not in GOOD
        for body, said in re.findall(rb"\$([^$*]*)\*([0-9A-Fa-f]{2})", data)
    )


def test_what_nobody_can_know_to_be_damaged_is_known_to_be_so():
    assert not forged(GOOD)
    assert not forged(GOOD.replace(b"140626", b"040626"))
    assert forged(GOOD.replace(b"140626", b"040726"))


@given(data=damaged())
@settings(max_examples=200, deadline=None)
def test_damage_never_moves_the_wearer(data):
    assume(not forged(data))
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
