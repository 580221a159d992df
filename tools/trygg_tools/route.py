"""A walk as a receiver would log it: stops on a map in, one second's NMEA lines after another out.

The walker goes straight from stop to stop with a pace that sways, and waits where told. What the
receiver believes is off by two errors: one that wanders (first-order Gauss-Markov, 60 s, about 2 m
in each direction: multipath and ionosphere) and a white one of 0.3 m. HDOP follows the number of
satellites, GST says the errors' real size give or take a fifth. At a stop marked `indoors` the fix
gets worse for some seconds, is lost, and comes back with a large error that fades. Now and then
a second is missing, a byte is lost, doubled or flipped: as on any cable.

Everything comes from one seed: the same route, start and seed give the same bytes.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from trygg_tools import nmea_sentence as nmea
from trygg_tools.nmea_log import read_log, write_log
from trygg_tools.nmea_sentence import Moment, Satellite

__all__ = [
    "Route",
    "Stop",
    "Wear",
    "generate",
    "moments",
    "moved",
    "read_log",
    "write_log",
]

METRES_PER_DEGREE = 111_195.0  # of latitude, on the mean sphere
WANDER_S = 60.0  # the time after which a wandering error is mostly another one
FADING_S = 12  # how long the sky takes to go and to come back at a door
GSV_EVERY_S = 5  # receivers are set so to save the line


@dataclass(frozen=True)
class Stop:
    """A place the walker goes to at `speed_m_s`, and how long they wait there."""

    latitude: float
    longitude: float
    speed_m_s: float = 1.2
    pause_s: int = 0
    indoors: bool = False  # the fix is lost during the pause


@dataclass(frozen=True)
class Wear:
    """What goes wrong, as chances: of a missing second, of a damaged line; and the line's speed."""

    gap: float = 0.002
    damage: float = 0.001
    baud: int = 38400
    latency_ms: tuple[int, int] = (60, 120)  # from the moment to the first byte about it


@dataclass(frozen=True)
class Route:
    """A named walk: the first stop is where it begins."""

    name: str
    stops: tuple[Stop, ...]
    wander_m: float = 2.0
    wear: Wear = field(default_factory=Wear)


def moved(latitude: float, longitude: float, north_m: float, east_m: float) -> tuple[float, float]:
    """Give the place so many metres north and east of another, on the mean sphere."""
    east_degrees = east_m / (METRES_PER_DEGREE * math.cos(math.radians(latitude)))
    round_the_world = (longitude + east_degrees + 180) % 360 - 180
    return latitude + north_m / METRES_PER_DEGREE, round_the_world


@dataclass(frozen=True)
class Step:
    """Where the walker really is at one second."""

    latitude: float
    longitude: float
    speed_m_s: float
    course_deg: float
    cover: float  # 0 open sky, 1 no fix


def walk(route: Route, dice: random.Random) -> Iterator[Step]:
    """Give the walker's true place second by second."""
    here = route.stops[0]
    yield from wait(here, dice)
    for there in route.stops[1:]:
        yield from stride(here, there, dice)
        yield from wait(there, dice)
        here = there


def wait(stop: Stop, dice: random.Random) -> Iterator[Step]:
    """Stand at a stop; indoors the sky goes, stays away for the pause, and comes back."""
    still = Step(stop.latitude, stop.longitude, 0.0, dice.uniform(0, 360), 0.0)
    fading = [second / FADING_S for second in range(1, FADING_S)] if stop.indoors else []
    for cover in [*fading, *[float(stop.indoors)] * stop.pause_s, *reversed(fading)]:
        yield replace(still, cover=cover)


def stride(here: Stop, there: Stop, dice: random.Random) -> Iterator[Step]:
    """Go from one stop to the next with a pace that sways by a tenth."""
    north = (there.latitude - here.latitude) * METRES_PER_DEGREE
    narrowing = math.cos(math.radians(here.latitude))
    east = (there.longitude - here.longitude) * METRES_PER_DEGREE * narrowing
    distance, course = math.hypot(north, east), math.degrees(math.atan2(east, north)) % 360
    gone, sway = 0.0, 0.0
    while distance > 0:
        sway = 0.9 * sway + 0.1 * dice.gauss(0.0, 0.4)
        speed = there.speed_m_s * (1 + max(-0.3, min(0.3, sway)))
        gone += speed
        if gone >= distance:
            return
        latitude, longitude = moved(
            here.latitude, here.longitude, north * gone / distance, east * gone / distance
        )
        yield Step(latitude, longitude, speed, course, 0.0)


