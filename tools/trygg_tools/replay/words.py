"""What people write behind `trygg replay`'s options, as numbers; each raises SourceError."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime

from trygg_tools.replay import alter
from trygg_tools.replay.source import Recording, SourceError

ROLLOVER_S = 1024 * 7 * 86_400  # GPS weeks are counted in ten bits
FIRST_UNIX_S, LAST_UNIX_S = 315_532_800, 3_471_292_799  # 1980 to 2079: a year has two digits
MOST_S = 7 * 86_400  # of a recording


def places(text: str) -> list[tuple[float, float]]:
    """`59.927,10.701 59.930,10.705` as pairs of degrees; at a pole east has no length."""
    try:
        pairs = [tuple(float(number) for number in word.split(",")) for word in text.split()]
        if all(abs(latitude) <= 85 and abs(longitude) <= 180 for latitude, longitude in pairs):
            return [(latitude, longitude) for latitude, longitude in pairs]
        raise ValueError
    except ValueError:
        raise SourceError(
            f'--walk {text!r}: wanted "LAT,LON LAT,LON ..." in degrees, with blanks between,'
            " no nearer to a pole than 5 degrees"
        ) from None


def milliseconds(text: str) -> int:
    """90, 1:30, 0:01:30 and 1:30.5 in milliseconds."""
    total = 0.0
    try:
        for word in text.split(":"):
            total = total * 60 + float(word)
    except ValueError:
        total = math.nan
    if not 0 <= total < MOST_S:
        raise SourceError(f"{text!r}: wanted a time in the log as 90, 1:30 or 0:01:30")
    return round(total * 1000)


def clock(text: str, off_s: float, recording: Recording) -> int | None:
    """The unix milliseconds that the receiver's clock begins with; None: as it was recorded."""
    now_ms = time.time_ns() // 1_000_000_000 * 1000
    if text == "keep":
        if not off_s:
            return None
        if recording.start_unix_ms is None:
            raise SourceError(
                f"--clock-off: {recording.name} has no date in it: say --clock now as well"
            )
        start = recording.start_unix_ms
    elif text in ("now", "rollover"):
        start = now_ms - (ROLLOVER_S * 1000 if text == "rollover" else 0)
    else:
        start = _iso_ms(text)
    begins_s = start / 1000 + off_s
    if not FIRST_UNIX_S <= begins_s <= LAST_UNIX_S:
        raise SourceError(
            f"--clock {text} --clock-off {off_s:g}: wanted a time from 1980 to 2079, which is all"
            " that a sentence's date can say"
        )
    return start + round(off_s * 1000)


def _iso_ms(text: str) -> int:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise SourceError(
            f"--clock {text!r}: wanted keep, now, rollover, or a time as 2026-06-14T09:00:00"
        ) from None
    return round(when.replace(tzinfo=when.tzinfo or UTC).timestamp() * 1000)


def checksums(text: str) -> alter.Checksums:
    """One of the three words."""
    if text == "keep":
        return "keep"
    if text == "repair":
        return "repair"
    if text == "break":
        return "break"
    raise SourceError(f"--checksums {text!r}: wanted keep, repair or break")
