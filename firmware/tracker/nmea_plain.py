"""Frame and read NMEA in plain Python: what nmea_fast.py does, where machine code cannot be had.

A sentence is `$`, a body of at most LINE_MAX bytes, `*` and the XOR of the body as two hex digits;
it is complete at the second digit, so the line's end may be damaged or missing. A `$` begins a new
sentence wherever it stands: after any damage the very next whole sentence is read. Other bytes are
not looked at before the checksum; then a field that we use and that is not so as nmea_rows.py says
makes the sentence malformed, so neither a NUL nor noise under a lucky checksum gets through.

Every sentence from which anything is taken has its checksum verified. One that cannot tell anything
now (`tells_nothing`: every GSV, and VTG, GLL, GSA once the others have said it) is passed by, up to
the next `$`, as soon as its name is known: it counts as a sentence, whole or damaged, and a damaged
one takes nothing of the next along. nmea_fast.py verifies these, too; what becomes of the epochs is
the same.

What costs is done by C: `find` looks for `$` and `*`, and the XOR goes over words of an array into
which the bytes were put. Words have 32 bits where small integers have more, else 16. A body that
came in pieces is gathered in `line`. Constants are here again, with `const`, because a name that
another file owns costs a look-up each time: a tenth of all.
"""

from array import array
from struct import calcsize, pack_into

from tracker.nmea_fields import read
from tracker.nmea_rows import FORMS, KEPT, NAMES
from tracker.nmea_usual import gga, rmc


def const(value):
    """MicroPython's compiler knows the word and puts the value where the name is."""
    return value


_ABSENT = const(-1)
_BAD = const(4)
_CHECK = const(2)
_DENIED = const(13)
_DIMENSIONS = const(18)
_GGA = const(2)
_GLL = const(5)
_GNS = const(8)
_GSA = const(4)
_GST = const(3)
_HAVE = const(16)
_LAT = const(19)
_LINE_MAX = const(255)
_LON = const(20)
_NOW = const(8)
_NOWHERE = const(-1000000000)
_OPEN = const(12)
_OVERRUN = const(5)
_PENDING = const(7)
_PHASE = const(0)
_READ = const(35)
_RMC = const(1)
_SAID = const(21)
_SENTENCES = const(3)
_SKY_HDOP = const(10)
_SKY_SATELLITES = const(9)
_TICKS = const(15)
_TIME = const(14)
_UNREADABLE = const(6)
_USED = const(1)
_VTG = const(6)
_WAITED = const(30)
_WANTED = const(11)
_WRONG = const(17)
_WRONG_MODE = const(1)
_WRONG_PLACE = const(2)
_SAME_PLACE_E6 = const(25)  # sentences may differ by rounding, at most this (2.8 m)
_MODES = (65, 68, -1, 70, 80, 82)  # A D, none (before NMEA 2.3), F P R; not E M N S

