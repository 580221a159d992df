"""The modem's ear and its answers: one command line at a time, payloads by length, echo, errors.

What comes while a command is at work waits (up to WAITS bytes, the rest is lost), as in the parts'
own buffers [K]. A line's commands are done in order, the first error ends it (V.250 5.2.1).

A fault may strike at each stage of a command (faults.py): `heard` before it is done, `prompt`
between the prompt and the payload, `line` between its lines and its last, `final` in place of the
last line, `after` when it has been said.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import TYPE_CHECKING

from trygg_tools.modem_sim.command_line import RUN, TEST, Call, CommandLine
from trygg_tools.modem_sim.dialogue import CME_WORDS, Final, Payload, Refused, Task
from trygg_tools.modem_sim.schedule import Plan

if TYPE_CHECKING:
    from trygg_tools.modem_sim.modem import Modem

WAITS = 4096
ATTENTION = Call("", RUN)  # a plain AT
NUMBERS = {"OK": "0", "ERROR": "4", "NO CARRIER": "3"}  # V.250 table 1, for ATV0


class Conversation:
    """`hear(bytes)`; `echo`, `verbose`, `quiet` and `cmee` are settings of commands."""

    def __init__(self, modem: Modem) -> None:
        self._modem = modem
        self._line = CommandLine()
        self.reset()

    def reset(self) -> None:
        """The modem starts, or lost its power: nothing is under way, settings are the default."""
        task = getattr(self, "_task", None)
        if task is not None:
            task.drop()
        self._task: Task | None = None
        self._calls: deque[Call] = deque()
        self.call: Call | None = None
        self._wish: tuple[Payload, int] | None = None
        self._payload = bytearray()
        self._late: Plan | None = None  # the end of waiting for it
        self._waiting = bytearray()
        self._life = getattr(self, "_life", 0) + 1
        self.echo, self.verbose, self.quiet, self.cmee = True, True, False, 0
        self.final_late_ms = 0  # faults: the last line comes so much later,
        self.final_instead: str | None = None  # or another one in its place ("": none)
        self.final_after_urc_ms = 0  # or behind the command's own unsolicited line
        self.skipped = False  # the command is not done at all
        self.stale = ""  # a line that comes in front of the next answer
        self._held_final: tuple[str, str] | None = None  # its command's name, the line
        self._line.clear()

    @property
    def busy(self) -> bool:
        """True while a command is at work."""
        return self.call is not None

    @property
    def at_prompt(self) -> bool:
        """True between a prompt and the last byte of its payload."""
        return self._wish is not None

    # -- hearing -----------------------------------------------------------------------------

    def hear(self, data: bytes) -> None:
        """Bytes from the host."""
        life = self._life
        while data and life == self._life:
            if self._wish is not None:
                data = self._take_payload(data)
            elif self.busy:
                self._waiting += data[: WAITS - len(self._waiting)]
                return
            else:
                data = self._take_line(data)

    def _take_line(self, data: bytes) -> bytes:
        used, calls = self._line.take(data)
        if self.echo:
            self._modem.mouth.out(data[:used])
        if calls is not None:
            self._calls = deque(calls or [ATTENTION])
            self.call = self._calls[0]
            life = self._life
            think_ms = self._modem.part.think_ms
            self._modem.schedule.after(think_ms, lambda: self._begin(life))
        return data[used:]

    def _take_payload(self, data: bytes) -> bytes:
        assert self._wish is not None
        (wish, turn), missing = self._wish, self._wish[0].length - len(self._payload)
        self._payload += data[:missing]
        if len(self._payload) >= wish.length:
            self._end_payload(turn, bytes(self._payload))
        return data[missing:]

    def _ask(self, wish: Payload, task: Task) -> None:
        """A handler wants bytes: prompt for them."""
        turn = task.turn
        self._wish = (wish, turn)
        self._payload.clear()
        self._modem.mouth.out(wish.prompt.encode("latin-1"))
        self._late = self._modem.schedule.after(wish.timeout_ms, lambda: self._give_up(task, turn))
        self._strike("prompt")
        if self._wish is not None and wish.length == 0:
            self._end_payload(turn, b"")

    def _give_up(self, task: Task, turn: int) -> None:
        if self._wish is not None and task is self._task and turn == self._wish[1]:
            self._end_payload(turn, None)

    def _end_payload(self, turn: int, data: bytes | None) -> None:
        self._wish = None
        if self._late is not None:
            self._late.cancel()
        if self._task is not None:
            self._task.give(turn, data)

    # -- doing -------------------------------------------------------------------------------

    def _begin(self, life: int) -> None:
        if life == self._life:
            self._next()

    def _next(self) -> None:
        """Do the next command of the line, or say OK when there is none."""
        if not self._calls:
            self._finish("OK")
            return
        self.call = call = self._calls.popleft()
        if self.stale:
            stale, self.stale = self.stale, ""
            self._modem.mouth.line(stale)
        if not self._strike("heard"):
            return
        if self.skipped or self.call is None:
            self.skipped = False
            self._finish("") if self.call is not None else None
            return
        handler = self._modem.table.get((call.name, call.kind))
        if handler is None:
            self._unknown(call)
            return
        try:
            result = handler(call)
        except Refused as refused:
            self._ended(None, refused)
            return
        if isinstance(result, Generator):
            self._task = Task(self._modem.schedule, result, self._ask, self._ended)
            self._task.start()
        else:
            self._ended(result, None)

    def _unknown(self, call: Call) -> None:
        """A known command's test form is OK without a line; anything else is an error."""
        known = any((call.name, kind) in self._modem.table for kind in ("run", "read", "set"))
        if call.kind == TEST and known:
            self._ended(None, None)
        else:
            self._finish("ERROR")

    def _ended(self, final: Final | None, refused: Refused | None) -> None:
        self._task = None
        if refused is not None:
            self._finish(self.error_line(refused))
        elif final is not None:
            self._finish(final.text)
        else:
            self._next()

    def error_line(self, refused: Refused) -> str:
        """As CMEE wants errors to be said."""
        plain = self._modem.part.plain_errors
        if self.cmee == 0 or refused.code is None:
            return "ERROR"
        if self.call is not None and self.call.name.startswith(plain):
            return "ERROR"
        words = refused.words or CME_WORDS.get(refused.code, "unknown error")
        return f"+CME ERROR: {refused.code if self.cmee == 1 else words}"

    # -- the last line -----------------------------------------------------------------------

    def _finish(self, text: str) -> None:
        """Say the last line, unless a fault says it later, otherwise or not at all."""
        if not self._strike("line") or not self._strike("final"):
            return
        if self.final_instead is not None:
            text, self.final_instead = self.final_instead, None
        late_ms, self.final_late_ms = self.final_late_ms, 0
        behind_ms, self.final_after_urc_ms = self.final_after_urc_ms, 0
        life = self._life
        if behind_ms and self.call is not None:
            self._held_final = (self.call.name, text)
            self._modem.schedule.after(behind_ms, lambda: self._let_final_go(life))
        elif late_ms:
            self._modem.schedule.after(late_ms, lambda: self._say_final(text, life))
        else:
            self._say_final(text, life)

    def urc_was_said(self, text: str) -> None:
        """A last line that waited for this command's unsolicited line follows it."""
        if self._held_final is not None and text.startswith(self._held_final[0]):
            self._let_final_go(self._life)

    def _let_final_go(self, life: int) -> None:
        if self._held_final is not None and life == self._life:
            (_, text), self._held_final = self._held_final, None
            self._say_final(text, life)

    def give_up(self) -> None:
        """What was under way has no end: nothing more is said of it."""
        if self._task is not None:
            self._task.drop()
        self._task, self._wish, self._held_final, self.call = None, None, None, None
        self._calls.clear()
        self._waiting.clear()
        self._line.clear()
        self._life += 1

    def _say_final(self, text: str, life: int) -> None:
        if life != self._life:
            return
        if text and not self.quiet:
            if self.verbose or text not in NUMBERS:
                self._modem.mouth.line(text)
            else:
                self._modem.mouth.out(f"{NUMBERS[text]}\r".encode())
        call, self._calls = self.call, deque()
        self.call = None
        self._modem.mouth.let_go()
        self._modem.strike("after", call.text() if call else "")
        waiting, self._waiting = bytes(self._waiting), bytearray()
        if life == self._life:
            self.hear(waiting)

    def _strike(self, stage: str) -> bool:
        """False when the fault ended this life of the modem."""
        life = self._life
        self._modem.strike(stage, self.call.text() if self.call else "")
        return life == self._life
