"""What is done to a recording before it is said again; each is a function of entries to entries.

    entries → part → clock → gaps → checksums → damage → jitter; rounds and speed are the player's

All chances come from one seed, so a run that found a fault can be had again.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from trygg_tools.nmea_sentence import checksum
from trygg_tools.replay.source import Entry, OwnTime
from trygg_tools.retime import retimed
from trygg_tools.route import damaged

Checksums = Literal["keep", "repair", "break"]


class Harm(NamedTuple):
    """What goes wrong on purpose, as chances (0 .. 1) and milliseconds."""

    checksums: Checksums = "keep"
    broken: float = 0.1  # of the sentences, with checksums "break"
    gap: float = 0.0  # of a second that is missing
    jitter_ms: int = 0  # a line comes so much later at the most, never before the one ahead of it
    damage: float = 0.0  # of a line with a byte lost, doubled or flipped, or cut


def part(entries: Sequence[Entry], begin_ms: int, end_ms: int | None) -> list[Entry]:
    """What lies from `begin_ms` on and before `end_ms`, counted anew from its own beginning."""
    return [
        (at - begin_ms, line)
        for at, line in entries
        if at >= begin_ms and (end_ms is None or at < end_ms)
    ]


def at_time(entries: Iterable[Entry], start_unix_ms: int) -> Iterator[Entry]:
    """The same as if the receiver's clock had shown `start_unix_ms` in its first sentence."""
    own = OwnTime()
    for at, line in entries:
        own.hear(line)
        yield at, retimed(line, start_unix_ms + own.ms)


def harmed(entries: Iterable[Entry], harm: Harm, seed: int) -> Iterator[Entry]:
    """With gaps, checksums as asked, jitter and damage."""
    dice = random.Random(seed)  # noqa: S311  faults on a cable, not a secret
    second, missing, latest = -1, False, 0
    for at, line in entries:
        if at // 1000 != second:
            second, missing = at // 1000, dice.random() < harm.gap
        if missing:
            continue
        line = _summed(line, harm, dice)
        if dice.random() < harm.damage:
            line = damaged(line, dice) if len(line) > 1 else line
        latest = max(latest, at + (dice.randrange(harm.jitter_ms + 1) if harm.jitter_ms else 0))
        yield latest, line


def repaired(line: bytes) -> bytes:
    """A sentence with the checksum that fits it; other bytes as they are."""
    start = line.find(b"$")
    if start < 0:
        return line
    body, star, tail = line[start + 1 :].partition(b"*")
    ending = tail.lstrip(b"0123456789abcdefABCDEF") if star else b"\r\n"
    body = body if star else body.rstrip(b"\r\n")
    return line[:start] + b"$%s*%02X" % (body, checksum(body)) + (ending or b"\r\n")


def broken(line: bytes) -> bytes:
    """A sentence with a checksum that does not fit; other bytes as they are."""
    whole = repaired(line)
    body, star, tail = whole.partition(b"*")
    if not star:
        return line
    return body + b"*%02X" % (int(tail[:2], 16) ^ 0x5A) + tail[2:]


def _summed(line: bytes, harm: Harm, dice: random.Random) -> bytes:
    if harm.checksums == "repair":
        return repaired(line)
    if harm.checksums == "break" and dice.random() < harm.broken:
        return broken(line)
    return line
