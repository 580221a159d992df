"""The MQTT packets that only a server writes or reads, and what no tracker of ours says.

The other half is packets.py, whose rules hold here too. A tracker imports that one alone: what it
never uses would cost it 4 KB of heap.
"""

from trygg_wire.packets import (
    CONNACK,
    LEVEL,
    PROTOCOL,
    SUBACK,
    SUBACK_REFUSED,
    PacketError,
    checked_topic,
    id_at,
    join_packet,
    need,
    number16,
    read_bytes16,
    read_puback,
    read_text,
    text16,
    word,
)

PUBREC = 5
PUBREL = 6
PUBCOMP = 7
UNSUBSCRIBE = 10
UNSUBACK = 11
PINGREQ_TYPE = 12
DISCONNECT_TYPE = 14

PINGRESP = b"\xd0\x00"

# CONNACK return codes beside ACCEPTED, table 3.1
BAD_VERSION = 1
BAD_CLIENT_ID = 2
UNAVAILABLE = 3
BAD_LOGIN = 4
NOT_AUTHORIZED = 5

_WILL_FLAGS = 0x3C  # will, its quality of service, its retain


# -- writing ---------------------------------------------------------------------------


def connack(session_present, code):
    """CONNACK. A refusal (`code` not 0) never says that a session is present."""
    if not 0 <= code <= 255:
        raise PacketError("return code %d" % code)
    return bytes((CONNACK << 4, 2, 1 if session_present and not code else 0, code))


def suback(packet_id, codes):
    """SUBACK: one code for each filter, the granted quality of service or SUBACK_REFUSED."""
    for code in codes:
        if code not in (0, 1, 2, SUBACK_REFUSED):
            raise PacketError("subscription code %d" % code)
    return join_packet(SUBACK, 0, number16(packet_id, 1) + bytes(codes))


def unsubscribe(packet_id, filters):
    """UNSUBSCRIBE from `filters`: a list of str, not empty."""
    if not filters:
        raise PacketError("an end of subscription to nothing")  # [MQTT-3.10.3-2]
    body = number16(packet_id, 1)
    for name in filters:
        body += text16(name)
    return join_packet(UNSUBSCRIBE, 2, body)


def unsuback(packet_id):
    """UNSUBACK of an UNSUBSCRIBE with that `packet_id`."""
    return b"\xb0\x02" + number16(packet_id, 1)


# -- taking a body apart ---------------------------------------------------------------


def read_connect(body):
    """(level, client_id, username, password, keepalive_s, clean, will) of a CONNECT's body.

    A `level` other than 4 comes with None in every other place: answer it with BAD_VERSION.
    `username` is str or None, `password` bytes or None, `will` None or (topic, payload, qos,
    retain). A client id may be empty only with `clean` ([MQTT-3.1.3-7])."""
    if body[:6] != PROTOCOL:
        raise PacketError("not the protocol MQTT")
    need(body, 6, 1)
    if body[6] != LEVEL:
        return (body[6], None, None, None, None, None, None)
    need(body, 7, 3)
    flags = body[7]
    _check_connect_flags(flags)
    client_id, at = read_text(body, 10)
    will = username = password = None
    if flags & 4:
        topic, at = read_text(body, at)
        payload, at = read_bytes16(body, at)
        will = (checked_topic(topic), payload, flags >> 3 & 3, bool(flags & 32))
    if flags & 128:
        username, at = read_text(body, at)
    if flags & 64:
        password, at = read_bytes16(body, at)
    _at_end(body, at)
    if not client_id and not flags & 2:
        raise PacketError("a session to be kept without a client id")
    return (LEVEL, client_id, username, password, word(body, 8), bool(flags & 2), will)


def _check_connect_flags(flags):
    if flags & 1:
        raise PacketError("reserved connect flag")  # [MQTT-3.1.2-3]
    if not flags & 4 and flags & _WILL_FLAGS:
        raise PacketError("will flags without a will")  # [MQTT-3.1.2-11], [MQTT-3.1.2-13]
    if flags >> 3 & 3 == 3:
        raise PacketError("will of quality of service 3")  # [MQTT-3.1.2-14]
    if flags & 64 and not flags & 128:
        raise PacketError("a password without a username")  # [MQTT-3.1.2-22]


def read_subscribe(body):
    """(packet_id, [(filter str, qos)]) of a SUBSCRIBE's body."""
    packet_id = id_at(body, 0)
    filters = []
    at = 2
    while at < len(body):
        name, at = read_text(body, at)
        need(body, at, 1)
        if not name or body[at] > 2:
            raise PacketError("subscription to a filter of no name or quality")
        filters.append((name, body[at]))
        at += 1
    if not filters:
        raise PacketError("a subscription to nothing")
    return (packet_id, filters)


def read_unsubscribe(body):
    """(packet_id, [filter str]) of an UNSUBSCRIBE's body."""
    packet_id = id_at(body, 0)
    filters = []
    at = 2
    while at < len(body):
        name, at = read_text(body, at)
        if not name:
            raise PacketError("end of subscription to a filter of no name")
        filters.append(name)
    if not filters:
        raise PacketError("an end of subscription to nothing")
    return (packet_id, filters)


read_unsuback = read_puback  # the two bodies are the same


def _at_end(body, at):
    if at != len(body):
        raise PacketError("%d bytes after the last field" % (len(body) - at))
