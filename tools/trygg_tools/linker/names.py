"""Names that only their file can see become `_0`, `_1`, ..., in every file the same few."""

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
from collections.abc import Collection, Iterator

from trygg_tools.linker.source import Edit, Source, apply, words_of

FOREIGN = {
    name
    for thing in (
        *(builtins, struct, json, collections, hashlib, binascii, array, sys, io.BytesIO),
        *(str, bytes, bytearray, memoryview, list, tuple, dict, set, int, OSError),
        *(array.array, hashlib.sha256()),
    )
    for name in dir(thing)
}


def strip(
    sources: dict[str, Source], main: str, public: tuple[str, ...], asked: Collection[str]
) -> None:
    """Rename in each file but `main` what only it can see; public names in `public` folders."""
    said = {name: set(_names(source)) for name, source in sources.items()}
    defined = {name: set(_defined(source.tree)) for name, source in sources.items()}
    files = collections.Counter(word for words in said.values() for word in words)
    homes = collections.Counter(word for words in defined.values() for word in words)
    fixed = FOREIGN | set(keyword.kwlist) | said.get(main, set()) | set(asked)
    for source in sources.values():
        fixed |= words_of(source.tree) | set(_said_to_others(source.tree))

    def is_hidden(word: str, name: str) -> bool:
        if word.startswith("_"):  # in other files it is another thing
            return homes[word] == files[word]
        return files[word] == 1 and name.startswith(public)

    for name, source in sources.items():
        if name != main:
            mine = defined[name] - fixed - {"_", "self"}
            _rename(source, {word for word in mine if word[:2] != "__" and is_hidden(word, name)})


def _names(source: Source) -> Iterator[str]:
    return (token.string for token in _tokens(source.text) if token.type == tokenize.NAME)


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(io.StringIO(text).readline)


def _defined(tree: ast.Module) -> Iterator[str]:
    """What a file gives a name: functions, classes, arguments, globals, attributes of self."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield from (node.attr,) * (ast.unparse(node.value) == "self")
        if isinstance(node, ast.Module | ast.ClassDef):
            for statement in node.body:
                targets = statement.targets if isinstance(statement, ast.Assign) else ()
                for target in targets:
                    yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))


def _said_to_others(tree: ast.Module) -> Iterator[str]:
    """The names of keyword arguments and of what is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.alias):
            yield from node.name.split(".")
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from node.module.split(".")


def _rename(source: Source, mine: set[str]) -> None:
    short: dict[str, str] = {}
    edits: list[Edit] = []
    lines = source.text.split("\n")
    for token in _tokens(source.text):
        if token.type == tokenize.NAME and token.string in mine:
            new = short.setdefault(token.string, f"_{len(short)}")
            line, column = token.start
            start = len(lines[line - 1][:column].encode())
            edits.append((line, start, line, start + len(token.string.encode()), new))
    source.names = {new: old for old, new in short.items()}
    apply(source, edits)
