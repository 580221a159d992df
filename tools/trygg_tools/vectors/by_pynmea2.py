"""A log as pynmea2 reads it (MIT, Tom Flanagan and others)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pynmea2

from trygg_tools.vectors.opinions import Fixed, Reading, Recommended, joined, quality_of_modes


def read(lines: Iterable[bytes]) -> Reading:
    """Read every sentence that has a right checksum; what it cannot read it does not see."""
    return joined("pynmea2", str(pynmea2.__version__), _sentences(lines))


def _sentences(lines: Iterable[bytes]) -> Iterator[Recommended | Fixed | None]:
    for line in lines:
        text = line[line.rfind(b"$") :].decode("ascii", "replace").strip()
        if "*" not in text:
            continue  # pynmea2 takes a sentence without a checksum for a good one
        try:
            yield _said(pynmea2.parse(text, check=True))
        except (pynmea2.ParseError, ValueError, AttributeError, TypeError):
            continue


def _said(one: Any) -> Recommended | Fixed | None:
    if one.sentence_type not in ("RMC", "GGA", "GNS") or not one.timestamp:
        return None
    place = (one.latitude, one.longitude) if one.lat and one.lon else None
    if one.sentence_type == "RMC":
        mode = getattr(one, "mode_indicator", None) or ""
        return Recommended(
            one.timestamp, one.datestamp, one.status, mode, place,
            one.spd_over_grnd, one.true_course,
        )  # fmt: skip
    satellites = int(one.num_sats) if one.num_sats else None
    gga = one.sentence_type == "GGA"
    quality = one.gps_qual if gga else quality_of_modes(one.mode_indicator)
    return Fixed(one.timestamp, quality or 0, place, satellites)
