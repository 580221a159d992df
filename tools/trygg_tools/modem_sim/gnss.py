"""The part's own receiver: when it has a fix, what it says of it, and who has the radio.

A search takes the part's hot, aided, warm or cold time of *listening*: on a part whose GNSS and LTE
share the radio it goes on only while LTE has let go of it (no connection to the cell). Hot: the
last fix is at most two hours old; aided: orbits came over the network; warm: a day. Without power
everything is cold but for orbits that are kept in flash, which are of use to a clock that is right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from trygg_tools.modem_sim.modem import Modem

HOT_S, WARM_S = 7200, 86400
LOOK_MS = 1000
HOT, AIDED, WARM, COLD, AUTO = "hot", "aided", "warm", "cold", "auto"


class Fix(NamedTuple):
    """Where the receiver says it is: 1e-6 degree, dm, dm/s, true second."""

    lat_e6: int
    lon_e6: int
    speed_dm_s: int
    course_deg: int
    error_dm: int
    world_s: int
    satellites: int


class Gnss:
    """`on` by command; `fix()` is what it knows now; `searched_ms` how long it has listened."""

    def __init__(self, modem: Modem) -> None:
        self._modem = modem
        self.on = False
        self.searched_ms = 0
        self.needs_ms = 0
        self.lte_first = False  # BG95's priority 1: LTE takes the radio when it needs it
        self._aided_until_s = 0  # by true time
        self._aid_kept = False
        self._last_fix_s = -WARM_S - 1
        self._turn = 0
        self._got_radio = False

    @property
    def has_radio(self) -> bool:
        """True while GNSS keeps LTE from the radio."""
        return self.on and self._got_radio and self._modem.part.shared_radio

    def boot(self) -> None:
        """The receiver is off after a start."""
        self.on = False

    @property
    def aided(self) -> bool:
        """Orbits from the network are known, and the time to go with those of flash."""
        known = self._modem.world.second() < self._aided_until_s
        return known and (self._modem.clock.is_set or not self._aid_kept)

    def aid(self, until_s: int, kept: bool = True) -> None:
        """Orbits that are good until then; `kept` in flash, or until the supply goes."""
        self._aided_until_s, self._aid_kept = until_s, kept

    def off(self) -> None:
        """Stop."""
        self.on = self._got_radio = False
        self._turn += 1

    def forget(self) -> None:
        """The power was gone: the next start is cold."""
        self._last_fix_s = -WARM_S - 1
        self._aided_until_s = self._aided_until_s if self._aid_kept else 0

    def start(self, how: str = AUTO) -> None:
        """Switch on, or start over."""
        self._turn += 1
        self.on = True
        self.searched_ms = 0
        self.needs_ms = self._time_to_fix_ms(how)
        self._look(self._turn)

    def _time_to_fix_ms(self, how: str) -> int:
        part = self._modem.part
        age_s = self._modem.world.second() - self._last_fix_s
        if how == AUTO:
            how = WARM if age_s <= WARM_S else COLD
            how = HOT if age_s <= HOT_S else AIDED if self.aided else how
        times_ms = {HOT: part.hot_ms, AIDED: part.aided_ms, WARM: part.warm_ms}
        base_ms = times_ms.get(how, part.cold_ms)
        return base_ms + self._modem.rng.randint(0, base_ms // 4)

    def _look(self, turn: int) -> None:
        if turn != self._turn or not self.on:
            return
        lte_busy = self._modem.part.shared_radio and self._modem.network.connected
        if lte_busy and (self.lte_first or not self._got_radio):
            self._got_radio = False
        else:
            self._got_radio = True
            if self._modem.world.place(self._modem.world.second()) is not None:
                self.searched_ms += LOOK_MS
            else:
                self.searched_ms = max(0, self.searched_ms - LOOK_MS)
        self._modem.schedule.after(LOOK_MS, lambda: self._look(turn))

    def fix(self) -> Fix | None:
        """The fix of this second, or None."""
        if not self.on or self.searched_ms <= self.needs_ms:
            return None
        second = self._modem.world.second()
        here = self._modem.world.place(second)
        if here is None:
            return None
        self._last_fix_s = second
        return Fix(*here, second, 9)
