"""The settings as a commented TOML file: every key with its meaning and its default.

`default_toml()` parses to the defaults exactly; a test holds it to that. A key without a default
stands as a comment with an example. `init` writes the same text with a few values of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from trygg_gateway.config import Config
from trygg_gateway.config_duty import OnCall, Person
from trygg_gateway.config_section import Section
from trygg_gateway.config_sinks import EXAMPLES, kind_of

_HEAD = """\
# The settings of a Trygg gateway. Every key is shown with its default; a line that is removed
# or commented out keeps it. Paths are taken from this file's folder. Secrets are never written
# here, only the paths of files that hold them (mode 0600).
"""

Values = Mapping[str, Mapping[str, Any]]


def default_toml(values: Values | None = None) -> str:
    """The file's text, with `values` (by table, then key) in place of defaults."""
    values = values or {}
    parts = [_HEAD]
    for name, field in Config.model_fields.items():
        if isinstance(field.annotation, type):  # not a table of tables
            parts.append(_table(name, _section(field), values.get(name, {})))
    parts += [
        *(_example_table(f"sinks.{name}", kind, kind_of(kind)) for name, kind in EXAMPLES.items()),
        _example_table("people.ingrid", Person),
        _example_table("on_call.nights", OnCall),
    ]
    return "\n".join(parts)


def _section(field: FieldInfo) -> type[Section]:
    section = field.annotation
    assert isinstance(section, type)
    assert issubclass(section, Section)
    return section


def _table(name: str, section: type[Section], values: Mapping[str, Any]) -> str:
    lines = [f"# {_about(section)}", f"[{name}]"]
    for key, field in section.model_fields.items():
        lines += _setting(key, field, values)
    return "\n".join(lines) + "\n"


def _setting(key: str, field: FieldInfo, values: Mapping[str, Any]) -> list[str]:
    value = values.get(key, field.default)
    line = f"{key} = {_toml(value)}" if value is not None else f"# {key} = {_toml(_example(field))}"
    return [f"# {key}: {field.description}", line]


def _example_table(name: str, section: type[Section], kind: str = "") -> str:
    lines = [f"# {_about(section)} Remove the first # of each line to have one; any name will do."]
    lines += [f"# [{name}]", *([f'# type = "{kind}"'] if kind else [])]
    own_first = sorted(section.model_fields, key=lambda key: key not in section.__annotations__)
    for key in own_first:
        field = section.model_fields[key]
        if key != "type":
            value = _example(field) if field.examples else field.default
            commented = "# # " if not field.is_required() and field.default is None else "# "
            about = f"  # {field.description}" if field.description else ""
            lines.append(f"{commented}{key} = {_toml(value)}{about}")
    return "\n".join(lines) + "\n"


def _about(section: type[Section]) -> str:
    return (section.__doc__ or "").splitlines()[0]


def _example(field: FieldInfo) -> Any:
    assert field.examples
    return field.examples[0]


def _toml(value: Any) -> str:
    """A value as TOML writes it. Texts here hold no quotes, backslashes or control characters."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    if isinstance(value, (str, Path)):
        return f'"{value}"'
    return str(value)
