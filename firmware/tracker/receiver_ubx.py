"""Frames of u-blox receivers: a message out, its acknowledgement in.

A frame is B5 62, class, id, length (16 bit, little end first), payload, and Fletcher's two sums
over all from the class on. A receiver answers each CFG message with UBX-ACK-ACK (05 01) or
UBX-ACK-NAK (05 00), whose payload is class and id of the message. Source: u-blox 8 / M8 receiver
description UBX-13003221, u-blox M10 interface description UBX-21035062.
"""

from tracker.receiver_setup import REFUSED, TAKEN

_ANSWER_SIZE = 10
_ANSWER = b"\xb5\x62\x05"


def frame(message):
    """Frame `message`: class, id and payload."""
    body = message[:2] + (len(message) - 2).to_bytes(2, "little") + message[2:]
    return b"\xb5\x62" + body + sums(body)


def valset(keys_and_values):
    """The CFG-VALSET message (06 8A) that keeps keys and values (4 and 1 or 2 bytes each, as the
    receiver wants them) in RAM and in the memory with battery."""
    return b"\x06\x8a\x00\x03\x00\x00" + keys_and_values


def sums(body):
    """Fletcher's two sums of 8 bit."""
    one = other = 0
    for byte in body:
        one = (one + byte) & 255
        other = (other + one) & 255
    return bytes((one, other))


def answer(message, data):
    """(TAKEN or REFUSED when `data` has the answer to `message`, else 0; the rest of `data`, to be
    put before what comes next)."""
    at = data.find(_ANSWER)
    while at >= 0 and at + _ANSWER_SIZE <= len(data):
        said = data[at : at + _ANSWER_SIZE]
        right = said[4:6] == b"\x02\x00" and sums(said[2:8]) == said[8:]
        if right and said[6:8] == message[:2] and said[3] < 2:
            return TAKEN if said[3] else REFUSED, b""
        at = data.find(_ANSWER, at + 1)
    return 0, data[1 - _ANSWER_SIZE :]
