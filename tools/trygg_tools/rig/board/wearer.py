"""What the wearer feels: pulses of the vibration motor, named by the firmware's own table."""

import ast
import math
from pathlib import Path

PAUSE_US = 600_000  # longer than any pause inside a pattern


def read_patterns(board_io: Path) -> dict[str, tuple[int, ...]]:
    """Name -> lengths in ms of the pulses, from PATTERNS in the firmware's board_io.py."""
    if not board_io.exists():
        return {}
    for statement in ast.parse(board_io.read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "PATTERNS":
            table = ast.literal_eval(statement.value)
            return {name: tuple(row[2] for row in rows if row[1]) for name, rows in table.items()}
    return {}


class Wearer:
    """Collects pulses; after a pause they are one signal."""

    def __init__(self, patterns: dict[str, tuple[int, ...]]) -> None:
        self._patterns = patterns
        self._pulses: list[int] = []
        self._on_since_us: int | None = None
        self._changed_us = 0

    def motor(self, level: int, now_us: int) -> None:
        """The motor's pin has this level from now on."""
        self._changed_us = now_us
        if level and self._on_since_us is None:
            self._on_since_us = now_us
        elif not level and self._on_since_us is not None:
            self._pulses.append((now_us - self._on_since_us) // 1000)
            self._on_since_us = None

    def paused(self, now_us: int) -> str | None:
        """The name of a signal that has ended PAUSE_US ago or earlier; None while it goes on."""
        going_on = self._on_since_us is not None or now_us - self._changed_us < PAUSE_US
        if going_on or not self._pulses:
            return None
        pulses, self._pulses = tuple(self._pulses), []
        alike = [name for name, row in self._patterns.items() if len(row) == len(pulses)]
        if not alike:
            return f"unknown {pulses}"
        return min(alike, key=lambda name: _distance(self._patterns[name], pulses))


def _distance(wanted: tuple[int, ...], felt: tuple[int, ...]) -> float:
    return sum(abs(math.log(max(b, 1) / a)) for a, b in zip(wanted, felt, strict=True))
