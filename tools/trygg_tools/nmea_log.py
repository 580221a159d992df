"""Logs of a receiver: a few lines that say where the bytes came from, then the bytes as they came.

    # receiver: the chip and its firmware
    # date: when it was taken
    # note: what happens in it, and what is expected
    # licence: under which it is passed on
    # provenance: how it was made
    $GNRMC,...

Header lines begin with `#` and stand before the first other line; what follows is raw, damage and
all, so that joining the lines of `read_log` gives the receiver's bytes back.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from trygg_tools.nmea_sentence import sentence

DAY_MS = 86_400_000
REQUIRED = ("receiver", "date", "note", "licence", "provenance")

# a whole sentence that has a time
_TIMED = re.compile(rb"\$[A-Z]{2}(?:RMC|GGA|GST),(\d{6})(\.\d+)?,[ -#%-)+-~]*\*[0-9A-F]{2}\r?\n")


class LogError(ValueError):
    """A file that is not such a log."""


def write_log(path: Path, header: Mapping[str, str], lines: Iterable[bytes]) -> None:
    """Write a log; the header has at least REQUIRED."""
    missing = [key for key in REQUIRED if key not in header]
    if missing:
        raise LogError(f"{path}: a log's header needs {', '.join(missing)}")
    head = "".join(f"# {key}: {value}\n" for key, value in header.items())
    path.write_bytes(head.encode() + b"".join(lines))


def read_log(path: Path) -> tuple[dict[str, str], list[tuple[int, bytes]]]:
    """Read a log: its header, and (offset_ms, line) for each line, the line's end included.

    Offsets are from the first time of day in the log, and come from the sentences' own times; a
    line without one (GSA, GSV, a damaged one) has that of the line before it. Midnight is passed.
    """
    lines = path.read_bytes().splitlines(keepends=True)
    body = 0
    header: dict[str, str] = {}
    while body < len(lines) and lines[body].startswith(b"#"):
        key, _, value = lines[body][1:].decode().partition(":")
        header[key.strip()] = value.strip()
        body += 1
    if body == 0:
        raise LogError(f"{path}: no header; wanted lines like '# receiver: ...' at the top")
    return header, list(_offsets(lines[body:]))


def _offsets(lines: Iterable[bytes]) -> Iterable[tuple[int, bytes]]:
    first: int | None = None
    offset = 0
    for line in lines:
        timed = _whole(line)
        if timed:
            moment = _time_of_day_ms(timed)
            first = moment if first is None else first
            step = (moment - first - offset) % DAY_MS
            if step < DAY_MS // 2:  # else it went back: a damaged or corrected time
                offset += step
        yield offset, line


def _whole(line: bytes) -> re.Match[bytes] | None:
    """Match a timed sentence, if its checksum is right."""
    timed = _TIMED.fullmatch(line)
    body = line[1:].partition(b"*")[0] if timed else b""
    if timed and sentence(body.decode())[:-2] == line.rstrip(b"\r\n"):
        return timed
    return None


def _time_of_day_ms(timed: re.Match[bytes]) -> int:
    text = timed[1]
    seconds = (int(text[:2]) * 60 + int(text[2:4])) * 60 + int(text[4:])
    return seconds * 1000 + round(float(timed[2] or b"0") * 1000)
