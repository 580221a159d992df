"""From a door to the journal: a message becomes a record before anybody understands it.

Only its identity and time are looked at (`codec.peek`, which checks the CRC). What cannot be
read so far, or belongs to nobody, goes to the quarantine, whole. Both are confirmed once they
are committed, so nothing bad is sent again and again. This is the hot path: one dictionary and
one peek a message, nothing logged.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from trygg_gateway.values import (
    EPOCH,
    LATE_S,
    LIVE,
    Confirm,
    Entry,
    Incoming,
    Stray,
    Tracker,
    lane_of,
)
from trygg_wire import codec, layouts, topics

COUNTERS = (
    "not_ours",  # on a topic that no tracker of ours publishes on
    "unknown_device",  # of a tracker nobody registered, or revoked, or of another group
    "unreadable",  # no frame of ours: version, CRC, kind, identity
)

LATE_MS = 1000 * LATE_S
ALARM_KIND: int = layouts.ALARM
peek = codec.peek
new_tuple = tuple.__new__  # what a NamedTuple's own constructor calls, at half its time


class JournalFull(Exception):
    """The journal takes no more for now: the door lets its sender send the message again."""


class Registered(Protocol):
    """What ingest asks of the registry."""

    @property
    def by_topic(self) -> Mapping[str, str]:
        """Up topic → device of every tracker that may speak."""

    def find(self, device: str) -> Tracker | None:
        """The tracker of that name."""


class Ingest:
    """`deliver` is what a door calls, from any one thread at a time per door."""

    def __init__(
        self,
        put: Callable[[Entry | Stray, Confirm | None, int], bool],
        registry: Registered,
        now_ms: Callable[[], int],
    ) -> None:
        self.counters = dict.fromkeys(COUNTERS, 0)
        self._put = put
        self._registry = registry
        self._now_ms = now_ms

    def deliver(self, message: Incoming) -> None:
        """Queue one message for the journal; it is confirmed when it is committed.

        Raises JournalFull: it was not taken and will not be confirmed.
        """
        topic, payload, confirm, token = message
        device = self._registry.by_topic.get(topic)
        if device is None:
            device = self._found_late(message)
            if device is None:
                return
        try:
            kind, boot, seq, wire_s, is_uptime = peek(payload)
        except codec.WireError as error:
            self._set_aside(message, "unreadable", str(error))
            return
        now_ms = self._now_ms()
        time_s = wire_s + EPOCH if wire_s and not is_uptime else 0
        if kind != ALARM_KIND and (not time_s or now_ms - time_s * 1000 <= LATE_MS):
            lane = LIVE  # nearly always
        else:
            lane = lane_of(kind == ALARM_KIND, time_s, now_ms)
        fields = (device, boot, seq, kind, lane, time_s, now_ms, payload)
        if not self._put(new_tuple(Entry, fields), confirm, token):
            raise JournalFull

    def _found_late(self, message: Incoming) -> str | None:
        """The device of a topic not known so far, if it was registered since; else set aside."""
        names = topics.parse(message.topic)
        if names is None or names[2] != "up":
            self._set_aside(message, "not_ours", "not a topic that a tracker publishes on")
            return None
        group, device = str(names[0]), str(names[1])
        tracker = self._registry.find(device)
        if tracker is None:
            self._set_aside(message, "unknown_device", f"nobody registered {device}")
        elif tracker.revoked:
            self._set_aside(message, "unknown_device", f"{device} is revoked")
        elif tracker.group != group:
            self._set_aside(message, "unknown_device", f"{device} is not of group {group}")
        else:
            return device
        return None

    def _set_aside(self, message: Incoming, counter: str, reason: str) -> None:
        self.counters[counter] += 1
        stray = Stray(message.topic, message.payload, reason, self._now_ms())
        if not self._put(stray, message.confirm, message.token):
            raise JournalFull
