"""Files that are always loaded together become one: a module costs 250 bytes before its first line.

From each root on all that is imported at the top of a file goes, dependencies first, into the first
unit that is not loaded before them, of at most UNIT_NAMES globals; a unit is called as its last
file is. Files stay what they are if they are imported within a function or a `try`, or not at all.
In a unit a global is every file's, so two may not mean different things by one.

A unit's lines are those of its files, one after the other; its `parts` say where each begins.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from trygg_tools.linker.names import staying
from trygg_tools.linker.source import (
    Edit,
    LinkError,
    Part,
    Source,
    apply,
    edit_of,
    file_of,
    find_imports,
    module_of,
    origin_of,
    top_of,
)

UNIT_NAMES = 160
Meaning = tuple[str, str]  # a file or a module, and a name in it


def plan(sources: dict[str, Source], main: str, roots: tuple[str, ...]) -> list[list[str]]:
    """The files of each unit, in the order in which they are loaded."""
    alone = _alone(sources, main, roots)
    stay = staying(sources)
    units: list[_Unit] = []
    homes: dict[str, int] = {}
    done: list[str] = []
    for root in roots:
        first, before = len(units), len(done)
        for name in _in_order(root, sources, done)[before:] if root in sources else ():
            needs = [homes[other] for other in _in_order(name, sources, []) if other in homes]
            if name not in alone:
                its = globals_of(sources[name], sources)
                free = {word for word in its if word[0] == "_"} - stay  # to be renamed
                homes[name] = _place(name, its, free, units, max([first, *needs]))
    return [unit.files for unit in units]


@dataclass
class _Unit:
    files: list[str] = field(default_factory=list)
    meanings: dict[str, Meaning] = field(default_factory=dict)  # of names that have to stay
    globals: set[Meaning] = field(default_factory=set)


def _place(
    name: str, its: dict[str, Meaning], free: set[str], units: list[_Unit], least: int
) -> int:
    """Put a file into the first unit from the `least` on where it fits; which one that was."""
    stay = {word: meaning for word, meaning in its.items() if word not in free}
    for number in range(least, len(units) + 1):
        if number == len(units):
            units.append(_Unit())
        unit = units[number]
        agrees = all(unit.meanings.get(word, meaning) == meaning for word, meaning in stay.items())
        size = len(unit.globals.union(its.values()))
        if not unit.files or (agrees and size <= UNIT_NAMES):
            break
    unit.files.append(name)
    unit.meanings.update(stay)
    unit.globals.update(its.values())
    return number


def _alone(sources: dict[str, Source], main: str, roots: tuple[str, ...]) -> set[str]:
    """What main.py imports, if that is not linked, with all that is imported for it; what is
    imported in a `try`."""
    alone: set[str] = {main}
    for node in sources[main].nodes if main in sources else ():
        for name in _files(node, sources):
            if name not in roots:
                alone.update(_in_order(name, sources, []))
    for source in sources.values():
        for statement in source.tree.body:
            if isinstance(statement, ast.Try):
                alone.update(name for node in ast.walk(statement) for name in _files(node, sources))
    return alone


def _in_order(name: str, sources: dict[str, Source], found: list[str]) -> list[str]:
    """The file and all that it imports at its top, what is imported first."""
    for statement in sources[name].tree.body:
        # of a `try` what is wanted, not what is taken in its stead
        for node in statement.body if isinstance(statement, ast.Try) else (statement,):
            for other in _files(node, sources):
                if other not in found and other != name:
                    _in_order(other, sources, found)
    if name not in found:
        found.append(name)
    return found


def _files(node: ast.AST, sources: dict[str, Source]) -> Iterator[str]:
    """The files of ours that an import statement loads, but for packages."""
    if isinstance(node, ast.ImportFrom) and node.module:
        for alias in node.names:
            for name in (file_of(f"{node.module}.{alias.name}"), file_of(node.module)):
                if name in sources:
                    yield name


def globals_of(source: Source, sources: dict[str, Source]) -> dict[str, Meaning]:
    """The names at the top of a file, and what each means."""
    found: dict[str, Meaning] = {}
    for node in top_of(source.tree.body):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = (source.name, node.name)
        elif isinstance(node, ast.Import):
            found.update({alias.asname or alias.name: (alias.name, "") for alias in node.names})
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name] = (node.module or "", alias.name)
        else:
            names = (one for one in ast.walk(node) if isinstance(one, ast.Name))
            found.update({
                one.id: (source.name, one.id) for one in names if isinstance(one.ctx, ast.Store)
            })  # fmt: skip
    for here in found.keys() & source.imported.keys():
        found[here] = origin_of(source.imported[here], sources)
    return found


def join(sources: dict[str, Source], units: list[list[str]]) -> None:
    """Make each unit one file, called as its last, and let every import find it."""
    homes = {name: unit[-1] for unit in units for name in unit}
    for source in sources.values():
        find_imports(source, sources)
    for unit in units:
        _refuse_two_meanings([sources[name] for name in unit], sources)
    for name, source in sources.items():
        nodes = (one for one in source.nodes if isinstance(one, ast.ImportFrom))
        apply(source, [edit for one in nodes for edit in _redirected(one, name, homes, sources)])
    for source in sources.values():
        source.parts = [Part(0, source.file, source.names)]
    for unit in units:
        _append([sources[name] for name in unit])
        for name in unit[:-1]:
            del sources[name]


def _append(files: list[Source]) -> None:
    """Make the last of the files the whole of them."""
    texts, parts, before = [], [], 0
    for source in files:
        text = source.text if source.text.endswith("\n") else source.text + "\n"
        texts.append(text)
        parts.append(Part(before, source.file, source.names))
        before += text.count("\n")
    joined = files[-1]
    joined.change("".join(texts))
    joined.parts = parts


def _refuse_two_meanings(files: list[Source], sources: dict[str, Source]) -> None:
    meanings: dict[str, Meaning] = {}
    for source in files:
        for word, meaning in globals_of(source, sources).items():
            if meanings.setdefault(word, meaning) != meaning:
                raise LinkError(f"{source.name}: {word} is {meaning} and {meanings[word]}")


def _redirected(
    node: ast.ImportFrom, name: str, homes: dict[str, str], sources: dict[str, Source]
) -> Iterator[Edit]:
    """The import with every file's unit in its place; nothing of what is in the same unit."""
    said = []
    for alias in node.names:
        here = f" as {alias.asname}" if alias.asname else ""
        whole, part = file_of(f"{node.module}.{alias.name}"), file_of(node.module or "")
        if whole in homes:
            folder, _, stem = module_of(homes[whole]).rpartition(".")
            said.append(
                f"{f'from {folder} ' * bool(folder)}import {stem} as {alias.asname or alias.name}"
            )
        elif part not in homes:
            said.append(f"from {node.module} import {alias.name}{here}")
        elif homes[part] != homes.get(name):
            said.append(f"from {module_of(homes[part])} import {alias.name}{here}")
        elif alias.asname:
            said.append(f"{alias.asname} = {alias.name}")
    known = [file_of(f"{node.module}.{alias.name}") in homes for alias in node.names]
    if any(known) or file_of(node.module or "") in homes:
        yield edit_of(node, "; ".join(said) or "pass")
