"""Sentences as a receiver writes them: a moment in, NMEA lines with checksum and CRLF out.

The layout is that of a multi-constellation receiver with NMEA 4.10: RMC and GGA with five decimals
of a minute (1.8 cm), GSA for two constellations, GST in metres. Source: NMEA 0183 v4.11 as gpsd's
and the makers' manuals give it. A moment without a fix has the fields that receivers then leave
empty, RMC status V, GGA quality 0 and GSA 1.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from operator import xor

METRES_PER_SECOND_PER_KNOT = 1852 / 3600


@dataclass(frozen=True)
class Moment:
    """What the receiver believes at one second; `found` is False while it has no fix."""

    unix_s: int
    found: bool
    latitude: float  # degrees
    longitude: float
    speed_m_s: float
    course_deg: float
    satellites: int
    hdop: float
    error_north_m: float  # GST's standard errors
    error_east_m: float


@dataclass(frozen=True)
class Satellite:
    """One line of sight, for GSV."""

    number: int
    elevation: int
    azimuth: int
    snr: int


def checksum(body: bytes) -> int:
    """XOR of the bytes between `$` and `*`."""
    return reduce(xor, body, 0)


def sentence(body: str) -> bytes:
    """Frame a body: `$`, checksum, CRLF."""
    raw = body.encode("ascii")
    return b"$%s*%02X\r\n" % (raw, checksum(raw))


def angle(degrees: float, width: int) -> str:
    """Write degrees as [d]ddmm.mmmmm without sign; rounding never gives 60 minutes."""
    units = round(abs(degrees) * 60 * 100_000)
    whole, minutes = divmod(units, 60 * 100_000)
    return f"{whole:0{width}d}{minutes // 100_000:02d}.{minutes % 100_000:05d}"


def place(moment: Moment) -> str:
    """Write latitude and longitude, four fields; empty without a fix."""
    if not moment.found:
        return ",,,"
    north = "N" if moment.latitude >= 0 else "S"
    east = "E" if moment.longitude >= 0 else "W"
    return f"{angle(moment.latitude, 2)},{north},{angle(moment.longitude, 3)},{east}"


def clock(moment: Moment) -> str:
    """Write hhmmss.ss."""
    return datetime.fromtimestamp(moment.unix_s, UTC).strftime("%H%M%S.00")


def rmc(moment: Moment) -> bytes:
    """Recommended minimum: time, status, place, speed, course, date."""
    date = datetime.fromtimestamp(moment.unix_s, UTC).strftime("%d%m%y")
    if not moment.found:
        return sentence(f"GNRMC,{clock(moment)},V,,,,,,,{date},,,N")
    knots = moment.speed_m_s / METRES_PER_SECOND_PER_KNOT
    course = f"{moment.course_deg:.2f}" if moment.speed_m_s > 0.3 else ""
    return sentence(f"GNRMC,{clock(moment)},A,{place(moment)},{knots:.3f},{course},{date},,,A")


def gga(moment: Moment) -> bytes:
    """Fix data: quality, satellites, HDOP. Satellites end at 12, as most receivers have it."""
    if not moment.found:
        return sentence(f"GNGGA,{clock(moment)},,,,,0,00,99.99,,,,,,")
    fields = f"1,{min(moment.satellites, 12):02d},{moment.hdop:.2f},41.3,M,39.9,M,,"
    return sentence(f"GNGGA,{clock(moment)},{place(moment)},{fields}")


def gsa(moment: Moment, numbers: Sequence[int], system: int) -> bytes:
    """Satellites of one constellation and dilutions of precision."""
    if not moment.found:
        return sentence(f"GNGSA,A,1,,,,,,,,,,,,,99.99,99.99,99.99,{system}")
    used = ",".join([f"{number:02d}" for number in numbers[:12]] + [""] * (12 - len(numbers)))
    mode = 3 if moment.satellites > 3 else 2
    dilution = f"{moment.hdop * 1.7:.2f},{moment.hdop:.2f},{moment.hdop * 1.37:.2f}"
    return sentence(f"GNGSA,A,{mode},{used},{dilution},{system}")


def gst(moment: Moment) -> bytes:
    """The receiver's own estimate of its error."""
    if not moment.found:
        return sentence(f"GNGST,{clock(moment)},,,,,,,")
    north, east = moment.error_north_m, moment.error_east_m
    major, minor = max(north, east), min(north, east)
    errors = f"{major:.1f},{minor:.1f},{10.0:.1f},{north:.2f},{east:.2f},{north * 1.6:.2f}"
    return sentence(f"GNGST,{clock(moment)},{north * 2.1:.1f},{errors}")


def gsv(talker: str, satellites: Sequence[Satellite]) -> Iterator[bytes]:
    """Satellites in view, four a sentence."""
    pages = [satellites[i : i + 4] for i in range(0, len(satellites), 4)]
    for page, seen in enumerate(pages, start=1):
        views = ",".join(
            f"{s.number:02d},{s.elevation:02d},{s.azimuth:03d},{s.snr:02d}" for s in seen
        )
        yield sentence(f"{talker}GSV,{len(pages)},{page},{len(satellites):02d},{views}")
