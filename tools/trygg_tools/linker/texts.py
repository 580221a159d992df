"""What is only said when something is wrong, or to a person, lies in flash until it is said.

A string of more than 10 characters is an object of 40 bytes of heap from the start on. Those in a
`raise`, in what an exception of ours is made with and in a line of the log become slices of one
text: `log.info("restart, as ordered")` is `log.info(text_at(210, 229))`.
"""

import ast
from collections.abc import Iterator

from trygg_tools.linker.source import SELDOM_SAID, LinkError, Source, apply, edit_of

SAYS = {"info", "warning", "error", "_complain", "WireError", "PacketError"}
SHORT = 10  # what the compiler makes a name, which costs 11 bytes
HOME_TEXT = '''"""What is seldom said."""

_TEXTS = %r


def text_at(at, end):
    """The text between two places."""
    return _TEXTS[at:end].decode()
'''


def gather(sources: dict[str, Source], public: tuple[str, ...]) -> None:
    """Put the texts of the files `public` into one, which is a new source."""
    texts = bytearray()
    for name, source in sources.items():
        if not name.startswith(public):
            continue
        edits = []
        for node, text in _seldom(source.tree, False):
            at = _place(text.encode(), texts)
            edits.append(edit_of(node, f"text_at({at}, {at + len(text.encode())})"))
        first = source.tree.body[0] if source.tree.body else None
        if edits and isinstance(first, ast.Expr):  # the docstring, which no interpreter keeps
            if any(isinstance(node, ast.Name) and node.id == "text_at" for node in source.nodes):
                raise LinkError(f"{name}: text_at is the linker's name")
            apply(source, [edit_of(first, "from texts import text_at"), *edits])
    if texts:
        sources[SELDOM_SAID] = Source(SELDOM_SAID, HOME_TEXT % bytes(texts), SELDOM_SAID)


def _place(text: bytes, texts: bytearray) -> int:
    """Where a text is, or is put, among the others."""
    if texts.find(text) < 0:
        texts += text
    return texts.find(text)


def _seldom(node: ast.AST, within: bool) -> Iterator[tuple[ast.Constant, str]]:
    """The long strings that are only needed when they are said, and their nodes."""
    within = within or isinstance(node, ast.Raise)
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        within = within or name in SAYS
    if within and isinstance(node, ast.Constant):
        text = node.value
        if isinstance(text, str) and len(text) > SHORT:
            yield node, text
    for child in ast.iter_child_nodes(node):
        yield from _seldom(child, within)
