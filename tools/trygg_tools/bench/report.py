"""How a figure is said: one JSON line with what was run, where, and what came out."""

import argparse
import json
import os
import platform
import sys
from typing import Any


class BenchError(RuntimeError):
    """There are no figures; the text says what was wanted and what came."""


def machine() -> str:
    """This machine in a few words: cores, processor, interpreter."""
    return f"{os.cpu_count()} cores, {platform.machine()}, CPython {platform.python_version()}"


def say(name: str, figures: dict[str, Any]) -> dict[str, Any]:
    """Print the figures of bench `name` (its options may follow) as one JSON line; that line."""
    line = {
        "bench": name.split()[0],
        "command": f"trygg bench {name}",
        "machine": machine(),
        **figures,
    }
    print(json.dumps(line), flush=True)
    return line


def progress(text: str) -> None:
    """Say on stderr what is being measured, so that stdout stays JSON lines."""
    print(text, file=sys.stderr, flush=True)


def parser(name: str, about: str | None, example: str) -> argparse.ArgumentParser:
    """A parser for the options of `trygg bench NAME`, whose help is what the bench says of itself.

    `about` is the docstring of its module, `example` options worth trying.
    """
    return argparse.ArgumentParser(
        prog=f"trygg bench {name}",
        description=about,
        epilog=f"Example: trygg bench {name} {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
