"""MQTT 3.1.1 packets: bytes from values, values from bytes; both ends of the line use this file.

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
PUBREC = 5
PUBREL = 6
PUBCOMP = 7
SUBSCRIBE = 8
SUBACK = 9
UNSUBSCRIBE = 10
UNSUBACK = 11
PINGREQ_TYPE = 12
PINGRESP_TYPE = 13
DISCONNECT_TYPE = 14

PINGREQ = b"\xc0\x00"
PINGRESP = b"\xd0\x00"
DISCONNECT = b"\xe0\x00"

# CONNACK return codes, table 3.1
ACCEPTED = 0
BAD_VERSION = 1
BAD_CLIENT_ID = 2
UNAVAILABLE = 3
BAD_LOGIN = 4
NOT_AUTHORIZED = 5

SUBACK_REFUSED = 0x80  # [MQTT-3.9.3-2]

REMAINING_MAX = 268435455  # four bytes of seven bits
TOO_LARGE = "packet larger than allowed"  # PacketError's text for a packet past `max_packet`

_PROTOCOL = b"\x00\x04MQTT"
_LEVEL = 4
_FLAGS = (-1, 0, 0, -2, 0, 0, 2, 0, 2, 0, 2, 0, 0, 0, 0, -1)  # table 2.2; -1: no such type
_WILL_FLAGS = 0x3C  # will, its quality of service, its retain


class PacketError(Exception):
    """Bytes or values that are not MQTT 3.1.1; the text says what was wrong."""


# -- writing ---------------------------------------------------------------------------


def connect(client_id, username, password, keepalive_s, clean, will=None):
    """CONNECT. `username` (str) and `password` (bytes) may be None; `keepalive_s` 0..65535;
    `will` is None or (topic str, payload bytes, qos, retain)."""
    flags = 2 if clean else 0
    tail = _text(client_id)
    if will is not None:
        flags |= 4 | _qos(will[2]) << 3 | (32 if will[3] else 0)
        tail += _text(will[0]) + _bytes16(will[1])
    if username is not None:
        flags |= 128
        tail += _text(username)
    if password is not None:
        if username is None:
            raise PacketError("a password needs a username")  # [MQTT-3.1.2-22]
        flags |= 64
        tail += _bytes16(password)
    head = _PROTOCOL + bytes((_LEVEL, flags)) + _number(keepalive_s, 0)
    return _packet(CONNECT, 0, head + tail)


def connack(session_present, code):
    """CONNACK. A refusal (`code` not 0) never says that a session is present."""
    if not 0 <= code <= 255:
        raise PacketError("return code %d" % code)
    return bytes((CONNACK << 4, 2, 1 if session_present and not code else 0, code))


def publish(topic, payload, qos=0, packet_id=0, dup=False, retain=False):
    """PUBLISH. `packet_id` 1..65535 with `qos` 1 or 2, unused with `qos` 0."""
    body = _text(_topic(topic))
    flags = _qos(qos) << 1 | (1 if retain else 0)
    if qos:
        body += _number(packet_id, 1)
        flags |= 8 if dup else 0
    return _packet(PUBLISH, flags, body + payload)


def puback(packet_id):
    """PUBACK of a PUBLISH with that `packet_id`."""
    return b"\x40\x02" + _number(packet_id, 1)


def subscribe(packet_id, filters):
    """SUBSCRIBE to `filters`: a list of (filter str, qos), not empty."""
    if not filters:
        raise PacketError("a subscription to nothing")  # [MQTT-3.8.3-3]
    body = _number(packet_id, 1)
    for name, qos in filters:
        body += _text(name) + bytes((_qos(qos),))
    return _packet(SUBSCRIBE, 2, body)


def suback(packet_id, codes):
    """SUBACK: one code for each filter, the granted quality of service or SUBACK_REFUSED."""
    for code in codes:
        if code not in (0, 1, 2, SUBACK_REFUSED):
            raise PacketError("subscription code %d" % code)
    return _packet(SUBACK, 0, _number(packet_id, 1) + bytes(codes))


def unsubscribe(packet_id, filters):
    """UNSUBSCRIBE from `filters`: a list of str, not empty."""
    if not filters:
        raise PacketError("an end of subscription to nothing")  # [MQTT-3.10.3-2]
    body = _number(packet_id, 1)
    for name in filters:
        body += _text(name)
    return _packet(UNSUBSCRIBE, 2, body)


def unsuback(packet_id):
    """UNSUBACK of an UNSUBSCRIBE with that `packet_id`."""
    return b"\xb0\x02" + _number(packet_id, 1)


def _packet(kind, flags, body):
    size = len(body)
    if size > REMAINING_MAX:
        raise PacketError(TOO_LARGE)
    head = bytearray((kind << 4 | flags,))
    while size > 127:
        head.append(size & 127 | 128)
        size >>= 7
    head.append(size)
    return bytes(head) + body


def _number(value, low):
    if not low <= value <= 65535:
        raise PacketError("number %d is not of %d to 65535" % (value, low))
    return struct.pack(">H", value)


def _qos(value):
    if not 0 <= value <= 2:
        raise PacketError("quality of service %d" % value)
    return value


def _bytes16(data):
    if len(data) > 65535:
        raise PacketError("text or secret of %d bytes, at most 65535" % len(data))
    return struct.pack(">H", len(data)) + data


def _text(value):
    if "\0" in value:
        raise PacketError("text with a null")  # [MQTT-1.5.3-2]
    try:
        return _bytes16(value.encode("utf-8"))
    except UnicodeError:
        raise PacketError("text that is not UTF-8")  # noqa: B904  (MicroPython chains nothing)


def _topic(name):
    if not name or "+" in name or "#" in name:
        raise PacketError("not a topic to publish on")  # [MQTT-3.3.2-2], [MQTT-4.7.3-1]
    return name


# -- cutting a stream into packets -----------------------------------------------------


def frame(data, at, max_packet):
    """(first byte, start of the body, end of the packet) of the packet that begins at `at`.

    None while `data` does not hold it whole. `max_packet` bounds header and body together and
    is judged from the header alone, so a too large packet is refused before it arrives."""
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
    if len(data) < start + size:
        return None
    return (first, start, start + size)


class Reader:
    """Cuts bytes, however they arrive, into whole packets of at most `max_packet` bytes.

    After a PacketError the stream has no more meaning: close it and make a new Reader."""

    def __init__(self, max_packet):
        self.max_packet = max_packet
        self._rest = b""

    def feed(self, data):
        """List of (type, flags, body bytes): the packets that `data` completes."""
        if self._rest:
            data = self._rest + data
        found = []
        at = 0
        while True:
            cut = frame(data, at, self.max_packet)
            if cut is None:
                break
            first, start, at = cut
            found.append((first >> 4, first & 15, bytes(data[start:at])))
        self._rest = bytes(data[at:])
        return found


# -- taking a body apart ---------------------------------------------------------------


def read_connect(body):
    """(level, client_id, username, password, keepalive_s, clean, will) of a CONNECT's body.

    A `level` other than 4 comes with None in every other place: answer it with BAD_VERSION.
    `username` is str or None, `password` bytes or None, `will` None or (topic, payload, qos,
    retain). A client id may be empty only with `clean` ([MQTT-3.1.3-7])."""
    if body[:6] != _PROTOCOL:
        raise PacketError("not the protocol MQTT")
    _need(body, 6, 1)
    if body[6] != _LEVEL:
        return (body[6], None, None, None, None, None, None)
    _need(body, 7, 3)
    flags = body[7]
    _check_connect_flags(flags)
    client_id, at = _read_text(body, 10)
    will = username = password = None
    if flags & 4:
        topic, at = _read_text(body, at)
        payload, at = _read_bytes16(body, at)
        will = (_topic(topic), payload, flags >> 3 & 3, bool(flags & 32))
    if flags & 128:
        username, at = _read_text(body, at)
    if flags & 64:
        password, at = _read_bytes16(body, at)
    _at_end(body, at)
    if not client_id and not flags & 2:
        raise PacketError("a session to be kept without a client id")
    return (_LEVEL, client_id, username, password, _word(body, 8), bool(flags & 2), will)


def _check_connect_flags(flags):
    if flags & 1:
        raise PacketError("reserved connect flag")  # [MQTT-3.1.2-3]
    if not flags & 4 and flags & _WILL_FLAGS:
        raise PacketError("will flags without a will")  # [MQTT-3.1.2-11], [MQTT-3.1.2-13]
    if flags >> 3 & 3 == 3:
        raise PacketError("will of quality of service 3")  # [MQTT-3.1.2-14]
    if flags & 64 and not flags & 128:
        raise PacketError("a password without a username")  # [MQTT-3.1.2-22]


def read_connack(body):
    """(session_present, return code) of a CONNACK's body."""
    if len(body) != 2 or body[0] > 1:
        raise PacketError("connack body")
    return (bool(body[0]), body[1])


