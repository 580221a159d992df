"""A CONNECT at the gateway's own door, read: who it says it is, or why it is not looked at."""

from typing import NamedTuple

from trygg_wire import packets_server, topics

MQTT_5, MQTT_31 = 5, 3
OLD_NAME = b"\x00\x06MQIsdp"  # the protocol's name in MQTT 3.1


class Login(NamedTuple):
    """A CONNECT that may be a tracker's; its secret is still to be checked."""

    device: str
    password: bytes | None  # None: it has a certificate, or it would not be here
    keepalive_s: int
    keeps: bool  # the session: clean=0


class Refusal(NamedTuple):
    """Why one is refused: the door's counter, the CONNACK, the reason in words."""

    counter: str
    answer: bytes
    why: str


def _refused(counter: str, code: int, why: str) -> Refusal:
    return Refusal(counter, packets_server.connack(False, code), why)


NO_ROOM = _refused("refused_full", packets_server.UNAVAILABLE, "too many logging in at once")
NO_NAME = _refused(
    "refused_auth", packets_server.BAD_LOGIN, "no name of a tracker, or nothing that proves it"
)
NOT_ITS_NAME = _refused(
    "refused_auth", packets_server.BAD_CLIENT_ID, "client id is not the username"
)
NOT_CERTIFIED = _refused(
    "refused_auth", packets_server.NOT_AUTHORIZED, "not this tracker's certificate, no password"
)
WRONG = _refused("refused_auth", packets_server.BAD_LOGIN, "unknown tracker or wrong password")
FULL = _refused("refused_full", packets_server.UNAVAILABLE, "too many trackers")
BUSY = _refused("refused_full", packets_server.UNAVAILABLE, "too many passwords to check")
CHECK_FAILED = _refused(
    "check_failed", packets_server.UNAVAILABLE, "credential could not be checked"
)


def read(body: bytes, has_certificate: bool) -> Login | Refusal:
    """What a CONNECT's body asks for. Raises PacketError. A will is read and ignored."""
    if body[: len(OLD_NAME)] == OLD_NAME:
        return version(MQTT_31)
    level, client_id, username, password, keepalive_s, clean, _will = packets_server.read_connect(
        body
    )
    if level != 4:
        return version(level)
    if username is None or not topics.is_name(username):
        return NO_NAME
    if password is None and not has_certificate:
        return NO_NAME
    if client_id != username:
        return NOT_ITS_NAME
    return Login(username, password, keepalive_s, not clean)


def version(level: int) -> Refusal:
    """This is MQTT 3.1.1; one of MQTT 5 is told in its own words, reason 0x84."""
    answer = packets_server.connack(False, packets_server.BAD_VERSION)
    if level == MQTT_5:
        answer = bytes((0x20, 3, 0, 0x84, 0))
    return Refusal("refused_version", answer, f"MQTT protocol level {level}")


def guessing(device: str) -> Refusal:
    """Nobody looks at the password: there were too many wrong ones."""
    why = f"too many wrong passwords for {device}, or from its address"
    return _refused("refused_guessing", packets_server.UNAVAILABLE, why)
