"""The firmware's sources as a linker leaves a program: constants in place, private names stripped.

A name costs 11 bytes of a virtual board's heap, a constant 27, and the pool of names doubles: with
2,250 names it is 28 KB. So before `mpy-cross` compiles them, the sources are linked as one program:

- An integer constant of a module (`NEAR_M = 50`) stands where it is used, in other files too. Its
  definition and its imports go, unless somebody may still ask for it: a string that says its name,
  main.py, an attribute of something that is no module.
- A name that only its file can see becomes `_0`, `_1`, ..., in every file the same few. It is what
  starts with an underscore, and in tracker/ and trygg_wire/ what no other file, no string and no
  keyword argument says.

Lines stay where they are, so a traceback's file and line are right; what its `in _12` was is in
`names`. Sources are not touched, and run as they are on all three interpreters. A class may not
inherit from a class of another file: their stripped names would be one another's.
"""

from collections.abc import Collection
from pathlib import Path

from trygg_tools.linker.constants import fold
from trygg_tools.linker.names import strip
from trygg_tools.linker.source import LinkError, Source, find_imports, refuse_inheritance

__all__ = ["MAIN", "LinkError", "Source", "linked"]

MAIN = "main.py"  # stays a source file, as it is
STRIPPED = ("tracker/", "trygg_wire/")  # esp32/ is called by names of the configuration


def linked(firmware: Path, asked: Collection[str] = ()) -> dict[str, Source]:
    """Every file of the firmware but main.py, linked; by its name within `firmware`.

    Somebody outside may ask for the names in `asked`: they stay.
    """
    sources = {
        path.relative_to(firmware).as_posix(): Source(
            path.relative_to(firmware).as_posix(), path.read_text("utf-8")
        )
        for path in sorted(firmware.rglob("*.py"))
    }
    for source in sources.values():
        find_imports(source, sources)
        refuse_inheritance(source)
    fold(sources, MAIN, asked)
    strip(sources, MAIN, STRIPPED, asked)
    sources.pop(MAIN, None)
    return sources
