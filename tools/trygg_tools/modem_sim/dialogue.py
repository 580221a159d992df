"""How a command is answered: a plain function, or a generator that waits for what it needs.

A handler says its information lines with `modem.say` and ends: then `OK` is said. To end otherwise
it raises Refused (an error), or returns SILENT or another Final. A handler that needs time is a
generator; it yields

    250                          so many milliseconds
    Payload(5, 1000, "> ")       a prompt, then exactly so many bytes; None when they do not come
    later.within(30000)          what somebody will `tell`; None when nobody does in time

and gets the value back. It reads from top to bottom as the manual's page does.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Generic, NamedTuple, TypeVar

from trygg_tools.modem_sim.command_line import Call
from trygg_tools.modem_sim.schedule import Schedule

T = TypeVar("T")

# 3GPP TS 27.007 chapter 9.2, with the words SIMCom and Quectel print for CMEE=2
CME_WORDS = {
    3: "operation not allowed",
    4: "operation not supported",
    10: "SIM not inserted",
    11: "SIM PIN required",
    14: "SIM busy",
    20: "memory full",
    22: "not found",
    30: "no network service",
    50: "Incorrect parameters",
    100: "unknown",
}


class Refused(Exception):
    """The command ends in an error: `code` of +CME ERROR, or None for a plain ERROR.

    `words` are those of CMEE=2 for codes that are a vendor's own.
    """

    def __init__(self, code: int | None = None, words: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.words = words


class Final(NamedTuple):
    """A last line that is not OK; an empty one is none at all."""

    text: str


SILENT = Final("")


class Payload(NamedTuple):
    """A wish for `length` raw bytes behind a prompt."""

    length: int
    timeout_ms: int
    prompt: str = "\r\n> "


class Later(Generic[T]):
    """A value that comes; `tell` gives it once, `then` hears it (at once if it is there)."""

    __slots__ = ("_hearers", "_told", "value")

    def __init__(self) -> None:
        self.value: T | None = None
        self._told = False
        self._hearers: list[Callable[[T], None]] = []

    def tell(self, value: T) -> None:
        """The value; later ones are not heard."""
        if self._told:
            return
        self._told, self.value = True, value
        for hearer in self._hearers:
            hearer(value)

    def then(self, hearer: Callable[[T], None]) -> None:
        """Call `hearer(value)` as soon as there is one."""
        if self._told:
            hearer(self.value)  # type: ignore[arg-type]
        else:
            self._hearers.append(hearer)

    def within(self, timeout_ms: int) -> Wanted:
        """To be yielded by a handler."""
        return Wanted(self, timeout_ms)


class Wanted(NamedTuple):
    """A wish for what a Later will be told."""

    later: Later[Any]
    timeout_ms: int


Step = int | Payload | Wanted
Talk = Generator[Step, Any, "Final | None"]
Handler = Callable[[Call], "Talk | Final | None"]


class Task:
    """A running generator; `done(final, refused)` is called when it ends, unless it was dropped."""

    def __init__(
        self,
        schedule: Schedule,
        talk: Talk,
        ask: Callable[[Payload, Task], None],
        done: Callable[[Final | None, Refused | None], None],
    ) -> None:
        self._schedule = schedule
        self._talk = talk
        self._ask = ask
        self._done = done
        self._turn = 0
        self.alive = True

    def start(self) -> None:
        """Go to the first wish."""
        self._on(None)

    def drop(self) -> None:
        """End it without a word: the modem lost its power, or the host went on."""
        self.alive = False
        self._talk.close()

    def give(self, turn: int, value: Any) -> None:
        """The answer to the wish of that turn; a second answer is not heard."""
        if self.alive and turn == self._turn:
            self._on(value)

    @property
    def turn(self) -> int:
        """The number of the wish that is open."""
        return self._turn

    def _on(self, value: Any) -> None:
        self._turn += 1
        try:
            step = self._talk.send(value)
        except StopIteration as end:
            self.alive = False
            self._done(end.value, None)
        except Refused as refused:
            self.alive = False
            self._done(None, refused)
        else:
            self._wish(step, self._turn)

    def _wish(self, step: Step, turn: int) -> None:
        if isinstance(step, Payload):
            self._ask(step, self)
        elif isinstance(step, Wanted):
            self._await(step, turn)
        else:
            self._schedule.after(step, lambda: self.give(turn, None))

    def _await(self, wanted: Wanted, turn: int) -> None:
        plan = self._schedule.after(wanted.timeout_ms, lambda: self.give(turn, None))

        def told(value: Any) -> None:
            plan.cancel()
            self.give(turn, value)

        wanted.later.then(told)
