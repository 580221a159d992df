"""A record as a short message to a person: what, who, how long ago, what to do. Pure.

Only what wants somebody has words: alarms, warnings, what is about the gateway, calls and their
end. A test says so first. There are no coordinates in it unless they are asked for, and a position
that was withheld is not in the record at all. `Ref` is the record's identity: who gets a message
twice sees that it is one.
"""

from __future__ import annotations

from math import ceil
from typing import Any, NamedTuple

from trygg_gateway.delivery import Delivery
from trygg_gateway.watched import long_words

Json = dict[str, Any]

WHATS = {
    "left": "{name} has left {fence}",
    "back": "{name} is back in {fence}",
    "sos": "{name} asks for help",
    "battery_low": "{name}: the tracker's battery is low",
    "cannot_tell": "{name}: the tracker cannot tell where it is",
    "off_charger": "{name}: the tracker came off its charger too early",
    "taken_off": "{name}: the tracker was taken off",
    "silent": "{name}: the tracker is silent",
    "test": "{name}: a test of the alarm",
}


class Words(NamedTuple):
    """One message."""

    title: str
    body: str


class Style(NamedTuple):
    """What may be in it."""

    link: str = ""
    coordinates: bool = False


def words_of(entry: Delivery, name: str, fence: str, style: Style, now_ms: int) -> Words | None:
    """The message of a record; None if it has none. `name` is the wearer, `fence` its fence."""
    data = entry.data
    title = _title(data, name, fence)
    if title is None:
        return None
    lines = [
        data.get("text", ""),
        _since(entry, now_ms),
        _battery(data),
        _place(data) if style.coordinates else "",
        data.get("todo", ""),
        style.link,
        f"Ref {entry.id}",
    ]
    return Words(title, "\n".join(line for line in lines if line))


def _title(data: Json, name: str, fence: str) -> str | None:
    kind = data["kind"]
    if kind == "alarm":
        said = _what(data["what"], name, fence)
        return f"TEST, no alarm: {said}" if data.get("test") else f"Alarm: {said}"
    if kind == "call":
        return f"{data['person']}, you are called: {_what(data['alarm_what'], name, fence)}"
    if kind == "call_off":
        return f"No longer needed: {name}"
    if kind == "ended":
        return f"Over: {name}, {data['what'].replace('_', ' ')}"
    if kind == "test":
        return "A test, nothing has happened"
    if kind == "warning":
        return f"Warning: {name}, {data['what'].replace('_', ' ')}"
    if kind == "gateway":
        return f"The gateway: {data['what'].replace('_', ' ')}"
    return None


def _what(what: str, name: str, fence: str) -> str:
    """An alarm in words; one that has none yet by its name."""
    words = WHATS.get(what, "{name}: " + what.replace("_", " "))
    return words.format(name=name, fence=fence)


def _since(entry: Delivery, now_ms: int) -> str:
    data = entry.data
    if data["kind"] == "call":
        return f"Nobody has taken it for {long_words(data['unanswered_s'])}."
    if data["kind"] != "alarm":
        return ""
    ago = f"{long_words(max(0, (now_ms - entry.made_ms) // 1000))} ago"
    return f"{ago}, late" if data["late"] else ago


def _battery(data: Json) -> str:
    percent = data.get("battery_percent")
    return "" if percent is None or data["kind"] == "warning" else f"Battery {percent} %"


def _place(data: Json) -> str:
    """The newest position there is, how exact, and how old."""
    evidence = data.get("evidence") or [data.get("position")]
    place = evidence[0]
    if not place:
        return ""
    at = f" at {place['time']}" if place.get("time") else ""
    return f"{place['lat']:.5f} {place['lon']:.5f}, to {ceil(place['accuracy_m'])} m{at}"
