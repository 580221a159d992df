"""MQTT 3.1.1 packets: bytes from values, values from bytes; both ends of the line use this file.

What only a server writes or reads is in packets_server.py, which no tracker imports.

Source: OASIS MQTT Version 3.1.1 (2014-10-29), chapters 2 and 3; a number like [MQTT-2.2.2-2]
is that document's. A packet is one byte (type << 4 | flags), the remaining length as one to
four bytes of seven bits each, lowest first, and the body. Texts are UTF-8 behind a 16-bit
length, numbers are big endian.

Writers return the whole packet as bytes. `Reader` cuts a stream into (type, flags, body), and
the `read_` functions take a body apart. What breaks the specification raises PacketError, the
only exception; its text says what was wrong and never holds payload or password. Quality of
service 2 can be read, so that it can be refused by name, but nothing here takes part in it.
"""

import struct

CONNECT = 1
CONNACK = 2
PUBLISH = 3
PUBACK = 4
SUBSCRIBE = 8
SUBACK = 9
PINGRESP_TYPE = 13

PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"

# CONNACK return codes, table 3.1
ACCEPTED = 0

SUBACK_REFUSED = 0x80  # [MQTT-3.9.3-2]

REMAINING_MAX = 268435455  # four bytes of seven bits
TOO_LARGE = "packet larger than allowed"  # PacketError's text for a packet past `max_packet`
_NO_MEMORY = "no memory for a packet of %d bytes"

PROTOCOL = b"\x00\x04MQTT"
LEVEL = 4
_FLAGS = (-1, 0, 0, -2, 0, 0, 2, 0, 2, 0, 2, 0, 0, 0, 0, -1)  # table 2.2; -1: no such type


class PacketError(Exception):
    """Bytes or values that are not MQTT 3.1.1; the text says what was wrong."""


# -- writing ---------------------------------------------------------------------------


def connect(client_id, username, password, keepalive_s, clean, will=None):
    """CONNECT. `username` (str) and `password` (bytes) may be None; `keepalive_s` 0..65535;
    `will` is None or (topic str, payload bytes, qos, retain)."""
    flags = 2 if clean else 0
    tail = text16(client_id)
    if will is not None:
        flags |= 4 | checked_qos(will[2]) << 3 | (32 if will[3] else 0)
        tail += text16(will[0]) + bytes16(will[1])
    if username is not None:
        flags |= 128
        tail += text16(username)
    if password is not None:
        if username is None:
            raise PacketError("a password needs a username")  # [MQTT-3.1.2-22]
        flags |= 64
        tail += bytes16(password)
    head = PROTOCOL + bytes((LEVEL, flags)) + number16(keepalive_s, 0)
    return join_packet(CONNECT, 0, head + tail)


def publish(topic, payload, qos=0, packet_id=0, dup=False, retain=False):
    """PUBLISH. `packet_id` 1..65535 with `qos` 1 or 2, unused with `qos` 0."""
    body = text16(checked_topic(topic))
    flags = checked_qos(qos) << 1 | (1 if retain else 0)
    if qos:
        body += number16(packet_id, 1)
        flags |= 8 if dup else 0
    return join_packet(PUBLISH, flags, body + payload)


def puback(packet_id):
    """PUBACK of a PUBLISH with that `packet_id`."""
    return b"\x40\x02" + number16(packet_id, 1)


def subscribe(packet_id, filters):
    """SUBSCRIBE to `filters`: a list of (filter str, qos), not empty."""
    if not filters:
        raise PacketError("a subscription to nothing")  # [MQTT-3.8.3-3]
    body = number16(packet_id, 1)
    for name, qos in filters:
        body += text16(name) + bytes((checked_qos(qos),))
    return join_packet(SUBSCRIBE, 2, body)


def join_packet(kind, flags, body):
    size = len(body)
    if size > REMAINING_MAX:
        raise PacketError(TOO_LARGE)
    head = bytearray((kind << 4 | flags,))
    while size > 127:
        head.append(size & 127 | 128)
        size >>= 7
    head.append(size)
    return bytes(head) + body


def number16(value, low):
    if not low <= value <= 65535:
        raise PacketError("number %d is not of %d to 65535" % (value, low))
    return struct.pack(">H", value)


def checked_qos(value):
    if not 0 <= value <= 2:
        raise PacketError("quality of service %d" % value)
    return value


def bytes16(data):
    if len(data) > 65535:
        raise PacketError("text or secret of %d bytes, at most 65535" % len(data))
    return struct.pack(">H", len(data)) + data


def text16(value):
    if "\0" in value:
        raise PacketError("text with a null")  # [MQTT-1.5.3-2]
    try:
        return bytes16(value.encode("utf-8"))
    except UnicodeError:
        raise PacketError("text that is not UTF-8")  # noqa: B904  (MicroPython chains nothing)


def checked_topic(name):
    if not name or "+" in name or "#" in name:
        raise PacketError("not a topic to publish on")  # [MQTT-3.3.2-2], [MQTT-4.7.3-1]
    return name


# -- cutting a stream into packets -----------------------------------------------------


def frame(data, at, max_packet):
    """What `header` gives, but None while `data` does not hold the packet whole."""
    cut = header(data, at, max_packet)
    return None if cut is None or len(data) < cut[2] else cut


