"""The sentences of one epoch become one fix, or none: never half of one, never a stale one.

An epoch is what a receiver says about one moment: the sentences with the same hhmmss.sss. A fix
needs RMC (date, status, speed) and GGA (quality, satellites, HDOP) of the same moment; GST (the
receiver's own error estimate) makes its accuracy better, GSA says whether it is 2D.

When an epoch is over is learned: the kinds of sentence that came twice running are waited for, so
a fix is ready with the last byte that matters. Before that, and when a sentence is lost, the epoch
ends with 100 ms of silence or with the next epoch's first sentence.

An epoch ends as one of four, each with a counter:
  fixes    a fix
  no_fix   the receiver says so: RMC status V or mode N, GGA quality 0
  torn     RMC or GGA never came (damaged, or the receiver does not send it)
  refused  it claims a fix that is not believed; `why` counts by reason, see the constants
"""

from collections import namedtuple

from tracker.accuracy import accuracy_dm
from tracker.nmea_rows import ABSENT, GGA, GSA, GST, RMC

# time_s since 2020 UTC, 1e-6 degrees, 68 % horizontal radius, course 0..359 or COURSE_UNKNOWN,
# ticks of the epoch's first sentence
Fix = namedtuple("Fix", "time_s lat_e6 lon_e6 accuracy_dm speed_dm_s course_deg satellites ticks")

COURSE_UNKNOWN = 360
COURSE_LEAST_SPEED = 5  # dm/s; slower than half a metre a second a course is noise
QUIET_MS = 100  # a receiver pauses less than this between sentences of one epoch
FORGOTTEN_MS = 3000  # an epoch open this long is not finished by anything that comes now

# reasons of a refusal, indices into Epochs.why
MALFORMED = 0  # a sentence with the right checksum and unreadable or impossible fields
MODE = 1  # estimated, entered by hand, simulated
PLACE = 2  # no coordinates, or RMC and GGA put it in two places
DATE = 3  # no date, or one outside 2020..2053 (a GPS week rollover)
DOUBTFUL = 4  # satellites, HDOP and claimed accuracy do not fit one another
STALE = 5  # not later than the fix before
REASONS = ("malformed", "mode", "place", "date", "doubtful", "stale")

NO_SKY = (ABSENT,) * 8  # what GGA says before it has come
NO_CLAIM = (ABSENT,) * 3  # the same of GST

# 1 << kind is a kind's bit in a set of them
_GSA_BIT = 1 << GSA
_NEEDED = 1 << RMC | 1 << GGA
_UNLEARNED = 1  # no kind: wanted until the first epochs have shown what this receiver sends

_DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


