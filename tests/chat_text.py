"""The dialogues of tests/vectors/at as plain steps, under both interpreters; README.md there.

modem_chats.py says more about them, under CPython alone.
"""

import os

FOLDER = "tests/vectors/at/"
WORDS = (
    "behaviour with say run besides for skip probe up climb down tell open publish hear socket "
    "send fetch hangup ends not service probed events messages fixes clock signal nmea version "
    "line missing strange garbage cut"
)
MARKS = (">>", "<<", "<~", ">", "<", "!")  # the longer first


def names():
    """The names of all dialogues, sorted."""
    return sorted([name[:-5] for name in os.listdir(FOLDER) if name.endswith(".chat")])


def steps(name):
    """(part, [(mark, text with its examples)]) of one dialogue."""
    part, found = "", []
    with open(FOLDER + name + ".chat") as file:
        for line in file.read().split("\n"):
            if line.startswith("# part:"):
                part = line[7:].strip()
            for mark in MARKS:
                if line.startswith(mark + " "):
                    found.append((mark, as_recorded(line[len(mark) + 1 :])))
                    break
            if found and found[-1][1][:6] == "until ":
                found[-1:] = [(">", found[-1][1][6:]), ("<", "OK")]
    return part, found


def as_recorded(text):
    """The line with the examples in the places of its fields: `{int:20},0` is `20,0`."""
    pieces = text.split("{")
    line = pieces[0]
    for piece in pieces[1:]:
        field, _, rest = piece.partition("}")
        line += field[field.find(":") + 1 :] + rest
    return line


def raw(text):
    """Bytes of a `>>` or `<<` line: `6865`, `61*1500`, several with spaces between; `-` is none."""
    found = b""
    for part in text.split():
        digits, _, times = part.partition("*")
        found += b"" if digits == "-" else bytes.fromhex(digits) * int(times or 1)
    return found


def blocks(name):
    """{dialogue: [(word, rest)]} of a file of expectations: `== dialogue`, then its lines; `like
    @name` puts in those of `== @name`, which is no dialogue."""
    found, lines = {}, []
    with open(FOLDER + "driver/" + name + ".txt") as file:
        for line in file.read().split("\n"):
            if line.startswith("== "):
                assert line[3:] not in found, line
                lines = found[line[3:]] = []
            elif line and line[:1] != "#":
                word, _, rest = line.partition(" ")
                lines += found[rest] if word == "like" else [(word, rest)]
    return {name: found[name] for name in found if name[0] != "@"}
