"""Where the sentences come from: a log, a GPX track, or a route walked on the spot.

Each gives a Recording: (milliseconds since it began, bytes as they came) in the order of time.

A log's own timing is, in this order: a stamp before each sentence (seconds with decimals or
ISO 8601, then a blank, comma or tab), else the times in the sentences themselves (any sentence with
a time that pynmea2 reads), with the lines of one burst spread as the cable would. A log without
either is refused: there would be nothing to keep time by.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from datetime import time as clock_time
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pynmea2

from trygg_tools.nmea_log import DAY_MS
from trygg_tools.route import METRES_PER_DEGREE, Route, Sky, Step, Stop, Wear, burst, generate
from trygg_tools.simulate import track_files
from trygg_tools.simulate.track import EPOCH_UNIX_S, Track

Entry = tuple[int, bytes]

_STAMPED = re.compile(rb"\s*([0-9][0-9T:+.Z -]*[0-9Z])[ ,;\t]+(\$.*)", re.DOTALL)
_CALM = Wear(gap=0, damage=0)
WANDER_M = 2.0  # of the receiver that is put on a true track
LATENCY_MS = 80  # from the second to the first byte about it
OCTETS_MAX = 128 << 20  # of a log: a day and a half at 9600 baud without a rest
WALK_S = 86_400  # of a walk or track that is said second by second


class SourceError(ValueError):
    """It cannot be replayed; the text says what was wanted and what came."""


class Recording(NamedTuple):
    """Sentences with their times; `start_unix_ms` is the log's own beginning, None if unknown."""

    name: str
    entries: list[Entry]
    start_unix_ms: int | None
    note: str = ""

    @property
    def lasts_ms(self) -> int:
        """From the first byte to the last."""
        return self.entries[-1][0] if self.entries else 0


def read(path: Path, baud: int) -> Recording:
    """The recording in a file, by its content: GPX, or NMEA with or without a header."""
    try:
        with path.open("rb") as file:
            data = file.read(OCTETS_MAX + 1)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > OCTETS_MAX:
        raise SourceError(f"{path}: more than {OCTETS_MAX >> 20} MB: cut the log with `head -c`")
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _from_gpx(path)
    return _from_log(path, data, baud)


def walked(
    places: Sequence[tuple[float, float]], speed_m_s: float, seed: int, now: int
) -> Recording:
    """A walk from place to place (degrees), as a receiver would log it from the unix time `now`."""
    if len(places) < 2:
        raise SourceError(f"a walk: wanted at least two places, got {len(places)}")
    lasts_s = sum(_metres(*pair) for pair in pairwise(places)) / speed_m_s
    _demand_short("a walk", lasts_s)
    stops = tuple(Stop(*place, speed_m_s=speed_m_s) for place in places)
    route = Route("walk", stops, wear=_CALM)
    return Recording("a walk", list(generate(route, now, seed)), now * 1000)


def _metres(here: tuple[float, float], there: tuple[float, float]) -> float:
    """The way between two places in degrees, near enough to say how long it takes."""
    narrowing = math.cos(math.radians(here[0]))
    return METRES_PER_DEGREE * math.hypot(there[0] - here[0], (there[1] - here[1]) * narrowing)


def _demand_short(name: str, lasts_s: float) -> None:
    if lasts_s > WALK_S:
        raise SourceError(
            f"{name}: it would last {lasts_s / 3600:.0f} h, wanted at most {WALK_S // 3600}. Look"
            " at its places and times, or cut it"
        )


# -- logs ----------------------------------------------------------------------------------


def _from_log(path: Path, data: bytes, baud: int) -> Recording:
    lines = data.splitlines(keepends=True)
    head = 0
    note = ""
    while head < len(lines) and lines[head].startswith(b"#"):
        key, _, value = lines[head][1:].decode("utf-8", "replace").partition(":")
        note = value.strip() if key.strip() == "note" else note
        head += 1
    body = lines[head:]
    stamped = [_stamped(line) for line in body]
    if body and sum(one is not None for one in stamped) * 2 > len(body):
        entries, start = _by_stamps(one for one in stamped if one is not None)
    else:
        entries, start = _by_sentences(body, baud)
    if not entries:
        raise SourceError(
            f"{path}: wanted NMEA sentences with times, or a GPX track; got {len(body)} lines"
            " without one. Look at the file: `head`"
        )
    return Recording(path.name, entries, start, note)