class Sky:
    """The receiver's errors and satellites, one second after another."""

    def __init__(self, wander_m: float, dice: random.Random) -> None:
        self._dice = dice
        self._wander_m = wander_m
        self._north, self._east = dice.gauss(0, wander_m * 0.5), dice.gauss(0, wander_m * 0.5)
        self._satellites = float(dice.randint(11, 14))
        self._estimate = 1.0  # GST's error about the errors
        self.views = [self._view(number) for number in sorted(dice.sample(range(1, 33), 12))]

    def _view(self, number: int) -> Satellite:
        dice = self._dice
        return Satellite(number, dice.randint(8, 82), dice.randint(0, 359), dice.randint(22, 46))

    def look(self, step: Step, unix_s: int) -> Moment:
        """Give what the receiver believes about a step."""
        dice = self._dice
        size = self._wander_m * (1 + 5 * step.cover)
        keep = math.exp(-1 / (WANDER_S if step.cover == 0 else 8))
        push = size * math.sqrt(1 - keep * keep)
        self._north = keep * self._north + dice.gauss(0, push)
        self._east = keep * self._east + dice.gauss(0, push)
        self._satellites = min(16.0, max(9.0, self._satellites + dice.gauss(0, 0.25)))
        self._estimate = min(1.2, max(0.8, self._estimate + dice.gauss(0, 0.02)))
        satellites = max(4, round(self._satellites * (1 - 0.7 * step.cover)))
        latitude, longitude = moved(
            step.latitude,
            step.longitude,
            self._north + dice.gauss(0, 0.3),
            self._east + dice.gauss(0, 0.3),
        )
        course = (step.course_deg + dice.gauss(0, 4 if step.speed_m_s > 0.3 else 60)) % 360
        return Moment(
            unix_s=unix_s,
            found=step.cover < 1,
            latitude=latitude,
            longitude=longitude,
            speed_m_s=abs(step.speed_m_s + dice.gauss(0, 0.06)),
            course_deg=course,
            satellites=satellites,
            hdop=2.75 / math.sqrt(satellites) * (1 + step.cover),
            error_north_m=math.hypot(size, 0.3) * self._estimate,
            error_east_m=math.hypot(size, 0.3) * self._estimate * 0.85,
        )


def moments(route: Route, start_unix: int, seed: int) -> Iterator[tuple[Moment, Sky]]:
    """Give what the receiver believes second by second, and the sky it has it from."""
    dice = random.Random(seed)  # noqa: S311  a walk, not a secret
    sky = Sky(route.wander_m, dice)
    for second, step in enumerate(walk(route, dice)):
        yield sky.look(step, start_unix + second), sky


def burst(moment: Moment, sky: Sky) -> Iterator[bytes]:
    """Give the sentences about one moment, in the order in which u-blox receivers send them."""
    numbers = [view.number for view in sky.views]
    yield nmea.rmc(moment)
    yield nmea.gga(moment)
    half = min(moment.satellites, 12) // 2
    yield nmea.gsa(moment, numbers[:half], 1)
    yield nmea.gsa(moment, numbers[half : half * 2], 3)
    if moment.unix_s % GSV_EVERY_S == 0:
        yield from nmea.gsv("GP", sky.views[:8])
        yield from nmea.gsv("GA", sky.views[8:])
    yield nmea.gst(moment)


def generate(route: Route, start_unix: int, seed: int) -> Iterator[tuple[int, bytes]]:
    """Give (t_ms, line): each line of the walk, and when its last byte is out, from the start."""
    dice = random.Random(seed + 1)  # noqa: S311  damage, not a secret
    wear = route.wear
    for moment, sky in moments(route, start_unix, seed):
        t_ms = (moment.unix_s - start_unix) * 1000.0 + dice.uniform(*wear.latency_ms)
        if dice.random() < wear.gap:
            continue
        for line in burst(moment, sky):
            t_ms += len(line) * 10_000 / wear.baud
            yield round(t_ms), damaged(line, dice) if dice.random() < wear.damage else line


def damaged(line: bytes, dice: random.Random) -> bytes:
    """Lose, double or flip one byte, or lose the rest."""
    at = dice.randrange(len(line))
    lost = line[:at] + line[at + 1 :]
    doubled = line[: at + 1] + line[at:]
    flipped = line[:at] + bytes([line[at] ^ (1 << dice.randrange(8))]) + line[at + 1 :]
    return dice.choice([lost, doubled, flipped, line[:at]])
