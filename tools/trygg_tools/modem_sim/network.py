"""The modem's side of the network: search, registration, PDP contexts, paging, the network's time.

With the radio on and cover there is a registration after the part's attach time; without, the modem
searches again and again. Registration lost means PDP lost. `usable` is what data needs. PSM and
eDRX are psm.py's; while eDRX is in force what comes down waits for the paging window (`down`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from trygg_tools.modem_sim.dialogue import Later
from trygg_tools.modem_sim.psm import Psm
from trygg_tools.modem_sim.schedule import Plan

if TYPE_CHECKING:
    from trygg_tools.modem_sim.modem import Modem

IDLE, HOME, SEARCHING, DENIED = 0, 1, 2, 3  # +CEREG's stat
DRX_MS = 1280  # the paging cycle without eDRX
EDGE_MS = 60  # from the edge to a connected modem
LOSS_MS = 4000  # from the loss of cover to the loss of registration


class Network:
    """`stat` is +CEREG's; `pdp` holds the addresses of the active contexts."""

    def __init__(self, modem: Modem) -> None:
        self._modem = modem
        self.psm = Psm(modem, self)
        self.functionality = 0  # +CFUN
        self.stat = IDLE
        self.pdp: dict[int, str] = {}
        self.registrations = 0
        self._search: Plan | None = None
        self._rrc_until_ms = 0
        self._known_cell = False
        self._waiting: list[Callable[[], None]] = []  # what is at the network's edge
        modem.world.heed(self._cover_changed)

    # -- power and functionality -------------------------------------------------------------

    def boot(self) -> None:
        """The part has started: full functionality, search."""
        self.psm.boot()
        self.set_functionality(1)

    def off(self, dozing: bool) -> None:
        """Off or into PSM: PSM keeps the registration in the network, not here."""
        self._known_cell = dozing and self.stat == HOME
        self._stop_search()
        self.functionality = 0
        self.stat = IDLE
        self.pdp.clear()
        self._waiting.clear()
        self.psm.off(dozing)

    def set_functionality(self, value: int) -> None:
        """+CFUN: 1 radio on; 0, 4 and 7 off."""
        before, self.functionality = self.functionality, value
        if value == 1 and before != 1:
            self._begin_search(first=True)
        elif value != 1:
            self._known_cell = False
            self._stop_search()
            self._unregister(IDLE)

    # -- registration ------------------------------------------------------------------------

    @property
    def registered(self) -> bool:
        """Attached to the network."""
        return self.stat == HOME

    @property
    def usable(self) -> bool:
        """Data can go: registered, cover, and GNSS has not the radio."""
        modem = self._modem
        return self.registered and modem.world.covered and not modem.gnss.has_radio

    def detach(self) -> None:
        """Detach by command; the radio stays on and does not search."""
        self._stop_search()
        self._unregister(IDLE)

    def attach(self) -> None:
        """Attach by command."""
        if self.functionality == 1 and not self.registered:
            self._begin_search(first=True)

    def _begin_search(self, first: bool) -> None:
        self._stop_search()
        self._set_stat(SEARCHING)
        part = self._modem.part
        low, high = part.attach_ms if first else part.rescan_ms
        if first and self._known_cell:
            low, high = part.resume_ms
        self._known_cell = False
        wait_ms = self._modem.rng.randint(low, high)
        self._search = self._modem.schedule.after(wait_ms, self._found)

    def _stop_search(self) -> None:
        if self._search is not None:
            self._search.cancel()
            self._search = None

    def _found(self) -> None:
        modem = self._modem
        self._search = None
        if self.functionality != 1:
            return
        if not modem.world.sim or modem.world.attach_refused:
            self._set_stat(DENIED)
            self._again()
        elif not modem.world.covered or modem.gnss.has_radio:
            self._set_stat(SEARCHING)
            self._again()
        else:
            self._register()

    def _again(self) -> None:
        low, high = self._modem.part.rescan_ms
        self._search = self._modem.schedule.after(self._modem.rng.randint(low, high), self._found)

    def _register(self) -> None:
        self.registrations += 1
        self._set_stat(HOME)
        self.touch()
        self.psm.registered()
        self._modem.each_family(lambda family: family.on_network(True))

    def _unregister(self, stat: int) -> None:
        was = self.registered
        self.take_away()
        self._set_stat(stat)
        if was:
            self.psm.unregistered()
            self._modem.each_family(lambda family: family.on_network(False))

    def _set_stat(self, stat: int) -> None:
        if stat != self.stat:
            self.stat = stat
            self._modem.note(f"registration {stat}")
            self._modem.each_family(lambda family: family.on_stat())

    def _cover_changed(self) -> None:
        world = self._modem.world
        if self.registered and (not world.covered or world.attach_refused):
            self._modem.schedule.after(LOSS_MS, self._lose)

    def _lose(self) -> None:
        world = self._modem.world
        if self.registered and (not world.covered or world.attach_refused):
            self._unregister(SEARCHING)
            if self.functionality == 1:
                self._again()

    # -- PDP ---------------------------------------------------------------------------------

    def activate(self, index: int) -> Later[bool]:
        """Ask for a context; True when it is active."""
        later: Later[bool] = Later()
        low, high = self._modem.part.pdp_ms
        self.touch()

        def done() -> None:
            if self.usable:
                number = self.registrations % 200 + 20
                self.pdp[index] = f"10.{94 + index}.36.{number}"
                self._modem.each_family(lambda family: family.on_pdp(index, True))
            later.tell(index in self.pdp)

        if self.usable:
            self._modem.schedule.after(self._modem.rng.randint(low, high), done)
        else:
            later.tell(False)
        return later

    def deactivate(self, index: int) -> None:
        """The context is gone, asked for or not."""
        if self.pdp.pop(index, None) is not None:
            self._modem.each_family(lambda family: family.on_pdp(index, False))

    def take_away(self) -> None:
        """The network takes every context away."""
        for index in sorted(self.pdp):
            self.deactivate(index)

    # -- traffic -----------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """True while the cell holds a radio connection for us."""
        return self.registered and self._modem.schedule.now_ms < self._rrc_until_ms

    def touch(self) -> None:
        """Bytes go or come: the connection to the cell is up for a while longer."""
        self._rrc_until_ms = self._modem.schedule.now_ms + self._modem.part.rrc_ms
        self.psm.touched(self._rrc_until_ms)
        if self._waiting:
            self._modem.schedule.after(EDGE_MS, self._deliver)

    def down(self, arrive: Callable[[], None]) -> None:
        """Something is at the network's edge for us: `arrive()` when we can be reached.

        At once while connected, in the next paging window otherwise; not at all without network.
        What came first arrives first.
        """
        self._waiting.append(arrive)
        wait_ms = 0 if self.connected else self.psm.next_page_ms(DRX_MS)
        self._modem.schedule.after(wait_ms, self._deliver)

    def _deliver(self) -> None:
        if not self.registered:
            self._waiting.clear()
        elif self._waiting and not self.usable:
            self._modem.schedule.after(DRX_MS, self._deliver)
        else:
            waiting, self._waiting = self._waiting, []
            if waiting:
                self.touch()
            for arrive in waiting:
                arrive()
