"""Simulated time: it stands still until the rig moves it, and its ticks wrap at 2^30.

The real-time clock behind `utc` survives everything but a power cut. It is right but for what it
loses in a sleep when the rig says so (`lose`), as an RC oscillator does.
Runs under both interpreters.
"""

PERIOD = 1 << 30


class Clock:
    """Port Clock; `world_s` is the true time, in seconds since 2020, at the rig's start."""

    def __init__(self, world_s: int = 200000000, ticks: int = 0) -> None:
        self.start_s = world_s
        self.now_ms = 0
        self._ticks_base = ticks
        self._offset: int | None = None
        self._lost_ms = 0

    # -- the rig's side --------------------------------------------------------------------

    def advance(self, ms: int) -> None:
        """Let `ms` pass."""
        self.now_ms += ms

    def lose(self, ms: int) -> None:
        """The real-time clock has run `ms` short; negative: it ran ahead."""
        self._lost_ms += ms

    def world_s(self) -> int:
        """The true time, seconds since 2020."""
        return self.start_s + self.now_ms // 1000

    def restart(self, power_lost: bool) -> None:
        """A start of the chip: ticks begin at 0; a power loss stops the real-time clock too."""
        self._ticks_base = -self.now_ms
        if power_lost:
            self._offset = None

    # -- the port --------------------------------------------------------------------------

    def ticks_ms(self) -> int:
        """Milliseconds, wrapping as on the chip."""
        return (self.now_ms + self._ticks_base) % PERIOD

    def utc(self) -> int:
        """Seconds since 2020 as last set; 0 while nobody has set it."""
        return 0 if self._offset is None else self._told_s() + self._offset

    def set_utc(self, seconds: int) -> None:
        """Set the clock."""
        self._offset = seconds - self._told_s()

    def sleep_ms(self, ms: int) -> None:
        """Wait."""
        self.advance(ms)

    def _told_s(self) -> int:
        return self.start_s + (self.now_ms - self._lost_ms) // 1000
