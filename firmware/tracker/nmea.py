"""Bytes of a GNSS receiver in, fixes out: NMEA 0183 of any talker, by whole numbers only.

The way of a byte: `scan` finds sentences with a right checksum and passes by those that say nothing
to us, `decode` turns the fields of RMC, GGA, GST and GSA into integers by the rows below, and
fix.Epochs makes one fix of the sentences of one moment. The first two are machine code where
MicroPython can make it (nmea_fast.py) and plain code elsewhere (nmea_plain.py).

Nothing raises whatever comes in; everything that goes wrong is in `counters`.
"""

import struct

from tracker import nmea_plain
from tracker import ticks as tick
from tracker.fix import FORGOTTEN_MS, REASONS, Epochs

try:
    from tracker.nmea_fast import decode, scan
except (ImportError, NameError, SyntaxError):  # no machine code here: nmea_fast.py says why
    from tracker.nmea_plain import decode, scan

# What is read of each sentence: a letter a field after the name (nmea_plain.decode), and how many
# integers that makes. Fields: NMEA 0183 v4.11.
FORMS = (
    (b"", "<0i"),
    # RMC time status lat N/S lon E/W knots course date variation E/W mode
    (b"tcanoe22d__c", "<10i"),
    # GGA time lat N/S lon E/W quality satellites HDOP
    (b"tanoeii2", "<8i"),
    # GST time rms major minor orientation latitude's error longitude's error
    (b"t____22", "<3i"),
    # GSA selection dimensions
    (b"_i", "<1i"),
)

_COUNT_MASK = (1 << 30) - 1


class Receiver:
    """What one receiver says, fed as it comes, in pieces of any size."""

    def __init__(self, scan=scan, decode=decode):
        self._scan, self._decode = scan, decode
        self._line = bytearray(nmea_plain.LINE_MAX + 1)
        self._state = bytearray(struct.calcsize(nmea_plain.STATE))
        self._out = bytearray(48)
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
        end = len(data)
        found = self._scan(data, 0, end, self._line, self._state)
        while found & 7:
            self._sentence(found & 7, ticks)
            found = self._scan(data, found >> 3, end, self._line, self._state)

    def take(self):
        """Give the newest fix since the last call, or None."""
        return self._epochs.take()

    def quality(self):
        """Give (satellites used, HDOP in hundredths) as GGA last said, fix or not; 9999 unknown."""
        return self._epochs.satellites, self._epochs.hdop_e2

    def forget(self):
        """Drop everything half done: the receiver was switched off. Counters stay."""
        struct.pack_into("<3i", self._state, 0, 0, 0, 0)
        self._epochs.forget()
        self._heard = None

    def _sentence(self, kind, ticks):
        form, shape = FORMS[kind]
        if not self._decode(self._line, self._state, form, self._out):
            self._epochs.malformed()
            return
        values = struct.unpack_from(shape, self._out)
        if kind == nmea_plain.RMC:
            self._epochs.rmc(values, ticks)
        elif kind == nmea_plain.GGA:
            self._epochs.gga(values, ticks)
        elif kind == nmea_plain.GSA:
            self._epochs.gsa(values)
        else:
            self._epochs.gst(values, ticks)


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
        return struct.unpack_from("<i", self._state, 4 * index)[0] & _COUNT_MASK
