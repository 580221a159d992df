"""What light and motor do, as pulses: nothing is read from a table, the firmware's own code plays.

A pulse is (from, to) in milliseconds after the beginning. `pattern` plays one of signals.PATTERNS;
`call` lets the firmware's Wearer live through presses of its button.
"""

from __future__ import annotations

from typing import NamedTuple

from tracker.settings import Settings
from tracker.signals import PATTERNS, Signals
from tracker.wearer import CALLS, Wearer

STEP_MS = 10  # every row of PATTERNS is a multiple of it
Pulse = tuple[int, int]

NAMES: tuple[str, ...] = tuple(PATTERNS)


class Story(NamedTuple):
    """Presses of the button and what was felt meanwhile."""

    pressed: list[Pulse]
    felt: list[Pulse]


class _Board:
    """A BoardIo port: a button that is down in `pressed`, and outputs that are written down."""

    def __init__(self, pressed: list[Pulse]) -> None:
        self.now_ms = 0
        self.felt: list[Pulse] = []
        self._pressed = pressed
        self._on_since = -1

    def button(self) -> bool:
        return any(begin <= self.now_ms < end for begin, end in self._pressed)

    def signal(self, light: int, motor: int) -> None:
        assert light == motor, "light and motor go together"
        if light and self._on_since < 0:
            self._on_since = self.now_ms
        elif not light and self._on_since >= 0:
            self.felt.append((self._on_since, self.now_ms))
            self._on_since = -1


def pattern(name: str) -> list[Pulse]:
    """The pulses of one pattern, as the board's outputs get them."""
    board = _Board([])
    signals = Signals(board)
    signals.play(name)
    while signals.busy():
        signals.poll(board.now_ms)
        board.now_ms += STEP_MS
    return board.felt


def call(pressed: list[Pulse], lasts_ms: int) -> Story:
    """The button pressed so: the countdown, and `sent` if it becomes a call, as in App."""
    board = _Board(pressed)
    wearer = Wearer(board, 0, 0, Settings())
    while board.now_ms < lasts_ms:
        if wearer.poll(board.now_ms, board.now_ms // 1000) == CALLS:
            wearer.feels("sent")
        board.now_ms += STEP_MS
    return Story(pressed, board.felt)
