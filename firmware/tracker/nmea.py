"""Bytes of a GNSS receiver in, fixes out: NMEA 0183 of any talker, by whole numbers only.

The way of a byte: `scan` finds sentences with a right checksum, passes by those that say nothing to
us, and turns the fields of RMC, GGA and GST into integers by the rows of nmea_rows.py; fix.Epochs
makes one fix of the sentences of one moment. `scan` is machine code where MicroPython can make it
(nmea_fast.py) and plain code elsewhere (nmea_plain.py).

Nothing raises whatever comes in; everything that goes wrong is in `counters`.
"""

from struct import pack_into, unpack_from

from tracker import ticks as tick
from tracker.fix import FORGOTTEN_MS, REASONS, Epochs
from tracker.nmea_rows import GSA, LINE_MAX, OUT_SIZE, SHAPES, STATE_DIMENSIONS, STATE_SIZE

try:
    from tracker.nmea_fast import scan
except (ImportError, NameError, SyntaxError):  # no machine code here: nmea_fast.py says why
    from tracker.nmea_plain import scan

HDOP_UNKNOWN = 9999
_COUNT_MASK = (1 << 30) - 1


class Receiver:
    """What one receiver says, fed as it comes, in pieces of any size."""

    def __init__(self, scan=scan):
        self._scan = scan
        self._line = bytearray(LINE_MAX + 1)
        self._state = bytearray(STATE_SIZE)
        self._out = bytearray(OUT_SIZE)
        self._epochs = Epochs()
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
        scan, line, state, out = self._scan, self._line, self._state, self._out
        epochs = self._epochs
        end = len(data)
        at = 0
        while True:
            found = scan(data, at, end, line, state, out)
            kind = found & 7
            if kind == 0:
                return
            at = found >> 3
            if kind < GSA:
                values = unpack_from(SHAPES[kind], out)
                if values[0] != epochs.time_ms:
                    state[STATE_DIMENSIONS] = 0
                epochs.timed(kind, values, ticks)
            elif kind == GSA:
                epochs.gsa(state[STATE_DIMENSIONS])
            else:
                epochs.malformed()

    def take(self):
        """Give the newest fix since the last call, or None."""
        return self._epochs.take()

    def quality(self):
        """Give (satellites used, HDOP in hundredths) as GGA last said, fix or not; 9999 unknown."""
        satellites, hdop_e2 = self._epochs.sky[6:]
        return max(satellites, 0), hdop_e2 if 0 < hdop_e2 < HDOP_UNKNOWN else HDOP_UNKNOWN

    def forget(self):
        """Drop everything half done: the receiver was switched off. Counters stay."""
        pack_into("<3i", self._state, 0, 0, 0, 0)
        self._epochs.forget()
        self._heard = None


class Counters:
    """What a person and the health report see; each counts to 2^30 and starts again at 0.

    sentences  whole sentences with a right checksum, of any kind
    bad        damaged, cut short, or without a checksum
    overrun    longer than 255 bytes
    fixes, no_fix, torn, refused   what became of the epochs (fix.py); refused counts sentences
               with a right checksum and impossible fields, too
    """

    def __init__(self, state, epochs):
        self._state = state
        self._epochs = epochs

    @property
    def sentences(self):
        return self._scanned(3)

    @property
    def bad(self):
        return self._scanned(4)

    @property
    def overrun(self):
        return self._scanned(5)

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
        return self._epochs.refused

    def refused_because(self):
        """Give (reason, count) of every refusal, in the order of fix.REASONS."""
        return tuple(zip(REASONS, self._epochs.why))

    def _scanned(self, index):
        return unpack_from("<i", self._state, 4 * index)[0] & _COUNT_MASK
