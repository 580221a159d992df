"""QIOPEN, QISEND, QIRD, QICLOSE and QSSLOPEN, QSSLSEND, QSSLRECV, QSSLCLOSE: Quectel's sockets.

BG95&BG77&BG600L TCP/IP note V1.1 and SSL note V1.0. Buffer access (0) announces once what waits and
gives it by command; direct push (1) says it at once by length. An identifier stays taken until it
is closed by command, also after a failed opening. Transparent access is refused here.
"""

from __future__ import annotations

from dataclasses import dataclass

from trygg_tools.modem_sim.command_line import RUN, SET, Call
from trygg_tools.modem_sim.dialogue import Final, Payload, Refused, Talk
from trygg_tools.modem_sim.family import Family, answers, number, text
from trygg_tools.modem_sim.far import NO_HOST, OPEN, Tls
from trygg_tools.modem_sim.modem import Modem
from trygg_tools.modem_sim.own_socket import OwnSocket
from trygg_tools.modem_sim.qiact import ContextQuectel
from trygg_tools.modem_sim.quectel_ssl import QuectelSsl

SOCKETS = 12
SEND_LONGEST, READ_LONGEST = 1460, 1500
INPUT_MS = 60000  # [K]
OPEN_MS = 150000
ERRORS = {
    552: "Invalid parameters",
    561: "Open PDP context failed",
    563: "Socket identity has been used",
    565: "DNS parse failed",
    566: "Socket connection failed",
}


@dataclass
class Held:
    """A taken identifier."""

    socket: OwnSocket
    pdp: int
    pushes: bool
    host: str
    port: int


class QiOpen(Family):
    """Twelve identifiers of plain TCP. QsslOpen is the same with TLS."""

    OPEN, URC, READS = "+QIOPEN", "+QIURC", "+QIRD"

    def __init__(self, modem: Modem) -> None:
        super().__init__(modem)
        self._held: dict[int, Held] = {}

    @property
    def contexts(self) -> ContextQuectel:
        """The part's contexts."""
        return next(one for one in self.modem.families if isinstance(one, ContextQuectel))

    def on_off(self) -> None:
        """Everything is gone."""
        for held in self._held.values():
            held.socket.drop()
        self._held.clear()

    def on_pdp(self, index: int, active: bool) -> None:
        """The context is gone, and what was open in it."""
        gone = [n for n, held in self._held.items() if held.pdp == index and not active]
        for number_ in gone:
            self._held.pop(number_).socket.drop()

    # -- opening and closing -----------------------------------------------------------------

    @answers("+QIOPEN", SET)
    def open(self, call: Call) -> None:
        """Context, identifier, "TCP", host, port, local port, access."""
        pdp, index = number(call, 0, 1, 16), number(call, 1, 0, SOCKETS - 1)
        if text(call, 2).upper() != "TCP":
            raise Refused
        host, port = text(call, 3, 150), number(call, 4, 1, 65535)
        number(call, 5, 0, 65535, 0)
        self.begin(index, pdp, host, port, number(call, 6, 0, 1, 0) == 1, None)

    def begin(
        self, index: int, pdp: int, host: str, port: int, pushes: bool, tls: Tls | None
    ) -> None:
        """Take the identifier; the result comes after OK."""
        if index in self._held:
            self.modem.background(self._tell(index, 563))
            return
        socket = OwnSocket(self.modem, lambda: self._came(index), lambda: self._closed(index))
        held = Held(socket, pdp, pushes, host, port)
        self._held[index] = held
        self.modem.background(self._open(index, held, tls))

    def _open(self, index: int, held: Held, tls: Tls | None) -> Talk:
        yield 30  # OK first
        result = 561
        if held.pdp in self.modem.network.pdp:
            why = yield held.socket.open(held.host, held.port, tls).within(OPEN_MS)
            result = {OPEN: 0, NO_HOST: 565}.get(why, 566)
        if result:
            held.socket.drop()
        yield from self._tell(index, result)
        return None

    def _tell(self, index: int, result: int) -> Talk:
        yield 20
        self.contexts.last_error = (result, ERRORS.get(result, "operate successfully"))
        self.modem.urc(f"{self.OPEN}: {index},{result}")
        return None

    def held(self, call: Call, at: int = 0) -> tuple[int, Held]:
        """The taken identifier that a command names; ERROR when it is free."""
        index = number(call, at, 0, SOCKETS - 1)
        if index not in self._held:
            raise Refused
        return index, self._held[index]

    @answers("+QICLOSE", SET)
    def close(self, call: Call) -> Talk:
        """OK when it is closed; the identifier is free. OK too when it was free."""
        index = number(call, 0, 0, SOCKETS - 1)
        held = self._held.pop(index, None)
        if held is not None:
            held.socket.close()
            yield 100
        return None

    # -- data --------------------------------------------------------------------------------

    @answers("+QISEND", SET)
    def send(self, call: Call) -> Talk:
        """Identifier and length, 1 to 1460; length 0 asks how much went."""
        _, held = self.held(call)
        length = number(call, 1, 0, SEND_LONGEST)
        if not held.socket.connected:
            raise Refused
        if not length:
            self.modem.say(f"+QISEND: {held.socket.sent},{held.socket.sent},0")
            return None
        data = yield Payload(length, INPUT_MS)
        if data is None:
            raise Refused
        if not held.socket.connected:
            return Final("SEND FAIL")
        held.socket.send(data)
        return Final("SEND OK")

    @answers("+QIRD", SET)
    def read(self, call: Call) -> None:
        """Identifier and length, 1 to 1500; length 0 asks: came, read, waiting."""
        _, held = self.held(call)
        length = number(call, 1, 0, READ_LONGEST, READ_LONGEST)
        socket = held.socket
        if not length:
            counts = f"{socket.came},{socket.was_read},{socket.waiting}"
            self.modem.say(f"{self.READS}: {counts}")
            return
        data = socket.read(length)
        socket.announced = socket.waiting > 0
        if data:
            self.modem.mouth.frame(f"{self.READS}: {len(data)}\r\n", data)
        else:
            self.modem.say(f"{self.READS}: 0")

    def _came(self, index: int) -> None:
        held = self._held[index]
        if held.pushes:
            data = held.socket.read(READ_LONGEST)
            while data:
                head = f'{self.URC}: "recv",{index},{len(data)}\r\n'
                self.modem.mouth.urc_frame(head, data)
                data = held.socket.read(READ_LONGEST)
        elif not held.socket.announced:
            held.socket.announced = True
            self.modem.urc(f'{self.URC}: "recv",{index}')

    def _closed(self, index: int) -> None:
        """The far end closed; the identifier stays taken."""
        self.modem.urc(f'{self.URC}: "closed",{index}')

    @answers("+QISTATE", SET)
    def state(self, call: Call) -> None:
        """`1,identifier`: 2 connected, 4 closing."""
        number(call, 0, 1, 1)
        index = number(call, 1, 0, SOCKETS - 1)
        if index in self._held:
            held = self._held[index]
            state = 2 if held.socket.connected else 4
            where = f'"{held.host}",{held.port},22742'
            self.modem.say(f'+QISTATE: {index},"TCP",{where},{state},{held.pdp},0,0,"uart1"')


