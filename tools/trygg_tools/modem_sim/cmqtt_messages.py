"""CMQTTTOPIC, CMQTTPAYLOAD, CMQTTPUB, CMQTTSUB*, CMQTTUNSUB*: what goes through a connection.

SIM7500_SIM7600_SIM7800 MQTT manual V1.00, A76XX MQTT note V1.02. OK only says that the request was
taken; `+CMQTTPUB: 0,0` says that the broker has it. A publish uses up topic and payload.
"""

from __future__ import annotations

from typing import NoReturn

from trygg_tools.modem_sim.cmqtt import Cmqtt
from trygg_tools.modem_sim.cmqtt_client import Answer, MqttClient
from trygg_tools.modem_sim.command_line import SET, Call
from trygg_tools.modem_sim.dialogue import Later, Refused, Talk
from trygg_tools.modem_sim.family import Family, answers, number
from trygg_tools.modem_sim.modem import Modem

TOPIC_LONGEST, PAYLOAD_LONGEST = 1024, 10240
REFUSED_QOS = 128


class CmqttMessages(Family):
    """The messages of the clients that Cmqtt has."""

    def __init__(self, modem: Modem) -> None:
        super().__init__(modem)
        self._service: Cmqtt | None = None

    @property
    def service(self) -> Cmqtt:
        """The part's Cmqtt family."""
        return next(one for one in self.modem.families if isinstance(one, Cmqtt))

    def _refuse(self, call: Call, client: MqttClient, code: int) -> NoReturn:
        self.modem.say(f"{call.name}: {client.index},{code}")
        raise Refused

    def _connected(self, call: Call) -> MqttClient:
        client = self.service.client(call)
        if not client.own.connected:
            self._refuse(call, client, Answer.NO_CONNECTION)
        return client

    # -- publish -----------------------------------------------------------------------------

    @answers("+CMQTTTOPIC", SET)
    def topic(self, call: Call) -> Talk:
        """1 to 1024 bytes behind the prompt."""
        client = self.service.client(call)
        client.topic = yield from self.service.input(call, client, 1, TOPIC_LONGEST)
        return None

    @answers("+CMQTTPAYLOAD", SET)
    def payload(self, call: Call) -> Talk:
        """1 to 10240 bytes behind the prompt, whatever they are."""
        client = self.service.client(call)
        client.payload = yield from self.service.input(call, client, 1, PAYLOAD_LONGEST)
        return None

    @answers("+CMQTTPUB", SET)
    def publish(self, call: Call) -> None:
        """Quality, time-out 1 to 180 s, retained, duplicate."""
        client = self._connected(call)
        if client.pending is not None:
            self._refuse(call, client, Answer.BUSY)
        if not client.topic:
            self._refuse(call, client, Answer.TOPIC_EMPTY)
        qos, timeout_s = number(call, 1, 0, 2), number(call, 2, 1, 180, 60)
        retain = number(call, 3, 0, 1, 0) == 1
        number(call, 4, 0, 1, 0)
        topic, payload = client.topic.decode("latin-1"), client.payload
        client.clear()
        code = self.modem.faults.take_publish_code()
        if code:
            self.modem.background(self._fail(client, code))
            return
        result: Later[int] = Later()
        client.pending = result
        sent = client.own.publish(topic, payload, qos, retain)
        sent.then(lambda good: result.tell(Answer.OK if good else Answer.SEND_FAIL))
        self.modem.background(self._publish(client, result, timeout_s * 1000))

    def _fail(self, client: MqttClient, code: int) -> Talk:
        """A fault: it goes nowhere, and the link is lost."""
        yield 500
        self.modem.urc(f"+CMQTTPUB: {client.index},{code}")
        client.own.cut_off()
        return None

    def _publish(self, client: MqttClient, result: Later[int], timeout_ms: int) -> Talk:
        yield 30  # OK first
        code = yield result.within(timeout_ms)
        client.pending = None
        self.modem.urc(f"+CMQTTPUB: {client.index},{Answer.TIMEOUT if code is None else code}")
        return None

    # -- subscribe ---------------------------------------------------------------------------

    @answers("+CMQTTSUBTOPIC", SET)
    def sub_topic(self, call: Call) -> Talk:
        """A topic and its quality, for the CMQTTSUB that follows."""
        client = self.service.client(call)
        qos = number(call, 2, 0, 2)
        topic = yield from self.service.input(call, client, 1, TOPIC_LONGEST)
        client.sub_topic = (topic, qos)
        return None

    @answers("+CMQTTSUB", SET)
    def subscribe(self, call: Call) -> Talk:
        """`n` for the topic that was set, or `n,length,qos` with the topic behind the prompt."""
        client = self._connected(call)
        if len(call.args) > 1:
            qos = number(call, 2, 0, 2)
            topic = yield from self.service.input(call, client, 1, TOPIC_LONGEST)
            client.sub_topic = (topic, qos)
        if client.sub_topic is None:
            self._refuse(call, client, Answer.TOPIC_EMPTY)
        (topic, qos), client.sub_topic = client.sub_topic, None
        self.modem.background(self._subscribe(client, topic, qos))
        return None

    def _subscribe(self, client: MqttClient, topic: bytes, qos: int) -> Talk:
        wanted = client.own.subscribe(topic.decode("latin-1"), qos)
        yield 30  # OK first
        granted = yield wanted.within(client.timeout_ms)
        failed = Answer.TIMEOUT if granted is None else Answer.FAILED
        good = granted is not None and granted < REFUSED_QOS
        self.modem.urc(f"+CMQTTSUB: {client.index},{Answer.OK if good else failed}")
        return None

    @answers("+CMQTTUNSUBTOPIC", SET)
    def unsub_topic(self, call: Call) -> Talk:
        """A topic for the CMQTTUNSUB that follows."""
        client = self.service.client(call)
        client.unsub_topic = yield from self.service.input(call, client, 1, TOPIC_LONGEST)
        return None

    @answers("+CMQTTUNSUB", SET)
    def unsubscribe(self, call: Call) -> Talk:
        """`n,dup` for the topic that was set, or `n,length,dup` and the topic."""
        client = self._connected(call)
        if len(call.args) > 2:
            client.unsub_topic = yield from self.service.input(call, client, 1, TOPIC_LONGEST)
        if not client.unsub_topic:
            self._refuse(call, client, Answer.TOPIC_EMPTY)
        topic, client.unsub_topic = client.unsub_topic, b""
        self.modem.background(self._unsubscribe(client, topic))
        return None

    def _unsubscribe(self, client: MqttClient, topic: bytes) -> Talk:
        wanted = client.own.unsubscribe(topic.decode("latin-1"))
        yield 30  # OK first
        done = yield wanted.within(client.timeout_ms)
        result = Answer.TIMEOUT if done is None else Answer.OK
        self.modem.urc(f"+CMQTTUNSUB: {client.index},{result}")
        return None
