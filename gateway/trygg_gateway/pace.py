"""How much the reader takes at once, and when the doors have their turn. Pure; the time comes in.

While records pour in faster than BUSY_RATE the reader yields: a burst is committed at the doors'
own speed and folded afterwards. But from BEHIND_MOST records on it keeps up. Its turns, between two
turns of the doors, then grow with the square of how far it is behind (the strain): at BEHIND_MOST
half as long as the doors' turn, twice as long at double that. So a rush that it can follow waits
little, and one that it cannot is held back until it can, since doors that have no turn bring
nothing. Its batches grow likewise: fewer waits for the disk when it matters, and before that no
write that delays the doors' commits for long.
"""

from __future__ import annotations

BATCH = 4_000  # records folded in one transaction
MOST = 10_000  # the same at most while it keeps up, half of it at BEHIND_MOST
BUSY_BATCH = 25  # the same while it yields
BUSY_RATE = 3_000  # records a second being stored: from here on it yields
RATE_MS = 20  # over which the rate is taken
BEHIND_MOST = 50_000  # records stored and not folded: from here on it keeps up
PIECE = 1_000  # places written in one commit, at BEHIND_MOST and before
TURN_S = 0.02  # of its own, at most, at BEHIND_MOST
TURN_MOST_S = 0.25  # however far it is behind: the doors are never left alone for longer


class Pace:
    """Of one reader. `stored` is always the journal's count of records, which only rises."""

    def __init__(self, waiting: int, stored: int) -> None:
        """So many records wait to be folded."""
        self.strain = 0.0  # while it keeps up: how far it is behind, in BEHIND_MOST
        self._read = stored - waiting  # of those stored; from here on nearly, as others write too
        self._rush = False
        self._seen = (stored, 0)  # records stored, when
        self._turn_ends_s = 0.0

    def look(self, stored: int, now_ms: int) -> None:
        """So many are stored by now."""
        waiting = stored - self._read
        keeps_up = waiting > (BEHIND_MOST // 2 if self.strain else BEHIND_MOST)
        self.strain = waiting / BEHIND_MOST if keeps_up else 0.0
        came, passed_ms = stored - self._seen[0], now_ms - self._seen[1]
        if passed_ms >= RATE_MS:
            self._seen = (stored, now_ms)
            self._rush = came * 1000 > BUSY_RATE * passed_ms

    def read(self, count: int) -> None:
        """So many more were read."""
        self._read += count

    def caught_up(self, stored: int) -> None:
        """Nothing is left to read."""
        self._read = stored

    @property
    def yields(self) -> bool:
        """Whether the doors go first altogether."""
        return self._rush and not self.strain

    @property
    def batch(self) -> int:
        """How many records to fold in one transaction."""
        if self.yields:
            return BUSY_BATCH
        return min(round(MOST / 2 * self.strain), MOST) if self.strain else BATCH

    @property
    def piece(self) -> int:
        """How many places to write in one commit: soon all of a batch, when it must be quick."""
        return round(PIECE * max(1.0, self.strain) ** 6)

    def still_ours(self, now_s: float) -> bool:
        """Whether the doors' next turn is still to come; seconds of any clock."""
        return self.strain > 0 and now_s < self._turn_ends_s

    def doors_had(self, seconds: float, now_s: float) -> None:
        """The doors had a turn, which ends now."""
        turn_s = self.strain**2 * min(seconds / 2, TURN_S)
        self._turn_ends_s = now_s + min(turn_s, TURN_MOST_S)
