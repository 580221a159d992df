"""A CONNECT at the gateway's own door, read: who it says it is, or why it is not looked at."""

from typing import NamedTuple

from trygg_wire import packets_server, topics


class Login(NamedTuple):
    """A CONNECT that may be a tracker's; its password is still to be checked."""

    device: str
    password: bytes
    keepalive_s: int
    keeps: bool  # the session: clean=0


class Refusal(NamedTuple):
    """Why one is refused: the door's counter, the CONNACK's code, the reason in words."""

    counter: str
    code: int
    why: str


NO_ROOM = Refusal("refused_full", packets_server.UNAVAILABLE, "too many logging in at once")
NO_NAME = Refusal(
    "refused_auth", packets_server.BAD_LOGIN, "no name of a tracker, or no password"
)  # fmt: skip
NOT_ITS_NAME = Refusal(
    "refused_auth", packets_server.BAD_CLIENT_ID, "client id is not the username"
)  # fmt: skip
WRONG = Refusal("refused_auth", packets_server.BAD_LOGIN, "unknown tracker or wrong password")
FULL = Refusal("refused_full", packets_server.UNAVAILABLE, "too many trackers")
BUSY = Refusal("refused_full", packets_server.UNAVAILABLE, "too many passwords to check")
CHECK_FAILED = Refusal(
    "check_failed", packets_server.UNAVAILABLE, "credential could not be checked"
)  # fmt: skip


def read(body: bytes) -> Login | Refusal:
    """What a CONNECT's body asks for. Raises PacketError. A will is read and ignored."""
    level, client_id, username, password, keepalive_s, clean, _will = packets_server.read_connect(
        body
    )
    if level != 4:
        return Refusal("malformed", packets_server.BAD_VERSION, f"MQTT protocol level {level}")
    if username is None or password is None or not topics.is_name(username):
        return NO_NAME
    if client_id != username:
        return NOT_ITS_NAME
    return Login(username, password, keepalive_s, not clean)


def guessing(device: str) -> Refusal:
    """Nobody looks at the password: there were too many wrong ones."""
    why = f"too many wrong passwords for {device}, or from its address"
    return Refusal("refused_guessing", packets_server.UNAVAILABLE, why)
