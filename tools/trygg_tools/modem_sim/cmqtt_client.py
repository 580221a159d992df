"""One client of the CMQTT service: what is set for it, how it is told of messages and of loss."""

from __future__ import annotations

from trygg_tools.modem_sim.dialogue import Later
from trygg_tools.modem_sim.far import BAD_TLS, EXPIRED, NO_HOST, NO_ROUTE, OPEN, REFUSED, Message
from trygg_tools.modem_sim.modem import Modem
from trygg_tools.modem_sim.own_client import OwnClient

PART_LONGEST = 1500  # of a payload, in one +CMQTTRXPAYLOAD [K]


class Answer:
    """The manual's result codes by name (chapter "Summary of result codes", 0 to 35)."""

    OK, FAILED = 0, 1
    SOCKET_CONNECT, RECEIVE, NET_OPEN_FAIL = 3, 6, 7
    NET_NOT_OPENED, INDEX, NO_CONNECTION, PARAMETER = 9, 10, 11, 12
    BUSY, SEND_FAIL, TIMEOUT, TOPIC_EMPTY = 14, 16, 17, 18
    CLIENT_USED, NOT_ACQUIRED, NOT_RELEASED, NET_IS_OPENED = 19, 20, 21, 23
    DNS, HANDSHAKE, NO_CERTIFICATE, OPEN_SESSION = 25, 32, 33, 34

    @staticmethod
    def of_connect(why: str | None) -> int:
        """The code of what far.Mqtt.connect told; None is no answer in time."""
        words = {OPEN: 0, None: 17, NO_HOST: 25, NO_ROUTE: 3, REFUSED: 3, EXPIRED: 32, BAD_TLS: 34}
        if why in words:
            return words[why]
        return 26 + int(why) if why is not None and why.isdigit() and int(why) <= 5 else 1


class MqttClient:
    """`index` 0 or 1; `own` is its connection."""

    def __init__(self, modem: Modem, index: int) -> None:
        self._modem = modem
        self.index = index
        self.own = OwnClient(modem, self._heard, self._lost)
        self.reset()

    def reset(self) -> None:
        """The modem is off: nothing is set, nothing is connected."""
        self.own.drop()
        self.acquired = self.tls = False
        self.name = ""
        self.context = 0
        self.timeout_ms = 120000
        self.clean = True
        self.clear()
        self.sub_topic: tuple[bytes, int] | None = None
        self.unsub_topic: bytes = b""
        self.will_topic = self.will_message = b""
        self.will_qos = 0
        self.pending: Later[int] | None = None  # the result of a publish under way

    def acquire(self, name: str, tls: bool) -> None:
        """The client is ours."""
        self.reset()
        self.acquired, self.name, self.tls = True, name, tls

    def clear(self) -> None:
        """Topic and payload are used up by a publish."""
        self.topic = self.payload = b""

    def fail_pending(self) -> None:
        """The publish under way has failed in receiving."""
        if self.pending is not None:
            self.pending.tell(Answer.RECEIVE)

    def _lost(self) -> None:
        """The broker closed: cause 1, the socket was closed passively."""
        self.fail_pending()
        self._modem.urc(f"+CMQTTCONNLOST: {self.index},1")

    def _heard(self, message: Message) -> None:
        """Start, topic and payload by length, end. An empty payload has no line of its own."""
        topic, payload, index = message.topic.encode(), message.payload, self.index
        mouth = self._modem.mouth
        self._modem.urc(f"+CMQTTRXSTART: {index},{len(topic)},{len(payload)}")
        mouth.urc_frame(f"+CMQTTRXTOPIC: {index},{len(topic)}\r\n", topic)
        for at in range(0, len(payload), PART_LONGEST):
            part = payload[at : at + PART_LONGEST]
            mouth.urc_frame(f"+CMQTTRXPAYLOAD: {index},{len(part)}\r\n", part)
        self._modem.urc(f"+CMQTTRXEND: {index}")
