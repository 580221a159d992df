"""A leaflet's text: Markdown that people read and mend, in docs/leaflet-LANGUAGE.md.

    # title, a paragraph under it, then sections:
    ## heading
    a paragraph, or
    - a point
    - `sent` what a pattern of the tracker means
    Name: {name}
    **a line that stands out**

What is in braces is filled in, or left as a line to write on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from trygg_tools.felt.played import NAMES

LANGUAGES = ("no", "en")
Kind = Literal["words", "point", "pattern", "field", "loud"]


class LeafletError(Exception):
    """It cannot be made; the text says what to do."""


class Line(NamedTuple):
    """One paragraph (`loud`: it stands out) or point; a pattern, whose `name` is the firmware's;
    or a field, whose `name` is what goes in."""

    kind: Kind
    words: str
    name: str = ""


class Section(NamedTuple):
    """A heading and what stands under it."""

    heading: str
    lines: list[Line]


class Leaflet(NamedTuple):
    """A whole leaflet."""

    title: str
    sections: list[Section]  # the first has no heading


def text_file(language: str) -> Path:
    """Where the text of a language is; LeafletError names those there are."""
    if language not in LANGUAGES:
        raise LeafletError(f"no leaflet in {language!r}; there are: {', '.join(LANGUAGES)}")
    here = Path(__file__).parents[1]
    carried = here / "leaflet_texts"  # in an installed package
    folder = carried if carried.is_dir() else here.parents[1] / "docs"
    return folder / f"leaflet-{language}.md"


def read(text: str) -> Leaflet:
    """The leaflet that a text says. LeafletError: no title, or a pattern that is none."""
    title, sections = "", [Section("", [])]
    for line in (line.strip() for line in text.splitlines()):
        if line.startswith("# "):
            title = line[2:]
        elif line.startswith("## "):
            sections.append(Section(line[3:], []))
        elif line:
            sections[-1].lines.append(_line(line))
    if not title:
        raise LeafletError("a leaflet begins with `# ` and its title")
    return Leaflet(title, sections)


def _line(line: str) -> Line:
    if line.startswith("- `"):
        name, _, words = line[3:].partition("`")
        if name not in NAMES:
            raise LeafletError(f"no pattern {name!r}; there are: {', '.join(NAMES)}")
        return Line("pattern", words.strip(), name)
    if line.startswith("- "):
        return Line("point", line[2:])
    if line.endswith("}"):
        words, _, name = line[:-1].partition("{")
        return Line("field", words.strip(), name)
    if line.startswith("**"):
        return Line("loud", line.strip("*"))
    return Line("words", line)
