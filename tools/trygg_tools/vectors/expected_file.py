"""The file beside a log that says which fixes are in it: JSON, one fix a line, read by the tests.

MicroPython reads it too, so it holds whole numbers only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from trygg_tools.vectors.agreement import Difference, Explained, Row
from trygg_tools.vectors.opinions import Reading
from trygg_tools.vectors.tracked import Tracked

TRACKER = "tracker"  # the explanation of what the tracker withholds
COLUMNS = "time_s since 2020, lat_e6, lon_e6, speed_dm_s, course_deg, satellites"


class Judged(NamedTuple):
    """A log with all that is said of it."""

    readings: Sequence[Reading]
    differences: Sequence[Difference]
    explained: dict[str, Explained]
    rows: list[Row]
    tracked: Tracked


def value(judged: Judged) -> dict[str, Any]:
    """What is written, but the fixes."""
    return {
        "parsers": {one.parser: one.version for one in judged.readings},
        "fixes_heard": {one.parser: len(one.fixes) for one in judged.readings},
        "disagreements": [
            {
                "about": one.about,
                "moments": one.moments,
                "example": one.example,
                "right": judged.explained[one.about].right,
                "because": judged.explained[one.about].because,
            }
            for one in judged.differences
        ],
        "tracker": {
            "adds_weeks": judged.tracked.rolled_weeks,
            "withholds": judged.tracked.withheld,
            "because": judged.explained[TRACKER].because if judged.tracked.withheld else "",
        },
        "columns": COLUMNS,
    }


def text(judged: Judged) -> str:
    """The whole file."""
    head = json.dumps(value(judged), indent=2, ensure_ascii=False)
    fixes = ",\n".join(f"    {json.dumps(list(row))}" for row in judged.rows)
    return f'{head[:-2]},\n  "fixes": [\n{fixes}\n  ]\n}}\n'


def explanations(said: dict[str, Any]) -> dict[str, Explained]:
    """What a written file explains: given again when it is checked."""
    found = {one["about"]: Explained(one["right"], one["because"]) for one in said["disagreements"]}
    if said["tracker"]["withholds"]:
        found[TRACKER] = Explained(TRACKER, said["tracker"]["because"])
    return found


def load(path: Path) -> dict[str, Any]:
    """Read a written file."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found
