"""The self-test's report: as text, as JSON, and as a PDF for the folder."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trygg_tools.selftest.verdict import Verdict

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


def write_pdf(path: Path, about: dict[str, Any], verdicts: Sequence[Verdict]) -> None:
    """One page of A4. Raises ReportError."""
    try:
        import reportlab
        from reportlab.lib.pagesizes import A4
        from reportlab.lib.units import mm
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.ttfonts import TTFont
        from reportlab.pdfgen.canvas import Canvas
    except ImportError:
        raise ReportError("a PDF needs `pip install 'trygg[technician]'`") from None
    fonts = Path(reportlab.__file__).parent / "fonts"
    pdfmetrics.registerFont(TTFont("Vera", fonts / "Vera.ttf"))  # has Nordic letters
    pdfmetrics.registerFont(TTFont("VeraBd", fonts / "VeraBd.ttf"))
    canvas = Canvas(str(path), pagesize=A4)
    canvas.setTitle(f"Self-test of {about['device']}")
    top = A4[1] - 25 * mm
    canvas.setFont("VeraBd", 16)
    word = "passed" if passed(verdicts) else "FAILED"
    canvas.drawString(20 * mm, top, f"Trygg self-test: {about['device']} {word}")
    canvas.setFont("Vera", 9)
    for name, value in about.items():
        top -= 5 * mm
        canvas.drawString(20 * mm, top - 3 * mm, f"{name}: {value}")
    top -= 12 * mm
    for one in verdicts:
        canvas.setFont("VeraBd" if one.word == "failed" else "Vera", 9)
        canvas.drawString(20 * mm, top, SIGNS[one.word])
        canvas.drawString(40 * mm, top, one.part)
        for line in textwrap.wrap(one.text, 70) or [""]:
            canvas.drawString(75 * mm, top, line)
            top -= 5 * mm
        top -= 1 * mm
    try:
        canvas.save()
    except OSError as error:
        raise ReportError(f"{path}: cannot be written: {error.strerror}") from None
