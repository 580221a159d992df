"""Which sentences of a log may be passed on, and which of their fields say where or whose it was.

What is not here is taken away: a list of what is known to be harmless cannot forget a maker's
serial number, as a list of what is harmful can. Fields: NMEA 0183 v4.11, counted from the name.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Form(NamedTuple):
    """A kind of sentence; 0 where it has no such field."""

    fields: int  # the most there are after the name
    place: int = 0  # latitude, N or S, longitude, E or W begin here
    altitude: int = 0
    date: int = 0  # ddmmyy; day, month, year for ZDA
    station: int = 0  # of differential corrections
    emptied: tuple[int, ...] = ()  # magnetic variation, geoid, zone: each tells the region


FORMS = {
    "RMC": Form(13, place=3, date=9, emptied=(10, 11)),
    "GGA": Form(14, place=2, altitude=9, station=14, emptied=(11,)),
    "GNS": Form(13, place=2, altitude=9, station=12, emptied=(10,)),
    "GLL": Form(7, place=1),
    "VTG": Form(9, emptied=(3,)),
    "ZDA": Form(6, date=2, emptied=(5, 6)),
    "GSV": Form(20),
    "GSA": Form(18),
    "GST": Form(8),
    "GBS": Form(10),
    "GRS": Form(17),
}

# PQ: Quectel's modems put it before BeiDou's satellites, though P is the makers' letter
NAME = re.compile(rf"(PQ|[A-OQ-Z][A-Z])({'|'.join(FORMS)})")

# A whole sentence and the end of its line
WHOLE = re.compile(rb"\$([ -#%-)+-~]*)\*([0-9A-Fa-f]{2})([ \r\n]*)")

# What a field that is no place may be: empty, a short number, a letter, GNS's modes
FIELD = re.compile(r"[-+]?\d{0,6}(\.\d{0,4})?|[A-Z]|[ADEFMNPRS]{2,6}")
LATITUDE = re.compile(r"\d{4}\.\d{1,8}")
LONGITUDE = re.compile(r"\d{5}\.\d{1,8}")

# Names that may be said of what was taken away; any other is "other"
FAMILIES = ("PUBX", "PMTK", "PSRF", "PSTI", "PGRM", "PASHR", "PAIR", "PQ", "PERD", "PGLOR", "TXT")

# Makers' own sentences and texts without number, name, place or date
HARMLESS = re.compile(
    r"PMTK001,\d{3},\d(,\d{1,5})?"  # MediaTek: an order is answered
    r"|PMTK01[01],(\d{3}|MTKGPS)"  # MediaTek: it starts
    r"|PAIR001,\d{3},\d"  # Airoha: an order is answered
    r"|PSRFEPE(,\d{0,6}(\.\d{0,3})?|,[AV])*"  # SiRF: errors it expects
    r"|PGRME(,\d{0,4}\.?\d?|,M)*"  # Garmin: errors it expects
    r"|[A-Z]{2}TXT,\d\d,\d\d,\d\d,(u-blox (ag|AG) - www\.u-blox\.com|ANTSTATUS=[A-Z]{2,8}"
    r"|ANTSUPERV=[A-Za-z ]{2,20}|MOD [A-Z]{3}-[A-Z0-9]{2,3}-\d|txbuf alloc)"
)


def name_of(body: str) -> tuple[str, str] | None:
    """Give talker and kind of a body that may be passed on, None for any other."""
    found = NAME.fullmatch(body.partition(",")[0])
    return (found[1], found[2]) if found else None


def says_fix(kind: str, fields: list[str]) -> bool:
    """Whether a sentence that has a place claims that it is one; `fields` begin with the name."""

    def at(index: int) -> str:
        return fields[index] if index < len(fields) else ""

    if kind == "RMC":
        return at(2) == "A" and at(12) not in ("N", "E", "M", "S")
    if kind == "GLL":
        return at(6) in ("", "A") and at(7) not in ("N", "E", "M", "S")
    if kind == "GGA":
        return at(6) in ("1", "2", "3", "4", "5")
    return kind == "GNS" and bool(at(6).strip("N"))
