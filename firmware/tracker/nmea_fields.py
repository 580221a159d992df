"""Read the fields of a sentence by its form, in plain Python: nmea_rows.py says what a form is.
RMC and GGA come here only in an unusual shape; nmea_usual.py reads the others.

Numbers are read where they stand, and a time and a place once: the sentences of one epoch say the
same ones in the same words, and comparing is done by C.
"""

from tracker.nmea_rows import ABSENT, NOWHERE, QUALITIES, READ


def read(data, i, end, form, state):
    """Turn the fields of data[i:end] into slots as `form` says; 0 if one is impossible."""
    at = 0
    want = form[0]
    while want:
        if want == 65:  # A N O E, always together
            i = _place(data, i, end, state)
            if i < 0:
                return 0
            at += 8
        else:
            stop = data.find(b",", i, end)
            if stop < 0:
                stop = end
            if want != 95:
                value = _value(want, data, i, stop) if i < stop else ABSENT
                if value is None:
                    return 0
                state[READ + form[at + 1]] = value
            i = stop + 1
            at += 2
        want = form[at]
    return 1


_here = [b"$", 0, 0]  # the last place that was read, as text and in 1e-6 degrees,
_clock = [b"$", 0]  # and the last time: the sentences of one epoch say the same. No body has a $


def _place(data, i, end, state):
    """Read latitude, N or S, longitude, E or W; the index past them, -1 for an impossible one."""
    text = _here[0]
    stop = i + len(text)
    if stop < end and data.startswith(text, i) and data[stop] == 44:
        state[READ + 2], state[READ + 3] = _here[1], _here[2]
        return stop + 1
    first = i
    for slot, want, positive in ((2, 65, 78), (3, 79, 69)):
        comma = data.find(b",", i, end)
        comma = end if comma < 0 else comma
        stop = data.find(b",", comma + 1, end)
        stop = end if stop < 0 else stop
        angle = _angle(want, data, i, comma) if i < comma else NOWHERE
        if angle is not None and comma + 1 < stop:
            angle = _turned(angle, positive, data[comma + 1] if stop == comma + 2 else 0)
        elif angle is not None:
            angle = NOWHERE
        if angle is None:
            return -1
        state[READ + slot] = angle
        i = stop + 1
    if stop < end:
        _here[0], _here[1], _here[2] = data[first:stop], state[READ + 2], state[READ + 3]
    return i


def _turned(angle, positive, letter):
    """Give an angle the sign of its hemisphere; None for a letter that is none of the two."""
    if letter == positive:
        return angle
    if letter != (83 if positive == 78 else 87):  # S W
        return None
    return angle if angle == NOWHERE else -angle


def _value(want, data, i, stop):
    """Read the field data[i:stop], which is not empty, as `want` says; None for what cannot be."""
    if want == 116:  # t
        return _time(data, i, stop)
    if want == 99:  # c
        return data[i] if stop - i == 1 else None
    if want == 109:  # m
        return _mode(data, i, stop - i)
    if want == 105 or want == 100:  # i d
        return _digits(data, i, stop) if want == 105 or stop - i == 6 else None
    point = data.find(b".", i, stop)
    if point < 0:
        point = stop
    number = _digits(data, i, point)
    part = _decimals(data, point + 1, stop, 2)
    if number is None or part is None:
        return None
    number = number * 100 + part
    if want == 104:  # h
        return number
    if want == 107:  # k: 463 / 9000 dm/s are a hundredth of a knot
        return min((number * 463 + 4500) // 9000, 3000)
    number = (number + 50) // 100  # g
    return number if number < 360 else 0 if number == 360 else 360


def _digits(data, i, stop):
    """The number of one to six digits in data[i:stop], or None."""
    if not i < stop <= i + 6:
        return None
    number = 0
    for at in range(i, stop):
        digit = data[at] - 48
        if digit < 0 or digit > 9:
            return None
        number = number * 10 + digit
    return number


def _decimals(data, i, stop, places):
    """So many decimals of those in data[i:stop], noughts for those that are missing; None where
    anything is no digit."""
    part = 0
    for at in range(i, stop):
        digit = data[at] - 48
        if digit < 0 or digit > 9:
            return None
        if places:
            part = part * 10 + digit
            places -= 1
    return part * _TENS[places]


_TENS = (1, 10, 100, 1000, 10000, 100000, 1000000)


def _angle(want, data, i, stop):
    """Turn [d]ddmm.mmm[m...] into 1e-6 degrees; None where it is not so."""
    point = i + (4 if want == 65 else 5)
    if stop < point + 4 or data[point] != 46:
        return None
    whole = _digits(data, i, point)
    part = _decimals(data, point + 1, stop, 6)
    if whole is None or part is None or whole % 100 > 59:
        return None
    angle = whole // 100 * 1000000 + (whole % 100 * 1000000 + part + 30) // 60
    return angle if angle <= (90000000 if want == 65 else 180000000) else None


def _time(data, i, stop):
    """Turn hhmmss[.s...] into milliseconds of the day, a leap second is 60; None where it is not
    so."""
    text = _clock[0]
    if len(text) == stop - i and data.startswith(text, i):
        return _clock[1]
    point = i + 6
    whole = _digits(data, i, point) if point <= stop else None
    part = _decimals(data, point + 1, stop, 3)
    if whole is None or part is None or (point < stop and data[point] != 46):
        return None
    minutes, seconds = whole // 100 % 100, whole % 100
    if whole > 235960 or minutes > 59 or seconds > 60:
        return None
    time_ms = ((whole // 10000 * 60 + minutes) * 60 + seconds) * 1000 + part
    _clock[0], _clock[1] = data[i:stop], time_ms
    return time_ms


def _mode(data, i, size):
    """Give GNS's modes as GGA's quality: that of the first constellation whose mode is not N."""
    value = 0
    for at in range(i, i + size):
        c = data[at] - 64
        if not 1 <= c <= 26 or QUALITIES[c] == 9:
            return None
        value = value or QUALITIES[c]
    return value
