"""What the wearer feels: pulses of the vibration motor, named by the firmware's own table.

Runs under both interpreters.
"""

from tracker.signals import PATTERNS

PAUSE_MS = 600  # longer than any pause inside a pattern, shorter than that between two


class Felt:
    """Collects pulses; after a pause they are one signal. Times in ms of the board's world."""

    def __init__(self) -> None:
        self._pulses: list[int] = []
        self._on_since_ms = -1
        self._changed_ms = 0

    def motor(self, level: int, now_ms: int) -> None:
        """The motor has this level from now on."""
        if level and self._on_since_ms < 0:
            self._on_since_ms = now_ms
        elif not level and self._on_since_ms >= 0:
            self._pulses.append(now_ms - self._on_since_ms)
            self._on_since_ms = -1
        self._changed_ms = now_ms

    def paused(self, now_ms: int) -> str | None:  # type: ignore[syntax,unused-ignore]
        """The name of a signal that has ended PAUSE_MS ago or earlier; None while it goes on."""
        going_on = self._on_since_ms >= 0 or now_ms - self._changed_ms < PAUSE_MS
        if going_on or not self._pulses:
            return None
        pulses, self._pulses = self._pulses, []
        return name_of(pulses)


def name_of(pulses: list[int]) -> str:
    """The pattern that these pulses (ms) are nearest to, among those with as many."""
    best, least = "unknown", -1
    for name in PATTERNS:
        wanted = [int(ms) for ms in PATTERNS[name].split()][::2]
        if len(wanted) == len(pulses):
            off = _distance(wanted, pulses)
            if least < 0 or off < least:
                best, least = name, off
    return best


def _distance(wanted: list[int], felt: list[int]) -> int:
    """How many times longer or shorter, in percent, summed."""
    off = 0
    for one, other in zip(wanted, felt):  # noqa: B905  (MicroPython's zip has no strict)
        longer, shorter = max(one, other, 1), max(1, min(one, other))
        off += 100 * longer // shorter
    return off
