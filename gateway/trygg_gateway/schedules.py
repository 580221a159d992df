"""When a fence is in force, as people write it and as the wire carries it. Pure.

People: `mon-fri 22:00-07:00; sat,sun 00:00-24:00`: the days on which a window begins, and from when
to when by the clock on the wall; a time that is not after the first lies on the next day. Wire:
the rows `schedule` of layouts.py. No window at all means always.
"""

import re
from typing import Any, Final

Json = dict[str, Any]

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MIN: Final = 1440
WANTED: Final = "wanted days and times, as in 'mon-fri 22:00-07:00; sat,sun 00:00-24:00'"
_WINDOW = re.compile(r"([a-z,-]+) +(\d{1,2}):(\d\d) *- *(\d{1,2}):(\d\d)")


def windows_of(text: str) -> list[Json]:
    """The wire's windows of a schedule in words; [] of "". Raises ValueError: what was wanted."""
    return [_window(part.strip()) for part in text.split(";") if part.strip()]


def words_of(windows: list[Json]) -> str:
    """A schedule in words; "" for always. What `windows_of` reads."""
    return "; ".join(_words(window) for window in windows)


def _window(text: str) -> Json:
    found = _WINDOW.fullmatch(text.lower())
    if found is None:
        raise ValueError(f"{text!r} is no window: {WANTED}")
    days, *numbers = found.groups()
    begin_h, begin_m, end_h, end_m = (int(number) for number in numbers)
    begin, end = 60 * begin_h + begin_m, 60 * end_h + end_m
    if begin_m > 59 or end_m > 59 or begin >= DAY_MIN or end > DAY_MIN:
        raise ValueError(f"{text!r}: a day goes from 00:00 to 24:00; {WANTED}")
    minutes = (end - begin) % DAY_MIN or DAY_MIN
    return {"days": _days(days), "from_min": begin, "minutes": minutes}


def _days(text: str) -> int:
    """The bits of some days: 64 Monday, 32 Tuesday ... 1 Sunday."""
    if text == "daily":
        return 127
    bits = 0
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"{part!r} is no day: wanted {', '.join(DAYS)} or daily")
        at, end = DAYS.index(first), DAYS.index(last or first)
        for day in range(at, end + 1 if end >= at else end + 8):
            bits |= 64 >> day % 7
    return bits


def _words(window: Json) -> str:
    end = (window["from_min"] + window["minutes"]) % DAY_MIN
    if window["from_min"] + window["minutes"] == DAY_MIN:
        end = DAY_MIN
    return f"{_day_words(window['days'])} {_clock(window['from_min'])}-{_clock(end)}"


def _day_words(bits: int) -> str:
    if bits == 127:
        return "daily"
    runs: list[list[int]] = []
    for day in range(7):
        if not bits & 64 >> day:
            continue
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(_run(run) for run in runs)


def _run(run: list[int]) -> str:
    if len(run) < 3:
        return ",".join(DAYS[day] for day in run)
    return f"{DAYS[run[0]]}-{DAYS[run[-1]]}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
