"""What is outside of the modem: cover, cell, sky, supply, and what is behind the radio.

One world belongs to one modem. A scenario changes it at any time: `world.cover(False)`,
`world.supply(3100)`. `place(world_s)` gives (lat_e6, lon_e6, speed_dm_s, course_deg, error_dm)
of a true second since 2020, or None where there is no reception, as in rig/sky.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trygg_tools.modem_sim.far import Mqtt, Sockets
from trygg_tools.modem_sim.schedule import Schedule

GOOD_MV = 3900
Place = Callable[[int], "tuple[int, int, int, int, int] | None"]


@dataclass
class Cell:
    """The cell that is heard best, and how well."""

    operator: str = "24201"
    area: int = 0x5B57
    cell: int = 0x195071B
    band: int = 20
    channel: int = 6300
    physical: int = 82
    rsrp_dbm: int = -98
    rsrq_db: int = -9
    snr_db: int = 8

    @property
    def rssi_dbm(self) -> int:
        """The received power of the whole channel."""
        return self.rsrp_dbm + 28

    def csq(self) -> int:
        """As +CSQ says it: 0 is -115 dBm or less, 31 -52 or more."""
        return 0 if self.rssi_dbm <= -115 else min(31, max(1, (self.rssi_dbm + 113) // 2))


def in_lier(_world_s: int) -> tuple[int, int, int, int, int]:
    """The default of `place`: a garden in Lier, three metres well."""
    return 59790000, 10240000, 0, 0, 30


class World:
    """The surroundings of one modem, and its clock."""

    def __init__(
        self,
        start_s: int = 200000000,
        schedule: Schedule | None = None,
        mqtt: Mqtt | None = None,
        sockets: Sockets | None = None,
    ) -> None:
        self.start_s = start_s
        self.schedule = schedule or Schedule()
        self.mqtt = mqtt
        self.sockets = sockets
        self.cell = Cell()
        self.covered = True
        self.attach_refused = False  # the network says no: +CEREG stat 3
        self.clock_given = True  # the network tells the time (NITZ)
        self.zone = 4  # quarter hours east of UTC, as the network says it
        self.place: Place = in_lier
        self.supply_mv = GOOD_MV
        self.sim = True
        self.edrx_granted = True
        self.psm_granted = True
        self._hearers: list[Callable[[], None]] = []

    def second(self) -> int:
        """The true time, seconds since 2020."""
        return self.start_s + self.schedule.now_ms // 1000

    def heed(self, hearer: Callable[[], None]) -> None:
        """Call `hearer()` whenever cover, attach or supply change."""
        self._hearers.append(hearer)

    def cover(self, covered: bool, for_ms: int = 0) -> None:
        """There is cover from now on, or not; with `for_ms` only so long."""
        self.covered = covered
        for hearer in self._hearers:
            hearer()
        if for_ms:
            self.schedule.after(for_ms, lambda: self.cover(not covered))

    def supply(self, mv: int) -> None:
        """The supply has so many mV from now on."""
        self.supply_mv = mv
        for hearer in self._hearers:
            hearer()

    def refuse(self, refused: bool, for_ms: int = 0) -> None:
        """The network refuses to attach the modem, or does no longer."""
        self.attach_refused = refused
        for hearer in self._hearers:
            hearer()
        if for_ms:
            self.schedule.after(for_ms, lambda: self.refuse(not refused))
