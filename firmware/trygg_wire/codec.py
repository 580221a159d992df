"""Frames from values and values from frames, by the rows of layouts.py.

encode and decode are each other's inverse for values on their steps. What encode could not
have written, decode refuses: a wrong version, kind or CRC, a value past its limit, a byte
too few or too many, a number in a longer form than needed. The one exception is WireError.
MicroPython's struct wraps silently past a field's size, so every range is checked here.
"""

from trygg_wire import layouts
from trygg_wire.crc16 import crc16, fits
from trygg_wire.points import Points

_TURN = 360000000  # the whole way round, in 1e-6 degree


class WireError(Exception):
    """A frame or a value that is not of the wire format; the text names the field."""


# -- writing ---------------------------------------------------------------------------


def encode(kind, values):
    """The frame (bytes) of a message: `kind` of layouts.KINDS, `values` a dict by row name."""
    if kind not in layouts.ROWS:
        raise WireError("no such kind: %d" % kind)
    writer = _Writer()
    writer.out.append(layouts.VERSION << 4 | kind)
    _put_rows(writer, layouts.ROWS[kind], values, None, True)
    crc = crc16(writer.out)
    writer.out.append(crc >> 8)
    writer.out.append(crc & 255)
    if len(writer.out) > layouts.FRAME_MAX:
        raise WireError("frame of %d bytes, at most %d" % (len(writer.out), layouts.FRAME_MAX))
    return bytes(writer.out)


def encode_body(order_kind, values):
    """The body (bytes) of an order: `order_kind` of layouts.BODIES."""
    if order_kind not in layouts.BODIES:
        raise WireError("no such order kind: %d" % order_kind)
    writer = _Writer()
    _put_rows(writer, layouts.BODIES[order_kind], values, None, True)
    return bytes(writer.out)


class _Writer:
    def __init__(self):
        self.out = bytearray()
        self.bits = 0
        self.bits_used = 0

    def put_bits(self, width, value):
        self.bits = self.bits << width | value
        self.bits_used += width
        if self.bits_used == 8:
            self.out.append(self.bits)
            self.bits = self.bits_used = 0

    def put_fixed(self, width, value):
        for shift in range(8 * width - 8, -8, -8):
            self.out.append(value >> shift & 255)

    def put_var(self, value):
        while value > 127:
            self.out.append(value & 127 | 128)
            value >>= 7
        self.out.append(value)


def _put_rows(writer, rows, values, before, first):
    """One entry; `before` is the entry before it in a list, None for the first."""
    for name, form, low, high, step in rows:
        if name == "spare":
            value = 0
        elif name not in values:
            raise WireError(name + " is missing")
        else:
            value = values[name]
        if form == "list":
            _put_list(writer, name, value, low, high)
        elif form in ("text", "bytes", "raw"):
            _put_bytes(writer, name, form, value, low, high)
        elif form != "after" or not first:
            _put_number(writer, name, form, _checked(name, value, low, high), step, before)


def _put_list(writer, name, entries, low, high):
    if not low <= len(entries) <= high:
        raise WireError("%s: %d entries, wanted %d to %d" % (name, len(entries), low, high))
    writer.put_var(len(entries))
    before = None
    for entry in entries:
        _put_rows(writer, layouts.LISTS[name], entry, before, before is None)
        before = entry


def _put_bytes(writer, name, form, value, low, high):
    if form == "text":
        value = value.encode()
        if not _is_ascii(value):
            raise WireError(name + ": only ASCII")
    if not low <= len(value) <= high:
        raise WireError("%s: %d bytes, wanted %d to %d" % (name, len(value), low, high))
    if form != "raw":
        writer.put_var(len(value))
    writer.out.extend(value)


def _put_number(writer, name, form, value, step, before):
    if form == "lat" or form == "lon":
        if before is None:
            writer.put_fixed(4, _east(value) if form == "lon" else value)
            return
        value -= before[name]
        if form == "lon":
            value = _east(value)
        value = _zig(value)
    elif form == "zig":
        value = _zig(value)
    elif step > 1:
        value = (value + step - 1) // step
    if form[0] == "b":
        writer.put_bits(int(form[1:]), value)
    elif form == "u8":
        writer.put_fixed(1, value)
    elif form == "u32":
        writer.put_fixed(4, value)
    else:
        writer.put_var(value)


