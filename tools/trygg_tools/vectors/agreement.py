"""Do three parsers see the same fixes; if not, where, and whose word holds.

Parsers differ in what they make of a sentence that the standard does not foresee, of a date before
the last week rollover, of a moment with half its sentences. A difference is never hidden: it is
named, counted, shown with its first example, and somebody has to say who is right and why. Then the
expected value is that parser's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NamedTuple

from trygg_tools.vectors.opinions import Opinion, Reading

EPOCH = date(2020, 1, 1)
SAME_DEGREES = 2e-9  # 0.2 mm: gpsdecode prints nine decimals
SAME_SPEED_M_S = 0.006
SAME_COURSE_DEG = 0.011
LEAST_HEARD = 0.5  # of the fixes that the others have
PARSERS = ("pynmea2", "pynmeagps", "gpsdecode")

ABOUT = {
    "fix": "whether there is a fix",
    "date": "the date",
    "place": "latitude or longitude",
    "speed": "the speed over ground",
    "course": "the course over ground",
    "satellites": "the number of satellites",
    "silence": "most moments, of which one parser says nothing",
}


class Row(NamedTuple):
    """An expected fix in the tracker's units: seconds since 2020, 1e-6 degrees, dm/s, degrees."""

    time_s: int
    lat_e6: int
    lon_e6: int
    speed_dm_s: int
    course_deg: int | None
    satellites: int | None


class Difference(NamedTuple):
    """Something that not all parsers say alike; `example` is its first moment."""

    about: str
    moments: int
    example: str


class Explained(NamedTuple):
    """Who is right about a kind of difference, and why."""

    right: str
    because: str


_FIELDS: dict[str, Callable[[Opinion], Any]] = {
    "date": lambda one: one.day,
    "place": lambda one: (one.latitude, one.longitude),
    "speed": lambda one: one.speed_m_s,
    "course": lambda one: one.course_deg,
    "satellites": lambda one: one.satellites,
}
_NEAR = {"place": SAME_DEGREES, "speed": SAME_SPEED_M_S, "course": SAME_COURSE_DEG}


def differences(readings: Sequence[Reading]) -> list[Difference]:
    """Everything that the readings do not say alike, in the order of ABOUT."""
    found: dict[str, list[tuple[int, str]]] = {}
    for at in sorted({at for one in readings for at in one.fixes}):
        for about in _differ(readings, at):
            found.setdefault(about, []).append((at, _example(readings, at, about)))
    most = max(len(one.fixes) for one in readings)
    for one in readings:
        if len(one.fixes) + len(one.denied) < LEAST_HEARD * most:
            found.setdefault("silence", []).append((0, f"{one.parser}: {len(one.fixes)} of {most}"))
    return [
        Difference(about, len(found[about]), found[about][0][1])
        for about in ABOUT
        if about in found
    ]


def _differ(readings: Sequence[Reading], at: int) -> list[str]:
    """What is said in two ways of one moment; silence differs from nothing."""
    said = [one.fixes[at] for one in readings if at in one.fixes]
    sure = [one for one in readings if one.parser != "gpsdecode"]
    missing = any(at not in one.fixes for one in sure) or any(at in one.denied for one in readings)
    out = ["fix"] if missing else []
    for about, field in _FIELDS.items():
        values = [field(one) for one in said]
        if about == "satellites":
            values = [value for value in values if value is not None]  # gpsdecode has none
        if any(not _same(about, values[0], value) for value in values[1:]):
            out.append(about)
    return out


def _same(about: str, one: Any, other: Any) -> bool:
    if one is None or other is None or about not in _NEAR:
        return bool(one == other)
    if about == "place":
        return all(abs(a - b) <= SAME_DEGREES for a, b in zip(one, other, strict=True))
    return bool(abs(one - other) <= _NEAR[about])


def _example(readings: Sequence[Reading], at: int, about: str) -> str:
    """`at 10:15:30.000 pynmea2 3.1, pynmeagps 3.1, gpsdecode nothing`."""
    words = []
    for one in readings:
        if at not in one.fixes:
            words.append(f"{one.parser} {'no fix' if at in one.denied else 'nothing'}")
        elif about == "fix":
            words.append(f"{one.parser} a fix")
        else:
            words.append(f"{one.parser} {_worded(_FIELDS[about](one.fixes[at]))}")
    seconds, ms = divmod(at, 1000)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{ms:03d}"
    return f"at {clock} {', '.join(words)}"


def _worded(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(f"{one:.9f}" for one in value)
    return "none" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def rows(readings: Sequence[Reading], explained: dict[str, Explained]) -> list[Row]:
    """The fixes as they are right: the first reading's, but where another is explained to be so."""
    by_name = {one.parser: one for one in readings}
    right = {about: by_name[one.right] for about, one in explained.items() if one.right in by_name}
    first = readings[0]
    out = []
    for at, one in right.get("fix", first).fixes.items():
        fields = {
            about: field(right[about].fixes.get(at, one) if about in right else one)
            for about, field in _FIELDS.items()
        }
        out.append(_row(at, fields))
    return out


def _row(at: int, fields: dict[str, Any]) -> Row:
    latitude, longitude = fields["place"]
    course, speed = fields["course"], fields["speed"]
    return Row(
        (fields["date"] - EPOCH).days * 86_400 + at // 1000,
        millionths(latitude),
        millionths(longitude),
        0 if speed is None else math.floor(speed * 10 + 0.5 + 1e-9),
        None if course is None else math.floor(course + 0.5 + 1e-9) % 360,
        fields["satellites"],
    )


def millionths(degrees: float) -> int:
    """Degrees as 1e-6 degrees, halves away from nought; exact for what has twelve decimals."""
    parts = round(abs(degrees) * 1e12)
    whole = (parts + 500_000) // 1_000_000
    return whole if degrees >= 0 else -whole
