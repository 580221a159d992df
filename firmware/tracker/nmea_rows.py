"""What is read of which sentence, as rows; nmea_fast.py and nmea_plain.py are the two readers.

A form has a letter for each field after the name. Each letter but `_` makes a 32-bit integer,
ABSENT for a field that is empty or missing; fields after the last letter are not looked at.
  _  nothing, skipped
  c  one character, its code
  t  hhmmss[.s...] as milliseconds of the day; past 23:59:60 is refused
  a  ddmm.mmm[m...] in 1e-6 degrees, to the nearest; fewer decimals (2 m), minutes from 60 on,
     and more than 90 degrees are refused
  o  dddmm.mmm[m...] the same, up to 180 degrees
  n  N is 0, S is 1
  e  E is 0, W is 1
  2  a number without sign in hundredths, further decimals dropped
  d  exactly six digits
  i  digits only
Numbers have at most six digits before the point. A field that does not fit its letter makes the
sentence MALFORMED. Source of the fields: NMEA 0183 v4.11.
"""

ABSENT = -1
LINE_MAX = 255  # the longest body

RMC, GGA, GST, GSA = 1, 2, 3, 4
MALFORMED = 5

NAMES = (b"", b"RMC,", b"GGA,", b"GST,", b"GSA,")
FORMS = (
    b"",
    b"tcanoe22d__c",  # time status lat N/S lon E/W knots course date variation E/W mode
    b"tanoeii2",  # time lat N/S lon E/W quality satellites HDOP
    b"t____22",  # time rms major minor orientation latitude's error longitude's error
)
SHAPES = ("", "<10i", "<8i", "<3i")  # the integers they make, for struct

STATE_SIZE = 28  # seven 32-bit integers: nmea_plain.py
STATE_DIMENSIONS = 24  # the byte in which GSA's dimensions are
OUT_SIZE = 40
