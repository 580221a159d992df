"""A track put somewhere else: the same shape in metres, at a place and in a week nobody can tell.

One amount is added to every latitude, drawn at random, used once, written nowhere; a whole unit of
the coarsest decimal in the log, so that differences stay exact. Longitudes are moved likewise, and
drawn out for the new latitude: a degree of longitude is shorter in the north, and a speed and a
course beside unchanged differences would tell the latitude to some kilometres (speed times sine of
course is the difference's metres). Hemispheres stay; latitudes end below 66 degrees. Whoever knows
one true position knows the amounts: so what a receiver says without a fix (its maker's place,
nought, the pole) is never moved with the others.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

_chance = secrets.SystemRandom()

DEGREE = 60  # minutes
NORTHMOST = 66 * DEGREE
EASTMOST = 179 * DEGREE
LEAST_MOVE = 1 * DEGREE
WIDEST = DEGREE // 2  # a log that is wider than this is no excerpt of one place
FIRST_DAY = date(2020, 1, 6)  # before it gpsdecode and the tracker see a week rollover


class MoveError(ValueError):
    """The log cannot be moved whole; the text says why and what to do."""


class Place(NamedTuple):
    """Two angles in minutes without sign, and their letters."""

    north: Decimal
    ns: str
    east: Decimal
    ew: str

    @property
    def nowhere(self) -> bool:
        """What receivers say that know no place: nought, or the pole as MediaTek's 89°60'."""
        return self.north in (0, 90 * DEGREE) and self.east == 0


class Eastward:
    """Longitudes drawn out by `stretch` from `about`, and moved by `amount`; minutes.

    Rounded to units, evenly spaced longitudes would lie on a lattice with gaps that tells the
    stretch: so each is first put somewhere within its own unit, by chance and once for all.
    """

    def __init__(self, amount: Decimal, about: Decimal, stretch: Decimal, unit: Decimal) -> None:
        self._amount, self._about, self._stretch, self._unit = amount, about, stretch, unit
        self._put = {about: about + amount}

    def __call__(self, east: Decimal) -> Decimal:
        """The longitude's new place; what is finer than a unit stays as it is."""
        coarse = east.quantize(self._unit, ROUND_DOWN)
        if coarse not in self._put:
            within = Decimal(_chance.random() - 0.5) * self._unit
            away = (coarse + within - self._about) * self._stretch
            self._put[coarse] = (self._about + self._amount + away).quantize(self._unit)
        return self._put[coarse] + east - coarse


class Move(NamedTuple):
    """What is done: minutes added, longitudes put, metres, weeks. Never printed, never stored."""

    north: Decimal
    east: Eastward
    up: Decimal
    weeks: int


_NOUGHT = Decimal(0)
STAY = Move(_NOUGHT, Eastward(_NOUGHT, _NOUGHT, Decimal(1), Decimal(1)), _NOUGHT, 0)


def minutes(text: str) -> Decimal:
    """Read [d]ddmm.mmmm as minutes."""
    whole, _, decimals = text.partition(".")
    return Decimal(int(whole[:-2]) * DEGREE) + Decimal(f"{whole[-2:]}.{decimals}")


def angle(value: Decimal, like: str) -> str:
    """Write minutes as [d]ddmm.mmmm with the digits of `like`."""
    whole, _, decimals = like.partition(".")
    value = value.quantize(Decimal(1).scaleb(-len(decimals)))
    degrees, rest = divmod(value, DEGREE)
    return f"{int(degrees):0{len(whole) - 2}d}{rest:0{3 + len(decimals)}.{len(decimals)}f}"


def height(text: str, up: Decimal) -> str:
    """Add to an altitude, its digits kept as they are written."""
    value = Decimal(text)
    width = len(text) if text.lstrip("-").startswith("0") and len(text) > 4 else 0
    return f"{value + up:.{-int(value.as_tuple().exponent)}f}".zfill(width)


def drawn(
    places: list[Place], unit: Decimal, altitudes: list[Decimal], days: Iterable[date], today: date
) -> Move:
    """Draw a move for a log with these places, the coarsest unit, altitudes and days."""
    if not places:
        return STAY._replace(weeks=_weeks(list(days), today))
    for letters in ({one.ns for one in places}, {one.ew for one in places}):
        if len(letters) > 1:
            raise MoveError(
                f"it passes from {' to '.join(sorted(letters))}: cannot be moved whole; take a part"
                " of one hemisphere with --lines"
            )
    _demand_narrow([one.north for one in places])
    north = _amount([one.north for one in places], unit, NORTHMOST)
    east = _eastward(places, north, unit)
    up = _chance.randrange(10, 90) - altitudes[0].to_integral_value() if altitudes else Decimal(0)
    return Move(north, east, up, _weeks(list(days), today))


def _eastward(places: list[Place], north: Decimal, unit: Decimal) -> Eastward:
    """East-west metres stay what they were, at the latitude that is `north` of the first."""
    about = places[0].east.quantize(unit, ROUND_DOWN)
    stretch = Decimal(_cosine(places[0].north) / _cosine(places[0].north + north))
    _demand_narrow([one.east for one in places])
    drawn_out = [about + (one.east - about) * stretch for one in places]
    return Eastward(_amount(drawn_out, unit, EASTMOST), about, stretch, unit)


def _cosine(latitude: Decimal) -> float:
    return math.cos(math.radians(float(latitude) / DEGREE))


def _demand_narrow(angles: list[Decimal]) -> None:
    apart = max(angles) - min(angles)
    if apart > WIDEST:
        raise MoveError(
            f"its fixes lie {apart / DEGREE:.1f} degrees apart, wanted at most"
            f" {WIDEST / DEGREE}: take a part with --lines, or without the wrong fixes"
        )


def _amount(angles: list[Decimal], unit: Decimal, most: int) -> Decimal:
    low, high = min(angles), max(angles)
    least = int((DEGREE // 2 - low) / unit) + 1
    greatest = int((most - high) / unit)
    while True:
        units = _chance.randint(least, greatest)
        if abs(units * unit) >= LEAST_MOVE:
            return units * unit


def _weeks(days: list[date], today: date) -> int:
    """Weeks, not nought, that put every day between FIRST_DAY and today."""
    if not days:
        return 0
    if max(days) - min(days) > timedelta(days=2):
        raise MoveError(
            f"its fixes have dates from {min(days)} to {max(days)}: take a part with --lines, or"
            " --keep-date where a wrong date is what the log is about"
        )
    least = -((min(days) - FIRST_DAY).days // 7)
    greatest = (today - max(days)).days // 7
    greatest = max(greatest, least + 52)  # this computer's clock may be wrong
    while True:
        weeks = _chance.randint(least, greatest)
        if weeks:
            return weeks
