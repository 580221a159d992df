"""An outbox in a small ring: alarms in every file, acks with holes, thinning, a start."""

from collections.abc import Iterator

from tracker.outbox import Outbox
from trygg_tools.power_cuts.notes import NotedOutbox, Notes
from trygg_tools.rig.flash import Flash
from trygg_wire.layouts import LANE_ALARM, LANE_LIVE

SLOTS, SEGMENT = 5, 512  # eight records a file
ALARMS = (3, 4, 11, 19, 27, 28, 35, 44, 57)
RECORDS = 72
LANES = {True: LANE_ALARM, False: LANE_LIVE}


def frame_of(boot: int, seq: int) -> bytes:
    """A frame that can be told from every other."""
    return bytes([boot, seq]) * 20


def opened(flash: Flash) -> Outbox:
    """The outbox after a start without RTC memory."""
    outbox = Outbox(flash, SLOTS, SEGMENT)
    outbox.open()
    return outbox


def send_all(outbox: Outbox) -> None:
    """All that waits goes on its way."""
    place = outbox.next(0)
    while place >= 0:
        outbox.sent(place)
        place = outbox.next(0)


def recorded() -> Notes:
    """The life, with every stroke of the flash."""
    notes, flash = Notes(), Flash()
    flash.log = notes.log
    for boot, first, last in ((1, 1, 40), (2, 41, RECORDS)):
        outbox = opened(flash)
        NotedOutbox(outbox, flash, notes)
        notes.boots.append((flash.strokes, boot))
        for seq in range(first, last + 1):
            lane = LANES[seq in ALARMS]
            assert outbox.append(lane, boot, seq, frame_of(boot, seq), 0)
            if seq in (12, 60):
                send_all(outbox)
                outbox.ack(boot, seq - 5, [{"first": seq - 9, "count": 2}])
        assert outbox.dropped
    return notes


def check(files: dict[str, bytes], notes: Notes, stroke: int) -> None:
    """What must be true of a start after a cut there; AssertionError says what is not."""
    flash = Flash()
    flash.files = dict(files)
    outbox = opened(flash)
    found = dict(_all(outbox))
    for identity, frame in notes.kept(stroke).items():
        assert found.get(identity) == frame, f"record {identity} is lost"
    for (boot, seq), frame in found.items():
        assert frame == frame_of(boot, seq), f"record {boot}/{seq} is another's"
    for seq in range(1, 25):  # the life goes on, past the ring's end
        assert outbox.append(LANES[seq == 1], 9, seq, frame_of(9, seq), 0), "refuses a record"
    alarms = {identity for identity in notes.kept(stroke) if identity[1] in ALARMS} | {(9, 1)}
    there = {identity for identity, _ in _all(opened(flash))}
    assert alarms <= there, f"alarms {alarms - there} are lost later"
    assert (9, 24) in there, "the newest record is lost"


def _all(outbox: Outbox) -> Iterator[tuple[tuple[int, int], bytes]]:
    for place in range(outbox.waiting()):
        yield outbox.identity(place), outbox.frame(place)
