# ruff: noqa: F821
"""Frame and read NMEA in machine code: the twin of nmea_plain.py, many times as fast.

`micropython.viper`, `ptr8`, `ptr32`, `const` are words of MicroPython's compiler. Elsewhere the
import of this file fails with NameError or SyntaxError, and nmea.py takes nmea_plain.py, where is
written what `scan` promises; tests give both the same bytes and want the same memory.

Why it looks so: a call costs as much as eighty bytes, so there are few and long functions. Bodies
are read four bytes at a time, aligned as the chip wants it; `ones` and `tops` are the well-known
test whether a byte of a word is below 43, which is above `$` and `*` and below all that sentences
are made of, so that a word which passes is all body.

Machine code has no bounds checks: bytes are read below `end` only, `line` has room for a body of
_LINE_MAX and one more, and slots come from the rows.
"""

from tracker.nmea_rows import FORMS, KEPT, QUALITIES

_LINE_MAX = const(255)

_PHASE = const(0)  # `state`: nmea_rows.py, and a test compares
_USED = const(1)
_CHECK = const(2)
_SENTENCES = const(3)
_BAD = const(4)
_OVERRUN = const(5)
_UNREADABLE = const(6)
_PENDING = const(7)
_NOW = const(8)
_SKY_SATELLITES = const(9)
_SKY_HDOP = const(10)
_WANTED = const(11)
_OPEN = const(12)
_DENIED = const(13)
_TIME = const(14)
_TICKS = const(15)
_HAVE = const(16)
_WRONG = const(17)
_DIMENSIONS = const(18)
_LAT = const(19)
_LON = const(20)
_SAID = const(21)
_READ = const(35)
_READ_STATUS = const(36)
_READ_LAT = const(37)
_READ_LON = const(38)
_READ_MODE = const(39)
_READ_QUALITY = const(43)
_READ_SATELLITES = const(44)
_READ_HDOP = const(45)
_READ_DIMENSIONS = const(54)

_RMC = const(1)
_GGA = const(2)
_GST = const(3)
_GSA = const(4)
_GLL = const(5)
_VTG = const(6)
_ZDA = const(7)
_GNS = const(8)
_WAITED = const(30)

_NOWHERE = const(-1000000000)

_HUNTING = const(0)
_BODY = const(1)
_HIGH_DIGIT = const(2)
_LOW_DIGIT = const(3)


@micropython.viper
def scan(i: int, end: int, data, line, state) -> int:
    """Read bytes until an epoch is complete or over (nmea_plain.scan)."""
    base = int(ptr8(data))
    s = ptr32(state)
    event = s[_PENDING]
    if event:
        s[_PENDING] = 0
        event = int(_take_in(event, state))
    i += base
    end += base
    phase = s[_PHASE]
    used = s[_USED]
    check = s[_CHECK]
    first = i
    last = i
    ones = 0x2B2B2B << 8 | 0x2B
    tops = 0x8080
    tops |= tops << 16  # in two steps: the compiler would make an object of the constant
    while i < end and event == 0:
        c = ptr8(i)[0]
        i += 1
        if c == 36:  # $ begins a sentence, wherever it stands
            if phase != _HUNTING:
                s[_BAD] += 1
            phase = _BODY
            used = check = 0
            first = i
        elif phase == _BODY:
            i -= 1
            stop = first + (_LINE_MAX + 1) - used
            stop = stop if stop < end else end
            while i < stop:
                if i & 3 == 0:
                    i += 4
                    while i <= stop:
                        c = ptr32(i)[-1]
                        if (c - ones) & (c ^ -1) & tops:
                            break
                        check ^= c
                        i += 4
                    i -= 4
                    if i >= stop:
                        break
                c = ptr8(i)[0]
                if c == 36 or c == 42:
                    break
                check ^= c
                i += 1
            last = i
            if used + i - first > _LINE_MAX:
                s[_OVERRUN] += 1
                phase = _HUNTING
            elif i < stop and c == 42:  # *
                i += 1
                check ^= check >> 16
                check = (check ^ check >> 8) & 255
                phase = _HIGH_DIGIT
        elif phase != _HUNTING:
            c = c - 32 if c > 96 else c  # small letters
            if c > 57:
                c = c - 7 if c > 64 else 0
            if phase == _HIGH_DIGIT and c == (check >> 4) + 48:
                phase = _LOW_DIGIT
            elif phase == _LOW_DIGIT and c == (check & 15) + 48:
                phase = _HUNTING
                s[_SENTENCES] += 1
                if used:
                    used = int(_keep(line, used, first, last))
                    first = int(ptr8(line))
                    last = first + used
                if last - first > 8 and ptr8(first)[4] != 86:  # the V of GSV, most of what comes
                    event = int(_understand(first, last - first, state))
            else:
                phase = _HUNTING
                s[_BAD] += 1
    if phase == _BODY:
        last = i
    s[_PHASE] = phase
    s[_USED] = int(_keep(line, used, first, last)) if phase else 0
    s[_CHECK] = check
    if event == 0 and s[_OPEN] == 2:
        s[_OPEN] = 0
        event = 3
    return (i - base) << 2 | event


