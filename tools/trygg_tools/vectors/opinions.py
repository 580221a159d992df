"""What a parser that is not ours reads from a log: one Opinion for each moment that has a fix.

pynmea2 and pynmeagps read a sentence at a time; what makes a fix of them is said here once, by the
standard and not by our parser: RMC with status A and GGA (or GNS) with quality 1 to 5 of the same
time, each with a place, and no mode that means estimated, entered by hand or simulated
(NMEA 0183 v4.11, RMC's mode indicator and GGA's quality). gpsdecode makes fixes by its own rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time
from typing import NamedTuple

REAL_MODES = ("", "A", "D", "F", "P", "R")  # not E, M, S, N
REAL_QUALITIES = (1, 2, 3, 4, 5)  # not 0, 6 estimated, 7 by hand, 8 simulated
_GNS_QUALITY = {"A": 1, "D": 2, "P": 3, "R": 4, "F": 5, "E": 6, "M": 7, "S": 8}


class Opinion(NamedTuple):
    """A fix as one parser has it; None is what it does not say. Degrees, metres a second."""

    day: date
    latitude: float
    longitude: float
    speed_m_s: float | None
    course_deg: float | None
    satellites: int | None


class Reading(NamedTuple):
    """What one parser said: fixes by milliseconds of the day, and the moments it calls no fix.

    Both in the order of the log: a receiver's clock may go back.
    """

    parser: str
    version: str
    fixes: dict[int, Opinion]
    denied: set[int]


class Recommended(NamedTuple):
    """An RMC as a parser gives it."""

    at: time
    day: date | None
    status: str
    mode: str
    place: tuple[float, float] | None
    speed_kn: float | None
    course_deg: float | None


class Fixed(NamedTuple):
    """A GGA, or a GNS in GGA's terms, as a parser gives it."""

    at: time
    quality: int
    place: tuple[float, float] | None
    satellites: int | None


METRES_A_SECOND_PER_KNOT = 1852 / 3600


def milliseconds(at: time) -> int:
    """The milliseconds of the day."""
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1000 + at.microsecond // 1000


def quality_of_modes(modes: str) -> int:
    """GNS's modes, a letter a constellation, as GGA's quality: that of the first that is not N."""
    for mode in modes:
        if mode != "N":
            return _GNS_QUALITY.get(mode, 0)
    return 0


def joined(parser: str, version: str, sentences: Iterable[Recommended | Fixed | None]) -> Reading:
    """Make fixes of sentences, in their order; of two of a kind for one moment the first holds."""
    rmc: dict[int, Recommended] = {}
    gga: dict[int, Fixed] = {}
    moments: dict[int, None] = {}
    for one in sentences:
        if one is not None:
            moments.setdefault(milliseconds(one.at))
        if isinstance(one, Recommended):
            rmc.setdefault(milliseconds(one.at), one)
        elif isinstance(one, Fixed):
            gga.setdefault(milliseconds(one.at), one)
    fixes, denied = {}, set()
    for at in moments:
        if _denied(rmc.get(at), gga.get(at)):
            denied.add(at)
        elif at in rmc and at in gga:
            found = _opinion(rmc[at], gga[at])
            if found:
                fixes[at] = found
    return Reading(parser, version, fixes, denied)


def _denied(rmc: Recommended | None, gga: Fixed | None) -> bool:
    no_rmc = rmc is not None and (rmc.status != "A" or rmc.mode not in REAL_MODES)
    return no_rmc or (gga is not None and gga.quality not in REAL_QUALITIES)


def _opinion(rmc: Recommended, gga: Fixed) -> Opinion | None:
    if rmc.day is None or rmc.place is None or gga.place is None:
        return None
    speed = None if rmc.speed_kn is None else rmc.speed_kn * METRES_A_SECOND_PER_KNOT
    return Opinion(rmc.day, *gga.place, speed, rmc.course_deg, gga.satellites)