def read_publish(flags, body):
    """(topic str, qos, packet_id, payload bytes, dup, retain); `packet_id` is 0 with qos 0."""
    qos = flags >> 1 & 3
    if qos == 3:
        raise PacketError("quality of service 3")
    topic, at = _read_text(body, 0)
    packet_id = 0
    if qos:
        packet_id = _packet_id(body, at)
        at += 2
    return (_topic(topic), qos, packet_id, bytes(body[at:]), bool(flags & 8), bool(flags & 1))


def read_puback(body):
    """The packet id of a PUBACK's body (and of an UNSUBACK's, which has the same)."""
    if len(body) != 2:
        raise PacketError("acknowledgement of %d bytes, not 2" % len(body))
    return _packet_id(body, 0)


read_unsuback = read_puback


def read_subscribe(body):
    """(packet_id, [(filter str, qos)]) of a SUBSCRIBE's body."""
    packet_id = _packet_id(body, 0)
    filters = []
    at = 2
    while at < len(body):
        name, at = _read_text(body, at)
        _need(body, at, 1)
        if not name or body[at] > 2:
            raise PacketError("subscription to a filter of no name or quality")
        filters.append((name, body[at]))
        at += 1
    if not filters:
        raise PacketError("a subscription to nothing")
    return (packet_id, filters)