class QsslOpen(QiOpen):
    """Identifiers with TLS: QSSL* in place of QI*."""

    OPEN, URC, READS = "+QSSLOPEN", "+QSSLURC", "+QSSLRECV"

    @answers("+QSSLOPEN", SET)
    def open(self, call: Call) -> None:
        """Context, TLS context, identifier, host, port, access."""
        pdp, context = number(call, 0, 1, 16), number(call, 1, 0, 5)
        index = number(call, 2, 0, SOCKETS - 1)
        host, port = text(call, 3, 150), number(call, 4, 1, 65535)
        ssl = next(one for one in self.modem.families if isinstance(one, QuectelSsl))
        tls = ssl.tls(context, host)
        if tls is None:
            raise Refused
        self.begin(index, pdp, host, port, number(call, 5, 0, 1, 0) == 1, tls)

    @answers("+QSSLSEND", SET)
    def send(self, call: Call) -> Talk:
        """As QISEND."""
        return super().send(call)

    @answers("+QSSLRECV", SET)
    def read(self, call: Call) -> None:
        """As QIRD."""
        super().read(call)

    @answers("+QSSLCLOSE", SET)
    def close(self, call: Call) -> Talk:
        """As QICLOSE."""
        return super().close(call)

    @answers("+QSSLSTATE", RUN)
    def state(self, call: Call) -> None:
        """A line for each taken identifier: 2 connected, 4 closing."""
        for index, held in sorted(self._held.items()):
            state = 2 if held.socket.connected else 4
            where = f'"{held.host}",{held.port},0'
            tail = f'{held.pdp},{index},0,"uart1",1'
            self.modem.say(f'+QSSLSTATE: {index},"SSLClient",{where},{state},{tail}')
