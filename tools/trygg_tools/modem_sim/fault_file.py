"""Faults from TOML and from words: `[[fault]]` tables, and `name key=value ...` of a command.

    [[fault]]
    name = "silence"        # a row of `trygg modem faults`
    on = "+SMPUB*"          # commands that match; default: the row's own
    nth = 3                 # the third time it comes
    seconds = 90            # the fault's own value

An error names the key, the value and what was wanted.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from trygg_tools.modem_sim.fault_table import KINDS, Kind, Range
from trygg_tools.modem_sim.faults import STAGES, Rule

WHEN = {
    "nth": Range(1, 1, 1000000), "times": Range(1, 0, 1000000), "chance": Range(100, 1, 100),
    "after_s": Range(0, 0, 31536000), "at_s": Range(-1, -1, 31536000),
    "every_s": Range(0, 0, 31536000),
}  # fmt: skip
SENTENCES = ("line", "result")  # in words their spaces are written as _
OTHERS = ("name", "on", "stage")
NUMBER = re.compile(r"-?[0-9]{1,20}")


class FaultError(ValueError):
    """What was said is no fault; the text says the key, the value, what was wanted."""


def from_toml(text: str) -> list[Rule]:
    """The rules of a file; FaultError."""
    try:
        whole = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FaultError(f"faults: wanted TOML, got text that says: {error}") from None
    unknown = sorted(set(whole) - {"fault"})
    if unknown:
        raise FaultError(f"{unknown[0]}: wanted only [[fault]] tables")
    tables = whole.get("fault", [])
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise FaultError("fault: wanted [[fault]] tables")
    return [rule_of(table, f"fault {number}") for number, table in enumerate(tables, 1)]


def from_words(words: str) -> Rule:
    """The rule of `silence seconds=60 on=+SMPUB*`; FaultError. `_` in a line is a space."""
    name, *pairs = words.split() or [""]
    table: dict[str, Any] = {"name": name}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise FaultError(f"{name}: wanted key=value, got {pair!r}")
        if key in SENTENCES:
            value = value.replace("_", " ")
        table[key] = int(value) if NUMBER.fullmatch(value) else value
    return rule_of(table, name or "fault")


def rule_of(table: dict[str, Any], where: str) -> Rule:
    """A table as a rule; FaultError."""
    kind = _kind(table.get("name"), where)
    allowed = {*WHEN, *OTHERS, *kind.ranges}
    for key in table:
        if key not in allowed:
            raise FaultError(f"{where}: {key}: wanted one of {', '.join(sorted(allowed))}")
    values = {key: _value(table, key, span, where) for key, span in kind.ranges.items()}
    when = {key: _value(table, key, span, where) for key, span in WHEN.items()}
    when["times"] = _value(table, "times", WHEN["times"]._replace(default=kind.times), where)
    stage = _stage(table.get("stage", kind.stage), where)
    if stage == "time" and when["at_s"] == -1:
        when["at_s"] = 0
    numbers = {key: int(value) for key, value in when.items()}
    return Rule(kind, values, stage, str(table.get("on", kind.on)), **numbers)


def _kind(name: object, where: str) -> Kind:
    if not isinstance(name, str) or name not in KINDS:
        raise FaultError(f"{where}: name: wanted one of {', '.join(KINDS)}, got {name!r}")
    return KINDS[name]


def _stage(stage: object, where: str) -> str:
    if stage not in STAGES:
        raise FaultError(f"{where}: stage: wanted one of {', '.join(STAGES)}, got {stage!r}")
    return str(stage)


def _value(table: dict[str, Any], key: str, span: Range, where: str) -> int | str:
    value = table.get(key, span.default)
    if isinstance(span.default, str):
        if span.words and value not in span.words:
            raise FaultError(f"{where}: {key}: wanted {' or '.join(span.words)}, got {value!r}")
        if not isinstance(value, str):
            raise FaultError(f"{where}: {key}: wanted a text, got {value!r}")
        return value
    if not isinstance(value, int) or isinstance(value, bool):
        raise FaultError(f"{where}: {key}: wanted a number, got {value!r}")
    if not span.low <= value <= span.high:
        raise FaultError(f"{where}: {key}: wanted {span.low} to {span.high}, got {value}")
    return value
