"""Days of a person with dementia at home: rooms, garden, walks, visits, drives, and going astray.

Made from one seed. A day: in bed until about half past seven, once up at night; then rooms, where
they stay 15 to 90 minutes; the outings of PLANS in between, by their chance; in bed from about ten.
`within_m` is how far they keep on walks when all is well: less than the radius of their fence.
A walk stays within it, a visit, a drive and going astray do not. Everybody invented.
"""

import math
import random
from collections.abc import Callable
from typing import NamedTuple

from trygg_tools.route import moved
from trygg_tools.simulate.surroundings import (
    BRICK,
    CAR,
    CONCRETE,
    NOTHING,
    OPEN,
    STREET,
    WOODEN,
    Surroundings,
)
from trygg_tools.simulate.track import IN_BED, SITTING, Point, Track

DAY_S = 86400
START_S = 203_900_400  # 2026-06-17 22:20 UTC is 00:20 in Oslo; the exact hour matters to nobody
HOMES = {  # rooms: bedroom, sitting room, kitchen, the innermost
    "wooden": (WOODEN, WOODEN, WOODEN, BRICK),
    "brick": (BRICK, WOODEN, BRICK, BRICK),
    "block": (BRICK, BRICK, CONCRETE, NOTHING),
}
PLACES = {  # homes to begin from, spread over the country; real places, invented persons
    "oslo": (59.92700, 10.70100),
    "tromso": (69.64920, 18.95530),
    "bodo": (67.28040, 14.40490),
}


class Person(NamedTuple):
    """Who: chances are outings a day."""

    home: tuple[float, float] = PLACES["oslo"]
    house: str = "wooden"
    within_m: float = 120.0
    garden: float = 1.0
    walk: float = 1.0
    visit: float = 0.05
    drive: float = 0.1
    astray: float = 0.05


class Days:
    """Writes points one after another; north and east in metres from home."""

    def __init__(self, person: Person, seed: int, start_s: int) -> None:
        self.person = person
        self.dice = random.Random(seed)  # noqa: S311  an invented life
        self.s = float(start_s)
        self.north = self.east = 0.0
        self.points: list[Point] = []
        self.rooms = [(self.dice.uniform(-6, 6), self.dice.uniform(-6, 6)) for _ in range(4)]

    def put(self, sky: Surroundings, restless: float = SITTING) -> None:
        """Be here under this sky from now on."""
        place = moved(*self.person.home, self.north, self.east)
        self.points.append(Point(self.s, *place, sky, restless=restless))

    def stay(self, seconds: float, sky: Surroundings, restless: float = SITTING) -> None:
        """Stand or sit."""
        self.put(sky, restless)
        self.s += seconds

    def go(self, north: float, east: float, speed_m_s: float, sky: Surroundings) -> None:
        """Go in a straight line."""
        self.put(sky)
        self.s += math.hypot(north - self.north, east - self.east) / speed_m_s
        self.north, self.east = north, east

    # -- at home ---------------------------------------------------------------------------

    def room(self, number: int, seconds: float, restless: float = SITTING) -> None:
        """Go to a room and stay."""
        sky = HOMES[self.person.house][number]
        self.go(*self.rooms[number], 0.6, sky)
        self.stay(seconds, sky, restless)

    def night(self, until_s: float) -> None:
        """In bed, once up."""
        up_s = self.dice.uniform(0.2, 0.8) * (until_s - self.s)
        self.room(0, up_s, IN_BED)
        self.room(3, 300)
        self.room(0, max(60.0, until_s - self.s), IN_BED)

    # -- outings ---------------------------------------------------------------------------

    def out(self, far_m: float, speed_m_s: float, sky: Surroundings, legs: int = 3) -> None:
        """Walk by a few corners to a place so far away, in any direction."""
        bearing = self.dice.uniform(0, 2 * math.pi)
        for leg in range(1, legs + 1):
            turn = bearing + self.dice.gauss(0, 0.3)
            far = far_m * leg / legs
            self.go(far * math.cos(turn), far * math.sin(turn), speed_m_s, sky)

    def home(self, speed_m_s: float, sky: Surroundings) -> None:
        """Back the straight way, with one corner."""
        self.go(self.north / 2 + self.dice.gauss(0, 5), self.east / 2, speed_m_s, sky)
        self.go(*self.rooms[2], speed_m_s, sky)

    def garden(self) -> None:
        """Near the house, in the open."""
        for _ in range(self.dice.randint(3, 8)):
            self.out(self.dice.uniform(8, 0.25 * self.person.within_m), 0.5, OPEN, legs=1)
            self.stay(self.dice.uniform(60, 300), OPEN)
        self.home(0.6, OPEN)

    def walk(self) -> None:
        """A round within the fence, with a bench on the way."""
        for _ in range(self.dice.randint(2, 4)):
            self.out(self.dice.uniform(0.4, 1.0) * self.person.within_m, self.pace(), STREET, 2)
            self.stay(self.dice.uniform(30, 400), STREET)
        self.home(self.pace(), STREET)

    def visit(self) -> None:
        """On foot to neighbours beyond the fence, and in."""
        self.out(self.dice.uniform(2, 5) * self.person.within_m, self.pace(), STREET)
        self.stay(self.dice.uniform(1800, 7200), self.dice.choice((WOODEN, BRICK)))
        self.home(self.pace(), STREET)

    def drive(self) -> None:
        """By car to the day centre or the shops."""
        self.out(self.dice.uniform(2000, 8000), self.dice.uniform(8, 18), CAR, 6)
        self.stay(self.dice.uniform(3600, 14400), self.dice.choice((BRICK, CONCRETE)))
        self.home(self.dice.uniform(8, 18), CAR)

    def astray(self) -> None:
        """Away on foot, and brought home by car."""
        self.out(self.dice.uniform(3, 12) * self.person.within_m, self.pace(), STREET, 5)
        self.stay(self.dice.uniform(60, 1200), OPEN)
        self.home(6, CAR)

    def pace(self) -> float:
        """Metres a second."""
        return self.dice.uniform(0.7, 1.5)

    def day(self, begins_s: float) -> None:
        """One day and the night before it."""
        person, dice = self.person, self.dice
        self.night(begins_s + dice.uniform(7, 8.5) * 3600)
        outings: list[Callable[[], None]] = []
        for chance, outing in (
            (person.garden, self.garden),
            (person.walk, self.walk),
            (person.visit, self.visit),
            (person.drive, self.drive),
            (person.astray, self.astray),
        ):
            whole = int(chance)
            outings += [outing] * (whole + (dice.random() < chance - whole))
        dice.shuffle(outings)
        bed_s = begins_s + dice.uniform(21, 22.5) * 3600
        between_s = (bed_s - self.s) / (len(outings) + 1)
        for number in range(len(outings) + 1):
            self.indoors(min(bed_s, self.s + between_s))
            if number < len(outings) and self.s < bed_s:
                outings[number]()

    def indoors(self, until_s: float) -> None:
        """From room to room."""
        while self.s < until_s:
            self.room(self.dice.choice((1, 1, 1, 2, 2, 3)), self.dice.uniform(900, 5400))


def generated(days: int, person: Person | None = None, seed: int = 1) -> Track:
    """So many days of a person, from midnight; same seed, same life."""
    person = person or Person()
    life = Days(person, seed, START_S)
    for number in range(days):
        life.day(START_S + number * DAY_S)
    life.night(max(life.s + 60, START_S + days * DAY_S + 3600))
    life.put(HOMES[person.house][0])
    return Track(f"{days} days, {person.house} house, seed {seed}", life.points)