def _zig(value):
    return value << 1 if value >= 0 else (-value << 1) - 1


def _east(degrees_e6):
    """The same longitude, or difference of two, from -180 up to but not 180 degrees."""
    if degrees_e6 >= 180000000:
        return degrees_e6 - _TURN
    if degrees_e6 < -180000000:
        return degrees_e6 + _TURN
    return degrees_e6


def _checked(name, value, low, high):
    if not low <= value <= high:
        raise WireError("%s: %d, wanted %d to %d" % (name, value, low, high))
    return value


def _is_ascii(data):
    for byte in data:
        if not 32 <= byte < 127:
            return False
    return True


# -- reading ---------------------------------------------------------------------------


def decode(frame):
    """(kind, values) of a frame (bytes); raises WireError.

    Of a memoryview, the values of type bytes are slices, so that a long order is there once.
    """
    kind = kind_of(frame)
    reader = _Reader(frame, 1, len(frame) - 2)
    values = _get_rows(reader, layouts.ROWS[kind], None, 0)
    _at_the_end(reader)
    return kind, values


def decode_body(order_kind, body):
    """The values (dict) of an order's body; raises WireError."""
    if order_kind not in layouts.BODIES:
        raise WireError("no such order kind: %d" % order_kind)
    reader = _Reader(body, 0, len(body))
    values = _get_rows(reader, layouts.BODIES[order_kind], None, 0)
    _at_the_end(reader)
    return values


def fences_of(body):
    """The head (dict) of a FENCES body, then its fences (dicts) one at a time; raises WireError.

    A body of 16 fences of 64 points does not fit a tracker's heap as dicts; one fence does, and
    its points are Points.
    What is wrong further down is raised only there: nothing may be in force before the end.
    """
    reader = _Reader(body, 0, len(body))
    reader.points = Points
    rows = layouts.BODIES[layouts.FENCES]
    yield _get_rows(reader, rows[:-1], None, 0)
    name, _form, low, high, _step = rows[-1]
    before = None
    for _ in range(_checked(name, reader.get_var(), low, high)):
        fence = _get_rows(reader, layouts.LISTS[name], before, 0)
        before = {"lat_e6": fence["lat_e6"], "lon_e6": fence["lon_e6"]}
        yield fence
        fence = None  # let go before the next one is read
    _at_the_end(reader)


def peek(frame):
    """(kind, boot, seq, time_s, time_is_uptime) of a tracker's frame, its CRC checked.

    Enough to keep a record before anybody understands it. Raises WireError, also for kinds
    that only go down.
    """
    kind = kind_of(frame)
    if kind > layouts.ANSWER:
        raise WireError("a message of kind %d does not come from a tracker" % kind)
    at = 2
    boot = frame[1]
    if boot > 127:
        boot, at = _long_var(frame, 1)
    if at < len(frame) - 2:
        seq = frame[at]
        more = frame[at + 1]
        if seq < 128:
            at += 1
        elif 0 < more < 128:  # most records of a boot: spelled out, since this is the hot path
            seq = seq & 127 | more << 7
            at += 2
        else:
            seq, at = _long_var(frame, at)
        if at + 5 <= len(frame) - 2:
            if not (0 < boot <= layouts.SEQ_MAX and 0 < seq <= layouts.SEQ_MAX):
                raise WireError("boot or seq: out of range")
            time_s = frame[at] << 24 | frame[at + 1] << 16 | frame[at + 2] << 8 | frame[at + 3]
            return kind, boot, seq, time_s, frame[at + 4] >> 7
    raise WireError("ends early")


def _long_var(frame, at):
    """(value, offset past it) of a number that begins at `at`."""
    reader = _Reader(frame, at, len(frame) - 2)
    return reader.get_var(), reader.at


def order_signed_part(frame):
    """The bytes of an order's frame that its MAC covers: all before the MAC."""
    return frame[:-34]


