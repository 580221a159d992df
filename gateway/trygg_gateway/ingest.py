"""From a door to the journal: a message becomes a record before anybody understands it.

Only its identity and time are looked at (`codec.peek`, which checks the CRC). What cannot be
read so far, or belongs to nobody, goes to the quarantine, whole. Both are confirmed once they
are committed, so nothing bad is sent again and again. This is the hot path, so a door hands in
all that it has read at once: one dictionary and one peek a message, the rest once for them all,
nothing logged.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from trygg_gateway.values import (
    CLASH_BOOT,
    EPOCH,
    LATE_S,
    LIVE,
    STRANGERS,
    Incoming,
    Parcel,
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

TOO_LARGE = "too-large/"  # and its size, before the topic of what a broker's door read past
ALARM_KIND: int = layouts.ALARM
NOT_OWN = "not-own"  # what our own door puts before a foreign topic, with the device
peek = codec.peek


class JournalFull(Exception):
    """The journal takes no more for now: the door lets its senders send the messages again."""


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
        put: Callable[[Parcel], bool],
        registry: Registered,
        now_ms: Callable[[], int],
    ) -> None:
        self.counters = dict.fromkeys(COUNTERS, 0)
        self._put = put
        self._registry = registry
        self._now_ms = now_ms

    def deliver(self, incoming: Incoming) -> None:
        """Queue messages for the journal; they are confirmed when they are committed.

        Raises JournalFull: none of them was taken and none will be confirmed.
        """
        messages, confirm, token = incoming
        now_ms = self._now_ms()
        parcel = Parcel(confirm, token, len(messages))
        if not self._put(self._sorted(messages, parcel, now_ms)):
            raise JournalFull

    def _sorted(self, messages: Sequence[tuple[str, bytes]], parcel: Parcel, now_ms: int) -> Parcel:
        """The parcel with every message in one of its lists."""
        device_of, add = self._registry.by_topic.get, parcel.others.extend
        fresh_s = now_ms // 1000 - LATE_S + 1  # of this second and later nothing is late
        for topic, payload in messages:
            device = device_of(topic) or self._found_late(topic, payload, parcel, now_ms)
            if device is None:
                continue
            try:
                kind, boot, seq, wire_s, is_uptime = peek(payload)
            except codec.WireError as error:
                self._set_aside(
                    parcel, "unreadable", Stray(topic, payload, str(error), now_ms, device)
                )
                continue
            if boot >= CLASH_BOOT:
                why = f"boot {boot}: from {CLASH_BOOT} on boots are the gateway's own numbers"
                self._set_aside(parcel, "unreadable", Stray(topic, payload, why, now_ms, device))
                continue
            time_s = wire_s + EPOCH if wire_s and not is_uptime else 0
            if kind != ALARM_KIND and time_s >= fresh_s:  # nearly always
                add((device, boot, seq, kind, LIVE, time_s, now_ms, payload))
                continue
            lane = lane_of(kind == ALARM_KIND, time_s, now_ms)
            rows = parcel.alarms if kind == ALARM_KIND else parcel.others
            rows.extend((device, boot, seq, kind, lane, time_s, now_ms, payload))
        return parcel

    def _found_late(self, topic: str, payload: bytes, parcel: Parcel, now_ms: int) -> str | None:
        """The device of a topic not known so far, if it was registered since; else set aside."""
        names = topics.parse(topic)
        if names is None or names[2] != "up":
            counter, why = "not_ours", "not a topic that a tracker publishes on"
            if topic.startswith(TOO_LARGE):
                counter, why = "unreadable", "too large for a record; only its beginning is kept"
            stray = Stray(topic, payload, why, now_ms, self._whose(topic))
            self._set_aside(parcel, counter, stray)
            return None
        group, device = str(names[0]), str(names[1])
        tracker = self._registry.find(device)
        if tracker is None:
            why = f"nobody registered {device}"
        elif tracker.revoked:
            why = f"{device} is revoked"
        elif tracker.group != group:
            why = f"{device} is not of group {group}"
        else:
            return device
        self._set_aside(parcel, "unknown_device", Stray(topic, payload, why, now_ms, STRANGERS))
        return None

    def _whose(self, topic: str) -> str:
        """Our own door says who published on a topic not its own, a broker's whose is too large."""
        at, _, rest = topic.partition("/")
        word, _, own = rest.partition("/")
        if at == NOT_OWN and self._registry.find(word):
            return word
        if not topic.startswith(TOO_LARGE):
            return STRANGERS
        return self._registry.by_topic.get(own, STRANGERS)

    def _set_aside(self, parcel: Parcel, counter: str, stray: Stray) -> None:
        self.counters[counter] += 1
        parcel.strays.append(stray)
