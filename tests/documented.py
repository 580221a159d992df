"""The commands that a page of the documentation shows, and the words of its tables."""

import ast
import re
import shlex
from functools import lru_cache
from pathlib import Path
from typing import Any

from typer.main import get_command

from trygg_tools import cli

ROOT = Path(__file__).parents[1]
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[list[str]]:
    """The words of every `trygg` in the page's sh blocks, without what stands before and behind."""
    found = []
    for block in _BLOCK.findall(page.read_text("utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r"&&|\||;", line):
                words = shlex.split(part, comments=True)
                if "trygg" in words:
                    found.append(_plain(words[words.index("trygg") + 1 :]))
    return found


def _plain(words: list[str]) -> list[str]:
    """Up to where the shell takes over: `> file`."""
    return words[: words.index(">")] if ">" in words else words


class Mistyped(Exception):
    """The command line would refuse these words; the text is its own."""


def demand(words: list[str]) -> None:
    """That `trygg` takes these words: the command, each option, every value that must be there.

    Raises Mistyped; nothing is run.
    """
    command, context, rest = _trygg(), None, list(words)
    while hasattr(command, "commands"):  # a group, of click's or of the one inside Typer
        context = command.context_class(command, info_name=command.name, parent=context)
        name = rest.pop(0) if rest else ""
        if name not in command.commands:
            raise Mistyped(f"no command {name!r} in `{context.command_path}`")
        command = command.commands[name]
    try:
        with command.make_context(command.name, rest, parent=context):
            pass  # closes what it opened
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        raise Mistyped(error.format_message()) from None


@lru_cache
def _trygg() -> Any:
    if not cli.app.registered_commands:
        cli._add_rooms()
    return get_command(cli.app)


def sentences(*folders: str) -> str:
    """What the source files of folders say, a line a text; what is filled in is an ellipsis."""
    said = []
    for folder in folders:
        files = [ROOT / folder] if folder.endswith(".py") else sorted((ROOT / folder).rglob("*.py"))
        for path in files:
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    parts = [
                        one.value if isinstance(one, ast.Constant) else "…" for one in node.values
                    ]
                    said.append("".join(map(str, parts)))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    said.append(node.value)
    return "\n".join(said)
