"""How fast one tracker may publish: `rate` a second in the long run, `burst` at once. Pure."""


class Pace:
    """`allowed(now)` publishes may be taken; say with `spent` how many were. `rate` 0: any."""

    __slots__ = ("_at", "_burst", "_credit", "_rate")

    def __init__(self, rate: int, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._credit = float(burst)
        self._at = now

    def allowed(self, now: float, most: int) -> int:
        """How many now, `most` at most."""
        if not self._rate:
            return most
        self._credit = min(self._burst, self._credit + (now - self._at) * self._rate)
        self._at = now
        return min(most, int(self._credit))

    def spent(self, count: int) -> None:
        """So many were taken."""
        self._credit -= count
