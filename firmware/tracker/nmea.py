"""Bytes of a GNSS receiver in, fixes out: NMEA 0183 of any talker, by whole numbers only.

The way of a byte: `scan` finds sentences with a right checksum, passes by those that say nothing to
us, turns the fields of the others into integers by the rows of nmea_rows.py, and gathers what is
said about one moment; fix.Epochs judges it and makes one fix. `scan` is machine code where
MicroPython can make it (nmea_fast.py) and plain code elsewhere (nmea_plain.py).

Used are RMC, GGA, GNS, GSA, GST, GLL, VTG and ZDA. All others are counted, and so is whatever else
comes, such as a receiver's binary answers. Nothing raises; everything that goes wrong is in
`counters`.
"""

from tracker import ticks as tick
from tracker.accuracy import RANGE_ERROR_DM
from tracker.fix import FORGOTTEN_MS, REASONS, Epochs
from tracker.nmea_rows import (
    BAD,
    LAST,
    LINE_MAX,
    NOW,
    OVERRUN,
    PENDING,
    PHASE,
    SENTENCES,
    SKY_HDOP,
    SKY_SATELLITES,
    UNREADABLE,
    USED,
    new_state,
)  # fmt: skip

try:
    from tracker.nmea_fast import scan
except (ImportError, NameError, SyntaxError):  # no machine code here: nmea_fast.py says why
    from tracker.nmea_plain import scan

HDOP_UNKNOWN = 9999
_COUNT_MASK = (1 << 30) - 1


class Receiver:
    """What one receiver says, fed as it comes, in pieces of any size."""

    def __init__(self, scan=scan, range_error_dm=RANGE_ERROR_DM):
        self._scan = scan
        self._line = bytearray(LINE_MAX + 1)
        self._state = new_state()
        self._epochs = Epochs(self._state, range_error_dm)
        self._heard = None
        self.counters = Counters(self._state, self._epochs)

    def feed(self, data, ticks):
        """Take the bytes that came since the last call, at `ticks`.

        Call it with b"" too: silence tells that an epoch is over, up to a second earlier.
        """
        silence_ms = 0 if self._heard is None else tick.diff(ticks, self._heard)
        if not data:
            self._epochs.quiet(silence_ms)
            return
        self._heard = ticks
        if silence_ms >= FORGOTTEN_MS:
            self._epochs.expire()
        scan, line, state = self._scan, self._line, self._state
        state[NOW] = ticks
        end = len(data)
        found = scan(0, end, data, line, state)
        while found & 3:
            if found & 1:
                self._epochs.complete()
                if found & 3 == LAST:
                    return
            else:
                self._epochs.over()
            found = scan(found >> 2, end, data, line, state)

    def take(self):
        """Give the newest fix since the last call, or None."""
        return self._epochs.take()

    def quality(self):
        """Give (satellites used, HDOP in hundredths) as GGA last said, fix or not; 9999 unknown."""
        satellites, hdop_e2 = self._state[SKY_SATELLITES], self._state[SKY_HDOP]
        return max(satellites, 0), hdop_e2 if 0 < hdop_e2 < HDOP_UNKNOWN else HDOP_UNKNOWN

    def forget(self):
        """Drop everything half done: the receiver was switched off. Counters stay."""
        state = self._state
        state[PHASE] = state[USED] = state[PENDING] = 0
        self._epochs.forget()
        self._heard = None


class Counters:
    """What a person and the health report see; each counts to 2^30 and starts again at 0.

    sentences  whole sentences with a right checksum, of any kind; plain code counts unverified
               those that have nothing to tell
    bad        damaged, cut short, or without a checksum, of the verified
    overrun    longer than 255 bytes
    fixes, no_fix, torn, refused   what became of the epochs (fix.py); refused counts sentences
               with a right checksum and impossible fields, too
    rolled     fixes whose date was put forward by 1024 weeks (gnss_date.py)
    """

    def __init__(self, state, epochs):
        self._state = state
        self._epochs = epochs

    @property
    def sentences(self):
        return self._state[SENTENCES] & _COUNT_MASK

    @property
    def bad(self):
        return self._state[BAD] & _COUNT_MASK

    @property
    def overrun(self):
        return self._state[OVERRUN] & _COUNT_MASK

    @property
    def fixes(self):
        return self._epochs.fixes

    @property
    def no_fix(self):
        return self._epochs.no_fix

    @property
    def torn(self):
        return self._epochs.torn

    @property
    def refused(self):
        return self._epochs.refused + self._malformed()

    @property
    def rolled(self):
        return self._epochs.rolled

    def refused_because(self):
        """Give (reason, count) of every refusal, in the order of fix.REASONS."""
        return ((REASONS[0], self._malformed()),) + tuple(zip(REASONS, self._epochs.why))[1:]

    def _malformed(self):
        return self._state[UNREADABLE] & _COUNT_MASK
