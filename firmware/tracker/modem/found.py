"""A modem's own answer to "where am I" as a Fix, or as none: the same doubts as for a receiver's.

A modem prints coordinates without a fix, accuracies of ten thousand kilometres, and positions a
hundred and fifty kilometres away: so each dialect first reads the flag that says there is a fix,
and everything goes through `fix_of`. Where the modem states an accuracy, the worse of it and HDOP's
counts.
"""

from tracker.accuracy import RANGE_ERROR_DM, UNBELIEVED, accuracy_dm
from tracker.fix import COURSE_LEAST_SPEED, COURSE_UNKNOWN, Fix
from tracker.gnss_date import day_of
from tracker.modem.lines import number

STATED_MAX_DM = 5000  # an accuracy stated worse than this is no fix
_NOT_CLAIMED = (-1, -1, -1)


def fix_of(place, time_s, motion, quality, ticks):
    """A Fix, or None.

    place: (lat_e6, lon_e6). time_s: since 2020, 0 unknown. motion: (speed dm/s, course deg).
    quality: (satellites, HDOP in hundredths, stated accuracy in dm or -1, dimensions 2 or 3).
    None in any of them: not stated.
    """
    for value in place + quality[:2]:
        if value is None:
            return None
    satellites, hdop_e2, stated_dm, dimensions = quality
    if not time_s or abs(place[0]) > 90000000 or abs(place[1]) > 180000000:
        return None
    radius_dm = accuracy_dm(1, satellites, hdop_e2, dimensions, _NOT_CLAIMED, RANGE_ERROR_DM)
    if radius_dm == UNBELIEVED or stated_dm is None or stated_dm > STATED_MAX_DM:
        return None
    speed = max(0, motion[0] or 0)
    course = motion[1] if motion[1] is not None and speed >= COURSE_LEAST_SPEED else COURSE_UNKNOWN
    radius_dm = max(radius_dm, stated_dm)
    return Fix(time_s, place[0], place[1], radius_dm, speed, course % 361, satellites, ticks)


def moment(date, clock):
    """UTC since 2020 of (day, month, year) and b"hhmmss[.sss]"; 0 for what is none."""
    parts = [number(clock[at : at + 2]) for at in (0, 2, 4)]
    if None in date or None in parts:
        return 0
    day = day_of(*date)
    if day is None or day < 0:
        return 0
    hour, minute, second = parts
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second <= 60):
        return 0
    return ((day * 24 + hour) * 60 + minute) * 60 + second


def day_first(digits):
    """(day, month, year) of b"ddmmyy"; Nones for anything else."""
    if len(digits) != 6:
        return (None, None, None)
    day, month, year = [number(digits[at : at + 2]) for at in (0, 2, 4)]
    return (day, month, None if year is None else 2000 + year)


def scaled(digits, places):
    """A decimal number times ten to the `places`, the rest cut off; None for anything else."""
    whole, _, part = digits.partition(b".")
    part = part[:places]
    if not whole + part:
        return None
    return number((whole or b"0") + part + b"0" * (places - len(part)))


def angle_e6(digits, side):
    """1e-6 degree of ddmm.mmmm or of decimal degrees, which some firmware says instead.

    Three digits or more before a latitude's point, four or more before a longitude's, are degrees
    and minutes: a modem leaves no leading zeros out. `side` one of N, S, E, W.
    """
    whole = digits.find(b".")
    is_lat = side in (b"N", b"S")
    if side not in (b"N", b"S", b"E", b"W") or whole < 0:
        return None
    if whole < (3 if is_lat else 4):
        value = scaled(digits, 6)
    else:
        degrees, minutes = number(digits[: whole - 2]), scaled(digits[whole - 2 :], 6)
        if degrees is None or minutes is None or not 0 <= minutes < 60000000:
            return None
        value = degrees * 1000000 + (minutes + 30) // 60
    if value is None or value < 0:
        return None
    return -value if side in (b"S", b"W") else value


def tenths_kmh(digits):
    """dm/s of a speed in km/h; None for none."""
    value = scaled(digits, 1)
    return None if value is None else value * 5 // 18


def tenths_knots(digits):
    """dm/s of a speed in knots (1,852 m an hour)."""
    value = scaled(digits, 1)
    return None if value is None else value * 463 // 900
