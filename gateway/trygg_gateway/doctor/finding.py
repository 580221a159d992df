"""One thing that the doctor says: how bad, what, why it matters, what to do."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

Level = Literal["error", "warning", "note", "good"]
WORST_FIRST: tuple[Level, ...] = ("error", "warning", "note", "good")


class Finding(NamedTuple):
    """`part` is what was looked at; `why` and `todo` are empty where all is well."""

    level: Level
    part: str
    what: str
    why: str = ""
    todo: str = ""

    def __str__(self) -> str:
        return ". ".join(filter(None, [f"{self.level}: {self.part}: {self.what}", self.why,
                                       self.todo]))  # fmt: skip


def good(part: str, what: str) -> Finding:
    """It is as it should be."""
    return Finding("good", part, what)


def note(part: str, what: str, why: str = "", todo: str = "") -> Finding:
    """To be known; nothing has to be done."""
    return Finding("note", part, what, why, todo)


def warning(part: str, what: str, why: str, todo: str) -> Finding:
    """It works, and some day or some way it will not."""
    return Finding("warning", part, what, why, todo)


def error(part: str, what: str, why: str, todo: str) -> Finding:
    """Records, alarms or people's whereabouts are at risk as it is."""
    return Finding("error", part, what, why, todo)


def exit_code(found: Iterable[Finding]) -> int:
    """2 with an error, 1 with a warning, 0 otherwise."""
    levels = {one.level for one in found}
    return 2 if "error" in levels else int("warning" in levels)
