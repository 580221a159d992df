"""One file of the firmware while it is linked: its text, its tree, what it imports, edits of it."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

WORD = re.compile(r"[A-Za-z_]\w*")
Edit = tuple[int, int, int, int, str]  # from line and column to line and column, the new text


SELDOM_SAID = "texts.py"  # nothing in it names anything (texts.py)


class LinkError(Exception):
    """A source does something that linking would break; the text says where and what."""


@dataclass
class Part:
    """A file within a unit: the unit's line before its first, and what its new names were."""

    before: int
    name: str
    names: dict[str, str]


@dataclass
class Source:
    """One file: its text, and what was learned of it."""

    name: str
    text: str
    file: str = ""  # where it was read from
    tree: ast.Module = field(init=False)
    nodes: list[ast.AST] = field(init=False)  # all of the tree
    constants: dict[str, int] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)  # the name here: its file
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)  # here: file, name there
    names: dict[str, str] = field(default_factory=dict)  # new: as it was
    parts: list["Part"] = field(default_factory=list)  # the files it is made of

    def __post_init__(self) -> None:
        self.change(self.text)

    def change(self, text: str) -> None:
        """Make `text` the file's."""
        self.text = text
        try:
            self.tree = ast.parse(text)
        except SyntaxError as error:
            raise LinkError(f"{self.name}:{error.lineno}: {error.msg}") from error
        self.nodes = list(ast.walk(self.tree))


def file_of(module: str) -> str:
    """The file of a module: of tracker.app it is tracker/app.py."""
    return module.replace(".", "/") + ".py"


def module_of(file: str) -> str:
    """The module in a file."""
    return file.removesuffix(".py").replace("/", ".")


def find_imports(source: Source, sources: dict[str, Source]) -> None:
    """Learn which names of the file are modules, or come from which file."""
    source.modules, source.imported = {}, {}
    modules: dict[str, set[str]] = {}
    for node in source.nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                modules.setdefault(alias.asname or alias.name, set()).add(f"{alias.name}.py")
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        folder = node.module.replace(".", "/")
        for alias in node.names:
            here = alias.asname or alias.name
            if f"{folder}/{alias.name}.py" in sources:
                modules.setdefault(here, set()).add(f"{folder}/{alias.name}.py")
            elif f"{folder}.py" in sources:
                source.imported[here] = (f"{folder}.py", alias.name)
    for here, files in modules.items():
        if len(files) == 1 and files <= set(sources):  # else it is now one, now another
            source.modules[here] = files.pop()


def take_machine_code(source: Source) -> None:
    """Import what a `try` at the top wants, not what it takes where machine code does not run.

    All that firmware is linked for has it; an import that fails is a crash, as it should be.
    """
    edits = []
    for statement in source.tree.body:
        match statement:
            case ast.Try(body=[ast.ImportFrom(module=str(name)) as wanted]) if "_fast" in name:
                edits.append(edit_of(statement, ast.unparse(wanted)))
    apply(source, edits)


def refuse_inheritance(source: Source) -> None:
    for node in source.nodes:
        if not isinstance(node, ast.ClassDef):
            continue
        for told in map(ast.unparse, node.bases):
            if told in source.imported or told.split(".")[0] in source.modules:
                raise LinkError(
                    f"{source.name}:{node.lineno}: class {node.name} inherits from {told} of "
                    "another file; names of the two could become one"
                )


def origin_of(imported: tuple[str, str], sources: dict[str, Source]) -> tuple[str, str]:
    """The file in which an imported name is made, and its name there."""
    file, name = imported
    further = sources[file].imported.get(name)
    return origin_of(further, sources) if further else imported


def top_of(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that are run when a file is loaded, those within `if` and `try`, too."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.Try):
            yield from top_of(statement.body)
            yield from top_of([inner for handler in statement.handlers for inner in handler.body])
        elif isinstance(statement, ast.If):
            yield from top_of(statement.body + statement.orelse)


def words_of(source: Source) -> set[str]:
    """The words of all strings but docstrings."""
    docstrings = {
        id(node.body[0].value)
        for node in source.nodes
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    words: set[str] = set()
    if source.name == SELDOM_SAID:
        return words
    for node in source.nodes:
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            if isinstance(node.value, str):
                words.update(WORD.findall(node.value))
            elif isinstance(node.value, bytes):
                words.update(WORD.findall(node.value.decode("latin-1")))
    return words


def edit_of(node: ast.expr | ast.stmt, text: str) -> Edit:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, text)


def apply(source: Source, edits: list[Edit]) -> None:
    """Make the edits; every line keeps its number. One within another is not made."""
    if not edits:
        return
    lines = [line.encode() for line in source.text.split("\n")]
    end: tuple[int, int] = (len(lines) + 1, 0)
    outer: list[Edit] = []
    for edit in sorted(edits, key=lambda one: (one[0], one[1], -one[2], -one[3])):
        if outer and (edit[0], edit[1]) < (outer[-1][2], outer[-1][3]):
            continue
        outer.append(edit)
    for first, column, last, end_column, text in reversed(outer):
        assert (last, end_column) <= end
        tail = lines[last - 1][end_column:]
        lines[first - 1] = lines[first - 1][:column] + text.encode()
        if last > first:
            lines[first:last] = [b""] * (last - first)
        lines[first - 1] += tail
        end = (first, column)
    source.change(b"\n".join(lines).decode())
