"""Frame and decode NMEA in plain Python: what nmea_fast.py does, where machine code cannot be had.

Both files have the two functions below with the same promise. A sentence is `$`, a body of at most
LINE_MAX bytes, `*` and the XOR of the body as two hex digits; it counts as complete at
the second digit, so the line's end may be damaged or missing. A `$` begins a new sentence wherever
it stands, a control byte ends a sentence as bad: after any damage the very next
whole sentence is read.

`line` is a bytearray of LINE_MAX + 1 bytes, `out` takes the values (nmea_rows.py). `state` is a
bytearray of seven 32-bit little-endian integers: the phase, how much of `line` is in use, the XOR
so far, three counters (sentences with a right checksum; bad ones: damaged, cut short, checksum
absent; overlong ones), and the most dimensions a GSA has said since the caller set them to 0: a
receiver sends a GSA for each constellation, and only one that says more than those before is worth
the call.
"""

import struct

from tracker.nmea_rows import ABSENT, FORMS, GSA, LINE_MAX, MALFORMED, NAMES, STATE_DIMENSIONS

_REFUSED = -2

_HUNTING, _BODY, _HIGH_DIGIT, _LOW_DIGIT = 0, 1, 2, 3
_DIGITS = tuple(("%x%X" % (value, value)).encode() for value in range(16))


def scan(data, start, end, line, state, out):
    """Read data[start:end] up to the end of the next sentence that matters, or all of it.

    `data` is bytes. Gives `index << 3 | kind`: where to go on, and which sentence was found, of
    any talker: RMC, GGA, GST (its values are in `out`), GSA (its dimensions are in `state`),
    MALFORMED for one of them with impossible fields; 0 for none, when all is read.
    """
    phase, used, check, sentences, bad, overrun = struct.unpack_from("<6i", state)
    kind = 0
    i = start
    while i < end and not kind:
        if phase == _BODY:
            room = min(end, i + LINE_MAX + 1 - used)
            stop = data.find(b"*", i, room)
            body = data[i : room if stop < 0 else stop]
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
        elif data[i] in _DIGITS[check >> 4 if phase == _HIGH_DIGIT else check & 15]:
            i += 1
            phase = (phase + 1) & 3
            if phase == _HUNTING:
                sentences += 1
                kind = _kind(line, used, state)
                if 0 < kind < GSA and not decode(line, used, FORMS[kind], out):
                    kind = MALFORMED
        else:
            phase = _HUNTING
            bad += 1
            i += data[i] != 36
    struct.pack_into("<6i", state, 0, phase, used, check, sentences, bad, overrun)
    return i << 3 | kind


def _fold(body, check):
    """XOR bytes up to the first that no body may have; give the XOR and how many were good."""
    for c in body:
        if c < 37 and (c < 32 or c == 36):
            return check, body.find(bytes((c,)))
        check ^= c
    return check, len(body)


def _kind(line, used, state):
    """Say which sentence `line` holds; one that begins with `P`, but `PQ`, is a maker's own."""
    if line[4] not in b"CAT":  # how RMC, GGA and GSA, GST end
        return 0
    name = bytes(line[2:6])
    if used < 6 or name not in NAMES or (line[0] == 80 and line[1] != 81):
        return 0
    kind = NAMES.index(name)
    if kind < GSA:
        return kind
    dimensions = line[8] - 48 if used > 8 and line[7] == 44 else 0
    if not state[STATE_DIMENSIONS] < dimensions < 4:
        return 0
    state[STATE_DIMENSIONS] = dimensions
    return kind


def decode(line, used, form, out):
    """Turn the fields of the sentence in `line` into integers; 1 if all could be read, else 0.

    `form` and what each of its letters refuses: nmea_rows.py.
    """
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
