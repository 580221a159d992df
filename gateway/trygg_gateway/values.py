"""The gateway's words: what comes in, what is kept, and which of it goes first.

Times inside the gateway are unix seconds (`_s`) or unix milliseconds (`_ms`), 0 for unknown.
Only the wire and the tracker count from 2020; `unix_of` and `wire_of` are the two bridges.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

EPOCH: Final = 1577836800  # 2020-01-01T00:00:00Z in unix seconds, layouts.EPOCH
LATE_S: Final = 120  # a record received later than this after its time is backlog

ALARM: Final = 0
LIVE: Final = 1
BACKLOG: Final = 2
LANES: Final = (ALARM, LIVE, BACKLOG)
LANE_NAMES: Final = {ALARM: "alarm", LIVE: "live", BACKLOG: "backlog"}
CLASH_BOOT: Final = 1 << 29  # from here on a boot is the gateway's own word: see journal_rows.py
STRANGERS: Final = "?"  # instead of a device: nobody registered, or not where it belongs
READER: Final = "reader"  # the cursor of what the gateway itself has understood

Confirm = Callable[[int, int], None]  # (token of the first message, how many from there on)


class Incoming(NamedTuple):
    """Messages as a door hands them in, in the order in which they came.

    `confirm(token, len(messages))` lets their senders forget them, all at once."""

    messages: Sequence[tuple[str, bytes]]  # topic, payload
    confirm: Confirm
    token: int  # the first one's; each further one has the next number


class Entry(NamedTuple):
    """One record of a tracker as the journal keeps it, not yet understood.

    Its fields are the columns of table `records` in their order. `(device, boot, seq)` is its
    identity.
    """

    device: str
    boot: int
    seq: int
    kind: int
    lane: int
    time_s: int
    received_ms: int
    payload: bytes


class Row(NamedTuple):
    """An Entry with its place in the journal; `id` only rises."""

    id: int
    device: str
    boot: int
    seq: int
    kind: int
    lane: int
    time_s: int
    received_ms: int
    payload: bytes


class Stray(NamedTuple):
    """What belongs to nobody or cannot be read: kept whole, with the reason, in `quarantine`."""

    topic: str
    payload: bytes
    reason: str
    received_ms: int
    device: str = ""  # whose doing it is: a tracker's, STRANGERS', or "" for our own finding


@dataclass(slots=True)
class Parcel:
    """What ingest makes of one Incoming, and the journal keeps and confirms as a whole.

    `alarms` and `others` are the fields of Entry of one record after the other, in one flat list
    each: what the INSERT takes. A tuple for each record would double what a record costs here."""

    confirm: Confirm
    token: int
    count: int  # messages, each of which is in one of the three lists
    alarms: list[Any] = field(default_factory=list)
    others: list[Any] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)


class Run(NamedTuple):
    """Records of one tracker, boot and lane whose numbers follow each other: `first` to `last`."""

    device: str
    boot: int
    lane: int
    first: int
    last: int


class Tracker(NamedTuple):
    """A registered tracker; `order_key` signs what goes down to it."""

    device: str
    group: str
    name: str
    password_hash: str
    order_key: bytes
    added_ms: int
    revoked: bool


class Busy(Exception):
    """What was asked for cannot be done just now; asked again later it can."""


class Refused(Exception):
    """What a person asked for cannot be done; the text is the sentence to show them."""


def unix_of(wire_s: int) -> int:
    """Unix seconds of a wire time; 0 stays 0, unknown."""
    return wire_s + EPOCH if wire_s else 0


def wire_of(unix_s: int) -> int:
    """Wire seconds of a unix time; what the wire cannot say (0, before 2020) is 0, unknown."""
    return max(0, unix_s - EPOCH)


def lane_of(is_alarm: bool, time_s: int, received_ms: int) -> int:
    """The lane of a record: alarms first, then what is news, then what is history."""
    if is_alarm:
        return ALARM
    if time_s and received_ms - time_s * 1000 > LATE_S * 1000:
        return BACKLOG
    return LIVE
