"""CMQTT*, the MQTT service of SIM7600 and A76XX: start, acquire, connect, disconnect, stop, loss.

SIM7500_SIM7600_SIM7800 MQTT manual V1.00, A76XX MQTT note V1.02. A result that comes later is an
unsolicited line after OK; a refusal is that line and ERROR. The SIM7600 says the results of START
and STOP before OK (logs named in tests/vectors/at), the A76XX after it: `RESULT_FIRST`.
What goes through a connection is cmqtt_messages.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from typing import Any, NoReturn

from trygg_tools.modem_sim.cmqtt_client import Answer, MqttClient
from trygg_tools.modem_sim.command_line import READ, RUN, SET, Call
from trygg_tools.modem_sim.dialogue import Payload, Refused, Step, Talk
from trygg_tools.modem_sim.family import Family, answers, number, text
from trygg_tools.modem_sim.far import Session, Tls, Will
from trygg_tools.modem_sim.modem import Modem
from trygg_tools.modem_sim.simcom_ssl import SimcomSsl

CLIENTS = 2
PDP = 1
START_MS, CONNECT_MS = 12000, 120000
INPUT_MS = 120000  # how long the module waits for the bytes behind a prompt [K]
SERVER = re.compile(r"tcp://([^:/]+):(\d{1,5})$")


class Cmqtt(Family):
    """The service and its two clients."""

    RESULT_FIRST = False

    def __init__(self, modem: Modem) -> None:
        super().__init__(modem)
        self.started = False
        self.clients = [MqttClient(modem, index) for index in range(CLIENTS)]

    # -- the service -------------------------------------------------------------------------

    @answers("+CMQTTSTART", RUN)
    def start(self, call: Call) -> Talk | None:
        """Activates the context; 23 when it is started already."""
        if self.started:
            self.modem.say(f"+CMQTTSTART: {Answer.NET_IS_OPENED}")
            raise Refused
        if self.RESULT_FIRST:
            return self._start(self.modem.say)
        self.modem.background(self._start(self.modem.urc))
        return None

    def _start(self, say: Callable[[str], None]) -> Talk:
        yield 30
        active = yield self.modem.network.activate(PDP).within(START_MS)
        self.started = bool(active)
        result = Answer.OK if active else Answer.NET_OPEN_FAIL
        say(f"+CMQTTSTART: {result}")
        if self.RESULT_FIRST and not active:
            raise Refused
        return None

    @answers("+CMQTTSTOP", RUN)
    def stop(self, call: Call) -> None:
        """Refused while a client is acquired (21) and before START (9)."""
        if not self.started:
            self._refuse("+CMQTTSTOP: ", Answer.NET_NOT_OPENED)
        if any(client.acquired for client in self.clients):
            self._refuse("+CMQTTSTOP: ", Answer.NOT_RELEASED)
        self.started = False
        if self.RESULT_FIRST:
            self.modem.say("+CMQTTSTOP: 0")
        else:
            self.modem.background(self._soon("+CMQTTSTOP: 0"))

    def _soon(self, line: str) -> Talk:
        yield 150
        self.modem.urc(line)
        return None

    def _refuse(self, head: str, code: int) -> NoReturn:
        self.modem.say(f"{head}{code}")
        raise Refused

    # -- clients -----------------------------------------------------------------------------

    def client(self, call: Call) -> MqttClient:
        """The acquired client that a command names; 10 and 20 otherwise."""
        try:
            client = self.clients[number(call, 0, 0, CLIENTS - 1)]
        except Refused:
            self._refuse(f"{call.name}: {call.args[0] if call.args else 0},", Answer.INDEX)
        if not client.acquired:
            self._refuse(f"{call.name}: {client.index},", Answer.NOT_ACQUIRED)
        return client

    @answers("+CMQTTACCQ", SET)
    def acquire(self, call: Call) -> None:
        """Index, name, 1 for TLS; 9 without the service, 19 when it is in use."""
        index = number(call, 0, 0, CLIENTS - 1)
        if not self.started:
            self._refuse(f"+CMQTTACCQ: {index},", Answer.NET_NOT_OPENED)
        if self.clients[index].acquired:
            self._refuse(f"+CMQTTACCQ: {index},", Answer.CLIENT_USED)
        self.clients[index].acquire(text(call, 1, 128), number(call, 2, 0, 1, 0) == 1)

    @answers("+CMQTTREL", SET)
    def release(self, call: Call) -> None:
        """Refused while it is connected."""
        client = self.client(call)
        if client.own.connected:
            self._refuse(f"+CMQTTREL: {client.index},", Answer.NOT_RELEASED)
        client.acquired = False

    @answers("+CMQTTSSLCFG", SET)
    def choose_context(self, call: Call) -> None:
        """Which TLS context the client uses."""
        self.clients[number(call, 0, 0, CLIENTS - 1)].context = number(call, 1, 0, 9)

    @answers("+CMQTTCFG", SET)
    def configure(self, call: Call) -> None:
        """Words: "version" 3 or 4, "optimeout" 20 to 120 s, "checkUTF8", "argtopic"."""
        word = text(call, 0).lower()
        ranges = {
            "version": (3, 4),
            "optimeout": (20, 120),
            "checkutf8": (0, 1),
            "argtopic": (0, 1),
        }
        if word not in ranges:
            raise Refused
        value = number(call, 2, *ranges[word])
        if word == "optimeout":
            self.clients[number(call, 1, 0, CLIENTS - 1)].timeout_ms = value * 1000

    @answers("+CMQTTWILLTOPIC", SET)
    def will_topic(self, call: Call) -> Talk:
        """1 to 1024 bytes behind the prompt."""
        client = self.client(call)
        client.will_topic = yield from self.input(call, client, 1, 1024)
        return None

    @answers("+CMQTTWILLMSG", SET)
    def will_message(self, call: Call) -> Talk:
        """1 to 10240 bytes, and the quality."""
        client = self.client(call)
        client.will_qos = number(call, 2, 0, 2)
        client.will_message = yield from self.input(call, client, 1, 10240)
        return None

    def input(
        self, call: Call, client: MqttClient, low: int, high: int
    ) -> Generator[Step, Any, bytes]:
        """The bytes of a length that stands second; +XXX: n,12 and ERROR when it does not fit."""
        try:
            length = number(call, 1, low, high)
        except Refused:
            self._refuse(f"{call.name}: {client.index},", Answer.PARAMETER)
        data: bytes | None = yield Payload(length, INPUT_MS)
        if data is None:
            raise Refused
        return data

    # -- connections -------------------------------------------------------------------------

    @answers("+CMQTTCONNECT", SET)
    def connect(self, call: Call) -> Talk | None:
        """Server as "tcp://host:port", keepalive, clean, user, password."""
        client = self.client(call)
        head = f"+CMQTTCONNECT: {client.index},"
        server = SERVER.match(text(call, 1, 256, ""))
        if server is None:
            self._refuse(head, Answer.PARAMETER)
        if client.own.connected:
            self._refuse(head, Answer.CLIENT_USED)
        tls = self._tls(client, server[1])
        if client.tls and tls is None:
            self._refuse(head, Answer.NO_CERTIFICATE)
        session = Session(
            host=server[1],
            port=int(server[2]),
            client_id=client.name,
            keepalive_s=number(call, 2, 1, 64800),
            clean=number(call, 3, 0, 1, 0) == 1,
            username=text(call, 4, 256, ""),
            password=text(call, 5, 256, "").encode("latin-1"),
            will=self._will(client),
            tls=tls,
        )
        if self.modem.quirk("connect_blocks"):
            return self._connect_blocking(client, session)
        self.modem.background(self._connect(client, session))
        return None

    def _connect_blocking(self, client: MqttClient, session: Session) -> Talk:
        """Firmware that is silent until the result is there, and says OK or ERROR after it."""
        yield from self._connect(client, session)
        if not client.own.connected:
            raise Refused
        return None

    def _tls(self, client: MqttClient, host: str) -> Tls | None:
        if not client.tls:
            return None
        ssl = next(one for one in self.modem.families if isinstance(one, SimcomSsl))
        return ssl.tls(client.context, host)

    @staticmethod
    def _will(client: MqttClient) -> Will | None:
        if not client.will_topic or not client.will_message:
            return None
        topic = client.will_topic.decode("latin-1")
        return Will(topic, client.will_message, client.will_qos)

    def _connect(self, client: MqttClient, session: Session) -> Talk:
        client.clean = session.clean
        quirk = self.modem.quirk
        if quirk("mqtt_never_connects") or (session.tls and quirk("tls_mqtt_fails")):
            yield CONNECT_MS
            self.modem.urc(f"+CMQTTCONNECT: {client.index},{Answer.SOCKET_CONNECT}")
            return None
        yield 30  # OK first
        why = yield client.own.connect(session).within(CONNECT_MS)
        if why is None:
            client.own.drop()
        self.modem.urc(f"+CMQTTCONNECT: {client.index},{Answer.of_connect(why)}")
        return None

    @answers("+CMQTTCONNECT", READ)
    def connections(self, call: Call) -> None:
        """A line for each client."""
        for client in self.clients:
            self.modem.say(f"+CMQTTCONNECT: {client.index}")

    @answers("+CMQTTDISC", SET)
    def disconnect(self, call: Call) -> None:
        """11 when it is not connected."""
        client = self.client(call)
        if not client.own.connected:
            self._refuse(f"+CMQTTDISC: {client.index},", Answer.NO_CONNECTION)
        number(call, 1, 0, 180, 0)
        client.own.disconnect()
        self.modem.background(self._soon(f"+CMQTTDISC: {client.index},0"))

    # -- what happens to it ------------------------------------------------------------------

    def on_pdp(self, index: int, active: bool) -> None:
        """The context is gone: each connection says so, then the service."""
        if active or index != PDP:
            return
        for client in self.clients:
            if client.own.connected:
                client.fail_pending()
                client.own.drop()
                self.modem.urc(f"+CMQTTCONNLOST: {client.index},3")
        if self.started:
            self.started = False
            self.modem.urc("+CMQTTNONET")

    def on_off(self) -> None:
        """Nothing is kept."""
        self.started = False
        for client in self.clients:
            client.reset()


class CmqttResultFirst(Cmqtt):
    """The SIM7600's order of results and OK in START and STOP."""

    RESULT_FIRST = True
