"""The tracker's parsers, each with good bytes to be harmed and what it may do with harmed ones.

A target's `take(piece)` gives a parser one piece; what it raises beyond the exceptions that the
parser states is a finding. Where a CRC would turn away nearly everything, every second piece gets
one that fits, so that what is behind it is reached, too.
"""

import json
from binascii import crc32
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tracker import nmea, nmea_plain, receiver_pmtk, receiver_ubx, retained
from tracker.anchor_list import AnchorList
from tracker.fence import FenceSet
from tracker.fence_file import restore, values_of
from tracker.order_changes import Homes
from tracker.order_file import parts
from tracker.order_keys import OrderKeys
from tracker.orders import Orders
from tracker.outbox import Outbox
from tracker.settings import Settings
from trygg_tools.fuzz.sentences import GOOD, SAMPLES
from trygg_tools.rig.flash import Flash
from trygg_wire import codec, layouts, packets
from trygg_wire.crc16 import crc16

VECTORS = Path(__file__).parents[3] / "tests" / "vectors" / "wire"
KEY = b"a key of 16 bytes, or more"


@dataclass(frozen=True)
class Target:
    """One parser: `samples` are good input, `take` gives it one piece of harmed input."""

    name: str
    samples: list[bytes]
    take: Callable[[bytes], None]


def frames() -> list[bytes]:
    """The frames of the wire's vectors."""
    read = [json.loads(path.read_text("utf-8")) for path in sorted(VECTORS.glob("*.json"))]
    return [bytes.fromhex("".join(piece[0] for piece in vector["pieces"])) for vector in read]


def bodies(kind: int) -> list[bytes]:
    """The bodies of the vectors' orders of one kind."""
    orders = [codec.decode(frame)[1] for frame in frames() if frame[0] & 15 == layouts.ORDER]
    return [bytes(order["body"]) for order in orders if order["order_kind"] == kind]


class Sealed:
    """Gives every second piece a CRC that fits, then hands it on."""

    def __init__(self, take: Callable[[bytes], object], seal: Callable[[bytes], bytes]) -> None:
        self._take = take
        self._seal = seal
        self._turn = False

    def __call__(self, piece: bytes) -> None:
        self._turn = not self._turn
        self._take(self._seal(piece) if self._turn else piece)


def with_crc16(piece: bytes) -> bytes:
    """The piece with its last two bytes made a CRC of the rest."""
    crc: int = crc16(piece[:-2])
    return piece[:-2] + bytes((crc >> 8, crc & 255))


def with_crc32(piece: bytes) -> bytes:
    """The same with four bytes, little end first."""
    return piece[:-4] + crc32(piece[:-4]).to_bytes(4, "little")


def _sentences() -> Target:
    receiver = nmea.Receiver(nmea_plain.scan)

    def take(piece: bytes) -> None:
        receiver.feed(piece, 0)
        before = receiver.counters.sentences
        receiver.feed(GOOD, 0)
        assert receiver.counters.sentences == before + 1, "not in step within one sentence"
        receiver.take()

    return Target("nmea", SAMPLES, take)


def _answers() -> Target:
    ears = [[receiver_ubx, b"\x06\x08", b""], [receiver_pmtk, b"PMTK220,1000", b""]]

    def take(piece: bytes) -> None:
        for ear in ears:
            language, message, tail = ear
            ear[2] = language.answer(message, tail + piece)[1]
            assert len(ear[2]) <= 48, "what is kept grows"

    return Target("receiver's answers", SAMPLES, take)


def _frame(piece: bytes) -> None:
    try:
        kind, values = codec.decode(piece)
        codec.encode(kind, values)
    except codec.WireError:
        pass


def _body(kind: int) -> Callable[[bytes], None]:
    def take(piece: bytes) -> None:
        try:
            codec.decode_body(kind, piece)
        except codec.WireError:
            pass

    return take


def _fences(piece: bytes) -> None:
    try:
        values = values_of(memoryview(piece))
        for fence in values["fences"]:
            assert fence["number"]
    except codec.WireError:
        pass


