"""QICSGP, QIACT, QIDEACT, QIGETERROR: the contexts of Quectel parts.

BG95&BG77&BG600L TCP/IP note V1.1. QIACT says OK when the context is up, within 150 s. After
`+QIURC: "pdpdeact",n` it must be given up by QIDEACT before it can be activated again.
"""

from __future__ import annotations

from trygg_tools.modem_sim.command_line import READ, RUN, SET, Call
from trygg_tools.modem_sim.dialogue import Later, Refused, Talk
from trygg_tools.modem_sim.family import Family, answers, number, text
from trygg_tools.modem_sim.modem import Modem

CONTEXTS = 16
ACTIVATE_MS = 150000
KEEPS_NAMES = "qicsgp"


class ContextQuectel(Family):
    """`activate` is what QIACT and QMTOPEN use; `last_error` is QIGETERROR's."""

    def __init__(self, modem: Modem) -> None:
        super().__init__(modem)
        self.last_error = (0, "operate successfully")
        self._broken: set[int] = set()
        self._giving_up = 0
        modem.kept.setdefault(KEEPS_NAMES, {})

    def on_boot(self) -> None:
        """Nothing is active or broken."""
        self._broken.clear()

    def on_pdp(self, index: int, active: bool) -> None:
        """A loss that nobody asked for is said."""
        if not active and index != self._giving_up:
            self._broken.add(index)
            self.modem.urc(f'+QIURC: "pdpdeact",{index}')

    def activate(self, index: int) -> Later[bool]:
        """Told True when the context is active."""
        if index in self.modem.network.pdp:
            there: Later[bool] = Later()
            there.tell(True)
            return there
        return self.modem.network.activate(index)

    @answers("+QICSGP", SET)
    def define(self, call: Call) -> None:
        """Context, type, APN, user, password, authentication; the context alone asks."""
        index = number(call, 0, 1, CONTEXTS)
        if len(call.args) == 1:
            kind, apn = self.modem.kept[KEEPS_NAMES].get(index, (1, ""))
            self.modem.say(f'+QICSGP: {kind},"{apn}","","",0')
            return
        kind, apn = number(call, 1, 1, 3), text(call, 2, 100, "")
        self.modem.kept[KEEPS_NAMES][index] = (kind, apn)

    @answers("+QIACT", SET)
    def act(self, call: Call) -> Talk:
        """OK when it is up."""
        index = number(call, 0, 1, CONTEXTS)
        if index in self._broken or index in self.modem.network.pdp:
            raise Refused
        active = yield self.modem.network.activate(index).within(ACTIVATE_MS)
        if not active:
            self.last_error = (561, "Open PDP context failed")
            raise Refused
        return None

    @answers("+QIACT", READ)
    def active(self, call: Call) -> None:
        """A line for each that is active: state, type, address."""
        for index, address in sorted(self.modem.network.pdp.items()):
            self.modem.say(f'+QIACT: {index},1,1,"{address}"')

    @answers("+QIDEACT", SET)
    def give_up(self, call: Call) -> Talk:
        """Its sockets end with it."""
        index = number(call, 0, 1, CONTEXTS)
        self._broken.discard(index)
        self._giving_up = index
        yield 300
        self.modem.network.deactivate(index)
        self._giving_up = 0
        return None

    @answers("+QIGETERROR", RUN)
    def why(self, call: Call) -> None:
        """Why the last socket command failed."""
        self.modem.say(f"+QIGETERROR: {self.last_error[0]},{self.last_error[1]}")
