"""Names become `_0`, `_1`, ...; two share one where no namespace and no file's text has both.

A name is renamed that the linked files alone say: in no string, no keyword argument, no import of a
module, nothing built in, not in main.py or esp32/. A private name is another one in every file. A
public one is the same everywhere, and must be given (by def, class, a global, an attribute of self)
by one file alone: what two classes both have may be a shape that either of them fits.

Which share: objects of one file's classes, its globals and its functions' variables are taken for
one namespace, with all that the file says other than as somebody's attribute. Names are coloured so
that in no such namespace two have the same colour.
"""

import array
import ast
import binascii
import builtins
import collections
import hashlib
import io
import json
import keyword
import struct
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

from trygg_tools.linker.source import Edit, Source, apply, top_of, words_of

FOREIGN = {
    name
    for thing in (
        *(builtins, struct, json, collections, hashlib, binascii, array, sys, io.BytesIO),
        *(str, bytes, bytearray, memoryview, list, tuple, dict, set, int, OSError),
        *(array.array, hashlib.sha256()),
    )
    for name in dir(thing)
}


@dataclass(frozen=True)
class _Said:
    """What one file says: all its names; by how it uses them; and those it gives."""

    all: frozenset[str]
    attributes: frozenset[str]
    arguments: frozenset[str]
    bare: frozenset[str]
    given: frozenset[str]
    top: frozenset[str]  # globals


def strip(
    sources: dict[str, Source], main: str, public: tuple[str, ...], units: list[list[str]]
) -> None:
    """Rename in each file but `main`; public names only if files in `public` alone say them.

    The globals of all files of a unit keep different names.
    """
    said = {name: _said(source) for name, source in sources.items()}
    fixed = FOREIGN | set(keyword.kwlist) | {"_", "self", "main"}
    for name, source in sources.items():
        fixed |= words_of(source) | set(_said_to_others(source))
        if name == main:
            fixed |= said[main].all
        elif not name.startswith(public):
            fixed |= {word for word in said[name].all if not word.startswith("_")}
    spaces = {name: f"unit {number}" for number, unit in enumerate(units) for name in unit}
    colours = _coloured({name: one for name, one in said.items() if name != main}, fixed, spaces)
    for name, its in colours.items():
        source = sources[name]
        source.names = {colour: word for word, colour in its.items() if word in said[name].given}
        _rename(source, its)


def staying(sources: dict[str, Source]) -> set[str]:
    """The private names that keep their name, since somebody else says them, too."""
    found: set[str] = set()
    for source in sources.values():
        said = _said(source)
        found |= said.all - said.bare | words_of(source) | set(_said_to_others(source))
    return {word for word in found if word.startswith("_")}


def _said(source: Source) -> _Said:
    names = said_in(source)
    attributes, arguments, bare, top = set(), set(), set(), set()
    for node in source.nodes:
        if isinstance(node, ast.Attribute):
            attributes.add(node.attr)
        elif isinstance(node, ast.arg):
            arguments.add(node.arg)
        elif isinstance(node, ast.Name):
            bare.add(node.id)
        elif isinstance(node, ast.alias):
            bare |= {node.name, node.asname or node.name}
            top.add(node.asname or node.name)
    given = frozenset(_given(source))
    bare |= arguments | given
    for statement in top_of(source.tree.body):
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            top.add(statement.name)
        else:
            top |= {one.id for one in ast.walk(statement) if isinstance(one, ast.Name)}
    sets = (names, attributes, arguments, bare, given, top)
    return _Said(*(frozenset(one) for one in sets))


def _given(source: Source) -> Iterator[str]:
    """What a file gives a name: functions, classes, globals, attributes of self."""
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield from (node.attr,) * (isinstance(node.value, ast.Name) and node.value.id == "self")
        if isinstance(node, ast.Module | ast.ClassDef):
            for statement in node.body:
                targets = statement.targets if isinstance(statement, ast.Assign) else ()
                for target in targets:
                    yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))


def _said_to_others(source: Source) -> Iterator[str]:
    """The names of keyword arguments, of modules, of what comes from elsewhere or is private."""
    for node in source.nodes:
        if isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.Import):
            yield from (part for alias in node.names for part in alias.name.split("."))
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from node.module.split(".")
            ours = {there for _, there in source.imported.values()}
            for alias in node.names:
                if alias.name not in ours or alias.name.startswith("_"):
                    yield alias.name


def _coloured(
    said: dict[str, _Said], fixed: set[str], spaces: dict[str, str]
) -> dict[str, dict[str, str]]:
    """For every file the new names of its names; `spaces`: whose globals are one namespace."""
    files: dict[str, list[str]] = {}
    for name, one in said.items():
        for word in one.all - fixed:
            files.setdefault(word, []).append(name)
    things = [thing for word, where in files.items() for thing in _things(word, where, said)]
    taken: dict[str, set[int]] = {name: set() for name in (*said, *spaces.values())}
    new: dict[str, dict[str, str]] = {name: {} for name in said}
    for word, where in sorted(things, key=lambda thing: (-len(thing[1]), thing)):
        meets = [name for name in where if word in said[name].bare]
        tops = (spaces[name] for name in where if name in spaces and word in said[name].top)
        meets += {*tops}
        met = set().union(*(taken[name] for name in meets))
        colour = next(number for number in range(len(met) + 1) if number not in met)
        for name in meets:
            taken[name].add(colour)
        for name in where:
            new[name][word] = f"_{colour}"
    return new


def _things(word: str, where: list[str], said: dict[str, _Said]) -> list[tuple[str, list[str]]]:
    """A word with the files that mean the same by it; nothing for one that has to stay."""
    givers = [name for name in where if word in said[name].given]
    if word.startswith("__"):
        return []
    if word.startswith("_"):
        bare = all(word in said[name].bare for name in where)
        return [(word, [name]) for name in where] if bare else []
    if len(givers) == 1:
        return [(word, where)]
    is_argument = any(word in said[name].arguments for name in where)
    is_attribute = any(word in said[name].attributes for name in where)
    return [(word, where)] if is_argument and not is_attribute and not givers else []


def said_in(source: Source) -> list[str]:
    """Every name that the file says, as often as it does."""
    return [token.string for token in _tokens(source.text) if token.type == tokenize.NAME]


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(io.StringIO(text).readline)


def _rename(source: Source, new: dict[str, str]) -> None:
    edits: list[Edit] = []
    lines = source.text.split("\n")
    for token in _tokens(source.text):
        if token.type == tokenize.NAME and token.string in new:
            line, column = token.start
            start = len(lines[line - 1][:column].encode())
            end = start + len(token.string.encode())
            edits.append((line, start, line, end, new[token.string]))
    apply(source, edits)