def _packets() -> Target:
    samples = [
        packets.publish("lier/kari/down", frame, 1, 7) for frame in frames() if len(frame) < 300
    ]
    samples += [b"\x20\x02\x00\x00", b"\x40\x02\x00\x07", b"\x90\x03\x00\x07\x01", b"\xd0\x00"]
    readers = [packets.Reader(8192)]

    def take(piece: bytes) -> None:
        try:
            for kind, flags, body in readers[0].feed(piece):
                _packet(kind, flags, body)
        except packets.PacketError:
            readers[0] = packets.Reader(8192)  # the connection is closed then

    return Target("mqtt packets", samples, take)


def _packet(kind: int, flags: int, body: bytes) -> None:
    if kind == 3:
        packets.read_publish(flags, body)
    elif kind == 2:
        packets.read_connack(body)
    elif kind == 4:
        packets.read_puback(body)
    elif kind == 9:
        packets.read_suback(body)


def _files() -> Iterator[Target]:
    settings = Settings()
    homes = Homes(settings, FenceSet(settings), OrderKeys(KEY), AnchorList())
    orders = Orders("kari", homes, lambda _name, _data: None)
    keys = OrderKeys(KEY)
    saved = [settings.save()]
    yield Target("file of settings", saved, Sealed(Settings().load, with_crc16))
    yield Target("file of orders", [orders.save()], Sealed(orders.load, with_crc16))
    yield Target("file of keys", [keys.save()], Sealed(keys.load, with_crc16))
    fences, anchors, exits = FenceSet(settings), AnchorList(), FenceSet(settings)
    whole = [b"".join(parts(3, body)) for body in bodies(layouts.FENCES)]
    yield Target("file of fences", whole, Sealed(lambda piece: restore(fences, piece), with_crc16))
    whole = [b"".join(parts(3, body)) for body in bodies(layouts.ANCHORS)]
    yield Target("file of anchors", whole, Sealed(anchors.load, with_crc16))
    whole = [b"\x01" + bytes(4) + bytes((count,)) + bytes(5 * count + 2) for count in range(4)]
    yield Target("file of open exits", whole, Sealed(exits.load_lasting, with_crc16))


def _memory() -> Target:
    settings = Settings()
    fences = FenceSet(settings)
    image = retained.Image()
    image.fences = fences.save()

    def take(piece: bytes) -> None:
        found = retained.unpack(piece)
        if found is not None:
            fences.load(found.fences)

    return Target("RTC memory", [retained.pack(image)], Sealed(take, with_crc32))


def _fence_memory() -> Target:
    fences = FenceSet(Settings())
    for body in bodies(layouts.FENCES):
        restore(fences, b"".join(parts(3, body)))
    return Target("fences' memory", [bytes(fences.save())], Sealed(fences.load, with_crc16))


def _records() -> Target:
    flash = Flash()
    outbox = Outbox(flash, slots=4)
    outbox.open()
    for seq, frame in enumerate(frames()):
        outbox.append(2, 1, seq + 1, frame, 0)
    outbox.settle()
    samples = [data for name, data in sorted(flash.files.items()) if data]

    def take(piece: bytes) -> None:
        harmed = Flash()
        harmed.files = dict.fromkeys(flash.files, piece)
        opened = Outbox(harmed, slots=4)
        opened.open()
        for now_s in range(3):
            place = opened.next(now_s)
            if place >= 0:
                opened.frame(place)
                opened.sent(place)

    return Target("records in flash", samples, take)


def targets() -> Iterator[Target]:
    """All of them."""
    yield _sentences()
    yield _answers()
    yield Target("frames", frames(), Sealed(_frame, with_crc16))
    for kind in sorted(layouts.BODIES):
        yield Target(f"order body {kind}", bodies(kind) or [bytes(20)], _body(kind))
    yield Target("fences of an order", bodies(layouts.FENCES), _fences)
    yield _packets()
    yield from _files()
    yield _memory()
    yield _fence_memory()
    yield _records()
