"""The SIM70x0's own MQTT: +SMCONF, +SMCONN, +SMPUB, +SMSUB, +SMSTATE, +SMSSL (MQTT note V1.03).

What differs on the SIM7000 is in its part's limits: `message` 512 bytes, `state_tells_session` 0,
`url_with_port`. An error never says why: the note has no reason codes. Settings are lost with the
power. TOPIC and MESSAGE are taken as the last will. Quality 2 is an ERROR: nothing here speaks it.
That a lost connection is told by `+SMSTATE: 0` is no word of the note; three public drivers wait
for it [S], and the quirk `smstate_untold` keeps it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trygg_tools.modem_sim.command_line import READ, RUN, SET, Call
from trygg_tools.modem_sim.dialogue import Payload, Refused, Talk
from trygg_tools.modem_sim.family import Family, answers, number, text
from trygg_tools.modem_sim.far import OPEN, Message, Session, Tls, Will
from trygg_tools.modem_sim.files70 import Files70
from trygg_tools.modem_sim.own_client import OwnClient

if TYPE_CHECKING:
    from trygg_tools.modem_sim.modem import Modem

CONNECT_MS = 90000  # not documented; public drivers wait 60 to 120 s
ACK_MS = 30000  # [K]
PAYLOAD_MS = 10000  # [K]
HOST_LONGEST = 246
TEXTS = {"CLIENTID": 128, "USERNAME": 256, "PASSWORD": 512, "TOPIC": 128, "MESSAGE": 1024}
NUMBERS = {
    "KEEPTIME": 65535, "CLEANSS": 1, "QOS": 2, "RETAIN": 1, "SUBHEX": 1, "ASYNCMODE": 1,
    "PUBHEX": 1,
}  # fmt: skip


class SmMqtt(Family):
    """One client; its settings are a dict of the words of +SMCONF."""

    def __init__(self, modem: Modem) -> None:
        super().__init__(modem)
        self._client = OwnClient(modem, self._heard, self._lost)
        self.on_boot()

    def on_boot(self) -> None:
        """Nothing is configured."""
        self._set: dict[str, str] = {"KEEPTIME": "60", "CLEANSS": "0"}
        self._ssl: tuple[int, str, str] = (0, "", "")
        self._published_hex = False

    def on_off(self) -> None:
        """Gone without a word."""
        self._client.drop()

    def on_pdp(self, index: int, active: bool) -> None:
        """Without the context there is no connection."""
        if not active:
            self._client.drop()

    def _there(self) -> None:
        if self.modem.quirk("no_mqtt"):
            raise Refused

    # -- settings ----------------------------------------------------------------------------

    @answers("+SMCONF", SET)
    def configure(self, call: Call) -> None:
        """A word and its value, each within its limit."""
        self._there()
        word = text(call, 0).upper()
        if word == "URL":
            self._url(call)
        elif word in TEXTS:
            self._set[word] = text(call, 1, TEXTS[word], "")
        elif word in NUMBERS:
            self._set[word] = str(number(call, 1, 0, NUMBERS[word]))
        else:
            raise Refused

    def _url(self, call: Call) -> None:
        host = text(call, 1, HOST_LONGEST + 6)
        port = "1883"
        if len(call.args) > 2:
            port = str(number(call, 2, 1, 65535))
        elif ":" in host:
            host, _, port = host.rpartition(":")
        if not port.isdigit() or not host or len(host) > HOST_LONGEST:
            raise Refused
        self._set["URL"], self._set["PORT"] = host.removeprefix("tcp://"), port

    @answers("+SMCONF", READ)
    def configured(self, call: Call) -> None:
        """A line for each word; the password is not shown."""
        self._there()
        host, port = self._set.get("URL", ""), self._set.get("PORT", "")
        self.modem.say(f'+SMCONF: "CLIENTID","{self._set.get("CLIENTID", "")}"')
        self.modem.say(f'+SMCONF: "URL","{host}",{port}')
        for word in NUMBERS:
            self.modem.say(f'+SMCONF: "{word}",{self._set.get(word, "0")}')

    @answers("+SMSSL", SET)
    def secure(self, call: Call) -> None:
        """0 none; 1 to 6 are contexts 0 to 5; CA, certificate (or PSK table)."""
        self._there()
        index = number(call, 0, 0, 6)
        self._ssl = (index, text(call, 1, 20, ""), text(call, 2, 20, ""))

    # -- connection --------------------------------------------------------------------------

    @answers("+SMCONN", RUN)
    def connect(self, call: Call) -> Talk:
        """OK or ERROR, whenever it is known."""
        self._there()
        if self._client.connected or "URL" not in self._set:
            raise Refused
        if self.modem.quirk("mqtt_never_connects"):
            yield CONNECT_MS
            raise Refused
        if not self.modem.network.pdp:
            yield 500
            raise Refused
        why = yield self._client.connect(self._session()).within(CONNECT_MS)
        if why != OPEN:
            self._client.drop()
            raise Refused
        return None

    def _session(self) -> Session:
        get = self._set.get
        will = None
        if get("TOPIC") and "MESSAGE" in self._set:
            message = self._set["MESSAGE"].encode("latin-1")
            will = Will(self._set["TOPIC"], message, int(get("QOS", "0")), get("RETAIN") == "1")
        return Session(
            host=self._set["URL"],
            port=int(self._set["PORT"]),
            client_id=get("CLIENTID", ""),
            keepalive_s=int(self._set["KEEPTIME"]),
            clean=get("CLEANSS") == "1" or not get("CLIENTID"),
            username=get("USERNAME", ""),
            password=get("PASSWORD", "").encode("latin-1"),
            will=will,
            tls=self._tls(),
        )

    def _tls(self) -> Tls | None:
        index, ca, cert = self._ssl
        if not index:
            return None
        files = next(one for one in self.modem.families if isinstance(one, Files70))
        return files.tls_by_names(index - 1, ca, cert)

    @answers("+SMDISC", RUN)
    def disconnect(self, call: Call) -> Talk:
        """ERROR when there is nothing to leave."""
        self._there()
        if not self._client.connected:
            raise Refused
        self._client.disconnect()
        yield 300
        return None

    @answers("+SMSTATE", READ)
    def state(self, call: Call) -> None:
        """0 not, 1 connected, 2 connected to a session that was kept (not on the SIM7000)."""
        self._there()
        tells = self.modem.part.limits["state_tells_session"]
        present = 2 if tells and self._client.session_present else 1
        self.modem.say(f"+SMSTATE: {present if self._client.connected else 0}")

    def _lost(self) -> None:
        """The broker or the network ended it."""
        if not self.modem.quirk("smstate_untold"):
            self.modem.urc("+SMSTATE: 0")

    # -- publish and subscribe ---------------------------------------------------------------

    @answers("+SMPUBHEX", SET)
    def set_hex(self, call: Call) -> None:
        """1: the payload is hex."""
        self._there()
        self._published_hex = number(call, 0, 0, 1) == 1

    @answers("+SMPUB", SET)
    def publish(self, call: Call) -> Talk:
        """Topic, length, quality, retain; then the payload by length."""
        self._there()
        topic = text(call, 0, TEXTS["TOPIC"])
        length = number(call, 1, 0, self.modem.part.limits["message"])
        qos, retain = number(call, 2, 0, 1), number(call, 3, 0, 1)
        if not self._client.connected:
            raise Refused
        data = yield Payload(length, PAYLOAD_MS)
        if data is None or not self._client.connected:
            raise Refused
        if self._published_hex:
            data = _unhexed(data)
        if self.modem.faults.take_publish_code():
            self._client.cut_off()
            raise Refused
        sent = self._client.publish(topic, data, qos, retain == 1)
        if not (yield sent.within(ACK_MS)):
            raise Refused
        return None

    @answers("+SMSUB", SET)
    def subscribe(self, call: Call) -> Talk:
        """Topic, quality."""
        self._there()
        topic, qos = text(call, 0, TEXTS["TOPIC"]), number(call, 1, 0, 1)
        if not self._client.connected:
            raise Refused
        code = yield self._client.subscribe(topic, qos).within(ACK_MS)
        if code is None or code > 2:
            raise Refused
        return None

    @answers("+SMUNSUB", SET)
    def unsubscribe(self, call: Call) -> Talk:
        """Topic."""
        self._there()
        if not self._client.connected:
            raise Refused
        done = yield self._client.unsubscribe(text(call, 0, TEXTS["TOPIC"])).within(ACK_MS)
        if done is None:
            raise Refused
        return None

    def _heard(self, message: Message) -> None:
        """As hex with SUBHEX; else as it is, quotes and line ends and all."""
        payload = message.payload
        if self._set.get("SUBHEX") == "1":
            payload = payload.hex().upper().encode()
        self.modem.mouth.urc_frame(f'+SMSUB: "{message.topic}","', payload, '"\r\n')


def _unhexed(data: bytes) -> bytes:
    try:
        return bytes.fromhex(data.decode("ascii"))
    except ValueError:
        raise Refused from None
