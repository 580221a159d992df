"""The bound proven: whoever walks, at most at v_max, is reported within the bound stated.

A seeded simulation of real FenceSets and a real Duty, second by second. Searches take any time
up to the time-out, fixes are wrong by anything up to their accuracy in any direction, and the
wearer does the worst that v_max allows: waits just inside and leaves right after a fix.
"""

import math
import random

import pytest

from tracker import ticks
from tracker.duty import Duty
from tracker.fence import FenceSet
from tracker.fix import Fix
from tracker.geo import Place
from tracker.settings import ROWS, Settings
from trygg_wire.layouts import KEEP_OUT, LEFT

EXITS = 60  # a seed; there are SEEDS of them
SEEDS = range(6)
START_S = 217_000_000
M_PER_LAT_E6 = 0.1114


class Wearer:
    """Somebody on a plane in metres round (lat_e6, lon_e6), never faster than `speed_m_s`."""

    def __init__(self, chance, lat_e6, lon_e6, speed_m_s):
        self.chance = chance
        self.origin = (lat_e6, lon_e6)
        self.speed_m_s = speed_m_s * 0.995  # the plane here is only good to half a percent
        self.x = self.y = 0.0
        self.target = (0.0, 0.0)

    def step(self):
        """One second towards the target."""
        dx, dy = self.target[0] - self.x, self.target[1] - self.y
        rest = math.hypot(dx, dy)
        share = min(1.0, self.speed_m_s / rest) if rest else 0.0
        self.x += dx * share
        self.y += dy * share

    def place(self, east_m=0.0, north_m=0.0):
        """Where they are, or seem to be when a fix is wrong by so much: (lat_e6, lon_e6)."""
        lat_e6 = self.origin[0] + (self.y + north_m) / M_PER_LAT_E6
        per_lon_e6 = M_PER_LAT_E6 * math.cos(math.radians(self.origin[0] / 1e6))
        return round(lat_e6), round(self.origin[1] + (self.x + east_m) / per_lon_e6)

    def fix(self, at_s, accuracy_dm):
        """A fix that is wrong by up to its accuracy, often by all of it."""
        wrong_m = accuracy_dm / 10 * self.chance.choice((0.99, self.chance.random()))
        bearing = self.chance.uniform(0, math.tau)
        lat_e6, lon_e6 = self.place(wrong_m * math.cos(bearing), wrong_m * math.sin(bearing))
        now = at_s * 1000 % ticks.PERIOD
        return Fix(START_S + at_s, lat_e6, lon_e6, accuracy_dm, 14, 360, 8, now)


class Tracker:
    """The part of the application that the bound is about: search, judge, plan."""

    def __init__(self, chance, settings, row):
        self.chance = chance
        self.settings = settings
        self.fences = FenceSet(settings)
        assert self.fences.replace(1, {"fences": [row]}) == 0
        self.duty = Duty(settings)
        self.fix_at_s = self._found_in_s()
        self.left_at_s = None

    def step(self, at_s, wearer, accuracy_dm):
        """One second; whether there was a fix."""
        if at_s < self.fix_at_s:
            return False
        fix = wearer.fix(at_s, accuracy_dm)
        for event in self.fences.judge(fix):
            if event.what == LEFT:
                self.left_at_s = at_s
        confirming = self.fences.needs_confirmation
        margin_cm = self.fences.margin_cm()
        state = self.fences.worst()[1]
        pause_s = self.duty.next_fix_in_s(margin_cm, accuracy_dm, 0, state, confirming)
        self.fix_at_s = at_s + (1 if confirming else pause_s + self._found_in_s())
        return True

    def _found_in_s(self):
        """How long the next search takes: mostly short, sometimes all that it may."""
        longest = self.settings.fix_timeout_s
        took_s = self.chance.choice((1, 2, self.chance.randint(1, longest), longest))
        self.duty.got_fix(took_s)
        return took_s


def _settings(chance):
    settings = Settings()
    for _number, name, _default, low, high in ROWS:
        if name in ("v_max_dm_s", "fix_margin_dm", "confirm_apart_s", "accuracy_clamp_dm"):
            setattr(settings, name, min(high, chance.randint(low, 3 * low + 20)))
    settings.fix_floor_s = chance.randint(5, 60)
    settings.fix_ceiling_s = chance.randint(60, 900)
    settings.fix_timeout_s = chance.randint(10, 60)
    settings.alarm_fix_s = chance.randint(1, 120)
    settings.speed_refused_dm_s = 3000
    return settings


