"""The modem's real-time clock: unset is 1980-01-06; set by command or by the network; kept in PSM.

Seconds are UTC since 2020, the zone is in quarter hours as in +CCLK. It runs through resets and
PSM and is lost with the supply.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trygg_tools.modem_sim.modem import Modem

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
UNSET = datetime(1980, 1, 6, tzinfo=UTC)
UNSET_S = int((UNSET - EPOCH).total_seconds())


class RealTime:
    """`second()`: what the clock shows, as seconds since 2020; `is_set`."""

    def __init__(self, modem: Modem) -> None:
        self._modem = modem
        self.zone = 0
        self.is_set = False
        self._ahead_s = 0
        self.lose()

    def lose(self) -> None:
        """The supply is gone: it begins at 1980-01-06 again."""
        self.is_set, self.zone = False, 0
        self._ahead_s = UNSET_S - self._modem.schedule.now_ms // 1000

    def set(self, second: int, zone: int) -> None:
        """Show `second` (UTC since 2020) from now on."""
        self.is_set, self.zone = True, zone
        self._ahead_s = second - self._modem.schedule.now_ms // 1000

    def second(self) -> int:
        """What it shows now."""
        return self._ahead_s + self._modem.schedule.now_ms // 1000

    def text(self) -> str:
        """As +CCLK shows it: local time and the zone."""
        local = EPOCH + timedelta(seconds=self.second() + self.zone * 900)
        return f"{local:%y/%m/%d,%H:%M:%S}{self.zone:+03d}"

    def parse(self, text: str) -> bool:
        """Set it from a text like `text`'s; False when it is none."""
        try:
            local = datetime.strptime(text[:17], "%y/%m/%d,%H:%M:%S").replace(tzinfo=UTC)
            zone = int(text[17:] or "0")
        except ValueError:
            return False
        if not -96 <= zone <= 96:
            return False
        self.set(int((local - EPOCH).total_seconds()) - zone * 900, zone)
        return True
