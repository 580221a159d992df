"""A receiver's model on the Uart port: what it needs to a fix, and how wrong the fix is.

**Time to fix.** The receiver keeps its clock and ephemerides on backup power. A set of ephemerides
is whole after 30 s of readable data and good for EPHEMERIS_GOOD_S; with it a start is hot
(surroundings.hot_s), without it takes a download (download_s), where the sky lets one through, and
for the very first fix 30 % more (no almanac, no time). Each start has its own luck (log-normal).
Under way the share done adds up second by second, so going out at a door shortens a search.

**Where it thinks it is.** The truth, plus a wandering error (noise.wander), 0.5 m of white noise,
now and then an excursion, and after a start under a weak sky an error three times as large that
settles in SETTLE_S. GST says the error's spread times `claim` and a slow factor of its own;
excursions that are not honest are not in it. HDOP and satellites follow the sky. A place of a
recording is said as recorded, with its accuracy: its errors are its own.

Sentences as rig/sky.py writes them: RMC, GGA and GST a second.
"""

import math
import random
from functools import reduce
from operator import xor

from trygg_tools.rig.clock import Clock
from trygg_tools.rig.power import Power
from trygg_tools.rig.sky import date_text, time_text
from trygg_tools.rig.uart import LATENCY_MS, RAIL
from trygg_tools.route import METRES_PER_DEGREE
from trygg_tools.simulate import noise
from trygg_tools.simulate.surroundings import NOTHING, OPEN, Surroundings
from trygg_tools.simulate.track import Here, Track

EPHEMERIS_GOOD_S = 2 * 3600  # valid for four, but satellites set and new ones rise
DOWNLOAD_S = 30  # the frame of data with clock and ephemeris comes every 30 s
COLD = 1.3
LUCK = 0.35
SETTLE_S = 8.0
UNSETTLED = 2.0  # so much more error at first, under a sky without a download
FOUND_FOR_S = 60  # a minute with or without reception
RXBUF = 2048
LEARNED_S = 4  # two epochs teach the App which sentences come (fix.py), and two are for luck


def sentence(body: str) -> bytes:
    """Frame a body: `$`, checksum, CRLF."""
    raw = body.encode()
    return b"$%s*%02X\r\n" % (raw, reduce(xor, raw))


def angle(degrees: float, width: int) -> str:
    """Write degrees as [d]ddmm.mmmmm without sign."""
    whole, minutes = divmod(round(abs(degrees) * 6_000_000), 6_000_000)
    return f"{whole:0{width}d}{minutes // 100_000:02d}.{minutes % 100_000:05d}"


