"""A family of commands: a class whose methods say which commands they answer.

    class Signal(Family):
        @answers("+CSQ", RUN)
        def quality(self, call: Call) -> None:
            self.modem.say(f"+CSQ: {self.modem.world.network.csq()},0")

A part (sim7080.py and its likes) is a list of families and its own figures. A family hears of what
happens to the modem by `on_boot`, `on_off`, `on_network` and `on_pdp`; what it keeps in
`modem.kept` outlives the power (the manuals' AUTO_SAVE), its own attributes are set in `on_boot`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from trygg_tools.modem_sim.command_line import Call
from trygg_tools.modem_sim.dialogue import Handler, Refused

if TYPE_CHECKING:
    from trygg_tools.modem_sim.modem import Modem

F = TypeVar("F", bound=Callable[..., Any])
BAD_PARAMETER = 50


def answers(name: str, *kinds: str) -> Callable[[F], F]:
    """This method answers the command `name` when it is called in one of `kinds`."""

    def mark(method: F) -> F:
        marks = [*getattr(method, "answers", ()), *((name.upper(), kind) for kind in kinds)]
        method.answers = marks  # type: ignore[attr-defined]
        return method

    return mark


class Family:
    """What every family has: its modem, and ears for what happens to it."""

    def __init__(self, modem: Modem) -> None:
        self.modem = modem

    def on_boot(self) -> None:
        """The modem starts: everything that is not saved is as the manual's default."""

    def on_off(self) -> None:
        """The modem is off, in PSM or crashed: drop what was open."""

    def on_network(self, registered: bool) -> None:
        """Registration came or went."""

    def on_stat(self) -> None:
        """+CEREG's stat changed."""

    def on_pdp(self, index: int, active: bool) -> None:
        """A PDP context came or went."""

    def on_granted(self) -> None:
        """The network has answered what was asked of PSM."""

    def on_doze(self) -> None:
        """The modem goes into PSM; the last chance to say so."""


def handlers(family: Family) -> dict[tuple[str, str], Handler]:
    """(name, kind) → bound method, of every method marked with `answers`."""
    found: dict[tuple[str, str], Handler] = {}
    for name in dir(type(family)):
        method = getattr(family, name)
        for key in getattr(method, "answers", ()):
            found[key] = method
    return found


# -- taking a call's arguments ---------------------------------------------------------------


def text(call: Call, index: int, longest: int = 1 << 30, default: str | None = None) -> str:
    """Argument `index` without its quotes; Refused when it is missing or too long."""
    given = call.args[index] if index < len(call.args) else ""
    if given == "":
        if default is None:
            raise Refused(BAD_PARAMETER)
        return default
    if given[0] == '"' and given[-1] == '"' and len(given) > 1:
        given = given[1:-1]
    if len(given) > longest:
        raise Refused(BAD_PARAMETER)
    return given


def number(call: Call, index: int, low: int, high: int, default: int | None = None) -> int:
    """Argument `index` as a number of `low` to `high`; Refused otherwise."""
    given = call.args[index].strip('"') if index < len(call.args) else ""
    if given == "" and default is not None:
        return default
    try:
        value = int(given, 0) if given[:2].lower() == "0x" else int(given)
    except ValueError:
        raise Refused(BAD_PARAMETER) from None
    if not low <= value <= high:
        raise Refused(BAD_PARAMETER)
    return value


def at_most(call: Call, count: int) -> None:
    """Refused when there are more arguments than the manual has."""
    if len(call.args) > count:
        raise Refused(BAD_PARAMETER)
