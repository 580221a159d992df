"""Functions and constants that nothing on a tracker asks for go: the gateway's, a test's."""

import ast
import collections
from collections.abc import Iterator

from trygg_tools.linker.names import said_in
from trygg_tools.linker.source import Source, apply, edit_of, words_of


def drop_unused(sources: dict[str, Source], public: tuple[str, ...]) -> None:
    """Drop from the files `public` what is said once there: where it is made.

    Unless somebody else may mean it: by importing it, in a string, or as an attribute.
    """
    asked = _asked(sources)
    for name, source in sources.items():
        if not name.startswith(public) or name.endswith("/__init__.py"):
            continue
        said = collections.Counter(said_in(source))
        unused = [
            node
            for node, word in _made(source)
            if said[word] == 1 and not asked & {("", word), (name, word)}
        ]
        apply(source, [edit_of(node, "pass") for node in unused])


def _asked(sources: dict[str, Source]) -> set[tuple[str, str]]:
    """(file, name) of what others ask a file for; ("", name) where nobody can tell whom."""
    asked: set[tuple[str, str]] = set()
    for source in sources.values():
        asked |= {("", word) for word in words_of(source)} | set(source.imported.values())
        for node in source.nodes:
            if isinstance(node, ast.Attribute):
                owner = node.value.id if isinstance(node.value, ast.Name) else ""
                asked.add((source.modules.get(owner, ""), node.attr))
    return asked


def _made(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    """The functions, methods and constants of a file with their names."""
    for node in source.nodes:
        for statement in node.body if isinstance(node, ast.Module | ast.ClassDef) else ():
            match statement:
                case ast.FunctionDef(name=name, decorator_list=[]) if name[:2] != "__":
                    yield statement, name
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant() | ast.Tuple()):
                    yield statement, name