def _fence(chance, lat_e6, lon_e6):
    """A circle, a polygon or a forbidden area whose boundary is 100 to 800 m from the origin."""
    row = {"number": 1, "keep": 0, "shape": 0, "private": 0, "rings": [], "radius_dm": 0}
    row.update(buffer_dm=chance.choice((0, 50, 200)), lat_e6=lat_e6, lon_e6=lon_e6)
    if chance.random() < 0.5:
        row["radius_dm"] = chance.randint(1000, 8000)
        return row
    maker = Wearer(chance, lat_e6, lon_e6, 1.0)
    points = []
    for corner in range(chance.randint(3, 12)):
        bearing = corner * 0.5
        spoke_m = chance.randint(150, 800)
        maker.x, maker.y = spoke_m * math.cos(bearing), spoke_m * math.sin(bearing)
        lat, lon = maker.place()
        points.append({"lat_e6": lat, "lon_e6": lon})
    row.update(shape=1, rings=[{"points": points}])
    if chance.random() < 0.3:
        row["keep"] = KEEP_OUT
    return row


def _walk(seed):
    """One wearer until they have been out for longer than the bound: (delay, bound) in seconds."""
    chance = random.Random(seed)
    lat_e6 = chance.randint(-69_000_000, 69_000_000)
    lon_e6 = chance.choice((chance.randint(-180_000_000, 179_000_000), 179_999_000))
    lon_e6 = min(lon_e6, 179_900_000)
    settings = _settings(chance)
    tracker = Tracker(chance, settings, _fence(chance, lat_e6, lon_e6))
    wearer = Wearer(chance, lat_e6, lon_e6, settings.v_max_dm_s / 10)
    fence = tracker.fences._fences[0]
    accuracy_dm = chance.choice((10, 30, 80, 300))
    buffer_dm = fence.buffer_dm or (0 if fence.keep == KEEP_OUT else settings.fence_buffer_dm)
    doubt_cm = 10 * (buffer_dm + accuracy_dm + min(accuracy_dm, settings.accuracy_clamp_dm))
    bearing = chance.uniform(0, math.tau)
    far = (5000 * math.cos(bearing), 5000 * math.sin(bearing))
    if fence.keep == KEEP_OUT:
        wearer.x, wearer.y = far
        far = (wearer.x * 0.02, wearer.y * 0.02)
    wearer.target = (wearer.x, wearer.y)
    leave_at_s = chance.randint(0, 1500)
    crossed_at_s = bound_s = None
    for at_s in range(20000):
        beyond_cm = fence.beyond_cm(Place(*wearer.place()))
        _lead(wearer, tracker, at_s, leave_at_s, beyond_cm, far)
        if beyond_cm <= doubt_cm:
            crossed_at_s = None
        elif crossed_at_s is None:
            crossed_at_s = at_s
            bound_s = tracker.duty.bound_s(0) - settings.connect_s
        if crossed_at_s is not None and tracker.left_at_s is not None:
            return tracker.left_at_s - crossed_at_s, bound_s
        if crossed_at_s is not None and at_s > crossed_at_s + bound_s:
            return None, bound_s
        wearer.step()
        tracker.step(at_s, wearer, accuracy_dm)
    return 0, 0  # never far enough into a small forbidden area for any fix to be sure


def _lead(wearer, tracker, at_s, leave_at_s, beyond_cm, far):
    """Decide where the wearer goes: about at first, to the very edge, out right after a fix."""
    chance = wearer.chance
    if at_s < leave_at_s:
        if chance.random() < 0.05:
            wearer.target = (wearer.x + chance.uniform(-60, 60), wearer.y + chance.uniform(-60, 60))
    elif beyond_cm < -300 or tracker.fix_at_s - at_s > 5 or chance.random() < 0.02:
        wearer.target = far
    elif beyond_cm < 0:
        wearer.target = (wearer.x, wearer.y)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_exit_is_confirmed_within_the_bound_stated(seed):
    closest = 0
    exits = 0
    for run in range(EXITS):
        delay_s, bound_s = _walk(1000 * seed + run)
        assert delay_s is not None, f"walk {1000 * seed + run}: not within {bound_s} s"
        assert delay_s <= bound_s, f"walk {1000 * seed + run}: {delay_s} s, stated {bound_s} s"
        exits += bound_s > 0
        closest = max(closest, 100 * delay_s // bound_s if bound_s else 0)
    assert exits > EXITS * 0.7
    assert closest > 60  # the walks do come near the bound: it is not stated too loosely
