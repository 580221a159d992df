"""CCH*: TLS (or plain) sockets of SIM7600 and A76XX.

SIM7500_SIM7600 AT manual V3.00 and A76XX SSL note. CCHSET=<say the result of sending>,<receive
by command>. By command: `+CCHEVENT: n,RECV EVENT` once, CCHRECV? tells the lengths, CCHRECV=n,max
gives OK first, then the data by length, then `+CCHRECV: n,0`. Otherwise the data is pushed.
"""

from __future__ import annotations

from typing import NoReturn

from trygg_tools.modem_sim.command_line import READ, RUN, SET, Call
from trygg_tools.modem_sim.dialogue import Payload, Refused, Talk
from trygg_tools.modem_sim.family import Family, answers, number, text
from trygg_tools.modem_sim.far import BAD_TLS, EXPIRED, NO_HOST, OPEN, Tls
from trygg_tools.modem_sim.modem import Modem
from trygg_tools.modem_sim.own_socket import OwnSocket
from trygg_tools.modem_sim.simcom_ssl import SimcomSsl

SESSIONS = 2
PDP = 1
LONGEST = 2048
INPUT_MS = 60000  # [K]
OPEN_MS = 120000
# result codes of the SSL chapter: 3 and 4 are told apart as name and connection [K]
WHY = {OPEN: 0, NO_HOST: 3, BAD_TLS: 9, EXPIRED: 9}


