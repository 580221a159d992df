"""The sentences of one epoch become one fix, or none: never half of one, never a stale one.

An epoch is what a receiver says about one moment: the sentences with the same hhmmss.sss. A fix
needs RMC (date, status, speed) and GGA or GNS (quality, satellites, HDOP) of the same moment; GST
(the receiver's own error estimate) makes its accuracy better, GSA says whether it is 2D. GLL may
say no and deny the place, VTG gives a speed that RMC does not say, ZDA a date; these three are
heard while the epoch is open and not waited for.

When an epoch is over is learned: the kinds of sentence that came twice running are waited for, so
a fix is ready with the last byte that matters. Before that, and when a sentence is lost, the epoch
ends with 100 ms of silence or with the next epoch's first sentence. The readers (nmea_plain.py)
gather the sentences in `state` and say when it is complete or over; here it is judged.

An epoch ends as one of four, each with a counter:
  fixes    a fix
  no_fix   the receiver says so: RMC or GLL status V or mode N, GGA quality 0
  torn     RMC or GGA never came (damaged, or the receiver does not send it)
  refused  it claims a fix that is not believed; `why` counts by reason, see the constants

A leap second, 23:59:60, is the first second of the next day; the second after it has the same time
and is refused as stale. Dates and week rollovers: gnss_date.py.
"""

from collections import namedtuple
from struct import unpack_from

from tracker.accuracy import RANGE_ERROR_DM, accuracy_dm
from tracker.gnss_date import day_number, day_of, put_right
from tracker.nmea_rows import (
    ABSENT,
    DAY_SAID,
    DENIED,
    DIMENSIONS,
    GGA,
    GST,
    GST_SAID,
    HAVE,
    LAT,
    LON,
    OPEN,
    RMC,
    SAID,
    SAID_DATE,
    SAID_HDOP,
    SAID_QUALITY,
    SAID_SATELLITES,
    TICKS,
    TIME,
    VTG,
    VTG_SAID,
    WAITED,
    WANTED,
    WRONG,
    ZDA,
)  # fmt: skip

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
PLACE = 2  # no coordinates, or two sentences put it in two places
DATE = 3  # no date, an impossible one, or RMC and ZDA have two
DOUBTFUL = 4  # satellites, HDOP and claimed accuracy do not fit one another
STALE = 5  # not later than the fix before
REASONS = ("malformed", "mode", "place", "date", "doubtful", "stale")

# 1 << kind is a kind's bit in a set of them
_RMC_GGA = 1 << RMC | 1 << GGA
_GST = 1 << GST
_VTG = 1 << VTG
_ZDA = 1 << ZDA
NO_CLAIM = (ABSENT,) * 3  # what GST says when there is none
_UNLEARNED = 1  # no kind: wanted until the first epochs have shown what this receiver sends


