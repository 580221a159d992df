"""A leaflet on one page of A4: black on white, no letter under 14 points, patterns as bars.

All of it is laid out first and drawn then; what does not fit is refused, never made smaller: a
leaflet that can only be read with a magnifying glass is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from trygg_tools.felt.played import pattern
from trygg_tools.leaflet.text import Leaflet, LeafletError, Line, Section

MM = 72 / 25.4
WIDTH, HEIGHT = 210 * MM, 297 * MM  # ISO 216
MARGIN = 15 * MM
BODY, HEADING, TITLE = 14.5, 16.0, 26.0  # points
LEAD = 1.22  # from line to line, in letter sizes
BLACK, INK, PALE, WHITE = 0x000000, 0x12305C, 0xD5DCE6, 0xFFFFFF
BARS = 46 * MM  # where the bars of a pattern end
SECONDS = 2.0  # that they are long
NO_BREAK = "\N{NO-BREAK SPACE}"
FIELD = 30 * MM  # where what is filled in begins


class Fonts(NamedTuple):
    """A plain and a bold one, with the Nordic letters."""

    plain: str
    bold: str


def write(path: Path, leaflet: Leaflet, filled: dict[str, str]) -> None:
    """The PDF. LeafletError: parts are missing, it does not fit on a page, or cannot be written."""
    try:
        from reportlab.pdfgen.canvas import Canvas
    except ImportError:
        raise LeafletError("a leaflet needs `pip install 'trygg[technician]'`") from None
    page = _Page(Canvas(str(path), pagesize=(WIDTH, HEIGHT), invariant=1), _fonts(), filled)
    page.draw(leaflet)
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(page.canvas.getpdfdata())
        part.replace(path)  # a full disk leaves the leaflet that was there
    except OSError as error:
        part.unlink(missing_ok=True)
        raise LeafletError(f"{path}: cannot be written: {error.strerror}") from None


def _fonts() -> Fonts:
    import reportlab
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    folder = Path(reportlab.__file__).parent / "fonts"
    for name in ("Vera", "VeraBd"):
        pdfmetrics.registerFont(TTFont(name, folder / f"{name}.ttf"))
    return Fonts("Vera", "VeraBd")


class _Page:
    """The place on the page, from the top down."""

    def __init__(self, canvas: Any, fonts: Fonts, filled: dict[str, str]) -> None:
        self.canvas = canvas
        self._fonts = fonts
        self._filled = filled
        self._at = HEIGHT

    def draw(self, leaflet: Leaflet) -> None:
        self.canvas.setTitle(leaflet.title)
        self._title(leaflet.title)
        first, *rest = leaflet.sections
        self._section(first)
        for section in rest:
            self._at -= 0.38 * BODY
            self._say(section.heading, HEADING, INK, bold=True)
            self._at -= 0.08 * BODY
            self._section(section)
        if self._at < MARGIN / 2:
            over = (MARGIN / 2 - self._at) / (LEAD * BODY)
            raise LeafletError(f"{over:.1f} lines too long for one page: say it shorter")

    def _title(self, title: str) -> None:
        """White on a dark bar over the whole width."""
        bar = TITLE + 7 * MM
        self._fill(0, HEIGHT - bar, WIDTH, bar, INK)
        self._put(MARGIN, HEIGHT - bar + 0.42 * TITLE, title, TITLE, WHITE, self._fonts.bold)
        self._at = HEIGHT - bar - 2 * MM

    def _section(self, section: Section) -> None:
        for before, line in zip([None, *section.lines], section.lines, strict=False):
            if before is not None and before.kind == "pattern" != line.kind:
                self._at -= 0.2 * BODY
            {
                "words": self._words,
                "point": self._point,
                "pattern": self._pattern,
                "field": self._field,
                "loud": self._loud,
            }[line.kind](line)

    def _words(self, line: Line) -> None:
        self._say(line.words, BODY, BLACK)

    def _loud(self, line: Line) -> None:
        self._at -= 0.5 * BODY
        self._say(line.words, HEADING, BLACK, bold=True)

    def _point(self, line: Line) -> None:
        self._fill(MARGIN + 1, self._at - 0.78 * BODY, 4.5, 4.5, INK)
        self._say(line.words, BODY, BLACK, indent=5 * MM)

    def _pattern(self, line: Line) -> None:
        """Bars to scale on a pale ground, and what they mean."""
        long, high = (BARS - MARGIN / 3) / (1000 * SECONDS), 0.75 * BODY
        base = self._at - 0.98 * BODY
        self._fill(MARGIN, base, BARS - MARGIN / 3, high, PALE)
        for begin, end in pattern(line.name):
            left, width = MARGIN + begin * long, max(2.5, (end - begin) * long)
            self._fill(left, base, width, high, BLACK)
        self._say(line.words, BODY, BLACK, indent=BARS)

    def _field(self, line: Line) -> None:
        """What was filled in, large; a line to write on if nothing was."""
        size = HEADING + 2
        self._at -= 1.4 * size
        self._put(MARGIN, self._at, line.words, BODY, BLACK, self._fonts.plain)
        value = self._filled.get(line.name, "")
        if not value:
            self._fill(MARGIN + FIELD, self._at - 2, WIDTH - 2 * MARGIN - FIELD, 0.8, BLACK)
            return
        room = WIDTH - 2 * MARGIN - FIELD
        fitting = min(size, size * room / self._wide(value, size, self._fonts.bold))
        if fitting < BODY:
            raise LeafletError(f"{value!r} does not fit on a line: say it shorter")
        self._put(MARGIN + FIELD, self._at, value, fitting, BLACK, self._fonts.bold)

    # -- words and rectangles --------------------------------------------------------------

    def _say(
        self, words: str, size: float, colour: int, *, indent: float = 0, bold: bool = False
    ) -> None:
        font = self._fonts.bold if bold else self._fonts.plain
        for line in self._broken(words, size, font, WIDTH - 2 * MARGIN - indent):
            self._at -= LEAD * size
            self._put(MARGIN + indent, self._at + 0.2 * size, line, size, colour, font)

    def _broken(self, words: str, size: float, font: str, room: float) -> Iterator[str]:
        """Lines that fit into `room`; a paragraph's number, `§ 4-6 a`, stays in one piece."""
        line = ""
        whole = re.sub(r"§ ([\d-]+) (?=a\b)", f"§{NO_BREAK}\\1{NO_BREAK}", words)
        for word in whole.split(" "):
            longer = f"{line} {word}".strip(" ")
            if line and self._wide(longer, size, font) > room:
                yield line
                longer = word
            line = longer
        yield line

    def _wide(self, words: str, size: float, font: str) -> float:
        width: float = self.canvas.stringWidth(words, font, size)
        return width

    def _put(
        self, left: float, base: float, words: str, size: float, colour: int, font: str
    ) -> None:
        self.canvas.setFillColor(_colour(colour))
        self.canvas.setFont(font, size)
        self.canvas.drawString(left, base, words)

    def _fill(self, left: float, base: float, width: float, height: float, colour: int) -> None:
        self.canvas.setFillColor(_colour(colour))
        self.canvas.rect(left, base, width, height, stroke=0, fill=1)


def _colour(rgb: int) -> Any:
    from reportlab.lib.colors import HexColor

    return HexColor(rgb)
