"""The firmware's sources as a linker leaves a program: constants in place, few names.

A name costs 11 bytes of a virtual board's heap, a constant 27, and the pool of names doubles: with
2,250 names it is 28 KB. So before `mpy-cross` compiles them, the sources are linked as one program:

- An integer constant of a module (`NEAR_M = 50`) stands where it is used, in other files too. Its
  definition and its imports go, unless somebody may still ask for it: a string that says its name,
  an attribute of something that is no module.
- Files that are always loaded become a few (units.py).
- Machine code is taken, not its twin; what nobody asks for by name goes (unused.py).
- What is seldom said lies in one text (texts.py).
- Names become `_0`, `_1`, ..., of which two may share one if no namespace has both (names.py).

Lines are neither added nor taken away; whose line a traceback names, and what its `in _12` was,
is in `parts` (`trygg traceback` reads it). Sources are not touched, and run as they are on all
interpreters. A class may not inherit from one of another file: two names could become one.
"""

from collections.abc import Mapping
from pathlib import Path

from trygg_tools.linker.constants import fold
from trygg_tools.linker.names import strip
from trygg_tools.linker.source import (
    LinkError,
    Part,
    Source,
    find_imports,
    refuse_inheritance,
    take_machine_code,
)
from trygg_tools.linker.texts import gather
from trygg_tools.linker.units import join, plan
from trygg_tools.linker.unused import drop_unused

__all__ = ["FINDS_FIRMWARE", "PUBLIC", "LinkError", "Part", "Source", "linked", "main_file", "read"]

MAIN, START = "main.py", "start.py"
GUARD = 'if __name__ == "__main__":'
CALLS_START = "import start\n\nstart.main()\n"
# boot.py of a flashed board: where main.py finds the firmware is what /slot names
# (trygg_tools/flash), else /rom as the chip mounts it. Apart, since main.py's code takes heap.
FINDS_FIRMWARE = """\
import sys
try:
    with open("/slot") as slot:
        at = slot.read().split()[0]
except (OSError, IndexError):
    at = ""
if at[:1] == "/":
    sys.path.insert(0, at)
elif at:
    import vfs
    try:
        vfs.umount("/rom")
    except OSError:
        sys.path.append("/rom")
    vfs.mount(vfs.VfsRom(memoryview(vfs.rom_ioctl(2, 0))[int(at) :]), "/rom")
"""
# loaded with all they import: always, and with a modem
ROOTS = (START, "tracker/app.py", "tracker/modem/wiring.py")
PUBLIC = ("tracker/", "trygg_wire/", START)  # esp32/ is called by names of the configuration


def linked(
    folder: Path,
    public: tuple[str, ...] = PUBLIC,
    more: Mapping[str, Source] | None = None,
    *,
    with_unused: bool = False,
) -> dict[str, Source]:
    """Every file of `folder` that goes into the ROM, linked; by the name it has there.

    `public`: the files whose public names may be renamed and whose public constants may go.
    `more`: files that are linked with them, as if they were there. `with_unused`: keep what only
    somebody else asks for.
    """
    sources = {**read(folder), **(more or {})}
    for source in sources.values():
        take_machine_code(source)
        find_imports(source, sources)
        refuse_inheritance(source)
    fold(sources, MAIN, public)
    gather(sources, public)
    for source in sources.values():
        find_imports(source, sources)
    if not with_unused:
        drop_unused(sources, public)
    units = plan(sources, MAIN, ROOTS)
    strip(sources, MAIN, public, units)
    sources.pop(MAIN, None)
    join(sources, units)
    return sources


def read(folder: Path) -> dict[str, Source]:
    """The files of a firmware by their names in the ROM.

    Those of esp32/, which is no package on a chip, lie at its top. A main.py that may be imported
    is start.py there: as a source its code would take heap.
    """
    sources = {}
    for path in sorted(folder.rglob("*.py")):
        file, text = path.relative_to(folder).as_posix(), path.read_text("utf-8")
        name = START if file == MAIN and GUARD in text else file
        if path.name != "__init__.py":
            name = name.removeprefix("esp32/")
        sources[name] = Source(name, text, file)
    return sources


def main_file(folder: Path) -> str:
    """The text of the main.py that stays a file, where the interpreter looks for it."""
    text = (folder / MAIN).read_text("utf-8")
    return CALLS_START if GUARD in text else text