class Epochs:
    """Judges the epochs in `state`, keeps at most one finished fix until it is taken.

    `range_error_dm`: what the receiver's makers state, times HDOP the accuracy without GST.
    """

    def __init__(self, state, range_error_dm=RANGE_ERROR_DM):
        self.fixes = self.no_fix = self.torn = self.refused = self.rolled = 0
        self.why = [0] * len(REASONS)
        self._state = state
        self._error_dm = range_error_dm
        self._ddmmyy = self._day = None
        self._rolled = False
        self._last_s = self._last_ms = ABSENT
        self._stale = 0
        self.forget()

    def forget(self):
        """Drop the open epoch, the fix not taken and what was learned: the receiver was off."""
        state = self._state
        self._ready = None
        self._missed = 0
        state[OPEN] = 0
        state[TIME] = ABSENT
        state[WANTED] = _UNLEARNED

    def take(self):
        """Give the newest fix since the last call, or None."""
        fix, self._ready = self._ready, None
        return fix

    def complete(self):
        """The epoch has all that this receiver sends of what is waited for."""
        self._missed = 0
        self._finish()

    def over(self):
        """The next epoch has begun: finish this one with what it has."""
        state = self._state
        self._learn()
        state[OPEN] = 0
        if state[HAVE] & _RMC_GGA == _RMC_GGA or state[DENIED]:
            self._finish()
        else:
            self.torn += 1

    def quiet(self, silence_ms):
        """Finish the open epoch if the receiver has been silent for so long that it is over."""
        state = self._state
        if state[OPEN] and silence_ms >= QUIET_MS and state[HAVE] & _RMC_GGA == _RMC_GGA:
            self.over()

    def expire(self):
        """Drop the open epoch as torn: what comes now is much later."""
        if self._state[OPEN]:
            self._state[OPEN] = 0
            self.torn += 1

    def _learn(self):
        """A kind that was waited for did not come: after two such epochs wait for it no more."""
        self._missed += 1
        if self._missed >= 2:
            self._state[WANTED] = self._state[HAVE] & WAITED | _RMC_GGA
            self._missed = 0

    def _finish(self):
        if self._state[DENIED]:
            self.no_fix += 1
            return
        fix = self._judge()
        if fix.__class__ is Fix:
            self.fixes += 1
            self.rolled += self._rolled
            self._ready = fix
        else:
            self.refused += 1
            self.why[fix] += 1

    def _judge(self):
        """Give the fix of the sentences of one moment, or the reason why it is refused."""
        state = self._state
        if state[WRONG]:
            return state[WRONG] if state[WRONG] < 3 else MODE
        have, ddmmyy, quality, satellites = (
            state[HAVE], state[SAID_DATE], state[SAID_QUALITY], state[SAID_SATELLITES]
        )  # fmt: skip
        if ddmmyy != self._ddmmyy or have & _ZDA:
            self._day = self._today(ddmmyy, have & _ZDA)
        if self._day is None:
            return DATE
        claim = unpack_from("<3i", state, 4 * GST_SAID) if have & _GST else NO_CLAIM
        accuracy = accuracy_dm(
            quality, satellites, state[SAID_HDOP], state[DIMENSIONS], claim, self._error_dm
        )
        if accuracy < 0:
            return DOUBTFUL
        ms = state[TIME]
        time_s = self._day * 86400 + ms // 1000
        ms %= 1000
        if time_s <= self._last_s and not self._is_later(time_s, ms):
            return STALE
        self._last_s, self._last_ms, self._stale = time_s, ms, 0
        speed, course = state[SAID], state[SAID + 1]
        if speed < 0 and have & _VTG:
            course, speed = state[VTG_SAID], state[VTG_SAID + 1]
        if speed < COURSE_LEAST_SPEED or course < 0:
            course = COURSE_UNKNOWN
            speed = max(speed, 0)
        if satellites > 99:
            satellites = 99
        return Fix(
            time_s, state[LAT], state[LON], accuracy, speed, course, satellites, state[TICKS]
        )

    def _today(self, ddmmyy, zda):
        """Give the day that RMC and ZDA say, None for none or for two different ones."""
        self._ddmmyy = ddmmyy
        day = day_number(ddmmyy)
        if zda:
            said = unpack_from("<3i", self._state, 4 * DAY_SAID)
            if said[0] >= 0:
                zda_day = day_of(*said)
                day = zda_day if ddmmyy < 0 or zda_day == day else None
                self._ddmmyy = None
        self._rolled = day is not None and day < 0
        return put_right(day)

    def _is_later(self, time_s, ms):
        """Whether time goes on. A receiver corrects itself once (leap seconds, an almanac): the
        fourth running that is not later than the last good one is believed."""
        if time_s == self._last_s and ms > self._last_ms:
            return True
        self._stale = self._stale + 1 if self._stale < 3 else 0
        return not self._stale


def even_course(course):
    """A course as a record states it: even, for its row goes in steps of 2 and rounds up, which
    would make 359 unknown. COURSE_UNKNOWN stays."""
    return course if course >= COURSE_UNKNOWN else course & ~1
