"""Drawings kept beside the text they are made from: NAME.yml and, by WireViz, NAME.svg.

    write(folder, {"esp32-bench": harness})

WireViz is called as a program, for it is GPL; it needs Debian's graphviz.
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from trygg_tools.board.harness import Harness

LONGEST_S = 60


class CannotDraw(RuntimeError):
    """WireViz or graphviz is not here, or does not take the text; the text says which."""


def write(folder: Path, harnesses: Mapping[str, Harness]) -> list[Path]:
    """Texts and drawings in `folder`, which is made if it is missing; CannotDraw, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [folder / f"{name}.yml" for name in harnesses]
    for path, harness in zip(texts, harnesses.values(), strict=True):
        path.write_text(harness.text(), "utf-8")
    return texts + draw(texts, folder)


def draw(texts: Sequence[Path], folder: Path) -> list[Path]:
    """The SVGs of harnesses' texts, in `folder`; CannotDraw."""
    command = [_program(), "-f", "s", "-o", str(folder), *map(str, texts)]
    try:
        done = subprocess.run(  # noqa: S603 (the program is ours to find, the files ours to write)
            command, capture_output=True, text=True, timeout=LONGEST_S, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise CannotDraw(f"{folder}: WireViz did not end in {LONGEST_S} s") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        raise CannotDraw(f"{folder}: WireViz could not draw: {said[-1]}")
    return [folder / f"{text.stem}.svg" for text in texts]


def _program() -> str:
    beside = Path(sys.executable).with_name("wireviz")
    found = str(beside) if beside.exists() else shutil.which("wireviz")
    if found is None:
        raise CannotDraw("wanted WireViz to draw with, found none: pip install wireviz==0.4.1")
    if shutil.which("dot") is None:
        raise CannotDraw("wanted graphviz's dot for WireViz, found none: apt install graphviz")
    return found
