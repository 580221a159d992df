"""NETOPEN and CIP*: the raw TCP sockets of SIM7600 and A76XX.

SIM7500_SIM7600 TCPIP note, A76XX TCPIP note. The service is opened once (+NETOPEN: 0 after OK).
With CIPRXGET=1 what comes is kept and announced once until it is read; with 0 it is pushed. At
most 1500 bytes go or come at a time. Sending without a length (Ctrl-Z) is refused here.
"""

from __future__ import annotations

from typing import NoReturn

from trygg_tools.modem_sim.command_line import READ, RUN, SET, Call
from trygg_tools.modem_sim.dialogue import Payload, Refused, Talk
from trygg_tools.modem_sim.family import Family, answers, number, text
from trygg_tools.modem_sim.far import NO_HOST, OPEN
from trygg_tools.modem_sim.modem import Modem
from trygg_tools.modem_sim.own_socket import OwnSocket

LINKS = 10
PDP = 1
LONGEST = 1500
INPUT_MS = 60000  # [K]
OPEN_MS, NET_MS = 120000, 120000
GOOD, NO_NET, BAD_PARAMETER, TAKEN, TIMED_OUT, NO_NAME = 0, 2, 3, 9, 10, 11


class CipOpen(Family):
    """Ten links. `pushes` is CIPRXGET=0."""

    def __init__(self, modem: Modem) -> None:
        super().__init__(modem)
        self._open = False
        self._links: dict[int, OwnSocket] = {}
        self._pushes = True

    def on_boot(self) -> None:
        """What comes is pushed, as delivered."""
        self._pushes = True

    def on_off(self) -> None:
        """Everything is gone."""
        self._open = False
        self._drop_links()

    def on_pdp(self, index: int, active: bool) -> None:
        """The context is gone: the service is closed."""
        if not active and index == PDP and self._open:
            self._open = False
            self._drop_links()
            self.modem.urc("+CIPEVENT: NETWORK CLOSED UNEXPECTEDLY")

    def _drop_links(self) -> None:
        for link in self._links.values():
            link.drop()
        self._links.clear()

    # -- the service -------------------------------------------------------------------------

    @answers("+NETOPEN", RUN)
    def net_open(self, call: Call) -> None:
        """OK, and the result after it."""
        if self._open:
            self.modem.say("+IP ERROR: Network is already opened")
            raise Refused
        self.modem.background(self._net_open())

    def _net_open(self) -> Talk:
        yield 30  # OK first
        active = yield self.modem.network.activate(PDP).within(NET_MS)
        self._open = bool(active)
        self.modem.urc(f"+NETOPEN: {0 if active else 1}")
        return None

    @answers("+NETOPEN", READ)
    def net_state(self, call: Call) -> None:
        """1 open."""
        self.modem.say(f"+NETOPEN: {int(self._open)}")

    @answers("+NETCLOSE", RUN)
    def net_close(self, call: Call) -> None:
        """The context stays while something else uses it."""
        if not self._open:
            self.modem.say("+NETCLOSE: 2")
            raise Refused
        self._open = False
        self._drop_links()
        self.modem.background(self._soon("+NETCLOSE: 0"))

    def _soon(self, line: str) -> Talk:
        yield 100
        self.modem.urc(line)
        return None

    @answers("+IPADDR", RUN)
    def address(self, call: Call) -> None:
        """The address of the context."""
        if not self._open:
            self.modem.say("+IP ERROR: Network not opened")
            raise Refused
        self.modem.say(f"+IPADDR: {self.modem.network.pdp[PDP]}")

    # -- links -------------------------------------------------------------------------------

    @answers("+CIPOPEN", SET)
    def open(self, call: Call) -> None:
        """Link, "TCP", host, port."""
        index = number(call, 0, 0, LINKS - 1)
        if not self._open:
            self._refuse(f"+CIPOPEN: {index},{NO_NET}")
        if text(call, 1).upper() != "TCP":
            self._refuse(f"+CIPOPEN: {index},{BAD_PARAMETER}")
        if index in self._links:
            self._refuse(f"+CIPOPEN: {index},{TAKEN}")
        host, port = text(call, 2, 255), number(call, 3, 1, 65535)
        link = OwnSocket(self.modem, lambda: self._came(index), lambda: self._closed(index))
        self._links[index] = link
        self.modem.background(self._connect(index, link, host, port))

    def _refuse(self, line: str) -> NoReturn:
        self.modem.say(line)
        raise Refused

    def _connect(self, index: int, link: OwnSocket, host: str, port: int) -> Talk:
        yield 30  # OK first
        why = yield link.open(host, port, None).within(OPEN_MS)
        if why != OPEN:
            link.drop()
            if self._links.get(index) is link:
                del self._links[index]
        result = GOOD if why == OPEN else NO_NAME if why == NO_HOST else TIMED_OUT
        self.modem.urc(f"+CIPOPEN: {index},{result}")
        return None

    def _link(self, call: Call, at: int) -> tuple[int, OwnSocket]:
        index = number(call, at, 0, LINKS - 1)
        link = self._links.get(index)
        if link is None:
            self._refuse("+CIPERROR: 4" if self._open else f"+CIPERROR: {NO_NET}")
        return index, link

    @answers("+CIPSEND", SET)
    def send(self, call: Call) -> Talk:
        """Link and length, 1 to 1500."""
        index, link = self._link(call, 0)
        data = yield Payload(number(call, 1, 1, LONGEST), INPUT_MS)
        if data is None:
            raise Refused
        link.send(data)
        self.modem.background(self._soon(f"+CIPSEND: {index},{len(data)},{len(data)}"))
        return None

    @answers("+CIPCLOSE", SET)
    def close(self, call: Call) -> None:
        """OK, and the result after it."""
        index, link = self._link(call, 0)
        link.close()
        del self._links[index]
        self.modem.background(self._soon(f"+CIPCLOSE: {index},0"))

    # -- what comes --------------------------------------------------------------------------

    def _closed(self, index: int) -> None:
        """1: closed by the far end. What came before can still be read [K]."""
        self.modem.urc(f"+IPCLOSE: {index},1")
        if not self._links[index].waiting:
            del self._links[index]

    def _came(self, index: int) -> None:
        link = self._links[index]
        if not self._pushes:
            if not link.announced:
                link.announced = True
                self.modem.urc(f"+CIPRXGET: 1,{index}")
            return
        while link.waiting:
            data = link.read(LONGEST)
            self.modem.mouth.urc_frame(f"+IPD{len(data)}\r\n", data)

    @answers("+CIPRXGET", READ)
    def reading(self, call: Call) -> None:
        """0 pushed, 1 kept."""
        self.modem.say(f"+CIPRXGET: {0 if self._pushes else 1}")

    @answers("+CIPRXGET", SET)
    def get(self, call: Call) -> None:
        """0 and 1 set how; 2 reads as it is, 3 as hex, 4 asks how much there is."""
        mode = number(call, 0, 0, 4)
        if mode < 2:
            self._pushes = mode == 0
            return
        index, link = self._link(call, 1)
        if mode == 4:
            self.modem.say(f"+CIPRXGET: 4,{index},{link.waiting}")
            return
        if not link.waiting:
            self.modem.say("+IP ERROR: No data")
            raise Refused
        data = link.read(number(call, 2, 1, LONGEST, LONGEST))
        link.announced = link.waiting > 0
        head = f"+CIPRXGET: {mode},{index},{len(data)},{link.waiting}\r\n"
        self.modem.mouth.frame(head, data if mode == 2 else data.hex().upper().encode())
        if not link.connected and not link.waiting:
            del self._links[index]
