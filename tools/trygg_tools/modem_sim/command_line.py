"""From bytes to commands, as ITU-T V.250 chapter 5 says: prefix, body, CR; several in one line.

`CommandLine.feed` gives each complete line as a list of Calls, and what is to be echoed. A line
begins with `AT` in either case (what comes before is noise), `A/` repeats the last one. Basic
commands (`E0`, `&F`, `S3=13`) follow one another directly, extended ones (`+CSQ`) need a `;`
between. Inside double quotes nothing ends a command. No bytes make it raise.
"""

from __future__ import annotations

from typing import NamedTuple

RUN, READ, TEST, SET = "run", "read", "test", "set"
LONGEST = 2000  # characters of a line; the manuals say 556 and more, SMCONF takes 512 and a name


class Call(NamedTuple):
    """One command: `+CSQ`, how it is called, its arguments as they stand (quotes kept)."""

    name: str
    kind: str
    args: tuple[str, ...] = ()

    def text(self) -> str:
        """As it was written, without AT."""
        tail = {RUN: "", READ: "?", TEST: "=?"}.get(self.kind)
        return self.name + (tail if tail is not None else "=" + ",".join(self.args))


BAD_LINE = [Call("?", RUN)]  # no dialect has it, so its answer is ERROR


class CommandLine:
    """The line editor of the modem. `feed(byte values)` until it gives a line."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._last: list[Call] = []

    def clear(self) -> None:
        """Forget what was begun: the modem has restarted, or taken a payload."""
        self._line.clear()

    def take(self, data: bytes) -> tuple[int, list[Call] | None]:
        """(bytes used, the line's calls or None when `data` ends before a CR)."""
        end = data.find(b"\r")
        self._edit(data if end < 0 else data[:end])
        if end < 0:
            return len(data), self._repeat(len(data))
        text = self._line.decode("latin-1")
        self._line.clear()
        return end + 1, self._calls(text)

    def _repeat(self, _used: int) -> list[Call] | None:
        """`A/` acts at once, without CR."""
        if bytes(self._line[-2:]).upper() != b"A/":
            return None
        self._line.clear()
        return list(self._last)

    def _edit(self, data: bytes) -> None:
        for value in data:
            if value == 8:
                del self._line[-1:]
            elif value not in (10, 0):
                self._line.append(value)
        if len(self._line) > 2 * LONGEST:
            del self._line[:-LONGEST]

    def _calls(self, text: str) -> list[Call] | None:
        at = text.upper().find("AT")
        if at < 0:
            return None
        if len(text) - at > LONGEST:
            return BAD_LINE
        self._last = split_calls(text[at + 2 :].strip())
        return self._last


def split_calls(body: str) -> list[Call]:
    """The commands of a line without its AT; an empty list for a plain `AT`."""
    calls = []
    at = 0
    while at < len(body):
        if body[at] in " ;":
            at += 1
            continue
        extended = body[at] in "+*^#$%"
        end = _extended_end(body, at) if extended else _basic_end(body, at)
        calls.append(_extended(body[at:end]) if extended else _basic(body[at:end]))
        at = end
    return calls


def _extended_end(body: str, at: int) -> int:
    quoted = False
    for place in range(at, len(body)):
        if body[place] == '"':
            quoted = not quoted
        elif body[place] == ";" and not quoted:
            return place
    return len(body)


def _basic_end(body: str, at: int) -> int:
    """Behind `E0`, `&W`, `S3=13`, `S3?`, `I`."""
    end = at + (2 if body[at] == "&" else 1)
    while end < len(body) and body[end].isdigit():
        end += 1
    if body[at].upper() == "S" and end < len(body) and body[end] in "=?":
        end += 1
        while end < len(body) and body[end].isdigit():
            end += 1
    return end


def _basic(text: str) -> Call:
    head = text[:2] if text[0] == "&" else text[:1]
    if text[0] in "Ss" and text[-1] == "?":
        return Call(text[:-1].upper(), READ)
    if text[0] in "Ss" and "=" in text:
        name, _, value = text.partition("=")
        return Call(name.upper(), SET, (value,))
    rest = text[len(head) :]
    return Call(head.upper(), SET if rest else RUN, (rest,) if rest else ())


def _extended(text: str) -> Call:
    name, equals, rest = text.strip().partition("=")
    if not equals:
        return Call(name[:-1].upper(), READ) if name.endswith("?") else Call(name.upper(), RUN)
    if rest.strip() == "?":
        return Call(name.upper(), TEST)
    return Call(name.upper(), SET, tuple(split_args(rest)))


def split_args(text: str) -> list[str]:
    """Cut at commas that are outside of double quotes."""
    args, begun, quoted = [], 0, False
    for place, letter in enumerate(text):
        if letter == '"':
            quoted = not quoted
        elif letter == "," and not quoted:
            args.append(text[begun:place].strip())
            begun = place + 1
    args.append(text[begun:].strip())
    return args
