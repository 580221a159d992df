"""Sentences of MediaTek receivers such as Quectel's L76: a command out, its answer in.

A command is `$PMTKnnn,fields*hh`. The receiver answers `$PMTK001,nnn,flag[,more]*hh`; flag 3 means
done, 0 to 2 invalid, unsupported, failed. Source: Quectel L76 Series GNSS Protocol Specification.
"""

TAKEN, REFUSED = 1, 2

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


class Answers:
    """Finds acknowledgements in what the receiver says, in pieces of any size."""

    def __init__(self):
        self._tail = b""

    def forget(self):
        """Drop what came so far."""
        self._tail = b""

    def to(self, message, data):
        """TAKEN or REFUSED when `data` ends the answer to `message`, else 0."""
        data = self._tail + data
        verdict = 0
        at = data.find(_ANSWER)
        while at >= 0:
            star = data.find(b"*", at, at + _ANSWER_MAX)
            if star < 0 or star + 3 > len(data):
                break
            verdict = self._verdict(message, data[at + 1 : star], data[star + 1 : star + 3])
            at = -1 if verdict else data.find(_ANSWER, at + 1)
        self._tail = data[at if at >= 0 else max(0, len(data) - len(_ANSWER)) :][-_ANSWER_MAX:]
        return verdict

    def _verdict(self, message, body, digits):
        """Judge one answer: `body` without `$` and `*`."""
        fields = body.split(b",")
        if check(body) != digits or len(fields) < 3 or fields[1] != message[4:7]:
            return 0
        return TAKEN if fields[2] == b"3" else REFUSED
