"""RMC and GGA in the shape that receivers send, read straight on; nmea_fields.py reads any shape.

What is not quite so is left to nmea_fields.py, with the same outcome: here nothing is refused. The
sentences of one epoch say the same time and place in the same words, and a day's RMC have the same
end: what has the same bytes as last time has the same value, and C compares it.
"""


def const(value):
    """MicroPython's compiler knows the word and puts the value where the name is."""
    return value


# slots of `state`: nmea_rows.py, and a test compares
_READ_TIME = const(35)
_READ_STATUS = const(36)
_READ_LAT = const(37)
_READ_LON = const(38)
_READ_MODE = const(39)
_READ_SPEED = const(40)
_READ_COURSE = const(41)
_READ_DATE = const(42)
_READ_QUALITY = const(43)
_READ_SATELLITES = const(44)
_READ_HDOP = const(45)

# A byte's value as a digit. With one that is none a number of six digits gets past _MOST.
_MOST = const(999999)
_DIGIT = tuple(c - 48 if 48 <= c < 58 else _MOST + 1 for c in range(256))

# The last text and its value; a `$` is in no body.
_clock = [b"$", 0]
_minute = [b"$", 0]  # hhmm, milliseconds
_place = [b"$", 0, 0]  # 1e-6 degrees
_north = [b"$0000", 0, 0, 90000000]  # text up to the point, degrees, minutes, the most
_east = [b"$00000", 0, 0, 180000000]
_tail = [b"$", 0, 0]  # from the date on; date, mode


def rmc(data, i, end, state):
    """Read the RMC whose fields are data[i:end] into its slots; 0 where it is not as usual."""
    i = _time(data, i, data.find(b",", i + 6, end), state)
    if not i or i + 2 > end or data[i] == 44 or data[i + 1] != 44:
        return 0
    state[_READ_STATUS] = data[i]
    i = _where(data, i + 2, end, state)
    comma = data.find(b",", i, end)
    stop = data.find(b",", comma + 1, end)
    if not i or comma < 0 or stop < 0:
        return 0
    speed, course = hundredths(data, i, comma), hundredths(data, comma + 1, stop)
    if speed < 0 or course < 0 or not _day_and_mode(data, stop + 1, end, state):
        return 0
    # 463 / 9000 dm/s are a hundredth of a knot
    state[_READ_SPEED] = (speed * 463 + 4500) // 9000 if speed < 58315 else 3000
    course = (course + 50) // 100
    state[_READ_COURSE] = course if course < 360 else 0 if course == 360 else 360
    return 1


def gga(data, i, end, state):
    """Read the GGA whose fields are data[i:end] into its slots; 0 where it is not as usual."""
    i = _time(data, i, data.find(b",", i + 6, end), state)
    i = i and _where(data, i, end, state)
    comma = data.find(b",", i + 2, end)
    stop = data.find(b",", comma + 1, end)
    if not i or comma < 0 or stop < 0 or data[i + 1] != 44:
        return 0
    quality = _DIGIT[data[i]]
    satellites = _DIGIT[data[i + 2]]
    if comma == i + 4:
        satellites = satellites * 10 + _DIGIT[data[i + 3]]
    elif comma != i + 3:
        return 0
    hdop = hundredths(data, comma + 1, stop)
    if quality > 9 or satellites > 99 or hdop < 0:
        return 0
    state[_READ_QUALITY], state[_READ_SATELLITES], state[_READ_HDOP] = quality, satellites, hdop
    return 1


def _time(data, i, stop, state):
    """Read hhmmss[.s...], which ends at `stop`; the next field's index or 0."""
    text = _clock[0]
    if len(text) != stop - i or not data.startswith(text, i):
        value = milliseconds(data, i, stop)
        if value < 0:
            return 0
        _clock[0], _clock[1] = data[i:stop], value
    state[_READ_TIME] = _clock[1]
    return stop + 1


def milliseconds(data, i, stop):
    """hhmmss[.s...] in data[i:stop] as milliseconds of the day, -1 where it is not so."""
    if stop < i + 6:
        return -1
    digit = _DIGIT
    if not data.startswith(_minute[0], i):
        hours = digit[data[i]] * 10 + digit[data[i + 1]]
        minutes = digit[data[i + 2]] * 10 + digit[data[i + 3]]
        if hours > 23 or minutes > 59:
            return -1
        _minute[0], _minute[1] = data[i : i + 4], (hours * 60 + minutes) * 60000
    seconds = digit[data[i + 4]] * 10 + digit[data[i + 5]]
    if seconds > 60:
        return -1
    i += 6
    part = 0
    if i < stop:
        if stop == i + 3:
            part = (digit[data[i + 1]] * 10 + digit[data[i + 2]]) * 10
        else:
            part = decimals(data, i + 1, stop, 100)
        if data[i] != 46 or not 0 <= part <= 999:
            return -1
    return _minute[1] + seconds * 1000 + part


