"""Frame and read NMEA in plain Python: what nmea_fast.py does, where machine code cannot be had.

A sentence is `$`, a body of at most LINE_MAX bytes, `*` and the XOR of the body as two hex digits;
it is complete at the second digit, so the line's end may be damaged or missing. A `$` begins a new
sentence wherever it stands: after any damage the very next whole sentence is read. Other bytes are
not looked at before the checksum; then a field that we use and that is not so as nmea_rows.py says
makes the sentence malformed, so neither a NUL nor noise under a lucky checksum gets through.

What costs is done by C: `find` looks for `$` and `*`, and the XOR goes over words of an array into
which the bytes were put. Words have 32 bits where small integers have more, else 16. Nothing is
allocated for a sentence without interest. A body that came in pieces is gathered in `line`.
"""

from array import array
from struct import calcsize, pack_into

from tracker.nmea_fields import read
from tracker.nmea_rows import (
    ABSENT,
    BAD,
    CHECK,
    DENIED,
    DIMENSIONS,
    FORMS,
    GGA,
    GLL,
    GNS,
    GSA,
    GST,
    HAVE,
    KEPT,
    LAT,
    LINE_MAX,
    LON,
    NOW,
    NOWHERE,
    OPEN,
    OVERRUN,
    PENDING,
    PHASE,
    READ,
    RMC,
    SAID,
    SENTENCES,
    SKY_HDOP,
    SKY_SATELLITES,
    TICKS,
    TIME,
    UNREADABLE,
    USED,
    VTG,
    WAITED,
    WANTED,
    WRONG,
    WRONG_MODE,
    WRONG_PLACE,
    ZDA,
)

