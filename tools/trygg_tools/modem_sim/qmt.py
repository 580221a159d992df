"""QMTCFG, QMTOPEN, QMTCONN, QMTDISC, QMTCLOSE: the MQTT client of BG95 and BG96.

BG95&BG77&BG600L MQTT note V1.1, BG96 MQTT note V1.0. Each says OK first and its result later. OPEN
is the socket, CONN the session: the socket that OPEN made is given up for the client's own at CONN,
which nobody sees. `+QMTSTAT: n,1` says that the far end closed; whatever it says, one begins at
OPEN again. What goes through a connection is qmt_messages.py.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from trygg_tools.modem_sim.command_line import READ, SET, Call
from trygg_tools.modem_sim.dialogue import Refused, Step, Talk
from trygg_tools.modem_sim.family import Family, answers, number, text
from trygg_tools.modem_sim.far import NO_HOST, OPEN, Session, Tls
from trygg_tools.modem_sim.modem import Modem
from trygg_tools.modem_sim.qiact import ContextQuectel
from trygg_tools.modem_sim.qmt_client import CLOSED, CONNECTED, CONNECTING, OPENED, QmtClient
from trygg_tools.modem_sim.quectel_ssl import QuectelSsl

CLIENTS = 6
OPEN_MS = 120000
IN_USE, BAD_PDP, NO_NAME, NO_NETWORK = 2, 3, 4, 5
PEER_CLOSED, REFUSED_THEN_CLOSED = 1, 5


class Qmt(Family):
    """Six clients."""

    def __init__(self, modem: Modem) -> None:
        super().__init__(modem)
        self.clients = [QmtClient(modem, index) for index in range(CLIENTS)]

    def on_boot(self) -> None:
        """Everything as delivered."""
        for client in self.clients:
            client.reset()

    def on_off(self) -> None:
        """Connections are gone."""
        for client in self.clients:
            client.close()

    def on_pdp(self, index: int, active: bool) -> None:
        """The context is gone: each connection says so."""
        if active:
            return
        for client in self.clients:
            if client.state != CLOSED and client.pdp == index:
                client.close()
                self.modem.urc(f"+QMTSTAT: {client.index},{PEER_CLOSED}")

    def client(self, call: Call) -> QmtClient:
        """The client that a command names."""
        return self.clients[number(call, 0, 0, CLIENTS - 1)]

    # -- settings ----------------------------------------------------------------------------

    @answers("+QMTCFG", SET)
    def configure(self, call: Call) -> None:
        """Word, client, values; without values it is asked. Refused while the client is open."""
        word = text(call, 0).lower()
        client = self.clients[number(call, 1, 0, CLIENTS - 1)]
        if word not in client.settings:
            raise Refused
        if len(call.args) == 2:
            self.modem.say(f'+QMTCFG: "{word}",{client.shown(word)}')
            return
        if client.state != CLOSED and word not in ("timeout", "recv/mode"):
            raise Refused
        client.set(word, [arg.strip('"') for arg in call.args[2:]])

    # -- the socket --------------------------------------------------------------------------

    @answers("+QMTOPEN", SET)
    def open(self, call: Call) -> None:
        """Client, host, port."""
        client = self.client(call)
        host, port = text(call, 1, 100), number(call, 2, 1, 65535)
        self.modem.background(self._open(client, host, port))

    def _open(self, client: QmtClient, host: str, port: int) -> Talk:
        yield 30  # OK first
        result = IN_USE
        if client.state == CLOSED:
            client.state = OPENED
            client.host, client.port = host, port
            result = yield from self._open_socket(client)
            if result:
                client.close()
        self.modem.urc(f"+QMTOPEN: {client.index},{result}")
        return None

    def _open_socket(self, client: QmtClient) -> Generator[Step, Any, int]:
        """The result: 0, or why not."""
        contexts = next(one for one in self.modem.families if isinstance(one, ContextQuectel))
        active = yield contexts.activate(client.pdp).within(OPEN_MS)
        if not active:
            return BAD_PDP
        tls = self._tls(client)
        if client.secret and tls is None:
            return NO_NETWORK
        why = yield client.socket.open(client.host, client.port, tls).within(OPEN_MS)
        return {OPEN: 0, NO_HOST: NO_NAME}.get(why, NO_NETWORK)

    def _tls(self, client: QmtClient) -> Tls | None:
        if not client.secret:
            return None
        ssl = next(one for one in self.modem.families if isinstance(one, QuectelSsl))
        return ssl.tls(client.context, client.host)

    @answers("+QMTOPEN", READ)
    def opened(self, call: Call) -> None:
        """A line for each that is open."""
        for client in self.clients:
            if client.state != CLOSED:
                self.modem.say(f'+QMTOPEN: {client.index},"{client.host}",{client.port}')

    # -- the session -------------------------------------------------------------------------

    @answers("+QMTCONN", SET)
    def connect(self, call: Call) -> None:
        """Client, identity, user, password. ERROR when it is not open, or connected already."""
        client = self.client(call)
        if client.state != OPENED:
            raise Refused
        session = Session(
            host=client.host,
            port=client.port,
            client_id=text(call, 1, 256),
            keepalive_s=client.keepalive_s,
            clean=client.clean,
            username=text(call, 2, 256, ""),
            password=text(call, 3, 256, "").encode("latin-1"),
            will=client.will,
            tls=self._tls(client),
        )
        client.state = CONNECTING
        client.socket.close()
        self.modem.background(self._connect(client, session))

    def _connect(self, client: QmtClient, session: Session) -> Talk:
        yield 30  # OK first
        wanted = client.own.connect(session)
        why = None
        for tries in range(client.retries + 1):
            why = yield wanted.within(client.timeout_ms)
            if why is not None or client.state != CONNECTING:
                break
            if client.notices and tries < client.retries:
                self.modem.urc(f"+QMTCONN: {client.index},1,{tries + 1}")
        if client.state != CONNECTING:
            return None
        if why == OPEN:
            client.state = CONNECTED
            self.modem.urc(f"+QMTCONN: {client.index},0,0")
        elif why is not None and why.isdigit():
            client.close()
            self.modem.urc(f"+QMTCONN: {client.index},0,{why}")
            self.modem.urc(f"+QMTSTAT: {client.index},{REFUSED_THEN_CLOSED}")
        else:
            client.close()
            self.modem.urc(f"+QMTCONN: {client.index},2")
        return None

    @answers("+QMTCONN", READ)
    def states(self, call: Call) -> None:
        """2 connecting, 3 connected; a line for each that has a session."""
        for client in self.clients:
            if client.state in (CONNECTING, CONNECTED):
                self.modem.say(f"+QMTCONN: {client.index},{client.state}")

    @answers("+QMTDISC", SET)
    def disconnect(self, call: Call) -> None:
        """The session and its socket; ERROR when there is none."""
        client = self.client(call)
        if client.state != CONNECTED:
            raise Refused
        client.close(politely=True)
        self.modem.background(self._soon(f"+QMTDISC: {client.index},0"))

    @answers("+QMTCLOSE", SET)
    def close(self, call: Call) -> None:
        """The socket; ERROR when it is not open."""
        client = self.client(call)
        if client.state == CLOSED:
            raise Refused
        client.close()
        self.modem.background(self._soon(f"+QMTCLOSE: {client.index},0"))

    def _soon(self, line: str) -> Talk:
        yield 150
        self.modem.urc(line)
        return None