class CchOpen(Family):
    """The service and its two sessions."""

    def __init__(self, modem: Modem) -> None:
        super().__init__(modem)
        self._sessions: dict[int, OwnSocket] = {}
        self.on_boot()

    def on_boot(self) -> None:
        """Nothing is said of sending, what comes is pushed."""
        self._started = self._tells_sent = self._by_command = False
        self._contexts = dict.fromkeys(range(SESSIONS), 0)

    def on_off(self) -> None:
        """Everything is gone."""
        self._started = False
        self._drop()

    def on_pdp(self, index: int, active: bool) -> None:
        """The context is gone: every session is closed."""
        if not active and index == PDP and self._started:
            self._started = False
            for session in sorted(self._sessions):
                self.modem.urc(f"+CCH_PEER_CLOSED: {session}")
            self._drop()

    def _drop(self) -> None:
        for session in self._sessions.values():
            session.drop()
        self._sessions.clear()

    # -- the service -------------------------------------------------------------------------

    @answers("+CCHSET", SET)
    def configure(self, call: Call) -> None:
        """Before CCHSTART only."""
        if self._started:
            raise Refused
        self._tells_sent = number(call, 0, 0, 1) == 1
        self._by_command = number(call, 1, 0, 1, 0) == 1

    @answers("+CCHSTART", RUN)
    def start(self, call: Call) -> None:
        """OK, and the result after it."""
        if self._started:
            raise Refused
        self.modem.background(self._start())

    def _start(self) -> Talk:
        yield 30  # OK first
        active = yield self.modem.network.activate(PDP).within(OPEN_MS)
        self._started = bool(active)
        self.modem.urc(f"+CCHSTART: {0 if active else 1}")
        return None

    @answers("+CCHSTOP", RUN)
    def stop(self, call: Call) -> None:
        """Closes what is open."""
        if not self._started:
            raise Refused
        self._started = False
        self._drop()
        self.modem.background(self._soon("+CCHSTOP: 0"))

    def _soon(self, line: str) -> Talk:
        yield 100
        self.modem.urc(line)
        return None

    # -- sessions ----------------------------------------------------------------------------

    @answers("+CCHSSLCFG", SET)
    def choose_context(self, call: Call) -> None:
        """Which TLS context a session uses."""
        self._contexts[number(call, 0, 0, SESSIONS - 1)] = number(call, 1, 0, 9)

    @answers("+CCHOPEN", SET)
    def open(self, call: Call) -> None:
        """Session, host, port, 1 TCP or 2 TLS."""
        index = number(call, 0, 0, SESSIONS - 1)
        if not self._started or index in self._sessions:
            self._refuse(f"+CCHOPEN: {index},{4 if self._started else 1}")
        host, port = text(call, 1, 256), number(call, 2, 1, 65535)
        secret = number(call, 3, 1, 2, 2) == 2
        tls = self._tls(index, host) if secret else None
        if secret and tls is None:
            self._refuse(f"+CCHOPEN: {index},8")
        session = OwnSocket(self.modem, lambda: self._came(index), lambda: self._closed(index))
        self._sessions[index] = session
        self.modem.background(self._connect(index, session, host, port, tls))

    def _refuse(self, line: str) -> NoReturn:
        self.modem.say(line)
        raise Refused

    def _tls(self, index: int, host: str) -> Tls | None:
        ssl = next(one for one in self.modem.families if isinstance(one, SimcomSsl))
        return ssl.tls(self._contexts[index], host)

    def _connect(
        self, index: int, session: OwnSocket, host: str, port: int, tls: Tls | None
    ) -> Talk:
        yield 30  # OK first
        why = yield session.open(host, port, tls).within(OPEN_MS)
        if why != OPEN:
            session.drop()
            if self._sessions.get(index) is session:
                del self._sessions[index]
        self.modem.urc(f"+CCHOPEN: {index},{WHY.get(why, 4)}")
        return None

    def _session(self, call: Call) -> tuple[int, OwnSocket]:
        index = number(call, 0, 0, SESSIONS - 1)
        if index not in self._sessions:
            raise Refused
        return index, self._sessions[index]

    @answers("+CCHSEND", SET)
    def send(self, call: Call) -> Talk:
        """Session and length, 1 to 2048."""
        index, session = self._session(call)
        data = yield Payload(number(call, 1, 1, LONGEST), INPUT_MS)
        if data is None:
            raise Refused
        session.send(data)
        if self._tells_sent:
            self.modem.background(self._soon(f"+CCHSEND: {index},0"))
        return None

    @answers("+CCHCLOSE", SET)
    def close(self, call: Call) -> None:
        """OK, and the result after it."""
        index, session = self._session(call)
        session.close()
        del self._sessions[index]
        self.modem.background(self._soon(f"+CCHCLOSE: {index},0"))

    # -- what comes --------------------------------------------------------------------------

    def _closed(self, index: int) -> None:
        self.modem.urc(f"+CCH_PEER_CLOSED: {index}")
        self._sessions.pop(index).drop()

    def _came(self, index: int) -> None:
        session = self._sessions[index]
        if self._by_command:
            if not session.announced:
                session.announced = True
                self.modem.urc(f"+CCHEVENT: {index},RECV EVENT")
            return
        while session.waiting:
            data = session.read(LONGEST)
            self.modem.mouth.urc_frame(f"+CCHRECV: DATA,{index},{len(data)}\r\n", data)

    @answers("+CCHRECV", READ)
    def lengths(self, call: Call) -> None:
        """How much waits in each session."""
        waiting = [self._sessions[n].waiting if n in self._sessions else 0 for n in range(SESSIONS)]
        self.modem.say(f"+CCHRECV: LEN,{waiting[0]},{waiting[1]}")

    @answers("+CCHRECV", SET)
    def receive(self, call: Call) -> None:
        """OK, then the data, then the end; ERROR when there is none."""
        index, session = self._session(call)
        data = session.read(number(call, 1, 1, LONGEST, LONGEST))
        if not data:
            raise Refused
        session.announced = session.waiting > 0
        self.modem.background(self._give(index, data))

    def _give(self, index: int, data: bytes) -> Talk:
        yield 5
        self.modem.mouth.urc_frame(f"+CCHRECV: DATA,{index},{len(data)}\r\n", data)
        self.modem.urc(f"+CCHRECV: {index},0")
        return None
