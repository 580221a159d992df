"""A log as pynmeagps reads it (BSD, Steve Smith)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, time
from typing import Any

from pynmeagps import VALCKSUM, NMEAParseError, NMEAReader
from pynmeagps import version as pynmeagps_version
from pynmeagps.exceptions import NMEAMessageError, NMEAStreamError, NMEATypeError

from trygg_tools.vectors.opinions import Fixed, Reading, Recommended, joined, quality_of_modes

_ERRORS = (NMEAParseError, NMEAMessageError, NMEAStreamError, NMEATypeError, ValueError)


def read(lines: Iterable[bytes]) -> Reading:
    """Read every sentence that has a right checksum; what it cannot read it does not see."""
    return joined("pynmeagps", str(pynmeagps_version), _sentences(lines))


def _sentences(lines: Iterable[bytes]) -> Iterator[Recommended | Fixed | None]:
    for line in lines:
        text = line[line.rfind(b"$") :].strip()
        if b"*" not in text:
            continue
        try:
            one = NMEAReader.parse(text + b"\r\n", validate=VALCKSUM)
        except _ERRORS:
            continue
        if one is not None:
            yield _said(one)


def _said(one: Any) -> Recommended | Fixed | None:
    kind = one.msgID
    if kind not in ("RMC", "GGA", "GNS") or not isinstance(one.time, time):
        return None
    latitude, longitude = _number(one.lat), _number(one.lon)
    place = None if latitude is None or longitude is None else (latitude, longitude)
    if kind == "RMC":
        day = one.date if isinstance(one.date, date) else None
        speed, course = _number(one.spd), _number(one.cog)
        return Recommended(
            one.time, day, one.status, getattr(one, "posMode", ""), place, speed, course
        )
    satellites = one.numSV if isinstance(one.numSV, int) else None
    quality = one.quality if kind == "GGA" else quality_of_modes(one.posMode)
    return Fixed(one.time, quality or 0, place, satellites)


def _number(value: Any) -> float | None:
    """pynmeagps gives an empty field as an empty text."""
    return float(value) if isinstance(value, (int, float)) else None
