"""The firmware's sources as a linker leaves a program: constants in place, few names.

A name costs 11 bytes of a virtual board's heap, a constant 27, and the pool of names doubles: with
2,250 names it is 28 KB. So before `mpy-cross` compiles them, the sources are linked as one program:

- An integer constant of a module (`NEAR_M = 50`) stands where it is used, in other files too. Its
  definition and its imports go, unless somebody may still ask for it: a string that says its name,
  main.py, an attribute of something that is no module.
- Files that are always loaded become a few (units.py).
- Names become `_0`, `_1`, ..., of which two may share one if no namespace has both (names.py).

Lines are neither added nor taken away; whose line a traceback names, and what its `in _12` was,
is in `parts` (`trygg traceback` reads it). Sources are not touched, and run as they are on all
interpreters. A class may not inherit from one of another file: two names could become one.
"""

from collections.abc import Mapping
from pathlib import Path

from trygg_tools.linker.constants import fold
from trygg_tools.linker.names import strip
from trygg_tools.linker.source import LinkError, Part, Source, find_imports, refuse_inheritance
from trygg_tools.linker.units import join, plan

__all__ = ["MAIN", "PUBLIC", "LinkError", "Part", "Source", "linked", "read"]

MAIN = "main.py"  # stays a source file, as it is
ROOT = "tracker/app.py"  # what is always loaded is loaded for it
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
    units = plan(sources, MAIN, ROOT)
    strip(sources, MAIN, public, units)
    sources.pop(MAIN, None)
    join(sources, units)
    return sources


def read(folder: Path, within: str = "") -> dict[str, Source]:
    """The files of a folder by their names in it, with `within` before each."""
    names = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.py")))
    return {
        within + name: Source(within + name, (folder / name).read_text("utf-8")) for name in names
    }
