# ruff: noqa: F821
"""Frame and decode NMEA in machine code: the twin of nmea_plain.py, many times as fast.

`micropython.viper`, `ptr8`, `ptr32`, `const` are words of MicroPython's compiler, so nothing is
imported for them. Elsewhere (CPython, a port without the native emitter) the import of this file
fails with NameError or SyntaxError, and nmea.py takes nmea_plain.py. What `scan` and `decode`
promise is written there; tests give both the same bytes and want the same answers.

Machine code has no bounds checks: every index below is bounded by `end`, by _LINE_MAX (the size
of `line`, which nmea.py makes) or by the length of `form` (`out` has room for the longest).
Integers are 32 bit on the chip; the largest value made here is 180,000,000.
"""

from tracker.nmea_rows import FORMS

_LINE_MAX = const(255)

_PHASE = const(0)  # what `state` holds: see nmea_plain.py
_USED = const(1)
_CHECK = const(2)
_SENTENCES = const(3)
_BAD = const(4)
_OVERRUN = const(5)
_DIMENSIONS = const(6)

_HUNTING = const(0)
_BODY = const(1)
_HIGH_DIGIT = const(2)
_LOW_DIGIT = const(3)


@micropython.viper
def scan(data, start: int, end: int, line, state, out) -> int:
    """Read bytes up to the end of the next sentence that matters (nmea_plain.scan).

    One function in spite of its length: a call costs as much as forty bytes.
    """
    source = ptr8(data)
    kept = ptr8(line)
    s = ptr32(state)
    phase = s[_PHASE]
    used = s[_USED]
    check = s[_CHECK]
    kind = 0
    i = start
    while i < end and kind == 0:
        c = source[i]
        i += 1
        if c == 36:  # $ begins a sentence, wherever it stands
            if phase != _HUNTING:
                s[_BAD] += 1
            phase = _BODY
            used = 0
            check = 0
        elif phase == _BODY:
            i -= 1
            stop = i + _LINE_MAX + 1 - used
            if stop > end:
                stop = end
            while i < stop:
                c = source[i]
                if c < 43:
                    if c < 32 or c == 36 or c == 42:
                        break
                kept[used] = c
                used += 1
                check ^= c
                i += 1
            if used > _LINE_MAX:
                s[_OVERRUN] += 1
                phase = _HUNTING
            elif i < stop and c == 42:  # *
                i += 1
                phase = _HIGH_DIGIT
            elif i < stop and c != 36:  # a control byte; a $ is left to the branch above
                i += 1
                s[_BAD] += 1
                phase = _HUNTING
        elif phase != _HUNTING:
            digit = 16  # none
            if 47 < c and c < 58:
                digit = c - 48
            elif 64 < (c & 95) and (c & 95) < 71 and c < 103:
                digit = (c & 95) - 55
            if phase == _HIGH_DIGIT and digit == check >> 4:
                phase = _LOW_DIGIT
            elif phase == _LOW_DIGIT and digit == check & 15:
                phase = _HUNTING
                s[_SENTENCES] += 1
                c = kept[4]
                if c == 67 or c == 65 or c == 84:  # RMC, GGA and GSA, GST end so
                    kind = int(_kind(line, used, state))
                    if 0 < kind and kind < 4 and not int(decode(line, used, FORMS[kind], out)):
                        kind = 5
            else:
                phase = _HUNTING
                s[_BAD] += 1
    s[_PHASE] = phase
    s[_USED] = used
    s[_CHECK] = check
    return i << 3 | kind


@micropython.viper
def _kind(line, used: int, state) -> int:
    """Say which sentence `line` holds: 1 RMC, 2 GGA, 3 GST, 4 a GSA of more dimensions, 0 else."""
    kept = ptr8(line)
    s = ptr32(state)
    if used < 6 or kept[5] != 44 or (kept[0] == 80 and kept[1] != 81):
        return 0
    name = kept[2] << 16 | kept[3] << 8 | kept[4]
    if name == 0x524D43:
        return 1
    if name == 0x474741:
        return 2
    if name == 0x475354:
        return 3
    if name == 0x475341 and used > 8 and kept[7] == 44:
        dimensions = kept[8] - 48
        if dimensions > s[_DIMENSIONS] and dimensions < 4:
            s[_DIMENSIONS] = dimensions
            return 4
    return 0


@micropython.viper
def decode(line, used: int, form, out) -> int:
    """Turn the fields of a sentence into integers as `form` says (nmea_plain.decode)."""
    text = ptr8(line)
    forms = ptr8(form)
    values = ptr32(out)
    fields = int(len(form))  # noqa: RUF046, viper's len is an object
    i = 6  # after the name and its comma
    field = 0
    value = 0
    written = 0
    while field < fields:
        first = i
        while i < used and text[i] != 44:
            i += 1
        want = forms[field]
        if want != 95:  # _
            value = -1
            if i == first:
                pass
            elif want == 99:  # c
                value = text[first] if i - first == 1 else -2
            elif want == 110 or want == 101:  # n e
                value = int(_side(want, text[first])) if i - first == 1 else -2
            else:
                value = int(_number(want, line, first, i))
            if value == -2:
                return 0
            values[written] = value
            written += 1
        i += 1
        field += 1
    return 1


@micropython.viper
def _side(want: int, letter: int) -> int:
    """Say 0 for N and E, 1 for S and W; -2 for what `want` does not allow."""
    if want == 110:
        return 0 if letter == 78 else 1 if letter == 83 else -2
    return 0 if letter == 69 else 1 if letter == 87 else -2


@micropython.viper
def _number(want: int, line, start: int, end: int) -> int:
    """Read decimal digits with at most one point, and scale them as `want` says; -2: refused."""
    text = ptr8(line)
    whole = 0
    part = 0  # six decimals, the further ones dropped
    wholes = 0
    parts = -1  # no point yet
    i = start
    while i < end:
        digit = text[i] - 48
        i += 1
        if digit == -2 and parts < 0:
            parts = 0
        elif digit < 0 or digit > 9:
            return -2
        elif parts < 0:
            wholes += 1
            if wholes > 6:
                return -2
            whole = whole * 10 + digit
        elif parts < 6:
            parts += 1
            part = part * 10 + digit
    i = parts
    if i < 0:
        i = 0
    while i < 6:
        part *= 10
        i += 1
    if want == 50:  # 2
        return whole * 100 + part // 10000 if wholes else -2
    if want == 97 or want == 111:  # a o
        return int(_angle(want, whole * 10 + wholes, part, parts))
    if want == 116:  # t
        return int(_time(whole, part)) if wholes == 6 else -2
    if parts >= 0 or (want == 100 and wholes != 6):  # d i
        return -2
    return whole


@micropython.viper
def _angle(want: int, whole: int, part: int, parts: int) -> int:
    """Turn degrees and minutes into 1e-6 degrees; `whole` is dddmm and their number of digits."""
    wholes = whole % 10
    whole = whole // 10
    limit = 90000000
    if want == 111:
        limit = 180000000
        wholes -= 1
    minutes = whole % 100
    if wholes != 4 or parts < 3 or minutes > 59:
        return -2
    angle = whole // 100 * 1000000 + (minutes * 1000000 + part + 30) // 60
    return angle if angle <= limit else -2


@micropython.viper
def _time(whole: int, part: int) -> int:
    """Turn hhmmss and millionths into milliseconds of the day; a leap second is 60."""
    minutes = whole // 100 % 100
    seconds = whole % 100
    if whole > 235960 or minutes > 59 or seconds > 60:
        return -2
    return ((whole // 10000 * 60 + minutes) * 60 + seconds) * 1000 + part // 1000
