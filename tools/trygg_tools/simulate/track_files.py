"""Tracks from files: GPX 1.0 and 1.1, and NMEA logs with or without our header.

**GPX** gives true places; the receiver's model adds its errors. It is read with the standard
library's expat, point by point, because that is all it takes and because a file from outside may be
hostile: a document type (the way to entity bombs and to other files) is refused, so is a file of
more than BYTES_MAX.

**NMEA** gives what a receiver said, read by the tracker's own parser. Its errors are its own: it is
said again as recorded, with its accuracy, and a gap in it is a gap in reception. What was true is
unknown; it is taken to be the median of each minute of fixes, which a jump of some seconds does not
move.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from xml.parsers import expat

from tracker.nmea import Receiver
from trygg_tools.simulate.surroundings import NOTHING, OPEN
from trygg_tools.simulate.track import EPOCH_UNIX_S, Point, Track

BYTES_MAX = 256 << 20
GAP_S = 10  # no fix for longer than this is no reception
TRUTH_S = 30  # the true place is the median of the fixes so long before and after
_POINTS = ("trkpt", "rtept", "wpt")


class TrackError(ValueError):
    """A file that is no track; the text says why."""


def read(path: Path) -> Track:
    """The track in a file, by its content."""
    if not path.is_file():
        raise TrackError(f"{path}: no such file")
    if path.stat().st_size > BYTES_MAX:
        raise TrackError(f"{path}: more than {BYTES_MAX >> 20} MB")
    data = path.read_bytes()
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return Track(path.name, _gpx(path, data))
    return _recording(path, data)


# -- GPX -----------------------------------------------------------------------------------


class _Gpx:
    """Collects points while expat reads."""

    def __init__(self, fail: Callable[[str], TrackError]) -> None:
        self._fail = fail
        self._place: tuple[float, float] | None = None
        self._time: list[str] | None = None
        self.points: list[Point] = []
        self.untimed = 0

    def begins(self, name: str, attributes: dict[str, str]) -> None:
        """A point, or a point's time."""
        name = name.rpartition(":")[2]
        if name in _POINTS:
            self._place, self._time = self._read_place(attributes), None
        elif name == "time" and self._place:
            self._time = []

    def text(self, data: str) -> None:
        """Part of a time."""
        if self._time is not None:
            self._time.append(data)

    def ends(self, name: str) -> None:
        """A point is whole."""
        name = name.rpartition(":")[2]
        if name == "time" and self._time is not None and self._place:
            self.points.append(Point(self._read_time("".join(self._time)), *self._place, OPEN))
            self._time, self._place = None, None
        elif name in _POINTS and self._place:
            self.untimed += 1
            self._place = None

    def _read_place(self, attributes: dict[str, str]) -> tuple[float, float]:
        try:
            place = float(attributes["lat"]), float(attributes["lon"])
        except (KeyError, ValueError):
            raise self._fail(f"a point without a place: {attributes}") from None
        if not (abs(place[0]) <= 90 and abs(place[1]) <= 180):
            raise self._fail(f"a point that is not on earth: {place}")
        return place

    def _read_time(self, text: str) -> float:
        try:
            when = datetime.fromisoformat(text.strip())
        except ValueError:
            raise self._fail(f"a time that is none: {text.strip()[:40]!r}") from None
        return when.replace(tzinfo=when.tzinfo or UTC).timestamp() - EPOCH_UNIX_S


def _gpx(path: Path, data: bytes) -> list[Point]:
    def fail(text: str) -> TrackError:
        return TrackError(f"{path}: {text}")

    def refuse(*_doctype: object) -> None:
        raise fail("a GPX file needs no document type; this one is not read")

    parser = expat.ParserCreate()
    collected = _Gpx(fail)
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = collected.begins
    parser.EndElementHandler = collected.ends
    parser.CharacterDataHandler = collected.text
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise fail(f"no XML: {error}") from None
    if not collected.points and collected.untimed:
        raise fail("its points have no times; a track is wanted, not a route drawn on a map")
    return _in_order(path, collected.points)


def _in_order(path: Path, points: list[Point]) -> list[Point]:
    """Sorted by time, one a moment; those before 2020 cannot be simulated."""
    by_time = {point.s: point for point in points}
    points = [by_time[s] for s in sorted(by_time)]
    if not points:
        raise TrackError(f"{path}: no positions in it")
    if points[0].s < 0:
        shift_s = -(points[0].s // 86400) * 86400
        points = [point._replace(s=point.s + shift_s) for point in points]
    return points


# -- NMEA ----------------------------------------------------------------------------------


def _recording(path: Path, data: bytes) -> Track:
    said = _in_order(path, _fixes(data))
    with_gaps: list[Point] = []
    for point, after in zip(said, [*said[1:], None], strict=True):
        with_gaps.append(point)
        if after is not None and after.s - point.s > GAP_S:
            with_gaps.append(point._replace(s=point.s + 1, sky=NOTHING))
    track = Track(path.name, _truth(said))
    track.said = Track(path.name, with_gaps)
    return track


def _fixes(data: bytes) -> list[Point]:
    """What the tracker's own parser makes of it."""
    receiver = Receiver()
    found = []
    for number, line in enumerate(data.splitlines(keepends=True)):
        receiver.feed(line, number & 0xFFFF)
        found.append(receiver.take())
    receiver.feed(b"", 0x20000)
    found.append(receiver.take())
    return [
        Point(fix.time_s, fix.lat_e6 / 1e6, fix.lon_e6 / 1e6, OPEN, fix.accuracy_dm / 10)
        for fix in found
        if fix is not None
    ]


def _truth(said: list[Point]) -> list[Point]:
    """The running median."""
    truth = []
    first = last = 0
    for point in said:
        while said[first].s < point.s - TRUTH_S:
            first += 1
        while last < len(said) and said[last].s <= point.s + TRUTH_S:
            last += 1
        near = said[first:last]
        latitude = median(one.latitude for one in near)
        longitude = median(one.longitude for one in near)
        truth.append(Point(point.s, latitude, longitude, OPEN))
    return truth
