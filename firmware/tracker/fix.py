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

# time_s since 2020 UTC, 1e-6 degrees, 68 % horizontal radius, course 0..359 or COURSE_UNKNOWN,
# ticks of the epoch's first sentence
Fix = namedtuple("Fix", "time_s lat_e6 lon_e6 accuracy_dm speed_dm_s course_deg satellites ticks")

COURSE_UNKNOWN = 360
COURSE_LEAST_SPEED = 5  # dm/s; slower than half a metre a second a course is noise
QUIET_MS = 100  # a receiver pauses less than this between sentences of one epoch
FORGOTTEN_MS = 3000  # an epoch open this long is not finished by anything that comes now
HDOP_UNKNOWN = 9999

# reasons of a refusal, indices into Epochs.why
MALFORMED = 0  # a sentence with the right checksum and unreadable or impossible fields
MODE = 1  # estimated, entered by hand, simulated
PLACE = 2  # no coordinates, or RMC and GGA put it in two places
DATE = 3  # no date, or one outside 2020..2053 (a GPS week rollover)
DOUBTFUL = 4  # satellites, HDOP and claimed accuracy do not fit one another
STALE = 5  # not later than the fix before
REASONS = ("malformed", "mode", "place", "date", "doubtful", "stale")

ABSENT = -1
NO_CLAIM = (ABSENT, ABSENT, ABSENT)  # what GST says when it has not come

_RMC, _GGA, _GST, _GSA = 1, 2, 4, 8
_NEEDED = _RMC | _GGA
_UNLEARNED = 16  # wanted until the first epochs have shown what this receiver sends

_DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


class Epochs:
    """Takes decoded sentences, keeps at most one finished fix until it is taken."""

    def __init__(self):
        self.fixes = self.no_fix = self.torn = self.refused = 0
        self.why = [0] * len(REASONS)
        self.satellites, self.hdop_e2 = 0, HDOP_UNKNOWN
        self._last_s = self._last_ms = ABSENT
        self._stale = 0
        self.forget()

    def forget(self):
        """Drop the open epoch, the fix not taken and what was learned: the receiver was off."""
        self._ready = None
        self._open = False
        self._time_ms = ABSENT
        self._wanted, self._missed = _UNLEARNED, 0

    def take(self):
        """Give the newest fix since the last call, or None."""
        fix, self._ready = self._ready, None
        return fix

    def rmc(self, values, ticks):
        """Take (time_ms, status, lat, south, lon, west, knots_e2, course_e2, ddmmyy, mode)."""
        if self._enter(_RMC, values[0], ticks):
            self._rmc = values
            if values[1] != 65 or values[9] == 78:  # not A, or mode N
                self._denied = True
            self._finish_if_whole()

    def gga(self, values, ticks):
        """Take (time_ms, lat, south, lon, west, quality, satellites, hdop_e2)."""
        self.satellites = max(values[6], 0)
        self.hdop_e2 = HDOP_UNKNOWN if values[7] == ABSENT else min(values[7], HDOP_UNKNOWN)
        if self._enter(_GGA, values[0], ticks):
            self._gga = values
            if values[5] <= 0:
                self._denied = True
            self._finish_if_whole()

    def gst(self, values, ticks):
        """Take (time_ms, latitude's standard error in cm, longitude's)."""
        if self._enter(_GST, values[0], ticks):
            self._gst = values
            self._finish_if_whole()

    def gsa(self, values):
        """Take (dimensions,): 2 or 3 (1: none). It has no time: it belongs to the open epoch.

        Receivers send one for each constellation, and 1 for one they do not use: the best counts.
        """
        if self._open:
            self._have |= _GSA
            self._dimensions = max(self._dimensions, values[0])
            self._finish_if_whole()
        elif self._time_ms != ABSENT:
            self._wanted |= _GSA

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

    def _enter(self, kind, time_ms, ticks):
        """Find the epoch of a sentence; False if it has no time or its epoch is over."""
        if time_ms == ABSENT:
            return False
        if time_ms != self._time_ms:
            self._end()
            self._time_ms, self._ticks = time_ms, ticks
            self._have, self._dimensions, self._denied = 0, 0, False
            self._gst = NO_CLAIM
            self._open = True
        if not self._open:
            self._wanted |= kind  # it comes after what was thought to be the last: wait for it
            return False
        self._have |= kind
        return True

    def _finish_if_whole(self):
        if self._have & self._wanted == self._wanted:
            self._missed = 0
            self._finish()

    def _end(self):
        """The next epoch has begun: finish the open one with what it has."""
        if self._open:
            self._learn()
            if self._have & _NEEDED == _NEEDED or self._denied:
                self._finish()
            else:
                self.expire()

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
        time_ms, _, lat, south, lon, west, knots_e2, course_e2, ddmmyy, mode = self._rmc
        _, lat_too, south_too, lon_too, west_too, quality, satellites, hdop_e2 = self._gga
        if quality > 5 or mode not in _MODES:
            return MODE
        lat, lon = signed(lat_too, south_too), signed(lon_too, west_too)
        if apart(lat, signed(self._rmc[2], south)) or apart(lon, signed(self._rmc[4], west)):
            return PLACE
        day = day_number(ddmmyy)
        if day < 0:
            return DATE
        accuracy = accuracy_dm(quality, satellites, hdop_e2, self._gst, self._dimensions)
        if accuracy < 0:
            return DOUBTFUL
        time_s = day * 86400 + time_ms // 1000
        if not self._is_later(time_s, time_ms % 1000):
            return STALE
        speed = speed_dm_s(knots_e2)
        course = course_deg(course_e2, speed)
        return Fix(time_s, lat, lon, accuracy, speed, course, satellites, self._ticks)

    def _is_later(self, time_s, ms):
        """Whether time goes on. A receiver corrects itself once (leap seconds, an almanac): the
        fourth running that is not later than the last good one is believed."""
        later = time_s > self._last_s or (time_s == self._last_s and ms > self._last_ms)
        self._stale = 0 if later else self._stale + 1
        if not later and self._stale < 4:
            return False
        self._stale = 0
        self._last_s, self._last_ms = time_s, ms
        return True


_MODES = (ABSENT, 65, 68, 70, 80, 82)  # none (before NMEA 2.3), A D F P R; not E M N S
NOWHERE = 999000000
SAME_PLACE_E6 = 25  # RMC and GGA may differ by rounding, at most this (2.8 m)


def signed(angle_e6, negative):
    """Join an angle and its hemisphere; NOWHERE if either is absent."""
    if angle_e6 == ABSENT or negative == ABSENT:
        return NOWHERE
    return -angle_e6 if negative else angle_e6


def apart(one_e6, other_e6):
    """Whether two angles cannot be one place, or either is NOWHERE; 180 E is 180 W."""
    if one_e6 == NOWHERE or other_e6 == NOWHERE:
        return True
    gap = abs(one_e6 - other_e6)
    return SAME_PLACE_E6 < gap < 360000000 - SAME_PLACE_E6


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
