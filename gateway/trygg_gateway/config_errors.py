"""A mistake in the settings, said so that it can be mended.

Each line has the file, the key, the value, what was wanted and what to do.
"""

from __future__ import annotations

import difflib
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from trygg_gateway.config_sinks import KINDS

_TABLES = ("sinks", "people", "on_call")  # tables of tables
_HIDDEN = ("password", "secret", "key", "token", "credential")


class ConfigError(Exception):
    """The settings cannot be used; the text has one line per mistake."""


def readable(error: ValidationError, file: str, model: type[BaseModel], values: Any) -> str:
    """One line per mistake pydantic found in `values`, the file's tables."""
    return "\n".join(f"{file}: {_line(one, model, values)}" for one in error.errors())


def _line(one: ErrorDetails, model: type[BaseModel], values: Any) -> str:
    keys = _keys(one["loc"], values)
    name = ".".join(keys) or "the file"
    if one["type"] == "extra_forbidden":
        return f"{name} is not a setting. {_nearest(keys, _known(keys, model))}"
    if one["type"] == "missing":
        return f"{name} is missing. Add the line `{keys[-1]} = ...` ({_describe(keys, model)})"
    if one["type"].startswith("union_tag"):
        return f"{name}.type: wanted one of {', '.join(KINDS)}. Set one of them"
    if one["type"] == "value_error":
        return f"{name}: {one['ctx']['error']}."
    if keys and keys[-1] == "[key]":
        return f"{'.'.join(keys[:-1])}: a name is 1 to 32 of a-z, 0-9 and -. Rename the table"
    return f"{name} = {_shown(name, one['input'])}: {_wanted(one)}. {_describe(keys, model)}"


def _keys(loc: tuple[int | str, ...], values: Any) -> list[str]:
    """The place as the file writes it: without the tag that pydantic adds for a kind of sink."""
    keys = [str(part) for part in loc]
    if len(keys) > 2 and keys[0] == "sinks" and keys[2] in KINDS:
        sink = values.get("sinks", {}).get(keys[1], {})
        if sink.get("type") == keys[2]:
            del keys[2]
    return keys


def _known(keys: list[str], model: type[BaseModel]) -> list[str]:
    """The settings there are where the unknown one of `keys` stands."""
    if keys[0] in _TABLES:
        return sorted(
            {name for inner in _inner_models(keys[0], model) for name in inner.model_fields}
        )
    for key in keys[:-1]:
        inner = model.model_fields[key].annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        model = inner
    return list(model.model_fields)


def _inner_models(key: str, model: type[BaseModel]) -> list[type[BaseModel]]:
    """What a table of tables may hold: the members of a union (`sinks`), or the one kind."""
    inner = get_args(model.model_fields[key].annotation)[1]
    union = get_args(inner)
    return list(get_args(union[0])) if union else [inner]


def _nearest(keys: list[str], known: list[str]) -> str:
    close = difflib.get_close_matches(keys[-1], known, n=1)
    if close:
        return f"Did you mean {'.'.join([*keys[:-1], close[0]])}?"
    return f"Wanted one of: {', '.join(known)}. Remove it"


def _describe(keys: list[str], model: type[BaseModel]) -> str:
    """What the setting is for and what stands there if the line is removed."""
    if keys[0] in _TABLES:
        fields = [inner.model_fields[keys[-1]] for inner in _inner_models(keys[0], model)
                  if keys[-1] in inner.model_fields]  # fmt: skip
    else:
        inner = model.model_fields[keys[0]].annotation
        known = getattr(inner, "model_fields", {})
        fields = [known[keys[1]]] if len(keys) > 1 and keys[1] in known else []
    if not fields:
        return "See `trygg gateway config`"
    said = fields[0].description or "see `trygg gateway config`"
    if fields[0].is_required() or fields[0].default is None:
        return f"It is: {said}"
    return f"It is: {said}; remove the line for the default, {fields[0].default!r}"


def _shown(name: str, value: Any) -> str:
    """The value for a message; never that of a key which smells of a secret."""
    last = name.rsplit(".", 1)[-1]
    if any(word in last for word in _HIDDEN) and not last.endswith("_file"):
        return "(not shown)"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _wanted(one: ErrorDetails) -> str:
    ctx = one.get("ctx", {})
    words = {
        "int_type": "wanted a whole number",
        "bool_type": "wanted true or false",
        "string_type": "wanted a text in quotes",
        "path_type": "wanted a path in quotes",
        "list_type": "wanted a list in [ ]",
        "dict_type": "wanted a table",
        "model_type": "wanted a table",
        "greater_than_equal": f"wanted {ctx.get('ge')} or more",
        "less_than_equal": f"wanted {ctx.get('le')} or less",
        "literal_error": f"wanted {ctx.get('expected')}",
        "string_pattern_mismatch": f"wanted a text like {ctx.get('pattern')}",
        "too_short": "wanted at least one entry",
    }
    return words.get(one["type"], "wanted: " + one["msg"])
