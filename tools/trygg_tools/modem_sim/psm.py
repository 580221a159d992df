"""PSM and eDRX: what was asked for, what the network granted, when the modem sleeps and wakes.

3GPP TS 24.008 10.5.7.3 and 10.5.7.4a code the timers. A request counts when
it is told to the network: at the next registration, or at once by a tracking area update when it
goes from 0 to 1. The same request set again tells nothing ("go 0 then 1"). Parts with
`psm_after_reboot` count a new request only from the next start.
PSM begins T3324 after the connection to the cell was let go, and ends by PWRKEY or T3412.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trygg_tools.modem_sim.power import PSM
from trygg_tools.modem_sim.schedule import Plan

if TYPE_CHECKING:
    from trygg_tools.modem_sim.modem import Modem
    from trygg_tools.modem_sim.network import Network

TAU_MS = 1500
T3412_S = (600, 3600, 36000, 2, 30, 60, 1152000, 0)  # by the upper three bits, 0: off
T3324_S = (2, 60, 360, 60, 60, 60, 60, 0)
EDRX_MS = (
    5120, 10240, 20480, 40960, 61440, 81920, 102400, 122880, 143360, 163840, 327680, 655360,
    1310720, 2621440, 5242880, 10485760,
)  # fmt: skip


def timer_s(bits: str, units: tuple[int, ...]) -> int | None:
    """Seconds of an eight-bit timer, 0 when it is off; None when it is not eight bits."""
    if len(bits) != 8 or set(bits) - {"0", "1"}:
        return None
    return units[int(bits[:3], 2)] * int(bits[3:], 2)


class Ask(NamedTuple):
    """What a modem asks the network for, as coded: T3412 extended and T3324."""

    periodic: str
    active: str

    @property
    def periodic_s(self) -> int:
        """Seconds between area updates, 0 never."""
        return timer_s(self.periodic, T3412_S) or 0

    @property
    def active_s(self) -> int:
        """Seconds until the sleep."""
        return timer_s(self.active, T3324_S) or 0

    @property
    def sleeps(self) -> bool:
        """False when T3324 says "deactivated"."""
        return self.active[:3] != "111"


class Psm:
    """`asked` is +CPSMS's, `granted` the network's word; `edrx_ms` the paging cycle in force."""

    def __init__(self, modem: Modem, network: Network) -> None:
        self._modem = modem
        self._network = network
        self.asked: Ask | None = None
        self.granted: Ask | None = None
        self.edrx_asked_ms = 0
        self.edrx_ms = 0
        self.was_dozing = False  # the life before this one ended in PSM
        self._updated_ms = 0  # the last area update: T3412 runs from there
        self._tells = False  # the request changed since the network heard it
        self._sleep: Plan | None = None
        self._wake: Plan | None = None

    # -- commands ----------------------------------------------------------------------------

    def ask(self, asked: Ask | None) -> None:
        """+CPSMS: wish, or None for no PSM."""
        self._tells = (self.asked is None) != (asked is None)
        self.asked = asked
        if self._tells and self._network.registered and not self._modem.part.psm_after_reboot:
            self._modem.schedule.after(TAU_MS, self._tell)

    def ask_edrx(self, cycle_ms: int) -> None:
        """+CEDRXS: 0 none. In force after a tracking area update."""
        self.edrx_asked_ms = cycle_ms
        if self._network.registered:
            self._modem.schedule.after(TAU_MS, self._tell_edrx)

    # -- what happens ------------------------------------------------------------------------

    def boot(self) -> None:
        """A start; what was granted is kept by the network."""
        self._cancel()
        if self._wake is not None:
            self._wake.cancel()

    def registered(self) -> None:
        """The network has heard of us, and of what we ask."""
        self._grant()
        self._tell_edrx()

    def unregistered(self) -> None:
        """Nothing is granted without a network."""
        self.granted = None
        self.edrx_ms = 0
        self._cancel()

    def touched(self, released_ms: int) -> None:
        """The connection to the cell will be let go at `released_ms`: T3324 runs from there."""
        self._cancel()
        if self.granted is not None:
            wait_ms = released_ms - self._modem.schedule.now_ms + self.granted.active_s * 1000
            self._sleep = self._modem.schedule.after(wait_ms, self._doze)

    def off(self, dozing: bool) -> None:
        """Off: no timers. In PSM T3412 runs."""
        self._cancel()
        self.was_dozing = dozing
        if not dozing:
            self.granted = None
            self.edrx_ms = 0
        elif self.granted is not None and self.granted.periodic_s:
            due_ms = self._updated_ms + self.granted.periodic_s * 1000
            self._wake = self._modem.schedule.after(due_ms - self._modem.schedule.now_ms, self._up)

    def next_page_ms(self, drx_ms: int) -> int:
        """How long until the modem listens to the network again."""
        cycle_ms = self.edrx_ms or drx_ms
        return cycle_ms - self._modem.schedule.now_ms % cycle_ms

    def _tell(self) -> None:
        if self._network.registered:
            self._grant()
            self._network.touch()

    def _grant(self) -> None:
        self._tells = False
        self._updated_ms = self._modem.schedule.now_ms
        asked = self.asked if self._modem.world.psm_granted else None
        self.granted = asked if asked is not None and asked.sleeps else None
        self._network.touch()
        if self._modem.kept.get("psm") is not None:
            self._modem.each_family(lambda family: family.on_granted())

    def _tell_edrx(self) -> None:
        if self._network.registered:
            self.edrx_ms = self.edrx_asked_ms if self._modem.world.edrx_granted else 0

    def _doze(self) -> None:
        """T3324 has passed. A receiver that is searching keeps the part awake [K]."""
        if self.granted is None or not self._modem.part.has_psm:
            return
        if self._modem.gnss.on or self._modem.conversation.busy:
            self._sleep = self._modem.schedule.after(1000, self._doze)
            return
        self._modem.each_family(lambda family: family.on_doze())
        self._modem.power.doze()

    def _up(self) -> None:
        """T3412: the modem wakes by itself to update its area."""
        if self._modem.power.state == PSM:
            self._modem.power.start(self._modem.part.ready_ms)

    def _cancel(self) -> None:
        if self._sleep is not None:
            self._sleep.cancel()
            self._sleep = None
