"""Times as people type them: a date, a date and a time, or how long ago."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from trygg_gateway.values import Refused

_UNITS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGO: Final = re.compile(r"^(\d{1,6}) ?(s|min|h|d|w)$")


def moment_ms(text: str, now_ms: int) -> int:
    """Unix milliseconds of "2026-11-20", "2026-11-20 14:30", "...+01:00", "now", or "6h" (ago).

    Without a zone it is this machine's. Raises Refused with what was wanted.
    """
    text = text.strip()
    ago = _AGO.match(text)
    if text == "now":
        return now_ms
    if ago is not None:
        return now_ms - 1000 * int(ago[1]) * _UNITS[ago[2]]
    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Refused(
            f"{text!r} is no time: wanted 2026-11-20, 2026-11-20T14:30, now, or how long ago: 90s,"
            " 30min, 6h, 2d, 1w."
        ) from None