_HUNTING = const(0)
_BODY = const(1)
_HIGH_DIGIT = const(2)
_LOW_DIGIT = const(3)
_SIZE = 4 if calcsize("P") > 4 else 2  # bytes of a word
_SHIFT = _SIZE >> 1  # its logarithm
_REST = _SIZE - 1
_BLOCK = const(1024)
_COPY = "1280s"  # a sentence that begins in a block may end behind it
_words = array("I" if _SIZE == 4 else "H", [0] * (1280 // _SIZE))
_BELOW = (0, 0xFF, 0xFFFF, 0xFFFFFF)  # the bytes of a word before the one so numbered
_gsa = [b"$$", 0]  # the last whole GSA: what has the same bytes has a right checksum, too
_DIGITS = b"0123456789ABCDEF"


def scan(i, end, data, line, state):
    """Read data[i:end] until an epoch is complete or over, or all of it.

    `data` is bytes, `line` a bytearray of _LINE_MAX + 1 bytes, `state` is new_state()'s. Gives
    `index << 2 | what`: where to go on, and ALL_READ, COMPLETE, OVER or LAST. What the epoch's
    sentences say is in `state` then.
    """
    event = state[_PENDING]
    if event:
        state[_PENDING] = 0
        event = take_in(event, state)
    if state[_PHASE] and not event:
        i, event = _go_on(i, end, data, line, state)
    words, find = _words, data.find
    block = -_BLOCK  # nothing is in words yet
    good = bad = 0
    while i < end and not event:
        if data[i] != 36:
            i = find(b"$", i, end)
            if i < 0:
                i = end
                break
        if i + 9 < end:
            last = data[i + 5]
            if last == 86 and data[i + 6] == 44:  # the V of GSV
                good += 1
                i += 1
                continue
            if last != 67 and data[i + 4] != 71:  # no RMC and no GGA
                if tells_nothing(data, i + 1, state):
                    good += 1
                    i += 1
                    continue
                if data.startswith(_gsa[0], i):
                    good += 1
                    i += len(_gsa[0])
                    _take_in_dimensions(_gsa[1], state)
                    continue
        star = find(b"*", i, end)
        if not 8 <= star - i <= 256 or star + 2 >= end or find(b"$", i + 1, star) >= 0:
            state[_PHASE], state[_USED] = _BODY, 0
            i, event = _go_on(i + 1, end, data, line, state)
            continue
        if i - block >= _BLOCK:
            block = i & -_BLOCK
            pack_into(_COPY, words, 0, data[block:] if block else data)
        at = i + 1 - block
        k = (at >> _SHIFT) + 1
        check = words[k - 1] >> ((at & _REST) << 3)
        at = star - block
        last = at >> _SHIFT
        check ^= words[last] & _BELOW[at & _REST]
        while k + 8 <= last:
            check ^= words[k] ^ words[k + 1] ^ words[k + 2] ^ words[k + 3]
            check ^= words[k + 4] ^ words[k + 5] ^ words[k + 6] ^ words[k + 7]
            k += 8
        while k < last:
            check ^= words[k]
            k += 1
        check ^= check >> 16
        check = (check ^ check >> 8) & 255
        right = data[star + 1] == _DIGITS[check >> 4] and data[star + 2] == _DIGITS[check & 15]
        if right or _small(data, star, check):
            good += 1
            event = _understand(data, i + 1, star, state)
            i = star + 3
        else:
            bad += 1
            i = star + 1
    state[_SENTENCES] += good
    state[_BAD] += bad
    if not event and state[_OPEN] == 2:
        state[_OPEN] = 0
        event = 3
    return i << 2 | event


def _small(data, star, check):
    """Whether the digits behind the star are `check` with small letters among them."""
    high, low = data[star + 1], data[star + 2]
    if high > 96:
        high -= 32
    if low > 96:
        low -= 32
    return high == _DIGITS[check >> 4] and low == _DIGITS[check & 15]


def _go_on(i, end, data, line, state):
    """Read on in a sentence that has begun, until it ends or the bytes do; (index, event)."""
    while i < end and state[_PHASE]:
        if state[_PHASE] == _BODY:
            i = _gather(i, end, data, line, state)
            continue
        check = state[_CHECK]
        digit = data[i] - 32 if data[i] > 96 else data[i]
        if digit != _DIGITS[check >> 4 if state[_PHASE] == _HIGH_DIGIT else check & 15]:
            state[_PHASE] = _HUNTING
            state[_BAD] += 1
            break
        i += 1
        state[_PHASE] = (state[_PHASE] + 1) & 3
        if state[_PHASE] == _HUNTING:
            state[_SENTENCES] += 1
            size = state[_USED]
            if size >= 9 and tells_nothing(line, 0, state):
                return i, 0
            return i, _understand(bytes(line[:size]), 0, size, state)
    return i, 0


def _gather(i, end, data, line, state):
    """Put body bytes into `line`, up to the `*`, a `$`, the end or one too many; the next index."""
    used = state[_USED]
    stop = min(end, i + _LINE_MAX + 1 - used)
    star = data.find(b"*", i, stop)
    last = stop if star < 0 else star
    dollar = data.find(b"$", i, last)
    if dollar >= 0:
        last = dollar
    for at in range(i, last):
        line[used] = data[at]
        used += 1
    state[_USED] = used
    if used >= 9 and tells_nothing(line, 0, state):
        state[_SENTENCES] += 1
        state[_PHASE] = _HUNTING
    elif dollar >= 0:
        state[_BAD] += 1
        state[_PHASE] = _HUNTING
    elif used > _LINE_MAX:
        state[_OVERRUN] += 1
        state[_PHASE] = _HUNTING
    elif star >= 0:
        state[_PHASE] = _HIGH_DIGIT
        state[_CHECK] = _xor(line, used)
        last += 1
    return last


def _xor(line, used):
    check = 0
    for at in range(used):
        check ^= line[at]
    return check


def tells_nothing(data, i, state):
    """Whether nothing is to be learned now from the body that begins at data[i], by its name.

    GSV and all whose name ends so never tell us anything. GLL, VTG and ZDA tell only while an epoch
    is open, VTG only when RMC has not said the speed; a GSA only when it knows more dimensions
    than those before, or the first time that one comes behind an epoch's end.
    """
    if data[i + 5] != 44:
        return False
    last = data[i + 4]
    if last == 65:
        if data[i + 3] == 83:  # SA
            if state[_OPEN] == 1:
                return data[i + 8] - 48 <= state[_DIMENSIONS]
            return state[_WANTED] & 1 << _GSA or state[_TIME] < 0
        return data[i + 3] == 68 and state[_OPEN] != 1  # DA
    if last == 71:  # VTG
        return state[_OPEN] != 1 or (state[_HAVE] & 1 << _RMC and state[_SAID] >= 0)
    return last == 86 or (last == 76 and state[_OPEN] != 1)  # GSV, GLL


def _understand(data, i, end, state):
    """Read the body data[i:end], whose checksum is right, and take it in; the event."""
    if end - i < 9 or (data[i] == 80 and data[i + 1] != 81):
        return 0
    kind = 0
    if data.startswith(b"RMC,", i + 2):
        if rmc(data, i + 6, end, state):
            return take_in(_RMC, state)
        kind = _RMC
    elif data.startswith(b"GGA,", i + 2):
        if gga(data, i + 6, end, state):
            return take_in(_GGA, state)
        kind = _GGA
    elif data.startswith(b"GSA,", i + 2):
        if data[i + 7] == 44 and 49 <= data[i + 8] <= 51:
            _take_in_dimensions(data[i + 8] - 48, state)
            if i:
                _gsa[0], _gsa[1] = data[i - 1 : end + 3], data[i + 8] - 48
        return 0
    elif data[i + 5] == 44:
        name = bytes(data[i + 2 : i + 5])
        kind = NAMES.index(name) if name in NAMES else 0
    if kind and read(data, i + 6, end, FORMS[kind], state):
        return take_in(_GGA if kind == _GNS else kind, state)
    state[_UNREADABLE] += kind > 0
    return 0


def _take_in_dimensions(dimensions, state):
    """Add a GSA to the open epoch; without one, epochs are to wait for it from now on."""
    if state[_OPEN] == 1:
        state[_DIMENSIONS] = dimensions
        state[_HAVE] |= 1 << _GSA
        if state[_HAVE] & state[_WANTED] == state[_WANTED]:
            state[_OPEN] = 2
    elif state[_TIME] >= 0:
        state[_WANTED] |= 1 << _GSA


def take_in(kind, state):
    """Add the sentence just read to the epoch it belongs to; the event that it makes.

    One with another time than the open epoch's waits as PENDING until the caller has finished
    that epoch. GSA and VTG have no time and belong to the open one.
    """
    bit = 1 << kind
    if kind != _VTG:
        if kind == _GGA:
            state[_SKY_SATELLITES], state[_SKY_HDOP] = state[_READ + 9], state[_READ + 10]
        time = state[_READ]
        if time < 0:
            return 0
        if time == state[_TIME]:
            if state[_OPEN] != 1:
                state[_WANTED] |= bit & _WAITED
                return 0
        elif state[_OPEN]:
            state[_PENDING] = kind
            if state[_OPEN] == 1:
                return 2
            state[_OPEN] = 0
            return 1
        else:
            _begin(time, state)
        if kind < _GST or kind == _GLL:
            _check(kind, state)
    have = state[_HAVE]
    if not have & bit:
        state[_HAVE] = have = have | bit
        slot = KEPT[2 * kind] + _READ
        to = slot - (_READ - _SAID + 5)
        if kind != _GLL:
            state[to] = state[slot]
            state[to + 1] = state[slot + 1]
            if kind != _VTG:
                state[to + 2] = state[slot + 2]
    if have & state[_WANTED] == state[_WANTED]:
        state[_OPEN] = 2
    return 0


def _begin(time, state):
    """Open the epoch of `time`."""
    state[_TIME], state[_OPEN], state[_TICKS] = time, 1, state[_NOW]
    state[_HAVE] = state[_DENIED] = state[_WRONG] = state[_DIMENSIONS] = 0
    state[_LAT] = _NOWHERE


def _check(kind, state):
    """Note a receiver's no, and a place that is none or another than the epoch's."""
    if kind == _GGA:
        quality = state[_READ + 8]
        if quality < 1:
            state[_DENIED] = 1
        elif quality > 5:
            state[_WRONG] |= _WRONG_MODE
    elif state[_READ + 1] != 65 or state[_READ + 4] == 78:  # A N
        state[_DENIED] = 1
    elif state[_READ + 4] not in _MODES:
        state[_WRONG] |= _WRONG_MODE
    lat, lon = state[_READ + 2], state[_READ + 3]
    if lat == _NOWHERE or lon == _NOWHERE:
        state[_WRONG] |= _WRONG_PLACE
        return
    if lat == state[_LAT] and lon == state[_LON]:
        return
    if state[_LAT] != _NOWHERE:
        east = abs(state[_LON] - lon)
        if abs(state[_LAT] - lat) > 25 or _SAME_PLACE_E6 < east < 360000000 - _SAME_PLACE_E6:
            state[_WRONG] |= _WRONG_PLACE
        if kind != _GGA or state[_HAVE] & 1 << _GGA:
            return
    state[_LAT], state[_LON] = lat, lon
