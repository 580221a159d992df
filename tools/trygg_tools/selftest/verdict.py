"""What the self-test says of one part."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

Word = Literal["ok", "failed", "not there", "not asked"]


class Verdict(NamedTuple):
    """One part: `value` is what was measured, `text` what it means and what to do."""

    part: str
    word: Word
    text: str
    value: dict[str, Any] = {}  # noqa: RUF012 - never changed


def ok(part: str, text: str, **value: Any) -> Verdict:
    """It does what it should."""
    return Verdict(part, "ok", text, value)


def failed(part: str, text: str, **value: Any) -> Verdict:
    """It does not."""
    return Verdict(part, "failed", text, value)


def not_there(part: str, text: str = "this board has none") -> Verdict:
    """The board's file names none."""
    return Verdict(part, "not there", text, {})


def not_asked(part: str, text: str, **value: Any) -> Verdict:
    """It takes a person or a meter, and there was none."""
    return Verdict(part, "not asked", text, value)
