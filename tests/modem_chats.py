"""The dialogues of tests/vectors/at as values (README.md there says what the lines mean).

    chats()["sim7080_pdp"].steps      [Step(">", "AT+CNACT=0,1"), Step("<", "OK"), ...]
    lesson("sim7080_pdp")             the dialogues that lead there, from the switched-off modem on

A field `{kind:example}` matches what its kind allows; `as_recorded` puts the example in its place.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import NamedTuple

VECTORS = Path(__file__).parent / "vectors" / "at"
KINDS = {
    "int": r"-?\d+",
    "hex": r"[0-9A-Fa-f]+",
    "num": r"-?\d+(?:\.\d*)?",
    "ip": r"\d{1,3}(?:\.\d{1,3}){3}",
    "text": r".*",
    "error": r"ERROR|\+CME ERROR: .+",
}
MARKS = (">>", "<<", "<~", ">", "<", "!")  # the longer first
_FIELD = re.compile(r"\{(\w+):([^}]*)\}")


class Step(NamedTuple):
    """One line of a dialogue: its mark and what stands behind it."""

    mark: str
    text: str


class Chat(NamedTuple):
    """One file. `after` is the dialogue before it, "" when the modem was off."""

    name: str
    part: str
    source: str
    about: str
    after: str
    steps: tuple[Step, ...]


@functools.cache
def chats() -> dict[str, Chat]:
    """Every dialogue by its name."""
    return {path.stem: read(path.stem, path.read_text()) for path in sorted(VECTORS.glob("*.chat"))}


def read(name: str, text: str) -> Chat:
    """A file's text as a Chat; ValueError names the line that is none."""
    head: dict[str, str] = {}
    steps = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            key, _, value = line[1:].partition(":")
            if not steps:
                head.setdefault(key.strip(), value.strip())
        elif line.strip():
            steps.append(_step(name, number, line))
    after = head.get("after", "")
    return Chat(
        name,
        head.get("part", ""),
        head.get("source", ""),
        head.get("about", ""),
        "" if after == "nothing" else after,
        tuple(steps),
    )


def _step(name: str, number: int, line: str) -> Step:
    for mark in MARKS:
        if line.startswith(mark + " "):
            return Step(mark, line[len(mark) + 1 :])
    raise ValueError(f"{name}.chat line {number}: wanted one of {' '.join(MARKS)}, got {line!r}")


def lesson(name: str) -> list[Chat]:
    """The dialogues to hold, the named one last."""
    found: list[Chat] = []
    while name:
        chat = chats()[name]
        if chat in found:
            raise ValueError(f"{name}.chat comes after itself")
        found.append(chat)
        name = chat.after
    return found[::-1]


def pattern(text: str) -> re.Pattern[str]:
    """What a modem's line must match as a whole."""
    out, at = [], 0
    for field in _FIELD.finditer(text):
        out += [re.escape(text[at : field.start()]), f"(?:{KINDS[field[1]]})"]
        at = field.end()
    return re.compile("".join(out) + re.escape(text[at:]), re.DOTALL)


def as_recorded(text: str) -> str:
    """The line with the examples in the places of its fields."""
    return _FIELD.sub(lambda field: field[2], text)


def raw(text: str) -> bytes:
    """Bytes of a `>>` or `<<` line: `6865`, `61*1500`, several with spaces between; `-` is none."""
    out = b""
    for part in text.split():
        digits, _, times = part.partition("*")
        out += b"" if digits == "-" else bytes.fromhex(digits) * int(times or 1)
    return out
