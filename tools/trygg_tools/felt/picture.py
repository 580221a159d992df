"""Pulses as SVG: a time line of light bars on dark, with seconds under it, and words above.

Every picture has its own dark ground, so it reads on a light page and on a dark one. The scale is
the same in all pictures of one length, so that a long pulse looks long.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from trygg_tools.felt.played import Pulse, Story

WIDTH = 760
LEFT, RIGHT = 24, 24
GROUND, TRACK, LIT, PRESSED, WORDS, FAINT = (
    "#12161d", "#2a313c", "#ffd23f", "#7cc4ff", "#ffffff", "#b9c2ce",
)  # fmt: skip
LETTERS = 'font-family="DejaVu Sans, Verdana, Arial, sans-serif"'
BAR = 26  # height
GAP = 8  # below, so that two pictures do not touch
LEAST = 3  # pixels of the shortest pulse


def of_pattern(name: str, meaning: str, felt: Sequence[Pulse], seconds: int) -> str:
    """One pattern, `seconds` from left to right."""
    inside = _words(name, meaning) + _bars(felt, 62, LIT, seconds) + _axis(62 + BAR, seconds)
    return _svg(118, f"{name}: {meaning}", inside)


def of_story(name: str, meaning: str, story: Story, seconds: int) -> str:
    """The button above, what is felt below."""
    inside = _words(name, meaning)
    inside += _lane("the button is down", 86, story.pressed, PRESSED, seconds)
    inside += _lane("felt and seen", 140, story.felt, LIT, seconds)
    return _svg(196, f"{name}: {meaning}", inside + _axis(140 + BAR, seconds))


def _lane(word: str, top: int, pulses: Sequence[Pulse], colour: str, seconds: int) -> str:
    return _text(LEFT, top - 6, 13, FAINT, word) + _bars(pulses, top, colour, seconds)


def _words(name: str, meaning: str) -> str:
    return _text(LEFT, 28, 18, WORDS, name, bold=True) + _text(LEFT, 50, 14, FAINT, meaning)


def _bars(pulses: Sequence[Pulse], top: int, colour: str, seconds: int) -> str:
    track = _rect(LEFT, top, WIDTH - LEFT - RIGHT, TRACK)
    scale = _scale(seconds)
    lit = [
        _rect(LEFT + begin * scale, top, max(LEAST, (end - begin) * scale), colour)
        for begin, end in pulses
    ]
    return track + "".join(lit)


def _axis(top: int, seconds: int) -> str:
    """A mark each half second of a short line, each second of a long one."""
    step_ms = 500 if seconds <= 3 else 1000
    parts = []
    for ms in range(0, seconds * 1000 + 1, step_ms):
        at = LEFT + ms * _scale(seconds)
        anchor = "start" if ms == 0 else "end" if ms == seconds * 1000 else "middle"
        word = f"{ms / 1000:g} s"
        parts.append(f'<path d="M{at:.1f} {top}v6" stroke="{FAINT}"/>')
        parts.append(_text(round(at), top + 22, 13, FAINT, word, anchor=anchor))
    return "".join(parts)


def _scale(seconds: int) -> float:
    return (WIDTH - LEFT - RIGHT) / (seconds * 1000)


def _rect(left: float, top: int, width: float, colour: str) -> str:
    return (
        f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{BAR}" rx="2"'
        f' fill="{colour}"/>'
    )


def _text(
    left: int, base: int, size: int, colour: str, words: str,
    *, bold: bool = False, anchor: str = "start",
) -> str:  # fmt: skip
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{left}" y="{base}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"'
        f"{weight}>{escape(words)}</text>"
    )


def _svg(height: int, title: str, inside: str) -> str:
    whole = height + GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{whole}"'
        f' viewBox="0 0 {WIDTH} {whole}" role="img" {LETTERS}>'
    )
    ground = f'<rect width="{WIDTH}" height="{height}" rx="8" fill="{GROUND}"/>'
    parts = (head, f"<title>{escape(title)}</title>", ground, inside, "</svg>\n")
    return "\n".join(parts).replace("><", ">\n<")
