"""What a client types at the board's console, passed on only when it would not get lost.

The interpreter's terminal has two ways to lose input that no UART has: a Ctrl-C while a program
runs flushes it, and so does each change to the REPL's terminal mode. So what stands behind a
Ctrl-C waits for the prompt, and everything waits while the board starts. A Ctrl-C that nobody
answers within INTERRUPT_AFTER_S is given again as a signal.
"""

import time

from trygg_tools.rig.board.console import Console
from trygg_tools.rig.board.interpreter import Interpreter

CTRL_A, CTRL_C = b"\x01", b"\x03"
INTERRUPT_AFTER_S = 0.3
HOLD_S = 5.0  # what is typed behind a Ctrl-C waits at most so long for the prompt
LOOK_S = 0.005


class Keyboard:
    """Typed bytes on their way into one interpreter after another."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._process: Interpreter | None = None  # once it has started the firmware
        self._raw_to_come = False
        self._typed = b""
        self._interrupt_at: float | None = None
        self._hold_until = 0.0

    def connect(self, process: Interpreter) -> None:
        """The firmware starts; after a soft reset from the raw REPL it is the raw REPL."""
        self._process = process
        self._raw_to_come = self._console.raw
        self.pass_on()

    def disconnect(self) -> None:
        """The interpreter is gone; what is typed now is for the next."""
        self._process = None
        self._interrupt_at = None
        self._hold_until = 0.0

    def type(self, data: bytes) -> None:
        """The client typed `data`."""
        self._typed += data
        self.pass_on()

    def answered(self) -> None:
        """The interpreter printed something: a Ctrl-C has arrived."""
        self._interrupt_at = None

    def look_in(self) -> float | None:
        """Seconds until `pass_on` wants to be called; None when nothing waits."""
        if self._process is None:
            return None
        if self._typed or self._raw_to_come:
            return LOOK_S
        if self._interrupt_at is not None:
            return max(0.0, self._interrupt_at - time.monotonic())
        return None

    def pass_on(self) -> None:
        """Give the interpreter what it can take now."""
        process = self._process
        if process is None:
            return
        if self._interrupt_at is not None and time.monotonic() >= self._interrupt_at:
            self._interrupt_at = None
            process.interrupt()
        if self._raw_to_come:
            if not (self._console.at_prompt() and process.at_prompt()):
                return
            self._raw_to_come = False
            process.type(CTRL_A)
        if self._typed and (process.at_prompt() or time.monotonic() >= self._hold_until):
            self._give(process)

    def _give(self, process: Interpreter) -> None:
        self._hold_until = 0.0
        cut = self._typed.find(CTRL_C) + 1
        if not cut or process.at_prompt():
            cut = len(self._typed)
        else:
            self._interrupt_at = time.monotonic() + INTERRUPT_AFTER_S
            self._hold_until = time.monotonic() + HOLD_S
        process.type(self._typed[:cut])
        self._typed = self._typed[cut:]