@micropython.viper
def _keep(line, used: int, first: int, last: int) -> int:
    """Put the bytes from `first` to `last` behind the `used` of `line`; how many it has then."""
    kept = ptr8(line)
    while first < last:
        kept[used] = ptr8(first)[0]
        used += 1
        first += 1
    return used


@micropython.viper
def _understand(i: int, used: int, state) -> int:
    """Read the body of `used` bytes at `i` and take it in, unless it tells nothing new.

    GLL and VTG tell only while an epoch is open, VTG only when RMC has not said the speed, a GSA
    only when it knows more dimensions than those before.
    """
    t = ptr8(i)
    s = ptr32(state)
    if t[5] != 44 or (t[0] == 80 and t[1] != 81):
        return 0
    name = t[2] << 16 | t[3] << 8 | t[4]
    if name == 0x475341:  # GSA
        used = t[8] - 48
        if t[7] != 44 or used > 3 or (s[_OPEN] == 1 and used <= s[_DIMENSIONS]) or used < 1:
            return 0
        s[_READ_DIMENSIONS] = used
        return int(_take_in(_GSA, state))
    kind = 0
    if name == 0x524D43:
        kind = _RMC
    elif name == 0x474741 or name == 0x474E53:  # GNS
        kind = _GGA
    elif name == 0x475354:
        kind = _GST
    elif s[_OPEN] == 1:
        if name == 0x565447 and (s[_HAVE] & 2 == 0 or s[_SAID] >> 31):
            kind = _VTG
        elif name == 0x474C4C:
            kind = _GLL
        elif name == 0x5A4441:
            kind = _ZDA
    if kind == 0:
        return 0
    form = ptr8(FORMS[_GNS if name == 0x474E53 else kind])
    if int(_read(i + 6, i + used, int(form), state)):
        return int(_take_in(kind, state))
    s[_UNREADABLE] += 1
    return 0


