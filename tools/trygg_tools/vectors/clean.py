"""Take out of a receiver's log whatever could tell a person: where, when exactly, which device.

- positions are moved, altitudes too (moved.py); what a receiver says without a fix is replaced by
  the first place, nought stays nought and the pole the pole;
- dates are moved by whole weeks, times of day stay;
- magnetic variation, geoid height, time zone and where satellites stand in the sky are emptied, for
  each tells the region; a reference station's number becomes nought;
- sentences and texts that are not known to be harmless, comments and everything between sentences
  (a modem's answers with IMEI and ICCID) go;
- of a damaged sentence the shape stays: letters are x, digits 0, so that the same damage is done.

What stays can still say something: the time of day; which satellites were used and with what
dilution, from which somebody with old almanacs may find the region; and a long track's shape, which
fits only some streets. Excerpts are short for that reason, too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from trygg_tools.nmea_sentence import checksum
from trygg_tools.vectors import moved
from trygg_tools.vectors.moved import Move, Place
from trygg_tools.vectors.sentences import (
    FAMILIES,
    FIELD,
    FORMS,
    HARMLESS,
    LATITUDE,
    LONGITUDE,
    WHOLE,
    Form,
    name_of,
    says_fix,
)  # fmt: skip

_EPOCHS_END = 2000  # a date before it is a clock's beginning and nobody's


class Cleaned(NamedTuple):
    """What may be passed on, and how often what was taken away."""

    lines: list[bytes]
    taken: Counter[str]


class _Known(NamedTuple):
    """What the whole log says of itself, before anything is changed."""

    places: list[Place]
    decimals: int
    altitudes: list[Decimal]
    days: list[date]


def cleaned(lines: Iterable[bytes], today: date, keep_date: bool = False) -> Cleaned:
    """Clean a log; each call moves it somewhere else. Raises moved.MoveError."""
    pieces = [piece for line in lines for piece in _pieces(line)]
    known = _survey(pieces, dates=not keep_date)
    unit = Decimal(1).scaleb(-known.decimals)
    move = moved.drawn(known.places, unit, known.altitudes, known.days, today)
    cleaner = _Cleaner(move, known, keep_date)
    out = [done for piece in pieces if (done := cleaner.piece(piece))]
    return Cleaned(out, cleaner.taken)


def _pieces(line: bytes) -> list[bytes]:
    """Part a line where sentences begin; what stands before the first is a piece, too."""
    if line.startswith(b"#"):
        return [line]
    return [piece for piece in re.split(rb"(?=\$)", line) if piece]


def _body(piece: bytes) -> str | None:
    """The body of a whole sentence with a right checksum, else None."""
    found = WHOLE.fullmatch(piece)
    if found and checksum(found[1]) == int(found[2], 16):
        return found[1].decode("ascii")
    return None


def _survey(pieces: Iterable[bytes], dates: bool) -> _Known:
    known = _Known([], 8, [], [])
    for piece in pieces:
        body = _body(piece)
        name = name_of(body) if body else None
        if body is None or name is None:
            continue
        fields = body.split(",")
        form = FORMS[name[1]]
        place = _place(form, fields)
        if place is None:
            continue
        decimals = min(len(fields[form.place + at].partition(".")[2]) for at in (0, 2))
        known = known._replace(decimals=min(known.decimals, decimals))
        if not says_fix(name[1], fields) or place.nowhere:
            continue
        known.places.append(place)
        if form.altitude and re.fullmatch(r"-?\d+(\.\d+)?", fields[form.altitude]):
            known.altitudes.append(Decimal(fields[form.altitude]))
        day = _day(fields[form.date]) if dates and form.date else None
        if day:
            known.days.append(day)
    return known


def _place(form: Form, fields: list[str]) -> Place | None:
    if not form.place or len(fields) < form.place + 4:
        return None
    north, ns, east, ew = fields[form.place : form.place + 4]
    if not (LATITUDE.fullmatch(north) and LONGITUDE.fullmatch(east)):
        return None
    if ns not in ("N", "S") or ew not in ("E", "W"):
        return None
    return Place(moved.minutes(north), ns, moved.minutes(east), ew)


def _day(ddmmyy: str) -> date | None:
    if not re.fullmatch(r"\d{6}", ddmmyy):
        return None
    year = int(ddmmyy[4:])
    try:
        return date(year + (1900 if year >= 80 else 2000), int(ddmmyy[2:4]), int(ddmmyy[:2]))
    except ValueError:
        return None


class _Cleaner:
    """Cleans piece after piece by one move."""

    def __init__(self, move: Move, known: _Known, keep_date: bool) -> None:
        self.taken: Counter[str] = Counter()
        self._move, self._known, self._keep_date = move, known, keep_date

    def piece(self, piece: bytes) -> bytes:
        """What is left of a piece, b"" for nothing."""
        body = _body(piece)
        if body is None:
            return self._masked(piece)
        if not HARMLESS.fullmatch(body):
            changed = self._changed(body)
            if changed is None:
                return b""
            body = changed
        raw = body.encode("ascii")
        end = piece[piece.rindex(b"*") + 3 :].replace(b" ", b"")
        return b"$%s*%02X%s" % (raw, checksum(raw), end)

    def _masked(self, piece: bytes) -> bytes:
        """Keep a damaged sentence's shape; nothing of what is no sentence at all."""
        if not piece.startswith(b"$"):
            if piece.strip():
                said = piece.startswith(b"#")
                self.taken["comments" if said else "pieces that are no sentence"] += 1
            return b""
        self.taken["damaged sentences made unreadable, length kept"] += 1
        out = re.sub(rb"[0-9]", b"0", re.sub(rb"[A-Za-z]", b"x", piece))
        out = re.sub(rb"[^x0$,.*\r\n-]", b"?", out)
        return re.sub(rb"\*..", b"*xx", out)

    def _changed(self, body: str) -> str | None:
        """A body without what tells, None for one that may not be passed on."""
        name = name_of(body)
        fields = body.split(",")
        if name is None:
            self.taken[f"{_family(fields[0])} sentences, not known to be harmless"] += 1
            return None
        form = FORMS[name[1]]
        there = range(form.place, form.place + 4) if form.place else ()
        others = [field for at, field in enumerate(fields) if at and at not in there]
        if any(fields[form.fields + 1 :]) or not all(map(FIELD.fullmatch, others)):
            self.taken[f"{name[1]} sentences that are not as the standard has them"] += 1
            return None
        fix = says_fix(name[1], fields)
        if form.place and not self._put_place(form, fields, fix):
            self.taken[f"{name[1]} sentences with an unreadable place"] += 1
            return None
        self._put_rest(name[1], form, fields, fix)
        return ",".join(fields)

    def _put_place(self, form: Form, fields: list[str], fix: bool) -> bool:
        at = form.place
        if not any(fields[at : at + 4]):
            return True
        place = _place(form, fields)
        if place is None:
            letters = "".join(fields[at : at + 4])
            return len(letters) <= 2 and set(letters) <= set("NSEW")
        if place.nowhere:
            return True
        if not fix and not self._known.places:
            fields[at : at + 4] = ["", "", "", ""]
            self.taken["places said without a fix"] += 1
            return True
        if not fix:
            place = self._known.places[0]
            self.taken["places said without a fix"] += 1
        self.taken["places moved"] += 1
        fields[at] = moved.angle(place.north + self._move.north, fields[at])
        fields[at + 2] = moved.angle(self._move.east(place.east), fields[at + 2])
        fields[at + 1], fields[at + 3] = place.ns, place.ew
        return True

    def _put_rest(self, kind: str, form: Form, fields: list[str], fix: bool) -> None:
        """Altitude, date, station, and all that tells the region."""
        count = len(fields)
        if 0 < form.altitude < count:
            text = fields[form.altitude]
            known = fix and re.fullmatch(r"-?\d+(\.\d+)?", text)
            fields[form.altitude] = moved.height(text, self._move.up) if known else ""
        if 0 < form.station < count and fields[form.station]:
            fields[form.station] = "0" * len(fields[form.station])
        if 0 < form.date < count and not self._keep_date:
            self._put_date(kind, form, fields)
        emptied = form.emptied if kind != "GSV" else _sky(count)
        for at in emptied:
            if at < count and fields[at]:
                fields[at] = ""
                self.taken["fields that tell the region"] += 1

    def _put_date(self, kind: str, form: Form, fields: list[str]) -> None:
        at = form.date
        zda = kind == "ZDA" and len(fields) > at + 2
        text = f"{fields[at]}{fields[at + 1]}{fields[at + 2][-2:]}" if zda else fields[at]
        day = _day(text)
        if day is None or day.year < _EPOCHS_END:
            if day is None:
                fields[at : at + (3 if zda else 1)] = ["", "", ""] if zda else [""]
            return
        day = self._other_day(day)
        if zda:
            fields[at : at + 3] = [f"{day:%d}", f"{day:%m}", f"{day:%Y}"]
        else:
            fields[at] = f"{day:%d%m%y}"
        self.taken["dates moved"] += 1

    def _other_day(self, day: date) -> date:
        """A day of fixes, or one beside it, is moved; any other is the first day moved."""
        known = self._known.days
        if known and all(abs(day - one) > timedelta(days=1) for one in known):
            day = known[0]
        return day + timedelta(weeks=self._move.weeks)


def _sky(count: int) -> tuple[int, ...]:
    """Where elevations and azimuths stand in a GSV of so many fields."""
    return tuple(at for number in range(4, count - 3, 4) for at in (number + 1, number + 2))


def _family(name: str) -> str:
    """The maker or kind of a sentence, if it is a known one: a name could be somebody's."""
    found = [one for one in FAMILIES if name.startswith(one) or name[2:] == one]
    return found[0] if found else "other"
