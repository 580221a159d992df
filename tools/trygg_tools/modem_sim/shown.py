"""The dialogue for a person to read: whole lines with their time, no coordinate, no secret.

`Shown` is a trace of a modem (modem.traces). Commands and answers are shown as they are, but
passwords, keys and every number with four or more decimals are masked; payloads, files and noise
are told by their length only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

LINE_LONGEST = 600
MASK = "***"
SECRETS = (
    re.compile(r'("(?:PASSWORD|keypwd|password)",(?:\d,)?)"[^"]*"', re.IGNORECASE),
    re.compile(r'(\+CMQTTCONNECT=\d,"[^"]*",\d+,\d,"[^"]*",)"[^"]*"', re.IGNORECASE),
    re.compile(r'(\+QMTOPEN=\d,"[^"]*",)"[^"]*"', re.IGNORECASE),
    re.compile(r'(\+QMTCONN=\d,"[^"]*","[^"]*",)"[^"]*"', re.IGNORECASE),
    re.compile(r'(\+CPIN=)"?\d+"?', re.IGNORECASE),
)
COORDINATE = re.compile(r"-?\d+\.\d{4,}")
PAYLOADS = re.compile(
    r'^(\+SMSUB: "[^"]*",|\+QMTRECV: \d+,\d+,"[^"]*",|\+CARECV: \d+,|\+SMCONF="MESSAGE",)'
)
COMMAND = re.compile(r"[Aa][Tt][\x20-\x7e]*")
ANSWER = re.compile(r"([+*^$][A-Za-z][\x20-\x7e]*|[A-Z][A-Za-z0-9_ :!-]{0,40})")


class Line(NamedTuple):
    """One line: its time, ">" from the host, "<" from the modem, "*" what happened."""

    ms: int
    direction: str
    text: str

    def plain(self) -> str:
        """As a person reads it."""
        return f"{self.ms / 1000:10.3f} {self.direction} {self.text}"


def masked(direction: str, text: str) -> str:
    """A line without secrets, coordinates and payloads."""
    shape = COMMAND if direction == ">" else ANSWER
    if len(text) > LINE_LONGEST or not shape.fullmatch(text):
        return f"({len(text)} bytes)"
    if text.startswith("$"):
        return f"{text[:6]},{MASK}"
    payload = PAYLOADS.match(text.removeprefix("AT"))
    if payload:
        return f"{text[: text.index(payload[1]) + len(payload[1])]}({MASK})"
    for secret in SECRETS:
        text = secret.sub(rf'\1"{MASK}"', text)
    return COORDINATE.sub(MASK, text)


class Shown:
    """Puts chunks together to lines and hands each to `show`."""

    def __init__(self, show: Callable[[Line], None]) -> None:
        self._show = show
        self._begun = {">": bytearray(), "<": bytearray()}

    def __call__(self, ms: int, direction: str, data: bytes) -> None:
        """A trace of modem.py."""
        if direction == "*":
            self._show(Line(ms, "*", data.decode()))
            return
        begun = self._begun[direction]
        begun += data
        *whole, rest = re.split(rb"[\r\n]+", bytes(begun))
        if rest in (b"> ", b">"):
            whole, rest = [*whole, b">"], b""
        elif len(rest) > 4 * LINE_LONGEST:
            whole, rest = [*whole, rest], b""
        begun[:] = rest
        for line in whole:
            if line:
                text = line.decode("latin-1")
                self._show(Line(ms, direction, ">" if text == ">" else masked(direction, text)))
