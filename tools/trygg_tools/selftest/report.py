"""The self-test's report: as text, as JSON, and as a PDF for the folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trygg_tools.selftest.verdict import Verdict

PLAIN, BOLD = "Vera", "VeraBd"
SIGNS = {"ok": "ok", "failed": "FAILED", "not there": "-", "not asked": "?"}


class ReportError(Exception):
    """It cannot be written; the text says what to do."""


def passed(verdicts: Sequence[Verdict]) -> bool:
    """Whether nothing failed; what nobody was there to see is no failure."""
    return all(one.word != "failed" for one in verdicts)


def as_json(about: dict[str, Any], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """For machines."""
    parts = {one.part: {"verdict": one.word, "text": one.text, **one.value} for one in verdicts}
    return {**about, "passed": passed(verdicts), "parts": parts}


def as_lines(verdicts: Sequence[Verdict]) -> list[str]:
    """A line a part."""
    return [f"{SIGNS[one.word]:7} {one.part:14} {one.text}" for one in verdicts]


def measured(one: Verdict) -> str:
    """Its values as people read them: "mv 3950, charging no"."""
    return ", ".join(f"{name.replace('_', ' ')} {_word(said)}" for name, said in one.value.items())


def _word(said: object) -> str:
    if isinstance(said, bool):
        return "yes" if said else "no"
    if isinstance(said, list):
        return " ".join(map(str, said))
    return "unknown" if said is None else str(said)


def demand_drawable(path: Path) -> None:
    """Raise ReportError before minutes are spent on a report that has no place."""
    try:
        import reportlab
    except ImportError:
        raise ReportError("a PDF needs `pip install 'trygg[technician]'`") from None
    del reportlab
    if not path.parent.is_dir():
        raise ReportError(f"{path}: cannot be written: no folder {path.parent}. Make it")


def write_pdf(path: Path, about: dict[str, Any], verdicts: Sequence[Verdict]) -> None:
    """Pages of A4: who, when, and each part with its verdict and values. Raises ReportError."""
    demand_drawable(path)
    page = _Page(path, f"Self-test of {about['device']}")
    word = "passed" if passed(verdicts) else "FAILED"
    page.line(BOLD, 16, [(0, f"Trygg self-test: {about['device']} {word}")])
    for name, value in about.items():
        page.line(PLAIN, 9, [(0, name), (20, str(value))])
    page.gap(6)
    for one in verdicts:
        font = BOLD if one.word == "failed" else PLAIN
        page.line(font, 9, [(0, one.word.upper() if font == BOLD else one.word), (22, one.part),
                            (52, one.text)])  # fmt: skip
        if one.value:
            page.line(PLAIN, 7, [(52, measured(one))], grey=True)
        page.gap(1)
    page.save()


class _Page:
    """Lines from the top down, and another page when one is full."""

    def __init__(self, path: Path, title: str) -> None:
        import reportlab
        from reportlab.lib.pagesizes import A4
        from reportlab.lib.units import mm
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.ttfonts import TTFont
        from reportlab.pdfgen.canvas import Canvas

        for font in (PLAIN, BOLD):  # both have Nordic letters
            file = Path(reportlab.__file__).parent / "fonts" / f"{font}.ttf"
            pdfmetrics.registerFont(TTFont(font, file))
        self._mm, self._wide, self._high = mm, A4[0], A4[1]
        self._path, self._canvas = path, Canvas(str(path), pagesize=A4)
        self._canvas.setTitle(title)
        self._top = self._high - 25 * mm

    def line(
        self, font: str, size: int, cells: Sequence[tuple[int, str]], *, grey: bool = False
    ) -> None:
        """Cells (mm from the margin, text), each broken where the page or the next one begins."""
        from reportlab.lib.utils import simpleSplit

        step = 0.45 * size * self._mm
        broken = [(at, simpleSplit(text, font, size, self._wide - (at + 40) * self._mm) or [""])
                  for at, text in cells]  # fmt: skip
        rows = max((len(lines) for _, lines in broken), default=1)
        if self._top - rows * step < 20 * self._mm:
            self._canvas.showPage()
            self._top = self._high - 25 * self._mm
        self._canvas.setFont(font, size)
        self._canvas.setFillGray(0.35 if grey else 0)
        for at, lines in broken:
            for row, text in enumerate(lines):
                self._canvas.drawString((20 + at) * self._mm, self._top - row * step, text)
        self._top -= rows * step

    def gap(self, mm: float) -> None:
        """So much room."""
        self._top -= mm * self._mm

    def save(self) -> None:
        """Write it. Raises ReportError."""
        try:
            self._canvas.save()
        except OSError as error:
            raise ReportError(f"{self._path}: cannot be written: {error.strerror}") from None
