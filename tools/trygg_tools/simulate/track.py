"""Where the wearer truly is at each second, and under what sky: straight lines between points."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from trygg_tools.route import METRES_PER_DEGREE
from trygg_tools.simulate.noise import chance
from trygg_tools.simulate.surroundings import NOTHING, Surroundings

MOVING_M_S = 0.2
SITTING, IN_BED = 0.4, 0.05  # how restless people are, by our estimate
EPOCH_UNIX_S = 1_577_836_800  # 2020-01-01, from which the tracker counts


class Point(NamedTuple):
    """At `s` (seconds since 2020) there; under `sky` from then until the next point.

    accuracy_m: of a recorded fix, whose errors are its own; 0 for a true place. restless: the share
    of minutes in which an accelerometer feels something though the wearer stays there.
    """

    s: float
    latitude: float
    longitude: float
    sky: Surroundings
    accuracy_m: float = 0.0
    restless: float = SITTING


class Here(NamedTuple):
    """One moment; speed in m/s, course in degrees."""

    latitude: float
    longitude: float
    speed_m_s: float
    course_deg: float
    sky: Surroundings
    accuracy_m: float


class Track:
    """Points in the order of time; before the first and after the last the wearer stands still.

    said: what a receiver said meanwhile, where that was recorded; None: the model's matter.
    """

    def __init__(self, name: str, points: Sequence[Point]) -> None:
        if not points:
            raise ValueError(f"{name}: no positions")
        self.name = name
        self.points = list(points)
        self.said: Track | None = None
        self._times = [point.s for point in points]
        self._leg = (0.0, 0.0, 0.0, 0.0)
        self._leg_of = -1

    @property
    def start_s(self) -> int:
        """Its first whole second."""
        return math.ceil(self._times[0])

    @property
    def end_s(self) -> int:
        """Its last."""
        return int(self._times[-1])

    def at(self, s: float) -> Here:
        """The moment `s`."""
        number = bisect_right(self._times, s) - 1
        if number < 0:
            first = self.points[0]
            return Here(first.latitude, first.longitude, 0.0, 0.0, first.sky, first.accuracy_m)
        here = self.points[number]
        if number + 1 == len(self.points):
            return Here(here.latitude, here.longitude, 0.0, 0.0, here.sky, here.accuracy_m)
        if number != self._leg_of:
            self._leg_of, self._leg = number, self._measure(here, self.points[number + 1])
        north_s, east_s, speed, course = self._leg
        gone = s - here.s
        return Here(
            here.latitude + gone * north_s,
            here.longitude + gone * east_s,
            speed,
            course,
            here.sky,
            here.accuracy_m,
        )

    def next_felt(self, after_s: int, until_s: int, seed: int) -> int | None:
        """The first second after one, and up to another, in which an accelerometer feels the
        wearer: any on the move, else one in each restless minute."""
        s = after_s + 1
        while s <= until_s:
            if self.at(s).speed_m_s > MOVING_M_S:
                return s
            number = max(0, bisect_right(self._times, s) - 1)
            after = self._times[number + 1] if number + 1 < len(self._times) else math.inf
            end_s = min(until_s, math.ceil(after) - 1) if after < math.inf else until_s
            restless = self.points[number].restless
            for minute in range(s // 60, end_s // 60 + 1):
                value = chance(seed, 60, 60 * minute)
                second = 60 * minute + int(60 * value / restless)
                if value < restless and s <= second <= end_s:
                    return second
            s = max(s, end_s) + 1
        return None

    @staticmethod
    def _measure(here: Point, there: Point) -> tuple[float, float, float, float]:
        """(degrees a second north and east, m/s, course) from one point to the next."""
        took = max(there.s - here.s, 1e-3)
        if here.sky is NOTHING and took > 1 and here.accuracy_m:
            took = math.inf  # a recording with a gap: nobody knows; it goes on from the next fix
        north = there.latitude - here.latitude
        east = (there.longitude - here.longitude + 180) % 360 - 180
        north_m = north * METRES_PER_DEGREE
        east_m = east * METRES_PER_DEGREE * math.cos(math.radians(here.latitude))
        course = math.degrees(math.atan2(east_m, north_m)) % 360
        return north / took, east / took, math.hypot(north_m, east_m) / took, course