def order_with_mac(frame, mac):
    """The same order's frame with `mac` (32 bytes) in its place and a CRC that fits."""
    head = frame[:-34] + mac
    crc = crc16(head)
    return head + bytes((crc >> 8, crc & 255))


def kind_of(frame):
    """The kind of a frame whose length, CRC, version and kind are right; raises WireError."""
    if not 4 <= len(frame) <= layouts.FRAME_MAX:
        raise WireError("frame of %d bytes, wanted 4 to %d" % (len(frame), layouts.FRAME_MAX))
    if not fits(frame):
        raise WireError("crc does not fit")
    if frame[0] >> 4 != layouts.VERSION:
        raise WireError("version %d, wanted %d" % (frame[0] >> 4, layouts.VERSION))
    kind = frame[0] & 15
    if kind not in layouts.ROWS:
        raise WireError("no such kind: %d" % kind)
    return kind


def _at_the_end(reader):
    if reader.at != reader.end:
        raise WireError("%d bytes too many" % (reader.end - reader.at))


class _Reader:
    def __init__(self, data, at, end):
        self.data = data
        self.at = at
        self.end = end
        self.bits_left = 0
        self.points = list  # what a list of points is made as

    def take(self, count):
        """The offset of the next `count` bytes, and past them."""
        at = self.at
        self.at = at + count
        if self.at > self.end:
            raise WireError("ends early")
        return at

    def get_bits(self, width):
        if not self.bits_left:
            self.take(1)
            self.bits_left = 8
        self.bits_left -= width
        return self.data[self.at - 1] >> self.bits_left & ((1 << width) - 1)

    def get_fixed(self, width):
        at = self.take(width)
        value = 0
        for i in range(at, at + width):
            value = value << 8 | self.data[i]
        return value

    def get_var(self):
        value = shift = 0
        while True:
            byte = self.data[self.take(1)]
            value |= (byte & 127) << shift
            if byte < 128:
                break
            shift += 7
            if shift > 28:
                raise WireError("a number of more than 35 bits")
        if not byte and shift:
            raise WireError("a number longer than needed")
        return value


def _get_rows(reader, rows, before, first_age_s):
    values = {}
    for name, form, low, high, step in rows:
        if form == "list":
            value = _get_list(reader, name, low, high, values)
        elif form in ("text", "bytes", "raw"):
            value = _get_bytes(reader, name, form, low, high)
        elif form == "after" and before is None:
            value = first_age_s
        else:
            value = _checked(name, _get_number(reader, name, form, step, before), low, high)
        if name != "spare":
            values[name] = value
    return values


def _get_list(reader, name, low, high, values):
    count = _checked(name, reader.get_var(), low, high)
    rows = layouts.LISTS[name]
    entries = reader.points() if name == "points" else []
    before = None
    for _ in range(count):
        before = _get_rows(reader, rows, before, values.get("fix_age_s", 0))
        entries.append(before)
    return entries


def _get_bytes(reader, name, form, low, high):
    length = high if form == "raw" else reader.get_var()
    _checked(name, length, low, high)
    at = reader.take(length)
    value = reader.data[at : at + length]
    if form == "bytes":
        return value
    value = bytes(value)
    if form == "text":
        if not _is_ascii(value):
            raise WireError(name + ": only ASCII")
        return value.decode()
    return value


def _get_number(reader, name, form, step, before):
    if form == "var" or form == "after":
        return reader.get_var() * step
    if form[0] == "b":
        return reader.get_bits(int(form[1:]))
    if form == "u8":
        return reader.get_fixed(1) * step
    if form == "u32":
        return reader.get_fixed(4)
    if form == "zig":
        return _unzig(reader.get_var())
    return _get_degrees(reader, name, form, before)


def _get_degrees(reader, name, form, before):
    if before is None:
        value = reader.get_fixed(4)
        value = value - 0x100000000 if value >> 31 else value
        base = 0
    else:
        value = _unzig(reader.get_var())
        base = before[name]
    if form == "lat":
        return base + value
    if value != _east(value):
        raise WireError(name + ": goes the long way round")
    return _east(base + value)


def _unzig(value):
    return -(value + 1 >> 1) if value & 1 else value >> 1
