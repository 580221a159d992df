"""Sentences of MediaTek receivers such as Quectel's L76: a command out, its answer in.

A command is `$PMTKnnn,fields*hh`. The receiver answers `$PMTK001,nnn,flag[,more]*hh`; flag 3 means
done, 0 to 2 invalid, unsupported, failed. Source: Quectel L76 Series GNSS Protocol Specification.
"""

from tracker.receiver_setup import REFUSED, TAKEN

_ANSWER = b"$PMTK001,"
_ANSWER_MAX = 48
_DIGITS = b"0123456789ABCDEF"


def frame(message):
    """Frame `message`, such as b"PMTK220,1000"."""
    return b"$" + message + b"*" + check(message) + b"\r\n"


def check(body):
    """The XOR of the body as two hex digits."""
    value = 0
    for byte in body:
        value ^= byte
    return bytes((_DIGITS[value >> 4], _DIGITS[value & 15]))


def answer(message, data):
    """(TAKEN or REFUSED when `data` has the answer to `message`, else 0; the rest of `data`, to be
    put before what comes next)."""
    at = data.find(_ANSWER)
    while at >= 0:
        star = data.find(b"*", at, at + _ANSWER_MAX)
        if star < 0 or star + 3 > len(data):
            return 0, data[at:][-_ANSWER_MAX:]
        fields = data[at + 1 : star].split(b",")
        right = check(data[at + 1 : star]) == data[star + 1 : star + 3] and len(fields) > 2
        if right and fields[1] == message[4:7]:
            return TAKEN if fields[2] == b"3" else REFUSED, b""
        at = data.find(_ANSWER, at + 1)
    return 0, data[-len(_ANSWER) :]
