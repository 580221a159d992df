"""Virtual time of one board: real, times K, or lockstep, from one clock.

Lockstep time stands still until somebody advances it; the others follow CLOCK_MONOTONIC, which
the interpreter reads for itself.
"""

import time
from typing import Literal

Mode = Literal["real", "times", "lockstep"]


class Timebase:
    """Virtual microseconds since the board was made."""

    def __init__(self, mode: Mode, speed: int) -> None:
        self.lockstep = mode == "lockstep"
        self.speed = speed if mode == "times" else 1
        self.zero_us = time.monotonic_ns() // 1000
        self._lockstep_us = 0

    def now_us(self) -> int:
        """Microseconds of the board's world since it was made."""
        if self.lockstep:
            return self._lockstep_us
        return (time.monotonic_ns() // 1000 - self.zero_us) * self.speed

    def advance(self, us: int) -> None:
        """In lockstep, let `us` be now unless it is past; otherwise time goes by itself."""
        self._lockstep_us = max(self._lockstep_us, us)

    def jump(self, us: int) -> None:
        """Let `us` be now unless it is past, whatever the mode; no process may be running."""
        self.advance(us)
        if not self.lockstep:
            self.zero_us -= max(0, us - self.now_us()) // self.speed

    def real_seconds_until(self, us: int) -> float:
        """How long to wait for virtual time `us`; 0 when it has come."""
        return max(0.0, (us - self.now_us()) / self.speed / 1e6)
