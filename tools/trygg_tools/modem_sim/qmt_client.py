"""One client of QMT*: its settings, its socket or session, what was received and not read."""

from __future__ import annotations

from trygg_tools.modem_sim.dialogue import Refused
from trygg_tools.modem_sim.far import Message, Will
from trygg_tools.modem_sim.modem import Modem
from trygg_tools.modem_sim.own_client import OwnClient
from trygg_tools.modem_sim.own_socket import OwnSocket

CLOSED, OPENED, CONNECTING, CONNECTED = 0, 1, 2, 3
PLACES = 5  # messages that wait for AT+QMTRECV
DEFAULTS = {
    "version": ["3"],
    "pdpcid": ["1"],
    "ssl": ["0", "0"],
    "keepalive": ["120"],
    "session": ["1"],
    "timeout": ["5", "3", "0"],
    "will": ["0", "0", "0", "", ""],
    "recv/mode": ["0", "0"],
}
RANGES = {
    "version": [(3, 4)],
    "pdpcid": [(1, 16)],
    "ssl": [(0, 1), (0, 5)],
    "keepalive": [(0, 3600)],
    "session": [(0, 1)],
    "timeout": [(1, 60), (0, 10), (0, 1)],
    "will": [(0, 1), (0, 2), (0, 1)],
    "recv/mode": [(0, 1), (0, 1)],
}


class QmtClient:
    """`state` is AT+QMTCONN?'s, 0 when nothing is open."""

    def __init__(self, modem: Modem, index: int) -> None:
        self._modem = modem
        self.index = index
        self.own = OwnClient(modem, self._heard, self._lost)
        self.socket = OwnSocket(modem, lambda: None, self._lost)
        self.state = CLOSED
        self.reset()

    def reset(self) -> None:
        """As delivered."""
        self.close()
        self.host, self.port = "", 0
        self.settings = {word: list(values) for word, values in DEFAULTS.items()}

    def close(self, politely: bool = False) -> None:
        """Nothing is open any more."""
        self.state = CLOSED
        if politely:
            self.own.disconnect()
        else:
            self.own.drop()
        self.socket.close()
        self.places: list[Message | None] = [None] * PLACES
        self._came = 0

    # -- settings ----------------------------------------------------------------------------

    def set(self, word: str, values: list[str]) -> None:
        """Refused when one is out of its range."""
        for value, (low, high) in zip(values, RANGES[word], strict=False):
            if not value.isdigit() or not low <= int(value) <= high:
                raise Refused
        self.settings[word][: len(values)] = values

    def shown(self, word: str) -> str:
        """As the question is answered."""
        return ",".join(
            value if value.isdigit() else f'"{value}"' for value in self.settings[word] if value
        )

    def _number(self, word: str, at: int = 0) -> int:
        return int(self.settings[word][at])

    @property
    def pdp(self) -> int:
        """The context it uses."""
        return self._number("pdpcid")

    @property
    def secret(self) -> bool:
        """True for TLS."""
        return self._number("ssl") == 1

    @property
    def context(self) -> int:
        """The TLS context."""
        return self._number("ssl", 1)

    @property
    def keepalive_s(self) -> int:
        """0: none."""
        return self._number("keepalive")

    @property
    def clean(self) -> bool:
        """False: the session is kept."""
        return self._number("session") == 1

    @property
    def timeout_ms(self) -> int:
        """How long a packet waits for its answer."""
        return self._number("timeout") * 1000

    @property
    def retries(self) -> int:
        """How often it is sent again."""
        return self._number("timeout", 1)

    @property
    def notices(self) -> bool:
        """True when each time is said."""
        return self._number("timeout", 2) == 1

    @property
    def will(self) -> Will | None:
        """The last will."""
        flag, qos, retain, topic, message = self.settings["will"]
        if flag == "0" or not topic:
            return None
        return Will(topic, message.encode("latin-1"), int(qos), retain == "1")

    # -- what happens ------------------------------------------------------------------------

    def _lost(self) -> None:
        """The far end closed."""
        if self.state in (OPENED, CONNECTED):
            self.close()
            self._modem.urc(f"+QMTSTAT: {self.index},1")

    def _heard(self, message: Message) -> None:
        if self._number("recv/mode") == 0:
            head, tail = self._frame(message)
            self._modem.mouth.urc_frame(head, message.payload, tail)
            return
        if None in self.places:
            place = self.places.index(None)
            self.places[place] = message
            self._modem.urc(f"+QMTRECV: {self.index},{place}")

    def _frame(self, message: Message) -> tuple[str, str]:
        self._came = self._came % 65535 + 1
        length = f"{len(message.payload)}," if self._number("recv/mode", 1) else ""
        return f'+QMTRECV: {self.index},{self._came},"{message.topic}",{length}"', '"\r\n'

    def read(self, place: int) -> bool:
        """Say a message that waited, and free its place; False when there is none."""
        message = self.places[place]
        if message is None:
            return False
        self.places[place] = None
        head, tail = self._frame(message)
        self._modem.mouth.frame(head, message.payload, tail)
        return True