@micropython.viper
def _read(i: int, end: int, form: int, state) -> int:
    """Turn the fields between `i` and `end` into slots as `form` says; 0 if one is impossible."""
    s = ptr32(state)
    want = ptr8(form)[0]
    while want:
        first = i
        whole = 0
        part = 0  # six decimals, the further ones dropped
        wholes = 0  # digits; more than six are none
        parts = -1  # no point yet
        while i < end:
            c = ptr8(i)[0] - 48
            if c == -4:  # the comma
                break
            i += 1
            if c < 0 or c > 9:
                if c != -2 or parts >= 0:
                    wholes = 7
                parts = 0
            elif parts < 0:
                whole = whole * 10 + c
                wholes += 1
            elif parts < 6:
                part = part * 10 + c
                parts += 1
        size = i - first
        i += 1
        slot = ptr8(form)[1] + _READ
        form += 2
        if want == 95:  # _
            pass
        elif size == 0:
            s[slot] = _NOWHERE if want < 91 else -1
        elif want == 99:  # c
            if size > 1:
                return 0
            s[slot] = ptr8(first)[0]
        elif want == 78 or want == 69:  # N E
            c = ptr8(first)[0]
            if size > 1 or (c != want and c != (83 if want == 78 else 87)):  # S W
                return 0
            if c != want and s[slot] >> 31 == 0:
                s[slot] = 0 - s[slot]
        elif want == 109:  # m
            whole = int(_mode(first, size))
            if whole < 0:
                return 0
            s[slot] = whole
        elif wholes > 6 or (wholes == 0 and parts <= 0):
            return 0
        elif want == 105 or want == 100:  # i d
            if parts >= 0 or (want == 100 and wholes != 6):
                return 0
            s[slot] = whole
        else:
            size = parts if part else 6
            while size < 6:
                part *= 10
                size += 1
            c = whole % 100  # minutes of a degree, or seconds
            if wholes == 0:
                return 0
            if want == 104:  # h
                s[slot] = whole * 100 + part // 10000
            elif want == 107:  # k: 463 / 9000 dm/s are a hundredth of a knot
                whole = (whole * 100 + part // 10000) * 463 + 4500 if whole < 600 else 27000000
                s[slot] = whole // 9000 if whole < 27000000 else 3000
            elif want == 103:  # g
                whole = (whole * 100 + part // 10000 + 50) // 100
                s[slot] = whole if whole < 360 else 0 if whole == 360 else 360
            elif want == 116:  # t
                whole //= 100
                if wholes != 6 or whole > 2359 or whole % 100 > 59 or c > 60:
                    return 0
                s[slot] = (whole // 100 * 3600 + whole % 100 * 60 + c) * 1000 + part // 1000
            else:  # A O
                if parts < 3 or c > 59 or wholes != (4 if want == 65 else 5):
                    return 0
                whole = whole // 100 * 1000000 + (c * 1000000 + part + 30) // 60
                if whole > (90000000 if want == 65 else 180000000):
                    return 0
                s[slot] = whole
        want = ptr8(form)[0]
    return 1


@micropython.viper
def _mode(i: int, size: int) -> int:
    """Give GNS's modes as GGA's quality: that of the first constellation whose mode is not N."""
    t = ptr8(i)
    qualities = ptr8(QUALITIES)
    value = 0
    i = 0
    while i < size:
        c = t[i] - 64
        if c < 1 or c > 26 or qualities[c] == 9:
            return -1
        if value == 0:
            value = qualities[c]
        i += 1
    return value


@micropython.viper
def _take_in(kind: int, state) -> int:
    """Add the sentence just read to the epoch it belongs to (nmea_plain.take_in)."""
    s = ptr32(state)
    bit = 1 << kind
    if kind == _GSA:
        if s[_OPEN] != 1:
            if s[_TIME] >> 31 == 0:
                s[_WANTED] |= bit
            return 0
        s[_DIMENSIONS] = s[_READ_DIMENSIONS]
    elif kind != _VTG:
        if kind == _GGA:
            s[_SKY_SATELLITES] = s[_READ_SATELLITES]
            s[_SKY_HDOP] = s[_READ_HDOP]
        time = s[_READ]
        if time >> 31:
            return 0
        if time == s[_TIME]:
            if s[_OPEN] != 1:
                s[_WANTED] |= bit & _WAITED
                return 0
        elif s[_OPEN]:
            s[_PENDING] = kind
            if s[_OPEN] == 1:
                return 2
            s[_OPEN] = 0
            return 1
        else:
            s[_TIME] = time
            s[_OPEN] = 1
            s[_TICKS] = s[_NOW]
            s[_HAVE] = s[_DENIED] = s[_WRONG] = s[_DIMENSIONS] = 0
            s[_LAT] = _NOWHERE
        if kind < 3 or kind == _GLL:
            int(_check(kind, state))
    have = s[_HAVE]
    if have & bit == 0:
        have |= bit
        s[_HAVE] = have
        kept = int(ptr8(KEPT)) + 2 * kind
        at = ptr8(kept)[0]
        bit = at + ptr8(kept)[1]
        while at < bit:
            s[_SAID - 5 + at] = s[_READ + at]
            at += 1
    if have & s[_WANTED] == s[_WANTED]:
        s[_OPEN] = 2
    return 0


@micropython.viper
def _check(kind: int, state) -> int:
    """Note a receiver's no, and a place that is none or another than the epoch's."""
    s = ptr32(state)
    if kind == _GGA:
        lat = s[_READ_QUALITY]
        if lat < 1 or lat >> 31:
            s[_DENIED] = 1
        elif lat > 5:
            s[_WRONG] |= 1
    else:
        lat = s[_READ_MODE]
        if s[_READ_STATUS] != 65 or lat == 78:  # A, N
            s[_DENIED] = 1
        elif lat >> 31 == 0 and lat != 65 and lat != 68 and lat != 70 and lat != 80 and lat != 82:
            s[_WRONG] |= 1
    sign = 0x8000
    sign <<= 16  # ptr32 reads unsigned where integers are longer than 32 bits
    lat = (s[_READ_LAT] ^ sign) - sign
    lon = (s[_READ_LON] ^ sign) - sign
    north = (s[_LAT] ^ sign) - sign
    if lat == _NOWHERE or lon == _NOWHERE:
        s[_WRONG] |= 2
        return 0
    if north != _NOWHERE:
        north -= lat
        east = (s[_LON] ^ sign) - sign - lon
        east = east if east > 0 else 0 - east
        east = east if east < 180000000 else 360000000 - east
        if north > 25 or north < -25 or east > 25:
            s[_WRONG] |= 2
        if kind != _GGA or s[_HAVE] & 4:
            return 0
    s[_LAT] = lat
    s[_LON] = lon
    return 0