def _where(data, i, end, state):
    """Read latitude, N or S, longitude, E or W; the next field's index or 0."""
    text = _place[0]
    stop = i + len(text)
    if stop < end and data[stop] == 44 and data.startswith(text, i):
        state[_READ_LAT], state[_READ_LON] = _place[1], _place[2]
        return stop + 1
    comma = data.find(b",", i + 8, end)
    second = data.find(b",", comma + 12, end)
    stop = second + 2
    if comma < 0 or second < 0 or stop >= end or data[comma + 2] != 44 or data[stop] != 44:
        return 0
    lat = _angle(data, i, comma, _north)
    lon = _angle(data, comma + 3, second, _east)
    if lat < 0 or lon < 0:
        return 0
    if data[comma + 1] != 78:  # N
        if data[comma + 1] != 83:
            return 0
        lat = -lat
    if data[second + 1] != 69:  # E
        if data[second + 1] != 87:
            return 0
        lon = -lon
    state[_READ_LAT], state[_READ_LON] = lat, lon
    _place[0], _place[1], _place[2] = data[i:stop], lat, lon
    return stop + 1


def _angle(data, i, stop, known):
    """[d]ddmm.mmm[m...] in data[i:stop] as 1e-6 degrees; -1 where it is not so. `known` has the
    last text up to the point, which changes every mile, and what it is worth."""
    if not data.startswith(known[0], i) and not _learn(data, i, known):
        return -1
    i += len(known[0])
    digit = _DIGIT
    part = (digit[data[i]] * 10 + digit[data[i + 1]]) * 10 + digit[data[i + 2]]
    if part > 999:
        return -1
    part = part * 1000 + known[2]
    i += 3
    weight = 100
    while i < stop:
        value = digit[data[i]]
        if value > 9:
            return -1
        part += value * weight
        weight //= 10
        i += 1
    part = known[1] + (part + 30) // 60
    return part if part <= known[3] else -1


def _learn(data, i, known):
    """Read [d]ddmm. at data[i]; 0 where it is not so."""
    size = len(known[0]) - 3
    if data.find(b".", i, i + size + 3) != i + size + 2:
        return 0
    degrees, minutes = hundredths(data, i, i + size), hundredths(data, i + size, i + size + 2)
    if degrees < 0 or not 0 <= minutes < 6000:
        return 0
    known[0], known[1], known[2] = data[i : i + size + 3], degrees * 10000, minutes * 10000
    return 1


def decimals(data, i, stop, weight):
    """The digits data[i:stop], of which the first weighs `weight`, those below 1 dropped; -1 for
    anything that is no digit."""
    digit, part = _DIGIT, 0
    while i < stop:
        value = digit[data[i]]
        if value > 9:
            return -1
        part += value * weight
        weight //= 10
        i += 1
    return part


def hundredths(data, i, stop):
    """A number with one to six digits before the point in hundredths; -1 where it is not so."""
    point = data.find(b".", i, stop)
    if point < 0:
        point = stop
    if not i < point <= i + 6:
        return -1
    digit = _DIGIT
    whole = digit[data[i]]
    i += 1
    while i < point:
        whole = whole * 10 + digit[data[i]]
        i += 1
    if whole > _MOST:
        return -1
    if stop == point + 3:
        part = digit[data[point + 1]] * 10 + digit[data[point + 2]]
        return whole * 100 + part if part <= 99 else -1
    part = decimals(data, point + 1, stop, 10)
    return whole * 100 + part if part >= 0 else -1


def _day_and_mode(data, i, end, state):
    """Read ddmmyy, two fields of no interest, and the mode; 0 where it is not as usual."""
    text = _tail[0]
    if len(text) != end - i or not data.startswith(text, i):
        stop = data.find(b",", i, end)
        east = data.find(b",", stop + 1, end)
        mode = data.find(b",", east + 1, end) + 1
        whole = hundredths(data, i, stop)
        if stop != i + 6 or whole < 0 or data.find(b".", i, stop) >= 0:
            return 0
        if east < 0 or mode < 1 or mode + 1 != end or data[mode] == 44:
            return 0
        _tail[0], _tail[1], _tail[2] = data[i:end], whole // 100, data[mode]
    state[_READ_DATE], state[_READ_MODE] = _tail[1], _tail[2]
    return 1
