"""What is read of which sentence, as rows; nmea_fast.py and nmea_plain.py are the two readers.

A form has a letter and a slot for each field after the name, and a nought at its end; fields after
that are not looked at. A field makes an integer in its slot, ABSENT when it is empty or missing.
  _  nothing, skipped
  c  one character, its code
  t  hhmmss[.s...] as milliseconds of the day; past 23:59:60 is refused
  A  ddmm.mmm[m...] in 1e-6 degrees, to the nearest; fewer decimals (2 m), minutes from 60 on,
     and more than 90 degrees are refused; NOWHERE when empty
  O  dddmm.mmm[m...] the same, up to 180 degrees
  N  after an angle: N leaves it, S makes it negative, empty makes it NOWHERE
  E  E and W the same
  h  a number without sign in hundredths, further decimals dropped
  k  a speed in knots as dm/s, to the nearest; 3000 is the most
  g  a course in degrees, to the nearest, 360 above 360; a speed or course without digits is refused
  d  exactly six digits
  i  digits only
  m  GNS's modes, one letter a constellation, as GGA's quality: that of the first that is not N
Numbers have at most six digits before the point. A field that does not fit its letter makes the
sentence malformed. Source of the fields: NMEA 0183 v4.11.
"""

from array import array

ABSENT = -1
NOWHERE = -1000000000
LINE_MAX = 255  # the longest body

# Kinds of sentence; 1 << kind is a kind's bit in a set of them. GNS is a GGA in other letters.
RMC, GGA, GST, GSA, GLL, VTG, ZDA, GNS = 1, 2, 3, 4, 5, 6, 7, 8
NAMES = (b"", b"RMC", b"GGA", b"GST", b"GSA", b"GLL", b"VTG", b"ZDA", b"GNS")
WAITED = 1 << RMC | 1 << GGA | 1 << GST | 1 << GSA  # kinds an epoch can learn to wait for

# What `scan` says beside where to go on: all is read; an epoch is complete; the epoch is over, for
# the next one has begun; all is read and the epoch is complete.
ALL_READ, COMPLETE, OVER, LAST = 0, 1, 2, 3

# `state`, the readers' whole memory but the line. Framing, and what is to be taken in next:
PHASE, USED, CHECK, SENTENCES, BAD, OVERRUN, UNREADABLE, PENDING = 0, 1, 2, 3, 4, 5, 6, 7
# Ticks of this feed; the newest GGA's satellites and HDOP, whether it has a time or not; the kinds
# an epoch is complete with:
NOW, SKY_SATELLITES, SKY_HDOP, WANTED = 8, 9, 10, 11
# The epoch: open or not, whether a sentence says there is no fix, its time, its first sentence's
# ticks, its kinds, what is wrong with it (MODE, PLACE), the most dimensions that a GSA has said:
OPEN, DENIED, TIME, TICKS, HAVE, WRONG, DIMENSIONS, LAT, LON = 12, 13, 14, 15, 16, 17, 18, 19, 20
SAID = 21  # the slots from SPEED on, as the epoch's sentences say them
SAID_DATE, SAID_QUALITY, SAID_SATELLITES, SAID_HDOP = 23, 24, 25, 26
GST_SAID, VTG_SAID, DAY_SAID = 27, 30, 32  # three, two and three of them
READ = 35  # all slots of the sentence just read
STATE_SIZE = 55

WRONG_MODE, WRONG_PLACE = 1, 2

# slots
S_TIME, S_STATUS, S_LAT, S_LON, S_MODE, SPEED, COURSE, DATE = 0, 1, 2, 3, 4, 5, 6, 7
QUALITY, SATELLITES, HDOP, RANGE, NORTH, EAST = 8, 9, 10, 11, 12, 13
VTG_COURSE, VTG_SPEED, DAY, MONTH, YEAR, S_DIMENSIONS = 14, 15, 16, 17, 18, 19

# first slot and number of those that an epoch keeps of a kind
KEPT = b"\0\0\5\3\x08\3\x0b\3\0\0\0\0\x0e\2\x10\3"


# GNS's letters A to Z as GGA's quality; N is none, 9 is no letter of GNS
QUALITIES = (
    b"\x09\x01\x09\x09\x02\x06\x05\x09\x09\x09\x09\x09\x09\x07\x00\x09\x03\x09\x04\x08"
    + b"\x09" * 7
)


def _form(letters, *slots):
    """Pair each letter but `_` with its slot."""
    rest = list(slots)
    pairs = [(ord(letter), 0 if letter == "_" else rest.pop(0)) for letter in letters]
    return bytes([one for pair in pairs for one in pair]) + b"\0\0"


FORMS = (
    b"",
    # time status lat N/S lon E/W knots course date variation E/W mode
    _form(
        "tcANOEkgd__c", S_TIME, S_STATUS, S_LAT, S_LAT, S_LON, S_LON, SPEED, COURSE, DATE, S_MODE
    ),
    # time lat N/S lon E/W quality satellites HDOP
    _form("tANOEiih", S_TIME, S_LAT, S_LAT, S_LON, S_LON, QUALITY, SATELLITES, HDOP),
    # time range's error major minor orientation latitude's error longitude's error
    _form("th___hh", S_TIME, RANGE, NORTH, EAST),
    b"",  # GSA: only its dimensions are read, in the third byte after the name
    _form("ANOEtcc", S_LAT, S_LAT, S_LON, S_LON, S_TIME, S_STATUS, S_MODE),
    _form("g___k", VTG_COURSE, VTG_SPEED),  # course T magnetic M knots
    _form("tiii", S_TIME, DAY, MONTH, YEAR),
    _form("tANOEmih", S_TIME, S_LAT, S_LAT, S_LON, S_LON, QUALITY, SATELLITES, HDOP),
)


def new_state():
    """Give the memory of a reader that has heard nothing."""
    state = array("i", [0] * STATE_SIZE)
    state[TIME] = state[SKY_HDOP] = ABSENT
    return state
