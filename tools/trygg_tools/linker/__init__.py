"""The firmware's sources as a linker leaves a program: constants in place, few names.

A name costs 11 bytes of a virtual board's heap, a constant 27, and the pool of names doubles: with
2,250 names it is 28 KB. So before `mpy-cross` compiles them, the sources are linked as one program:

- An integer constant of a module (`NEAR_M = 50`) stands where it is used, in other files too. Its
  definition and its imports go, unless somebody may still ask for it: a string that says its name,
  main.py, an attribute of something that is no module.
- Names become `_0`, `_1`, ..., of which two may share one if no namespace has both (names.py).

Lines stay where they are, so a traceback's file and line are right; what its `in _12` was is in
`names`. Sources are not touched, and run as they are on all three interpreters. A class may not
inherit from a class of another file: two of their names could have become one.
"""

from collections.abc import Mapping
from pathlib import Path

from trygg_tools.linker.constants import fold
from trygg_tools.linker.names import strip
from trygg_tools.linker.source import LinkError, Source, find_imports, refuse_inheritance

__all__ = ["MAIN", "PUBLIC", "LinkError", "Source", "linked", "read"]

MAIN = "main.py"  # stays a source file, as it is
PUBLIC = ("tracker/", "trygg_wire/")  # esp32/ is called by names of the configuration


def linked(
    folder: Path, public: tuple[str, ...] = PUBLIC, more: Mapping[str, Source] | None = None
) -> dict[str, Source]:
    """Every file of `folder` but main.py, linked; by its name within it.

    `public`: the files whose public names may be renamed and whose public constants may go.
    `more`: files that are linked with them, as if they were there.
    """
    sources = {**read(folder), **(more or {})}
    for source in sources.values():
        find_imports(source, sources)
        refuse_inheritance(source)
    fold(sources, MAIN, public)
    strip(sources, MAIN, public)
    sources.pop(MAIN, None)
    return sources


def read(folder: Path, within: str = "") -> dict[str, Source]:
    """The files of a folder by their names in it, with `within` before each."""
    names = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.py")))
    return {
        within + name: Source(within + name, (folder / name).read_text("utf-8")) for name in names
    }