def read_suback(body):
    """(packet_id, [code]) of a SUBACK's body."""
    packet_id = _packet_id(body, 0)
    codes = list(body[2:])
    for code in codes:
        if code not in (0, 1, 2, SUBACK_REFUSED):
            raise PacketError("subscription code %d" % code)
    if not codes:
        raise PacketError("subscription without a code")
    return (packet_id, codes)


def read_unsubscribe(body):
    """(packet_id, [filter str]) of an UNSUBSCRIBE's body."""
    packet_id = _packet_id(body, 0)
    filters = []
    at = 2
    while at < len(body):
        name, at = _read_text(body, at)
        if not name:
            raise PacketError("end of subscription to a filter of no name")
        filters.append(name)
    if not filters:
        raise PacketError("an end of subscription to nothing")
    return (packet_id, filters)


def _need(body, at, size):
    # by hand: MicroPython's struct reads on where CPython's raises
    if len(body) < at + size:
        raise PacketError("packet ends in a field")


def _word(body, at):
    _need(body, at, 2)
    return body[at] << 8 | body[at + 1]


def _packet_id(body, at):
    value = _word(body, at)
    if not value:
        raise PacketError("packet id 0")  # [MQTT-2.3.1-1]
    return value


def _read_bytes16(body, at):
    size = _word(body, at)
    _need(body, at + 2, size)
    return bytes(body[at + 2 : at + 2 + size]), at + 2 + size


def _read_text(body, at):
    data, at = _read_bytes16(body, at)
    if b"\0" in data:
        raise PacketError("text with a null")
    try:
        return str(data, "utf-8"), at
    except UnicodeError:
        raise PacketError("text that is not UTF-8")  # noqa: B904


def _at_end(body, at):
    if at != len(body):
        raise PacketError("%d bytes after the last field" % (len(body) - at))
