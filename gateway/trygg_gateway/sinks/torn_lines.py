"""What the end of a file of events holds after a crash: the ids there, and lines that are none.

After a power cut the blocks of a file's end may be there in any order: between whole lines stand
some with zeros in them, with bytes of somebody else's, or put together of two. None of it was
confirmed, since what is confirmed was synced, so those bytes can go; what was in them comes again.
A line that only is no event, say a person's note, is left alone, unless it touches damage.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import orjson

OURS = b'{"specversion":'  # how every line of ours begins


class Line(NamedTuple):
    """One line, `size` bytes from `at` on, without its newline."""

    at: int
    size: int
    id: str | None  # of the event; None: it is no event
    is_damage: bool


def read(tail: bytes) -> list[Line]:
    """The lines of `tail`, which ends with a newline or is empty; empty lines are left out."""
    found, at = [], 0
    for text in tail.split(b"\n"):
        if text.strip():
            found.append(Line(at, len(text), id_ := id_of(text), id_ is None and _is_damage(text)))
        at += len(text) + 1
    return found


def id_of(text: bytes) -> str | None:
    """The id of the event in a line; None if there is none."""
    try:
        event = orjson.loads(text)
    except ValueError:
        return None
    id_ = event.get("id") if isinstance(event, dict) else None
    return id_ if isinstance(id_, str) else None


def is_torn(end: bytes) -> bool:
    """Whether a line without its newline is the beginning of one of ours, or damage."""
    return end[: len(OURS)] == OURS[: len(end)] or _is_damage(end)


def _is_damage(text: bytes) -> bool:
    """Whether it is a piece of ours, or of nobody who writes text."""
    if text.startswith(OURS):
        return True
    try:
        return not text.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        return True


def damaged(lines: list[Line]) -> Iterator[Line]:
    """The lines to be blanked: damage, and what is no event and touches it."""
    run: list[Line] = []
    for line in [*lines, Line(0, 0, "", False)]:
        if line.id is None:
            run.append(line)
            continue
        if any(one.is_damage for one in run):
            yield from run
        run = []
