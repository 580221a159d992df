"""A short walk, again and again out of four fences round one house and back, as a receiver says it.

Each lap crosses every fence twice, so that a tracker has alarms to tell all the time, and reports
every ten seconds while outside. The path: north from the house at 15 m/s, a stay, back, a stay.
"""

import random
from collections.abc import Iterator
from pathlib import Path

from trygg_tools import nmea_sentence as nmea
from trygg_tools.nmea_log import write_log
from trygg_tools.route import moved

HOME = (59.9270, 10.7010)
RADII_M = (30, 45, 60, 75)
STAY_S = 12  # inside; outside it is as much again
PACE_M_S = 15
FAR_M = 150
LAPS = 6
START_UNIX = 1_780_000_000

FENCES = [
    {
        "number": number,
        "name": f"ring {number}",
        "keep": "in",
        "shape": "circle",
        "lat": HOME[0],
        "lon": HOME[1],
        "radius_m": radius_m,
        "buffer_m": 1,
    }
    for number, radius_m in enumerate(RADII_M, 1)
]


def write_laps(path: Path, seed: int) -> Path:
    """Write the walk as a receiver's log; the same seed gives the same bytes."""
    header = {
        "receiver": "none: generated",
        "date": "2026-05-28",
        "note": "laps out of four fences and back",
        "licence": "CC0-1.0",
        "provenance": f"tests/journey/laps.py, seed {seed}",
    }
    write_log(path, header, lines(random.Random(seed)))
    return path


def lines(dice: random.Random) -> Iterator[bytes]:
    """RMC, GGA and GST of each second of all laps."""
    for second, metres in enumerate(path()):
        moment = at(START_UNIX + second, metres, dice)
        yield nmea.rmc(moment)
        yield nmea.gga(moment)
        yield nmea.gst(moment)


def path() -> list[int]:
    """Metres north of the house, second by second."""
    out = list(range(PACE_M_S, FAR_M, PACE_M_S))
    lap = [0] * STAY_S + out + [FAR_M] * STAY_S + out[::-1]
    return lap * LAPS


def at(unix_s: int, metres: int, dice: random.Random) -> nmea.Moment:
    """What a good receiver believes there: half a metre off."""
    latitude, longitude = moved(*HOME, metres + dice.gauss(0, 0.5), dice.gauss(0, 0.5))
    return nmea.Moment(
        unix_s=unix_s,
        found=True,
        latitude=latitude,
        longitude=longitude,
        speed_m_s=dice.uniform(0, PACE_M_S),
        course_deg=dice.uniform(0, 359),
        satellites=12,
        hdop=0.8,
        error_north_m=0.8,
        error_east_m=0.8,
    )