_HUNTING, _BODY, _HIGH_DIGIT, _LOW_DIGIT = 0, 1, 2, 3
_SIZE = 4 if calcsize("P") > 4 else 2  # bytes of a word
_SHIFT = _SIZE >> 1  # its logarithm
_LAST = _SIZE - 1
_BLOCK = 1024
_COPY = "1280s"  # a sentence that begins in a block may end behind it
_words = array("I" if _SIZE == 4 else "H", [0] * (1280 // _SIZE))
_BELOW = (0, 0xFF, 0xFFFF, 0xFFFFFF)  # the bytes of a word before the one so numbered
_DIGITS = b"0123456789ABCDEF"


def scan(i, end, data, line, state):
    """Read data[i:end] until an epoch is complete or over, or all of it.

    `data` is bytes, `line` a bytearray of LINE_MAX + 1 bytes, `state` is new_state()'s. Gives
    `index << 2 | what`: where to go on, and ALL_READ, COMPLETE, OVER or LAST. What the epoch's
    sentences say is in `state` then.
    """
    event = state[PENDING]
    if event:
        state[PENDING] = 0
        event = take_in(event, state)
    if state[PHASE] and not event:
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
        star = find(b"*", i, end)
        if not 8 <= star - i <= 256 or star + 2 >= end or find(b"$", i + 1, star) >= 0:
            state[PHASE], state[USED] = _BODY, 0
            i, event = _go_on(i + 1, end, data, line, state)
            continue
        if i - block >= _BLOCK:
            block = i & -_BLOCK
            pack_into(_COPY, words, 0, data[block:] if block else data)
        at = i + 1 - block
        k = (at >> _SHIFT) + 1
        check = words[k - 1] >> ((at & _LAST) << 3)
        at = star - block
        last = at >> _SHIFT
        check ^= words[last] & _BELOW[at & _LAST]
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
            if data[i + 5] != 86:  # the V of GSV, most of what comes
                event = _understand(data, i + 1, star, state)
            i = star + 3
        else:
            bad += 1
            i = star + 1
    state[SENTENCES] += good
    state[BAD] += bad
    if not event and state[OPEN] == 2:
        state[OPEN] = 0
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
    while i < end and state[PHASE]:
        if state[PHASE] == _BODY:
            i = _gather(i, end, data, line, state)
            continue
        check = state[CHECK]
        digit = data[i] - 32 if data[i] > 96 else data[i]
        if digit != _DIGITS[check >> 4 if state[PHASE] == _HIGH_DIGIT else check & 15]:
            state[PHASE] = _HUNTING
            state[BAD] += 1
            break
        i += 1
        state[PHASE] = (state[PHASE] + 1) & 3
        if state[PHASE] == _HUNTING:
            state[SENTENCES] += 1
            size = state[USED]
            return i, _understand(bytes(line[:size]), 0, size, state)
    return i, 0


def _gather(i, end, data, line, state):
    """Put body bytes into `line`, up to the `*`, a `$`, the end or one too many; the next index."""
    used = state[USED]
    stop = min(end, i + LINE_MAX + 1 - used)
    star = data.find(b"*", i, stop)
    last = stop if star < 0 else star
    dollar = data.find(b"$", i, last)
    if dollar >= 0:
        state[BAD] += 1
        state[PHASE] = _HUNTING
        return dollar
    for at in range(i, last):
        line[used] = data[at]
        used += 1
    state[USED] = used
    if used > LINE_MAX:
        state[OVERRUN] += 1
        state[PHASE] = _HUNTING
    elif star >= 0:
        state[PHASE] = _HIGH_DIGIT
        state[CHECK] = _xor(line, used)
        last += 1
    return last


def _xor(line, used):
    check = 0
    for at in range(used):
        check ^= line[at]
    return check


def _understand(data, i, end, state):
    """Read the body data[i:end] and take it in, unless it tells nothing new; the event.

    GLL, VTG and ZDA tell only while an epoch is open, VTG only when RMC has not said the speed, a
    GSA only when it knows more dimensions than those before.
    """
    if end - i < 9 or data[i + 5] != 44 or (data[i] == 80 and data[i + 1] != 81):
        return 0
    name = data[i + 2] << 16 | data[i + 3] << 8 | data[i + 4]
    is_open = state[OPEN] == 1
    if name == 0x475341:  # GSA
        dimensions = data[i + 8] - 48
        if data[i + 7] != 44 or not 1 <= dimensions <= 3:
            return 0
        if is_open and dimensions <= state[DIMENSIONS]:
            return 0
        state[READ + 19] = dimensions
        return take_in(GSA, state)
    if name == 0x524D43:
        kind = RMC
    elif name == 0x474741:
        kind = GGA
    elif name == 0x474E53:
        kind = GNS
    elif name == 0x475354:
        kind = GST
    elif not is_open:
        return 0
    elif name == 0x565447 and (not state[HAVE] & 1 << RMC or state[SAID] < 0):
        kind = VTG
    elif name == 0x474C4C:
        kind = GLL
    elif name == 0x5A4441:
        kind = ZDA
    else:
        return 0
    if read(data, i + 6, end, FORMS[kind], state):
        return take_in(GGA if kind == GNS else kind, state)
    state[UNREADABLE] += 1
    return 0


def take_in(kind, state):
    """Add the sentence just read to the epoch it belongs to; the event that it makes.

    One with another time than the open epoch's waits as PENDING until the caller has finished
    that epoch. GSA and VTG have no time and belong to the open one.
    """
    bit = 1 << kind
    if kind == GSA:
        if state[OPEN] != 1:
            if state[TIME] >= 0:
                state[WANTED] |= bit
            return 0
        state[DIMENSIONS] = state[READ + 19]
    elif kind != VTG:
        if kind == GGA:
            state[SKY_SATELLITES], state[SKY_HDOP] = state[READ + 9], state[READ + 10]
        time = state[READ]
        if time < 0:
            return 0
        if time == state[TIME]:
            if state[OPEN] != 1:
                state[WANTED] |= bit & WAITED
                return 0
        elif state[OPEN]:
            state[PENDING] = kind
            if state[OPEN] == 1:
                return 2
            state[OPEN] = 0
            return 1
        else:
            _begin(time, state)
        if kind < GST or kind == GLL:
            _check(kind, state)
    have = state[HAVE]
    if not have & bit:
        state[HAVE] = have = have | bit
        first = KEPT[2 * kind]
        for slot in range(first, first + KEPT[2 * kind + 1]):
            state[SAID - 5 + slot] = state[READ + slot]
    if have & state[WANTED] == state[WANTED]:
        state[OPEN] = 2
    return 0


def _begin(time, state):
    """Open the epoch of `time`."""
    state[TIME], state[OPEN], state[TICKS] = time, 1, state[NOW]
    state[HAVE] = state[DENIED] = state[WRONG] = state[DIMENSIONS] = 0
    state[LAT] = NOWHERE


def _check(kind, state):
    """Note a receiver's no, and a place that is none or another than the epoch's."""
    if kind == GGA:
        quality = state[READ + 8]
        if quality < 1:
            state[DENIED] = 1
        elif quality > 5:
            state[WRONG] |= WRONG_MODE
    elif state[READ + 1] != 65 or state[READ + 4] == 78:  # A N
        state[DENIED] = 1
    elif state[READ + 4] not in _MODES:
        state[WRONG] |= WRONG_MODE
    lat, lon = state[READ + 2], state[READ + 3]
    if lat == NOWHERE or lon == NOWHERE:
        state[WRONG] |= WRONG_PLACE
        return
    if state[LAT] != NOWHERE:
        east = abs(state[LON] - lon)
        if abs(state[LAT] - lat) > 25 or SAME_PLACE_E6 < east < 360000000 - SAME_PLACE_E6:
            state[WRONG] |= WRONG_PLACE
        if kind != GGA or state[HAVE] & 1 << GGA:
            return
    state[LAT], state[LON] = lat, lon


_MODES = (65, 68, ABSENT, 70, 80, 82)  # A D, none (before NMEA 2.3), F P R; not E M N S
SAME_PLACE_E6 = 25  # sentences may differ by rounding, at most this (2.8 m)
