"""A recorded walk played today: the same sentences with another time, checksums mended.

A receiver's log carries the day it was recorded. A tracker fed with it as it is would believe
that day, and everything it says would be late. Only sentences whose checksum fits are touched:
a damaged one stays exactly as damaged as it was recorded.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from trygg_tools.nmea_sentence import checksum

# sentence -> (field of hhmmss.sss, field of ddmmyy or None); NMEA 0183 4.11
_TIME_FIELDS = {
    b"RMC": (1, 9),
    b"GGA": (1, None),
    b"GNS": (1, None),
    b"GST": (1, None),
    b"GBS": (1, None),
    b"GLL": (5, None),
}


def retimed(line: bytes, unix_ms: int) -> bytes:
    """The sentence `line` as a receiver would have sent it at `unix_ms`.

    Sentences without a time, damaged ones and other bytes come back unchanged.
    """
    body, star, tail = line.partition(b"*")
    if not body.startswith(b"$") or not star or _told(body) != tail.strip()[:2].upper():
        return line
    fields = body.split(b",")
    where = _TIME_FIELDS.get(fields[0][-3:])
    if where is None or len(fields) <= max(where[0], where[1] or 0):
        return line
    _put_time(fields, where, unix_ms)
    body = b",".join(fields)
    return body + b"*" + _told(body) + tail[2:]


def retimed_log(lines: Iterable[tuple[int, bytes]], start_unix_ms: int) -> Iterator[
    tuple[int, bytes]
]:  # fmt: skip
    """The whole log, (offset in ms, sentence) each, as if it had begun at `start_unix_ms`."""
    for offset_ms, line in lines:
        yield offset_ms, retimed(line, start_unix_ms + offset_ms)


def _put_time(fields: list[bytes], where: tuple[int, int | None], unix_ms: int) -> None:
    when = datetime.fromtimestamp(unix_ms // 1000, UTC)
    time_field, date_field = where
    if not fields[time_field]:
        return  # a receiver that does not know the time yet
    _, _, decimals = fields[time_field].partition(b".")
    fraction = b"%03d" % (unix_ms % 1000) + b"000"
    fields[time_field] = when.strftime("%H%M%S").encode() + (
        b"." + fraction[: len(decimals)] if decimals else b""
    )
    if date_field is not None and fields[date_field]:
        fields[date_field] = when.strftime("%d%m%y").encode()


def _told(body: bytes) -> bytes:
    """The checksum of `$...` as it stands behind the star."""
    return b"%02X" % checksum(body[1:])
