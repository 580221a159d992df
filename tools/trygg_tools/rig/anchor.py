"""The radio that listens for a home anchor, in simulated time. Runs under both interpreters.

`heard(world_s)` is the scenario's: the dBm at which a known radio is heard in that second, or
UNHEARD. A look takes LOOK_MS, as a passive scan does in which a beacon speaks once a second.
"""

UNHEARD = -127
LOOK_MS = 3000


def _silence(_world_s: int) -> int:
    return UNHEARD


class Anchor:
    """Port Anchor; `now_ms` and `world_s` tell the time, `looks` counts."""

    def __init__(self, now_ms, world_s) -> None:  # type: ignore[no-untyped-def]
        self.heard = _silence
        self.looks = 0
        self.failing = 0
        self._now_ms, self._world_s = now_ms, world_s
        self._ends_ms = -1
        self._known: list[tuple[int, bytes]] = []

    def look(self, known) -> None:  # type: ignore[no-untyped-def]
        """Begin to listen for `known`, a list of (radio, id)."""
        if self.failing:
            raise OSError(self.failing)
        self.looks += 1
        self._known = list(known)
        self._ends_ms = self._now_ms() + LOOK_MS

    def seen(self) -> int | None:
        """None while it is listening, else the strongest dBm, UNHEARD for none."""
        if self._now_ms() < self._ends_ms:
            return None
        dbm: int = self.heard(self._world_s()) if self._known else UNHEARD
        return dbm

    def stop(self) -> None:
        """Listen no longer."""
        self._ends_ms = -1