def header(data, at, max_packet):
    """(first byte, start of the body, end of the packet) of the packet that begins at `at`.

    None while `data` does not hold its header whole. `max_packet` bounds header and body together
    and is judged from the header alone, so a too large packet is refused before it arrives."""
    if len(data) < at + 1:
        return None
    first = data[at]
    wanted = _FLAGS[first >> 4]
    if wanted == -1 or (wanted >= 0 and first & 15 != wanted) or first & 0xF6 == 0x36:
        raise PacketError("type and flags %02x" % first)  # [MQTT-2.2.2-2], [MQTT-3.3.1-4]
    start = at + 1
    size = shift = 0
    while True:
        if start - at > 4:
            raise PacketError("remaining length of more than four bytes")
        if len(data) <= start:
            return None
        byte = data[start]
        size |= (byte & 127) << shift
        shift += 7
        start += 1
        if byte < 128:
            break
    if start - at + size > max_packet:
        raise PacketError(TOO_LARGE)
    return (first, start, start + size)


class Reader:
    """Cuts bytes, however they arrive, into whole packets of at most `max_packet` bytes.

    A packet that comes in pieces is put together in one buffer of its size, which is had as soon as
    its header is there; without that memory it is a PacketError. After a PacketError the stream has
    no more meaning: close it and make a new Reader."""

    def __init__(self, max_packet):
        self.max_packet = max_packet
        self._rest = b""  # of a header
        self._first = 0
        self._body = None  # of the packet that has begun, and how much of it is there
        self._filled = 0

    def feed(self, data):
        """List of (type, flags, body bytes-like): the packets that `data` completes."""
        found = []
        at = 0
        if self._body is not None:
            at = self._fill(data, 0, found)
        elif self._rest:
            data = self._rest + data
        while self._body is None:
            cut = header(data, at, self.max_packet)
            if cut is None:
                break
            first, start, end = cut
            if len(data) < end:
                self._begin(first, end - start)
                at = self._fill(data, start, found)
            else:
                found.append((first >> 4, first & 15, bytes(data[start:end])))
                at = end
        self._rest = bytes(data[at:])
        return found

    def _begin(self, first, size):
        try:
            self._body = bytearray(size)
        except MemoryError:
            raise PacketError(_NO_MEMORY % size)  # noqa: B904  (MicroPython chains nothing)
        self._first = first
        self._filled = 0

    def _fill(self, data, at, found):
        """Put data[at:] into the packet that has begun; where in `data` that ends."""
        body, filled = self._body, self._filled
        taken = min(len(data) - at, len(body) - filled)
        body[filled : filled + taken] = memoryview(data)[at : at + taken]
        self._filled = filled + taken
        if self._filled == len(body):
            found.append((self._first >> 4, self._first & 15, body))
            self._body = None
        return at + taken


# -- taking a body apart ---------------------------------------------------------------


def read_connack(body):
    """(session_present, return code) of a CONNACK's body."""
    if len(body) != 2 or body[0] > 1:
        raise PacketError("connack body")
    return (bool(body[0]), body[1])


def read_publish(flags, body):
    """(topic str, qos, packet_id, payload bytes-like, dup, retain); `packet_id` is 0 with qos 0."""
    qos = flags >> 1 & 3
    if qos == 3:
        raise PacketError("quality of service 3")
    topic, at = read_text(body, 0)
    packet_id = 0
    if qos:
        packet_id = id_at(body, at)
        at += 2
    try:
        payload = memoryview(body)[at:]
        if not isinstance(body, bytearray):  # a large one stays where it was put together
            payload = bytes(payload)
    except MemoryError:
        raise PacketError(_NO_MEMORY % len(body))  # noqa: B904
    return (checked_topic(topic), qos, packet_id, payload, bool(flags & 8), bool(flags & 1))


def read_puback(body):
    """The packet id of a PUBACK's body (and of an UNSUBACK's, which has the same)."""
    if len(body) != 2:
        raise PacketError("acknowledgement of %d bytes, not 2" % len(body))
    return id_at(body, 0)


def read_suback(body):
    """(packet_id, [code]) of a SUBACK's body."""
    packet_id = id_at(body, 0)
    codes = list(body[2:])
    for code in codes:
        if code not in (0, 1, 2, SUBACK_REFUSED):
            raise PacketError("subscription code %d" % code)
    if not codes:
        raise PacketError("subscription without a code")
    return (packet_id, codes)


def need(body, at, size):
    # by hand: MicroPython's struct reads on where CPython's raises
    if len(body) < at + size:
        raise PacketError("packet ends in a field")


def word(body, at):
    need(body, at, 2)
    return body[at] << 8 | body[at + 1]


def id_at(body, at):
    value = word(body, at)
    if not value:
        raise PacketError("packet id 0")  # [MQTT-2.3.1-1]
    return value


def read_bytes16(body, at):
    size = word(body, at)
    need(body, at + 2, size)
    return bytes(body[at + 2 : at + 2 + size]), at + 2 + size


def read_text(body, at):
    data, at = read_bytes16(body, at)
    if b"\0" in data:
        raise PacketError("text with a null")
    try:
        return str(data, "utf-8"), at
    except UnicodeError:
        raise PacketError("text that is not UTF-8")  # noqa: B904
