"""Two settings of one gateway held against each other: what a running one can take over. Pure.

Sinks, people, the calendar, the alarm engine, the watch, the log and the certificates are taken
over while it runs. Everything else is where trackers are connected to, or the journal itself, and
needs a restart: it is named, and stays as it was.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from trygg_gateway.config import Config

TAKEN: Final = ("sinks", "people", "on_call", "alarms", "watch", "log")
CERTIFICATES: Final = {"listener": ("cert", "key", "client_ca"), "console": ("cert", "key")}
_NEEDS_RESTART: Final = {"watch": ("enabled",)}  # of a section that is taken over otherwise


class Changes(NamedTuple):
    """`merged` is what the gateway runs with from now on: the new, but for what needs a restart."""

    merged: Config
    taken: Sequence[str]  # keys, or tables by their name
    restart: Sequence[str]
    sinks: Sequence[str]  # tables of sinks that are new, changed or gone


def changes(old: Config, new: Config) -> Changes:
    """What is different."""
    taken: list[str] = []
    restart: list[str] = []
    kept: dict[str, Any] = {}
    for name in Config.model_fields:
        was, now = getattr(old, name), getattr(new, name)
        if isinstance(was, dict):
            taken += [f"{name}.{key}" for key in _differing(was, now)]
            continue
        soft, hard = _split(name, _differing(_values(was), _values(now)))
        taken += [f"{name}.{key}" for key in soft]
        restart += [f"{name}.{key}" for key in hard]
        if hard:
            kept[name] = was.model_copy(update={key: getattr(now, key) for key in soft})
    sinks = _differing(old.sinks, new.sinks)
    return Changes(new.model_copy(update=kept), taken, restart, sinks)


def _split(section: str, keys: Sequence[str]) -> tuple[list[str], list[str]]:
    """(taken over, needing a restart) of the keys that differ."""
    if section in TAKEN:
        hard = [key for key in keys if key in _NEEDS_RESTART.get(section, ())]
    else:
        hard = [key for key in keys if key not in CERTIFICATES.get(section, ())]
    return [key for key in keys if key not in hard], hard


def _values(section: BaseModel) -> dict[str, Any]:
    return {name: getattr(section, name) for name in type(section).model_fields}


def _differing(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [
        key
        for key in dict.fromkeys([*was, *now])
        if key not in was or key not in now or was[key] != now[key]
    ]
