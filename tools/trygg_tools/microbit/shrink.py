"""The least source of some functions: what they need, without prose, numbers in place of names.

A board of 9 KB compiles from source in its heap, so each function goes to it alone and as short as
it can be. Only names and prose are changed: what is compiled is the firmware's own code.
"""

import ast
import inspect
import sys
import textwrap
from array import array
from collections.abc import Iterator, Sequence
from types import FunctionType, ModuleType
from typing import Any

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class _Shorter(ast.NodeTransformer):
    """Puts integers in place of the names of constants, drops docstrings and annotations; `needs`
    are the other global names that are left."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names
        self.needs: list[str] = []

    def visit_Name(self, node: ast.Name) -> ast.AST:
        value = self._names.get(node.id)
        if type(value) is int and isinstance(node.ctx, ast.Load):
            return ast.copy_location(ast.Constant(value), node)
        if node.id in self._names and node.id not in self.needs:
            self.needs.append(node.id)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        self.generic_visit(node)
        self._rename(node)
        return node

    def _rename(self, node: ast.FunctionDef) -> None:
        """Local names of a letter or two: each new word takes heap on the board."""
        inside = list(ast.walk(node))
        local = [one.arg for one in inside if isinstance(one, ast.arg)]
        local += [
            one.id for one in inside if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
        ]
        short = {
            name: f"{_LETTERS[at % 26]}{at // 26 or ''}"
            for at, name in enumerate(dict.fromkeys(local))
        }
        for one in inside:
            if isinstance(one, ast.arg):
                one.arg = short[one.arg]
            elif isinstance(one, ast.Name):
                one.id = short.get(one.id, one.id)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        self.generic_visit(node)
        return node


def _compact(tree: ast.AST) -> str:
    """Source with one blank for each step of indentation."""
    lines = ast.unparse(tree).split("\n")
    return "\n".join(
        " " * ((len(line) - len(line.lstrip())) // 4) + line.lstrip() for line in lines
    )


def _parts(value: Any, names: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The sources that define a function, or a class method by method; the names they need."""
    shorter = _Shorter(names)
    tree = shorter.visit(ast.parse(textwrap.dedent(inspect.getsource(value)))).body[0]
    if not isinstance(tree, ast.ClassDef):
        return [_compact(tree)], shorter.needs
    sources = [f"class {tree.name}:pass"]
    for method in tree.body:
        assert isinstance(method, ast.FunctionDef)
        kept = f"property({method.name})" if method.decorator_list else method.name
        method.decorator_list = []
        sources.append(f"{_compact(method)}\n{tree.name}.{method.name}={kept}\ndel {method.name}")
    return sources, shorter.needs


def _sources(name: str, value: Any) -> tuple[list[str], list[tuple[dict[str, Any], str]]]:
    """The sources that define `name`, and the (namespace, name) that it needs before."""
    if isinstance(value, FunctionType) or (inspect.isclass(value) and not _is_named_tuple(value)):
        if value is array:
            return [f"from array import array as {name}"], []
        module = value if isinstance(value, FunctionType) else sys.modules[value.__module__]
        names = module.__globals__ if isinstance(module, FunctionType) else vars(module)
        sources, needs = _parts(value, names)
        return sources, [(names, need) for need in needs if need != name]
    if _is_named_tuple(value):
        source = (
            f"from collections import namedtuple\n{name}=namedtuple({name!r},{value._fields!r})"
        )
    elif isinstance(value, array):
        empty = repr(list(value)) if any(value) else f"(0 for _ in range({len(value)}))"
        source = f"from array import array\n{name}=array({value.typecode!r},{empty})"
    elif inspect.isbuiltin(value):
        source = f"from {value.__module__.lstrip('_')} import {value.__name__} as {name}"
    else:
        source = f"{name}={value!r}"
    return [source], []


def _is_named_tuple(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, tuple) and hasattr(value, "_fields")


def chunks(
    module: ModuleType, wanted: Sequence[str], without: Sequence[str] = ()
) -> list[tuple[str, str]]:
    """(name, source) of the functions and classes `wanted` of a module and all that they need but
    what is named in `without`: the classes' names first, then the longest first, while the heap has
    room for compiling it."""
    sent: set[str] = set(without)

    def send(names: dict[str, Any], name: str) -> Iterator[tuple[str, str]]:
        if name in sent:
            return
        sent.add(name)
        sources, needs = _sources(name, names[name])
        for inner in needs:
            yield from send(*inner)
        for source in sources:
            yield name, source

    found = [chunk for name in wanted for chunk in send(vars(module), name)]
    return sorted(found, key=lambda chunk: (not chunk[1].startswith("class "), -len(chunk[1])))
