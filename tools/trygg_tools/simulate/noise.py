"""Errors as functions of time and seed alone: whoever asks when, the answer is the same.

So two policies that look at other moments meet the same sky. A value is drawn for each knot of a
row of knots from a generator seeded with the knot's number; between two knots the weights are
cosine and sine, whose squares sum to 1, so the spread is the same at every moment.
"""

import math
import random
from functools import lru_cache

from trygg_tools.simulate.surroundings import (
    WILD_LASTS_S,
    WILD_LASTS_SPREAD,
    WILD_SPREAD,
    Surroundings,
)

SLOT_S = 600  # excursions are drawn for so long at once
DAY_S = 86400
_KNOTS = 1 << 40


@lru_cache(maxsize=4096)
def knot(seed: int, number: int) -> tuple[float, float, float]:
    """Two normal values and one of 0..1, of one knot of one row."""
    dice = random.Random(seed * _KNOTS + number)  # noqa: S311  weather, no secret
    return dice.gauss(0, 1), dice.gauss(0, 1), dice.random()


def wander(seed: int, every_s: int, at_s: float) -> tuple[float, float]:
    """Two independent standard normal values that change within `every_s`."""
    number, part = divmod(at_s, every_s)
    before, after = knot(seed, int(number)), knot(seed, int(number) + 1)
    angle = part / every_s * math.pi / 2
    keep, take = math.cos(angle), math.sin(angle)
    return keep * before[0] + take * after[0], keep * before[1] + take * after[1]


def chance(seed: int, every_s: int, at_s: int) -> float:
    """A value of 0..1 that holds for `every_s`."""
    return knot(seed, at_s // every_s)[2]


@lru_cache(maxsize=4096)
def _wild(
    seed: int, slot: int, row: Surroundings
) -> tuple[float, float, float, float, bool] | None:
    """The excursion of one slot: from, until (s), north, east (m), whether GST says so."""
    dice = random.Random(seed * _KNOTS + slot)  # noqa: S311
    if dice.random() >= row.wild_a_day * SLOT_S / DAY_S:
        return None
    begins = (slot + dice.random()) * SLOT_S
    size = row.wild_m * math.exp(dice.gauss(0, WILD_SPREAD))
    lasts = WILD_LASTS_S * math.exp(dice.gauss(0, WILD_LASTS_SPREAD))
    bearing = dice.uniform(0, 2 * math.pi)
    honest = dice.random() < row.honest
    return begins, begins + lasts, size * math.cos(bearing), size * math.sin(bearing), honest


def excursion(seed: int, row: Surroundings, at_s: float) -> tuple[float, float, bool]:
    """North, east (m) of the excursion under way, and whether GST says so; (0, 0, True): none."""
    slot = int(at_s // SLOT_S)
    for number in (slot, slot - 1):
        wild = _wild(seed, number, row)
        if wild and wild[0] <= at_s < wild[1]:
            return wild[2], wild[3], wild[4]
    return 0.0, 0.0, True
