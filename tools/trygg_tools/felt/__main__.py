"""`python -m trygg_tools.felt docs/patterns`: every picture of a pattern, made again."""

from __future__ import annotations

import sys
from pathlib import Path

from trygg_tools.felt.meaning import MEANINGS
from trygg_tools.felt.picture import of_pattern, of_story
from trygg_tools.felt.played import NAMES, call, pattern

PATTERN_S, STORY_S = 2, 9
CALL = [(500, 2800)]
TAKEN_BACK = [(500, 2800), (4600, 5000)]


def pictures() -> dict[str, str]:
    """Each file's name and its SVG: one a pattern, and the button's two stories."""
    made = {
        f"{name}.svg": of_pattern(name, MEANINGS[name], pattern(name), PATTERN_S) for name in NAMES
    }
    for name, meaning, presses in (
        ("a call for help", "held two seconds, five ticks, and the call is sent", CALL),
        ("a call taken back", "a short press between two ticks: one long pulse", TAKEN_BACK),
    ):
        story = of_story(name, meaning, call(presses, STORY_S * 1000), STORY_S)
        made[f"{name.replace(' ', '_')}.svg"] = story
    return made


def main(folder: Path) -> None:
    """Write them; what else lies there is taken away."""
    made = pictures()
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.svg"):
        if path.name not in made:
            path.unlink()
    for name, svg in made.items():
        (folder / name).write_text(svg, "utf-8")
    print(f"{folder}: {len(made)} pictures")


if __name__ == "__main__":
    main(Path(*sys.argv[1:2] or ["docs/patterns"]))
