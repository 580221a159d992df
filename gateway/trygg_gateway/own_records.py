"""What the gateway itself says is a record too: kept once, forwarded like any other. Pure.

A tracker that is silent cannot say so; the gateway does. Its word is kept as a record under the
tracker's name, in boot OWN_BOOT, which no tracker and no clash can have, numbered in that boot, in
the alarm lane. So it has an identity, is committed with what it is about, and reaches each sink
with the sink's own cursor and confirmation. What is about the gateway and no tracker is under
GATEWAY.

The payload is JSON and not a frame of the wire:

    {"form": "alarm" | "warning" | "gateway", "what": its name, "data": {...}}
    {"form": "ended", "what": its name, "data": {...}}             what was said is over
    {"form": "call" | "call_off", "to": [sink ...], "data": {...}} for those sinks and no other
    {"form": "copy", "to": [sink ...], "of": {a record}}           that record again, for those

An alarm needs a person, and people are called until one takes it. A warning is told and waits.
"""

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from trygg_gateway.values import ALARM, CLASH_BOOT, Entry, Row

Json = dict[str, Any]

OWN_BOOT: Final = 2 * CLASH_BOOT  # above every boot of a tracker, and of a clash
OWN_KIND: Final = 64  # of table `records`; the wire's kinds have four bits
GATEWAY: Final = "_gateway"  # the "device" of what is about the gateway; no topic can hold it

ALARM_FORM, WARNING, ABOUT_GATEWAY, ENDED = "alarm", "warning", "gateway", "ended"
CALL, CALL_OFF, COPY = "call", "call_off", "copy"

# alarms.what beyond the wire's numbers
SILENT: Final = 64
FLAT_EARLY, WEAK_LINK, RESTARTING, CLOCK_WRONG, NOT_ARMED = 65, 66, 67, 68, 69
SINK_BEHIND, ALARM_UNCONFIRMED, SLOW_DISK, DISK_FILLING = 80, 81, 82, 83
CLOCK_JUMPED, READER_BEHIND, DEAF = 84, 85, 86
JOURNAL_MENDED, JOURNAL_FULL, JOURNAL_UNCHECKED, FORGOTTEN = 87, 88, 89, 90

NAMES: Final = {
    SILENT: "silent",
    FLAT_EARLY: "flat_early",
    WEAK_LINK: "weak_link",
    RESTARTING: "restarting",
    CLOCK_WRONG: "clock_wrong",
    NOT_ARMED: "fence_not_armed",
    SINK_BEHIND: "sink_behind",
    ALARM_UNCONFIRMED: "alarm_unconfirmed",
    SLOW_DISK: "slow_disk",
    DISK_FILLING: "disk_filling",
    CLOCK_JUMPED: "clock_jumped",
    READER_BEHIND: "reader_behind",
    DEAF: "deaf",
    JOURNAL_MENDED: "journal_mended",
    JOURNAL_FULL: "journal_full",
    JOURNAL_UNCHECKED: "journal_unchecked",
    FORGOTTEN: "forgotten",
}


class Said(NamedTuple):
    """One own record, read: `to` is None for every sink, `of` the record a copy repeats."""

    form: str
    what: str
    to: tuple[str, ...] | None
    data: Json
    of: Row | None


def form_of(what: int) -> str:
    """How bad it is: an alarm of a tracker's or ours, a warning, or about the gateway."""
    if what <= SILENT:
        return ALARM_FORM
    return WARNING if what < SINK_BEHIND else ABOUT_GATEWAY


def payload_of(
    form: str, what: str = "", data: Json | None = None, to: Sequence[str] | None = None
) -> bytes:
    """The payload of an own record."""
    said: Json = {"form": form, "what": what, "data": data or {}}
    if to is not None:
        said["to"] = list(to)
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def copy_payload(row: Row, to: Sequence[str]) -> bytes:
    """The payload of a record that repeats another for some sinks."""
    of = {**row._asdict(), "payload": row.payload.hex()}
    said = {"form": COPY, "what": "", "data": {}, "to": list(to), "of": of}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def read(payload: bytes) -> Said:
    """What an own record says. ValueError: it is none."""
    try:
        said = json.loads(payload)
        of = said.get("of")
        row = Row(**{**of, "payload": bytes.fromhex(of["payload"])}) if of else None
        to = tuple(said["to"]) if "to" in said else None
        return Said(said["form"], said["what"], to, said["data"], row)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not an own record: {error!r}") from None


def entry_of(device: str, seq: int, payload: bytes, now_ms: int) -> Entry:
    """The journal's entry of an own record made now."""
    return Entry(device, OWN_BOOT, seq, OWN_KIND, ALARM, now_ms // 1000, now_ms, payload)
