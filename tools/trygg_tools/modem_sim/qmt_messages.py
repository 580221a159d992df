"""QMTPUBEX, QMTPUB, QMTSUB, QMTUNS, QMTRECV: what goes through a connection of BG95 and BG96.

BG95&BG77&BG600L MQTT note V1.1. The message number is 0 for quality 0 and 1 to 65535 otherwise.
OK only says that the packet was taken; `+QMTPUB: n,number,0` says that the broker has it, `,1,k`
that it was sent again for the k-th time (when the time-out's notice is on), `,2` that it failed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from trygg_tools.modem_sim.command_line import READ, SET, Call
from trygg_tools.modem_sim.dialogue import Payload, Refused, Step, Talk, Wanted
from trygg_tools.modem_sim.family import Family, answers, number, text
from trygg_tools.modem_sim.qmt import Qmt
from trygg_tools.modem_sim.qmt_client import CONNECTED, PLACES, QmtClient

LONGEST = 4096  # [K]
INPUT_MS = 60000  # [K]
REFUSED_QOS = 128


class QmtMessages(Family):
    """The messages of the clients that Qmt has."""

    PUBEX = True  # the BG96 has QMTPUB with Ctrl-Z only

    @property
    def service(self) -> Qmt:
        """The part's Qmt family."""
        return next(one for one in self.modem.families if isinstance(one, Qmt))

    def _connected(self, call: Call) -> QmtClient:
        client = self.service.client(call)
        if client.state != CONNECTED:
            raise Refused
        return client

    # -- publish -----------------------------------------------------------------------------

    @answers("+QMTPUBEX", SET)
    @answers("+QMTPUB", SET)
    def publish(self, call: Call) -> Talk:
        """Client, number, quality, retained, topic[, length of what comes behind the prompt]."""
        if call.name == "+QMTPUBEX" and not self.PUBEX:
            raise Refused
        client = self._connected(call)
        packet, qos = number(call, 1, 0, 65535), number(call, 2, 0, 2)
        if (packet == 0) != (qos == 0):
            raise Refused
        retain, topic = number(call, 3, 0, 1) == 1, text(call, 4, 1024)
        payload = yield from self._input(call)
        name = "+QMTPUBEX" if self.modem.quirk("pubex_named") else "+QMTPUB"
        head = f"{name}: {client.index},{packet}"
        if self.modem.faults.take_publish_code():
            self.modem.background(self._fail(client, head))
            return None
        wanted = client.own.publish(topic, payload, qos, retain)
        self.modem.background(self._await(client, head, wanted.within))
        return None

    def _fail(self, client: QmtClient, head: str) -> Talk:
        """A fault: it goes nowhere, and the link is lost."""
        yield 500
        self.modem.urc(f"{head},2")
        client.own.cut_off()
        return None

    def _input(self, call: Call) -> Generator[Step, Any, bytes]:
        """By length, or up to Ctrl-Z (which it then cannot hold)."""
        if len(call.args) > 5:
            data: bytes | None = yield Payload(number(call, 5, 1, LONGEST), INPUT_MS)
            if data is None:
                raise Refused
            return data
        if call.name == "+QMTPUBEX":
            raise Refused
        out = b""
        while not out.endswith(b"\x1a"):
            data = yield Payload(1, INPUT_MS, "" if out else "\r\n> ")
            if data is None or data == b"\x1b" or len(out) > LONGEST:
                raise Refused
            out += data
        return out[:-1]

    def _await(self, client: QmtClient, head: str, within: Callable[[int], Wanted]) -> Talk:
        """The result, or so many times sent again and then failed."""
        yield 30  # OK first
        answer = None
        for tries in range(client.retries + 1):
            answer = yield within(client.timeout_ms)
            if answer is not None or client.state != CONNECTED:
                break
            if client.notices and tries < client.retries:
                self.modem.urc(f"{head},1,{tries + 1}")
        if client.state != CONNECTED:
            return None
        self.modem.urc(f"{head},{self._result(head, answer)}")
        return None

    @staticmethod
    def _result(head: str, answer: bool | int | None) -> str:
        if answer is None or answer is False:
            return "2"
        if head.startswith("+QMTSUB"):
            return f"0,{int(answer)}"
        return "0"

    # -- subscribe ---------------------------------------------------------------------------

    @answers("+QMTSUB", SET)
    def subscribe(self, call: Call) -> None:
        """Client, number, topic, quality."""
        client = self._connected(call)
        packet = number(call, 1, 1, 65535)
        wanted = client.own.subscribe(text(call, 2, 1024), number(call, 3, 0, 2))
        self.modem.background(
            self._await(client, f"+QMTSUB: {client.index},{packet}", wanted.within)
        )

    @answers("+QMTUNS", SET)
    def unsubscribe(self, call: Call) -> None:
        """Client, number, topic."""
        client = self._connected(call)
        packet = number(call, 1, 1, 65535)
        wanted = client.own.unsubscribe(text(call, 2, 1024))
        self.modem.background(
            self._await(client, f"+QMTUNS: {client.index},{packet}", wanted.within)
        )

    # -- what waits --------------------------------------------------------------------------

    @answers("+QMTRECV", SET)
    def receive(self, call: Call) -> None:
        """Client and place; all that wait without a place."""
        client = self.service.client(call)
        if len(call.args) < 2:
            for place in range(PLACES):
                client.read(place)
        elif not client.read(number(call, 1, 0, PLACES - 1)):
            raise Refused

    @answers("+QMTRECV", READ)
    def waiting(self, call: Call) -> None:
        """Which places are taken, a line for each connected client."""
        for client in self.service.clients:
            if client.state == CONNECTED:
                taken = ",".join(str(int(place is not None)) for place in client.places)
                self.modem.say(f"+QMTRECV: {client.index},{taken}")


class QmtMessagesOfBg96(QmtMessages):
    """No QMTPUBEX."""

    PUBEX = False
