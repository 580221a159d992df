"""Integer constants of modules stand where they are used; who is not asked for by name goes."""

import ast
import collections
import operator
import re
from collections.abc import Callable, Iterator

from trygg_tools.linker.source import Edit, Source, apply, edit_of, words_of

SMALL = 1 << 30  # integers from here on are objects of the chip's heap
CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")
OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
}


def fold(sources: dict[str, Source], main: str, public: tuple[str, ...]) -> None:
    """Find the constants, put their numbers where they are used, drop what nobody asks for.

    Public ones are dropped only in the files `public`.
    """
    bound = {name: collections.Counter(_bound(source)) for name, source in sources.items()}
    while sum(_learn(source, sources, bound[name]) for name, source in sources.items()):
        pass
    asked = _asked_by_name(sources, main)
    for name, source in sources.items():
        if name != main:
            stay = set() if name.startswith(public) else set(filter(_is_public, source.constants))
            apply(source, list(_fold_edits(source, sources, asked | stay)))


def _is_public(name: str) -> bool:
    return not name.startswith("_")


def _learn(source: Source, sources: dict[str, Source], bound: collections.Counter[str]) -> int:
    """How many more constants of the file have become known."""
    before = len(source.constants)
    for statement in source.tree.body:
        for target, value in _pairs(statement):
            number = _number(value, source, sources)
            if (
                bound[target] == 1
                and CONSTANT.fullmatch(target)
                and number is not None
                and abs(number) < SMALL
            ):
                source.constants[target] = number
    return len(source.constants) - before


def _bound(source: Source) -> Iterator[str]:
    """Every name as often as something is bound to it."""
    for node in source.nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield node.asname or node.name
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names


def _pairs(statement: ast.stmt) -> list[tuple[str, ast.expr]]:
    """(name, value) of `A = 1` and of `A, B = 1, 2`; nothing of any other statement."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return []
    target, value = statement.targets[0], statement.value
    if isinstance(target, ast.Name):
        return [(target.id, value)]
    if not isinstance(target, ast.Tuple):
        return []
    names = [one.id for one in target.elts if isinstance(one, ast.Name)]
    values: list[ast.expr] = value.elts if isinstance(value, ast.Tuple) else _counted(value)
    return list(zip(names, values, strict=True)) if len(names) == len(values) else []


def _counted(value: ast.expr) -> list[ast.expr]:
    """The numbers of `range(n)`."""
    match value:
        case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(end))], keywords=[]):
            return [ast.Constant(number) for number in range(end)]
    return []


def _number(value: ast.expr, source: Source, sources: dict[str, Source]) -> int | None:
    """What an expression of integers and known constants gives; None for any other."""
    match value:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int(number)):
            return number
        case ast.Call(func=ast.Name(id="const"), args=[inner], keywords=[]):
            return _number(inner, source, sources)
        case ast.Name(id=name):
            return _constant(name, source, sources)
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module in source.modules:
            return _constant(name, sources[source.modules[module]], sources)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            a = _number(operand, source, sources)
            return None if a is None else -a
        case ast.BinOp(left=left, op=how, right=right) if type(how) in OPERATORS:
            a, b = _number(left, source, sources), _number(right, source, sources)
            return None if a is None or b is None else OPERATORS[type(how)](a, b)
    return None


def _constant(name: str, source: Source, sources: dict[str, Source]) -> int | None:
    """The constant that is called `name` in a file, where it is defined or imported."""
    if name in source.imported:
        file, there = source.imported[name]
        return _constant(there, sources[file], sources)
    return source.constants.get(name)


def _asked_by_name(sources: dict[str, Source], main: str) -> set[str]:
    """The names that something asks for where linking cannot see whose they are."""
    asked = set()
    for source in sources.values():
        asked |= words_of(source)
        for node in source.nodes:
            if isinstance(node, ast.Attribute):
                owner = node.value.id if isinstance(node.value, ast.Name) else ""
                if source.name == main or owner not in source.modules:
                    asked.add(node.attr)
            elif source.name == main and isinstance(node, ast.ImportFrom):
                asked |= {alias.name for alias in node.names}
    return asked


def _fold_edits(source: Source, sources: dict[str, Source], asked: set[str]) -> Iterator[Edit]:
    used: set[str] = set()
    for node in source.nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            used.add(node.id)
            number = _number(node, source, sources)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            number = _number(node, source, sources)
        else:
            continue
        if number is not None:
            yield edit_of(node, str(number) if number >= 0 else f"({number})")
    needed = used & set(source.modules) - _only_for_constants(source, sources)
    for node in source.nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from _import_edit(node, source, sources, needed | asked)
    for statement in source.tree.body:
        pairs = _pairs(statement)
        if pairs and all(name in source.constants for name, _ in pairs):
            stay = [f"{name} = {source.constants[name]}" for name, _ in pairs if name in asked]
            yield edit_of(statement, "; ".join(stay) or "pass")


def _only_for_constants(source: Source, sources: dict[str, Source]) -> set[str]:
    """The imported modules of which the file uses nothing but constants."""
    folded = {
        id(node.value)
        for node in source.nodes
        if isinstance(node, ast.Attribute) and _number(node, source, sources) is not None
    }
    names = (node for node in source.nodes if isinstance(node, ast.Name))
    return set(source.modules) - {name.id for name in names if id(name) not in folded}


def _import_edit(
    node: ast.Import | ast.ImportFrom,
    source: Source,
    sources: dict[str, Source],
    needed: set[str],
) -> Iterator[Edit]:
    """The import without constants and without modules that were imported for those alone."""

    def is_for_constants(alias: ast.alias) -> bool:
        here = alias.asname or alias.name
        if here in source.modules:
            return here not in needed
        known = here in source.imported and _number(ast.Name(here), source, sources) is not None
        return known and here not in needed

    kept = [alias for alias in node.names if not is_for_constants(alias)]
    if len(kept) < len(node.names):
        node.names = kept
        yield edit_of(node, ast.unparse(node) if kept else "pass")
