"""Frame and decode NMEA in plain Python: what nmea_fast.py does, where machine code cannot be had.

Both files have the two functions below with the same promise. A sentence is `$`, a body of at most
LINE_MAX printable bytes, `*` and the XOR of the body as two hex digits; it counts as complete at
the second digit, so the line's end may be damaged or missing. A `$` begins a new sentence wherever
it stands, a control byte or one beyond 126 ends a sentence as bad: after any damage the very next
whole sentence is read.

`line` is a bytearray of LINE_MAX bytes. `state` is a bytearray of six 32-bit little-endian
integers (STATE): the phase, how much of `line` is in use, the XOR so far, and three counters:
sentences with a right checksum, bad ones (damaged, cut short, checksum absent), overlong ones.
"""

import struct

LINE_MAX = 255
STATE = "<6i"

RMC, GGA, GST, GSA = 1, 2, 3, 4
_NAMES = (b"", b"RMC,", b"GGA,", b"GST,", b"GSA,")

ABSENT = -1
_REFUSED = -2

_HUNTING, _BODY, _HIGH_DIGIT, _LOW_DIGIT = 0, 1, 2, 3


def scan(data, start, end, line, state):
    """Read data[start:end] up to the end of the next sentence that matters, or all of it.

    `data` is bytes. Gives `index << 3 | kind`: where to go on, and which sentence `line` holds
    (RMC, GGA, GST, GSA of any talker), 0 for none when all is read. Others are checked and counted.
    """
    phase, used, check, sentences, bad, overrun = struct.unpack_from(STATE, state)
    kind = 0
    i = start
    while i < end and not kind:
        if phase == _BODY:
            stop = data.find(b"*", i, min(end, i + LINE_MAX + 1 - used))
            body = data[i : stop if stop >= 0 else min(end, i + LINE_MAX + 1 - used)]
            check, size = _fold(body, check)
            kept = min(used + size, LINE_MAX)
            line[used:kept] = body[: kept - used]
            used += size
            i += size
            if used > LINE_MAX:
                overrun += 1
                phase = _HUNTING
            elif i < end:
                phase = _HIGH_DIGIT if data[i] == 42 else _HUNTING
                bad += phase == _HUNTING
                i += data[i] != 36
        elif phase == _HUNTING:
            i = data.find(b"$", i, end) + 1 or end
            phase = _BODY if data[i - 1] == 36 else _HUNTING
            used = check = 0
        elif _digit(data[i]) == (check >> 4 if phase == _HIGH_DIGIT else check & 15):
            i += 1
            phase = (phase + 1) & 3
            if phase == _HUNTING:
                sentences += 1
                kind = _kind(line, used)
        else:
            phase = _HUNTING
            bad += 1
            i += data[i] != 36
    struct.pack_into(STATE, state, 0, phase, used, check, sentences, bad, overrun)
    return i << 3 | kind


def _fold(body, check):
    """XOR bytes up to the first that no body may have; give the XOR and how many were good."""
    for c in body:
        if (c < 37 and (c < 32 or c == 36)) or c > 126:
            return check, body.find(bytes((c,)))
        check ^= c
    return check, len(body)


def _digit(c):
    """Give the value of a hex digit of either case, 16 for any other byte."""
    return b"0123456789ABCDEF".find(bytes((c,)).upper()) & 31


def _kind(line, used):
    """Say which sentence `line` holds: of any talker, but `P` other than `PQ` is a maker's own."""
    if used < 6 or (line[0] == 80 and line[1] != 81):
        return 0
    name = bytes(line[2:6])
    return _NAMES.index(name) if name in _NAMES else 0


def decode(line, state, form, out):
    """Turn the fields of the sentence in `line` into integers; 1 if all could be read, else 0.

    `form` has a letter for each field after the name, `out` gets a 32-bit integer for each but
    `_`, ABSENT (-1) for an empty or missing one. Letters, and what they refuse:
      _  nothing, skipped                   c  one character, its code
      t  hhmmss[.s...], milliseconds of the day; past 23:59:60
      a  ddmm.mmm[m...] to 1e-6 degree; fewer decimals, minutes from 60 on, more than 90 degrees
      o  dddmm.mmm[m...] the same; more than 180 degrees
      n  N is 0, S is 1; other letters      e  E is 0, W is 1; other letters
      2  a number without sign, in hundredths, further decimals dropped; more than six digits
      i  digits, at most six                d  exactly six digits
    """
    (used,) = struct.unpack_from("<i", state, 4)
    fields = bytes(line[6:used]).split(b",")
    fields += (b"",) * (len(form) - len(fields))
    at = 0
    for want, text in zip(form, fields):
        if want == 95:
            continue
        value = _value(want, text) if text else ABSENT
        if value == _REFUSED:
            return 0
        struct.pack_into("<i", out, at, value)
        at += 4
    return 1


def _value(want, text):
    """Read one field that is not empty."""
    if want == 99:  # c
        return text[0] if len(text) == 1 else _REFUSED
    if want == 110:  # n
        return 0 if text == b"N" else 1 if text == b"S" else _REFUSED
    if want == 101:  # e
        return 0 if text == b"E" else 1 if text == b"W" else _REFUSED
    parts = text.split(b".")
    whole = parts[0]
    part = parts[1] if len(parts) == 2 else b""
    if len(parts) > 2 or len(whole) > 6 or not (whole + part).isdigit():
        return _REFUSED
    if want == 50:  # 2
        return int(whole + (part + b"00")[:2]) if whole else _REFUSED
    if want == 116:  # t
        return _time(whole, part)
    if want == 97:  # a
        return _angle(b"0" + whole, part, 90000000)
    if want == 111:  # o
        return _angle(whole, part, 180000000)
    if len(parts) == 2 or (want == 100 and len(whole) != 6):  # d i
        return _REFUSED
    return int(whole)


def _angle(whole, part, limit):
    """Turn dddmm and decimals of the minute into 1e-6 degrees, rounded to the nearest."""
    minutes = int(whole[3:5] or b"60")
    if len(whole) != 5 or len(part) < 3 or minutes > 59:
        return _REFUSED
    minutes_e6 = minutes * 1000000 + int((part + b"000")[:6])
    angle = int(whole[:3]) * 1000000 + (minutes_e6 + 30) // 60
    return angle if angle <= limit else _REFUSED


def _time(whole, part):
    """Turn hhmmss and its decimals into milliseconds of the day; a leap second is 60."""
    if len(whole) != 6:
        return _REFUSED
    hours, minutes, seconds = int(whole[:2]), int(whole[2:4]), int(whole[4:])
    if hours > 23 or minutes > 59 or seconds > 60:
        return _REFUSED
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + int((part + b"000")[:3])