class Receiver:
    """Port Uart over a Track. `on_s` seconds with power, `searches`, `fixes` (seconds with one)."""

    def __init__(self, clock: Clock, power: Power, track: Track, seed: int) -> None:
        self._clock, self._power, self._seed = clock, power, seed
        self._track = track.said or track
        self._dice = random.Random(seed)  # noqa: S311
        self._spoken_s = -1
        self._on = False
        self._ephemeris_s = -1
        self._reading_s = 0
        self._done = 0.0
        self._luck = 1.0
        self._since_fix_s = self._on_for_s = 0
        self.found = False
        self.searches = self.fixes = self.on_s = 0
        self.asked: list[tuple[int, float, float]] = []  # what was said: (s, lat, lon)

    # -- the rig's side --------------------------------------------------------------------

    def switched(self, on: bool) -> None:
        """The supply came or went."""
        if on == self._on:
            return
        self._on = on
        self.found = False
        self._done, self._reading_s, self._on_for_s = 0.0, 0, 0
        if on:
            self.searches += 1
            self._luck = math.exp(self._dice.gauss(0, LUCK))
            self._spoken_s = (self._clock.now_ms - LATENCY_MS) // 1000

    def next_ms(self) -> int:
        """The ms until the receiver speaks again, -1 while it has no power."""
        if not self._power.rails.get(RAIL):
            return -1
        return int(1000 - (self._clock.now_ms - LATENCY_MS) % 1000)

    def idling(self) -> bool:
        """On for a while and without a fix: only the next sentences can change anything."""
        return self._on and not self.found and self._on_for_s > LEARNED_S

    # -- the port --------------------------------------------------------------------------

    def read(self) -> bytes:
        """All that has come since the last read."""
        if not self._on:
            return b""
        now_s = (self._clock.now_ms - LATENCY_MS) // 1000
        data = b""
        while self._spoken_s < now_s:
            self._spoken_s += 1
            data += self._second(self._clock.start_s + self._spoken_s)
        return data[:RXBUF]

    def write(self, data: bytes) -> int:
        """Take bytes for the receiver, which ignores them."""
        return len(data)

    def overruns(self) -> int:
        """How often bytes were dropped because nobody read."""
        return 0

    # -- the model -------------------------------------------------------------------------

    def _second(self, s: int) -> bytes:
        here = self._track.at(s)
        self.on_s += 1
        self._on_for_s += 1
        self._search(here.sky, s)
        when = time_text(s)
        if not self.found:
            rmc = f"GNRMC,{when},V,,,,,,,{date_text(s)},,,N"
            gga = f"GNGGA,{when},,,,,0,00,99.99,,,,,,"
            return sentence(rmc) + sentence(gga) + sentence(f"GNGST,{when},,,,,,,")
        self.fixes += 1
        self._since_fix_s += 1
        return self._said(s, here, when)

    def _search(self, sky: Surroundings, s: int) -> None:
        """One second nearer to a fix, or without one."""
        if sky is NOTHING or noise.chance(self._seed, FOUND_FOR_S, s) >= sky.found:
            self.found = False
            self._done = min(self._done, 0.5)
            self._reading_s = 0
            return
        self._read_data(sky, s)
        if self.found:
            return
        fresh = self._is_fresh(s)
        needs_s = sky.hot_s if fresh else sky.download_s * (COLD if self._ephemeris_s < 0 else 1)
        if needs_s:
            self._done += 1 / (needs_s * self._luck)
        if self._done >= 1:
            self.found = True
            self._since_fix_s = 0
            if not fresh:
                self._ephemeris_s = s  # it could not have found itself without

    def _is_fresh(self, s: int) -> bool:
        """Whether the ephemerides are still good."""
        return self._ephemeris_s >= 0 and s - self._ephemeris_s <= EPHEMERIS_GOOD_S

    def _read_data(self, sky: Surroundings, s: int) -> None:
        """Ephemerides are whole after so long of readable sky."""
        if not sky.download_s:
            self._reading_s = 0
            return
        self._reading_s += 1
        if self._reading_s >= DOWNLOAD_S * sky.download_s / OPEN.download_s:
            self._ephemeris_s = s

    def _said(self, s: int, here: Here, when: str) -> bytes:
        north, east, claim_m = self._errors(s, here)
        latitude = here.latitude + north / METRES_PER_DEGREE
        narrowing = math.cos(math.radians(here.latitude))
        longitude = (here.longitude + east / METRES_PER_DEGREE / narrowing + 180) % 360 - 180
        self.asked.append((s, latitude, longitude))
        where = (
            f"{angle(latitude, 2)},{'S' if latitude < 0 else 'N'},"
            f"{angle(longitude, 3)},{'W' if longitude < 0 else 'E'}"
        )
        satellites = max(4, round(13 - here.sky.error_m / 3))
        hdop = 2.75 / math.sqrt(satellites) * (1 + here.sky.error_m / 15)
        rmc = f"GNRMC,{when},A,{where},{here.speed_m_s / 0.514444:.2f},{here.course_deg:.1f}"
        gga = f"GNGGA,{when},{where},1,{min(satellites, 12):02d},{hdop:.2f},41.3,M,39.9,M,,"
        axis = max(claim_m / math.sqrt(2), 0.2)
        gst = f"GNGST,{when},{axis:.1f},{axis:.1f},{axis:.1f},0.0,{axis:.2f},{axis:.2f},9.9"
        return sentence(f"{rmc},{date_text(s)},,,A") + sentence(gga) + sentence(gst)

    def _errors(self, s: int, here: Here) -> tuple[float, float, float]:
        """Metres north and east of the truth, and the radius that is claimed for them (68 %)."""
        sky, seed = here.sky, self._seed
        if here.accuracy_m:
            return 0.0, 0.0, here.accuracy_m
        size = sky.error_m
        if not sky.download_s:
            size *= 1 + UNSETTLED * math.exp(-self._since_fix_s / SETTLE_S)
        north, east = noise.wander(seed + 1, sky.wander_s, s)
        own, _ = noise.wander(seed + 2, 600, s)
        wild_north, wild_east, honest = noise.excursion(seed + 3, sky, s)
        claim_m = 1.5 * size * sky.claim * math.exp(0.25 * own)  # 68 % of a circle: 1.5 deviations
        if honest:
            claim_m = math.hypot(claim_m, math.hypot(wild_north, wild_east) / 2)
        white_north, white_east, _ = noise.knot(seed + 4, s)
        return (
            size * north + wild_north + 0.5 * white_north,
            size * east + wild_east + 0.5 * white_east,
            claim_m,
        )
