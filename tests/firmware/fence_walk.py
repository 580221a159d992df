"""A wearer who walks east and west of a fence's middle, for the tests of fences."""

from tracker import ticks
from tracker.fence import FenceSet
from tracker.fix import Fix
from tracker.settings import Settings

LAT, LON = 59913900, 10745200
E6_PER_100_M = 1790  # of longitude, at this latitude
START_S = 217000000


def circle(number=1, radius_dm=1500, **changes):
    row = {
        "number": number,
        "keep": 0,
        "shape": 0,
        "private": 0,
        "buffer_dm": 100,
        "schedule": [],
        "rings": [],
    }
    row.update({"lat_e6": LAT, "lon_e6": LON, "radius_dm": radius_dm})
    row.update(changes)
    return row


class Walk:
    """A FenceSet and a wearer who stands `metres` east of its middle, `s` after the start."""

    def __init__(self, *rows):
        self.settings = Settings()
        self.settings.doubt_s = 0  # these wearers leap; doubt has tests of its own
        self.fences = FenceSet(self.settings)
        assert self.fences.replace(7, {"fences": rows or [circle()]}) == 0

    def fix(self, metres, s, accuracy_dm=40):
        lon = LON + metres * E6_PER_100_M // 100
        now = ticks.add(ticks.PERIOD - 20000, 1000 * s)  # wraps 20 s after the start
        return Fix(START_S + s, LAT, lon, accuracy_dm, 14, 90, 8, now)

    def at(self, metres, s, accuracy_dm=40):
        return self.fences.judge(self.fix(metres, s, accuracy_dm))

    def wait(self, s):
        return self.fences.overdue(ticks.add(ticks.PERIOD - 20000, 1000 * s), START_S + s)

    def state(self):
        return self.fences.worst()[1]