def _stamped(line: bytes) -> tuple[float, bytes] | None:
    """(unix seconds, sentence) of a line with a stamp before it."""
    found = _STAMPED.fullmatch(line)
    if found is None:
        return None
    text = found[1].decode("ascii")
    try:
        return float(text), found[2]
    except ValueError:
        pass
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when.replace(tzinfo=when.tzinfo or UTC).timestamp(), found[2]


def _by_stamps(stamped: Iterable[tuple[float, bytes]]) -> tuple[list[Entry], int | None]:
    rows = list(stamped)
    first = rows[0][0]
    entries: list[Entry] = []
    latest = 0
    for at, line in rows:
        latest = max(latest, round((at - first) * 1000))  # a stamp that goes back: at once
        entries.append((latest, line))
    return entries, round(first * 1000) if first > EPOCH_UNIX_S else None


def _by_sentences(lines: Iterable[bytes], baud: int) -> tuple[list[Entry], int | None]:
    """The sentences' own times; lines of one burst follow each other at the cable's speed."""
    entries: list[Entry] = []
    own = OwnTime()
    epoch, cable = 0, 0.0
    for line in lines:
        if own.hear(line) and own.ms > epoch:
            epoch, cable = own.ms, 0.0
        cable += len(line) * 10_000 / baud
        entries.append((epoch + round(cable), line))
    return (entries, _start(own.day, own.first)) if own.first is not None else ([], None)


class OwnTime:
    """What the sentences themselves say: `ms` since the first that has a time, midnight passed."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.day: date | None = None
        self.ms = 0

    def hear(self, line: bytes) -> bool:
        """True if this sentence has a time; one that goes back keeps the last."""
        moment, day = moment_of(line)
        self.day = self.day or day
        if moment is None:
            return False
        self.first = moment if self.first is None else self.first
        step = (moment - self.first - self.ms) % DAY_MS
        if step < DAY_MS // 2:  # else it went back: a corrected time
            self.ms += step
        return True


def moment_of(line: bytes) -> tuple[int | None, date | None]:
    """(milliseconds since midnight, date) of a whole sentence, None for what it does not say."""
    try:
        said = pynmea2.parse(line.decode("ascii").strip(), check=True)
        moment = getattr(said, "timestamp", None)
        day = getattr(said, "datestamp", None)
    except (pynmea2.ParseError, UnicodeDecodeError, ValueError, TypeError, IndexError):
        return None, None
    if not isinstance(moment, clock_time):
        return None, None
    seconds = (moment.hour * 60 + moment.minute) * 60 + moment.second
    return seconds * 1000 + moment.microsecond // 1000, day if isinstance(day, date) else None


def _start(day: date | None, first: int | None) -> int | None:
    if day is None or first is None:
        return None
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return round(midnight.timestamp()) * 1000 + first


# -- tracks --------------------------------------------------------------------------------


def _from_gpx(path: Path) -> Recording:
    try:
        track = track_files.read(path)
    except track_files.TrackError as error:
        raise SourceError(str(error)) from None
    _demand_short(path.name, track.end_s - track.start_s)
    start = EPOCH_UNIX_S + track.start_s
    return Recording(path.name, list(_said_of(track)), start * 1000)


def _said_of(track: Track) -> Iterator[Entry]:
    """A receiver's sentences along a true track, one burst a second, with a receiver's errors."""
    dice = random.Random(1)  # noqa: S311  errors of a receiver, not a secret
    sky = Sky(WANDER_M, dice)
    for number, s in enumerate(range(track.start_s, track.end_s + 1)):
        here = track.at(s)
        step = Step(here.latitude, here.longitude, here.speed_m_s, here.course_deg, 0.0)
        for line in burst(sky.look(step, EPOCH_UNIX_S + s), sky):
            yield number * 1000 + LATENCY_MS, line
