"""What a real bench needs done to a board: by a command of the tester's, or by a person.

    --power-command "usbrelay BITFT_1="      called with `on` or `off` behind it
    --hands                                  a person is asked, and presses Enter

A command gets one word more: `on` and `off`, or the milliseconds of a press.
"""

import shlex
import subprocess
from collections.abc import Callable

COMMAND_S = 30


class HandsError(AssertionError):
    """It could not be done; the text says what was wanted."""


class Hands:
    """`commands`: by what they do (power, button, link, felt); `ask` asks a person, or None."""

    def __init__(self, commands: dict[str, str], ask: Callable[[str], None] | None) -> None:
        self._commands = {what: command for what, command in commands.items() if command}
        self._ask = ask

    def can(self, what: str) -> bool:
        """Whether somebody or something does this."""
        return what in self._commands or self._ask is not None

    def do(self, what: str, word: str, request: str) -> None:
        """By the command for `what`, else by the person who is asked `request`. HandsError."""
        if what in self._commands:
            self._run(what, [*shlex.split(self._commands[what]), word])
        elif self._ask is not None:
            self._ask(request)
        else:
            raise HandsError(f"{request}: nobody is there: give --{what}-command or --hands")

    def _run(self, what: str, words: list[str]) -> None:
        done = subprocess.run(words, capture_output=True, text=True, timeout=COMMAND_S, check=False)
        if done.returncode:
            raise HandsError(
                f"--{what}-command {' '.join(words)}: wanted exit 0, got {done.returncode}:"
                f" {done.stderr.strip()[-200:]}"
            )