class Epochs:
    """Takes decoded sentences, keeps at most one finished fix until it is taken."""

    def __init__(self):
        self.fixes = self.no_fix = self.torn = self.refused = 0
        self.why = [0] * len(REASONS)
        self.said = [None, None, None, NO_CLAIM]  # by kind, about the open epoch
        self.sky = NO_SKY  # the newest GGA, with a time or without
        self._ddmmyy = self._day = ABSENT
        self._last_s = self._last_ms = ABSENT
        self._stale = 0
        self.forget()

    def forget(self):
        """Drop the open epoch, the fix not taken and what was learned: the receiver was off."""
        self._ready = None
        self._open = False
        self.time_ms = ABSENT
        self._wanted, self._missed = _UNLEARNED, 0

    def take(self):
        """Give the newest fix since the last call, or None."""
        fix, self._ready = self._ready, None
        return fix

    def timed(self, kind, values, ticks):
        """Take a sentence that has a time:

        RMC (time_ms, status, lat, south, lon, west, knots_e2, course_e2, ddmmyy, mode)
        GGA (time_ms, lat, south, lon, west, quality, satellites, hdop_e2)
        GST (time_ms, latitude's standard error in cm, longitude's)
        """
        time_ms = values[0]
        if kind == GGA:
            self.sky = values
        if time_ms != self.time_ms:
            if time_ms == ABSENT:
                return
            self._begin(time_ms, ticks)
        elif not self._open:
            self._wanted |= 1 << kind  # it comes after what was thought to be the last
            return
        self.said[kind] = values
        if kind == RMC and (values[1] != 65 or values[9] == 78):  # not A, or mode N
            self._denied = True
        elif kind == GGA and values[5] < 1:
            self._denied = True
        have = self._have = self._have | 1 << kind
        if have & self._wanted == self._wanted:
            self._missed = 0
            self._finish()

    def gsa(self, dimensions):
        """Take the most dimensions that a GSA has said since the epoch began.

        GSA has no time, so it belongs to the open epoch. Receivers send one for each constellation,
        and 1 (none) for one they do not use: the best counts.
        """
        if self._open:
            self._dimensions = dimensions
            self._have |= _GSA_BIT
            if self._have & self._wanted == self._wanted:
                self._missed = 0
                self._finish()
        elif self.time_ms != ABSENT:
            self._wanted |= _GSA_BIT

    def malformed(self):
        """Count a sentence whose checksum is right and whose fields are not."""
        self.refused += 1
        self.why[MALFORMED] += 1

    def quiet(self, silence_ms):
        """Finish the open epoch if the receiver has been silent for so long that it is over."""
        if self._open and silence_ms >= QUIET_MS and self._have & _NEEDED == _NEEDED:
            self._learn()
            self._finish()

    def expire(self):
        """Drop the open epoch as torn: what comes now is much later."""
        if self._open:
            self._open = False
            self.torn += 1

    def _begin(self, time_ms, ticks):
        """Open an epoch; the one before is over and finished with what it has."""
        if self._open:
            self._learn()
            if self._have & _NEEDED == _NEEDED or self._denied:
                self._finish()
            else:
                self.expire()
        self.time_ms, self._ticks = time_ms, ticks
        self._have, self._dimensions, self._denied = 0, 0, False
        self.said[GST] = NO_CLAIM
        self._open = True

    def _learn(self):
        """A kind that was waited for did not come: after two such epochs wait for it no more."""
        self._missed += 1
        if self._missed >= 2:
            self._wanted = self._have | _NEEDED
            self._missed = 0

    def _finish(self):
        self._open = False
        if self._denied:
            self.no_fix += 1
            return
        fix = self._judge()
        if fix.__class__ is Fix:
            self.fixes += 1
            self._ready = fix
        else:
            self.refused += 1
            self.why[fix] += 1

    def _judge(self):
        """Give the fix of RMC, GGA and GST of one moment, or the reason why it is refused."""
        _, _, lat_too, south_too, lon_too, west_too, knots_e2, course_e2, ddmmyy, mode = self.said[
            RMC
        ]
        time_ms, lat, south, lon, west, quality, satellites, hdop_e2 = self.said[GGA]
        if quality > 5 or mode not in _MODES:
            return MODE
        same = lat == lat_too and lon == lon_too and south == south_too and west == west_too
        if not same or lat < 0 or lon < 0 or south < 0 or west < 0:
            if apart(lat, south, lat_too, south_too) or apart(lon, west, lon_too, west_too):
                return PLACE
        if ddmmyy != self._ddmmyy:
            self._ddmmyy, self._day = ddmmyy, day_number(ddmmyy)
        if self._day < 0:
            return DATE
        accuracy = accuracy_dm(quality, satellites, hdop_e2, self.said[GST], self._dimensions)
        if accuracy < 0:
            return DOUBTFUL
        time_s = self._day * 86400 + time_ms // 1000
        if not self._is_later(time_s, time_ms % 1000):
            return STALE
        speed = speed_dm_s(knots_e2)
        course = course_deg(course_e2, speed)
        if south:
            lat = -lat
        if west:
            lon = -lon
        return Fix(time_s, lat, lon, accuracy, speed, course, min(satellites, 99), self._ticks)

    def _is_later(self, time_s, ms):
        """Whether time goes on. A receiver corrects itself once (leap seconds, an almanac): the
        fourth running that is not later than the last good one is believed."""
        if time_s < self._last_s or (time_s == self._last_s and ms <= self._last_ms):
            self._stale += 1
            if self._stale < 4:
                return False
        self._stale = 0
        self._last_s, self._last_ms = time_s, ms
        return True


_MODES = (65, 68, ABSENT, 70, 80, 82)  # A D, none (before NMEA 2.3), F P R; not E M N S
SAME_PLACE_E6 = 25  # RMC and GGA may differ by rounding, at most this (2.8 m)


def apart(one_e6, one_negative, other_e6, other_negative):
    """Whether two angles with their hemispheres cannot be one place; so is an absent one.

    Zero north is zero south, 180 E is 180 W.
    """
    if one_e6 < 0 or one_negative < 0 or other_e6 < 0 or other_negative < 0:
        return True
    if one_negative == other_negative:
        return abs(one_e6 - other_e6) > SAME_PLACE_E6
    return SAME_PLACE_E6 < one_e6 + other_e6 < 360000000 - SAME_PLACE_E6


def day_number(ddmmyy):
    """Give the days since 2020-01-01, -1 for no date or none of 2020..2053.

    A year of two digits is 20yy. Before 2020 nothing was made that runs this: it is a receiver
    that fell back by 1024 weeks (GPS week rollover). From 2054 on the seconds do not fit 30 bits.
    """
    day, month, year = ddmmyy // 10000, ddmmyy // 100 % 100, ddmmyy % 100 - 20
    if ddmmyy == ABSENT or not (0 <= year <= 33 and 1 <= month <= 12):
        return -1
    leap = 1 if year % 4 == 0 else 0
    length = _DAYS_BEFORE_MONTH[month] - _DAYS_BEFORE_MONTH[month - 1]
    if not 1 <= day <= length + (leap if month == 2 else 0):
        return -1
    before = _DAYS_BEFORE_MONTH[month - 1] + (leap if month > 2 else 0)
    return year * 365 + (year + 3) // 4 + before + day - 1


def speed_dm_s(knots_e2):
    """Turn hundredths of a knot into dm/s, to the nearest; an absent speed is 0, 300 m/s the most.

    One knot is 1852 m an hour: 5.14444 dm/s.
    """
    return min((max(knots_e2, 0) * 463 + 4500) // 9000, 3000)


def course_deg(course_e2, speed):
    """Round a course to degrees 0..359; COURSE_UNKNOWN when absent, impossible or slow."""
    if speed < COURSE_LEAST_SPEED or not 0 <= course_e2 <= 36000:
        return COURSE_UNKNOWN
    return (course_e2 + 50) // 100 % 360


def even_course(course):
    """A course as a record states it: even, for its row goes in steps of 2 and rounds up, which
    would make 359 unknown. COURSE_UNKNOWN stays."""
    return course if course >= COURSE_UNKNOWN else course & ~1
