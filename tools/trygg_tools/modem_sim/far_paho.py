"""Port Mqtt to a real broker by paho, for a simulated modem in real time.

paho's own thread does the talking; what it says goes into a queue that `turn()` empties, so that
the modem is only ever touched by its runner. A client is made for each connect, with the modem's
client id and its wish for a kept session, and never reconnects by itself: as the parts' do not.
Acknowledgements of what came are sent by paho when the message has been queued. MQTT 3.1.1.
"""

from __future__ import annotations

import queue
import socket
import ssl
from collections.abc import Callable

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from trygg_tools.modem_sim.dialogue import Later
from trygg_tools.modem_sim.far import (
    BAD_TLS,
    EXPIRED,
    OPEN,
    REFUSED,
    Connected,
    Message,
    MqttEars,
    Session,
)
from trygg_tools.modem_sim.far_real import context_of, refused_by_clock

# what MQTT 3.1.1 calls by number and paho by the names of version 5
CODES = {
    "Unsupported protocol version": "1",
    "Client identifier not valid": "2",
    "Server unavailable": "3",
    "Bad user name or password": "4",
    "Not authorized": "5",
}


class PahoMqtt:
    """Port Mqtt; `turn` hands on what was heard, `stop` ends every client."""

    def __init__(self) -> None:
        self._told: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._clients: list[PahoClient] = []

    def connect(self, session: Session, ears: MqttEars) -> Later[Connected]:
        """Port Mqtt."""
        answer: Later[Connected] = Later()
        if session.tls is not None and refused_by_clock(session.tls):
            answer.tell(Connected(None, False, EXPIRED))
            return answer
        try:
            client = PahoClient(session, ears, answer, self._told.put)
        except (ssl.SSLError, ValueError):  # what was uploaded is no certificate
            answer.tell(Connected(None, False, BAD_TLS))
            return answer
        self._clients = [one for one in self._clients if not one.over]
        self._clients.append(client)
        return answer

    def turn(self) -> None:
        """Hand on what was heard since the last turn."""
        while not self._told.empty():
            self._told.get()()

    def stop(self) -> None:
        """End every client."""
        for client in self._clients:
            client.sever()


class PahoClient:
    """Port Client; begins to connect when it is made."""

    def __init__(
        self,
        session: Session,
        ears: MqttEars,
        answer: Later[Connected],
        tell: Callable[[Callable[[], None]], None],
    ) -> None:
        self._ears = ears
        self._answer = answer
        self._tell = tell
        self._waiting: dict[int, Callable[[int], None]] = {}
        self.over = False
        self._paho = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=session.client_id,
            clean_session=session.clean or not session.client_id,
            protocol=paho.MQTTv311,
            reconnect_on_failure=False,
        )
        self._configure(session)
        self._paho.connect_async(session.host, session.port, session.keepalive_s or 65535)
        self._paho.loop_start()

    def _configure(self, session: Session) -> None:
        client = self._paho
        if session.username:
            client.username_pw_set(session.username, session.password.decode("utf-8"))
        if session.will is not None:
            will = session.will
            client.will_set(will.topic, will.payload, will.qos, will.retain)
        if session.tls is not None:
            client.tls_set_context(context_of(session.tls))
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_unsubscribe = self._on_unsubscribe

    # -- paho's thread -----------------------------------------------------------------------

    def _on_connect(
        self, _c: object, _u: object, flags: paho.ConnectFlags, code: ReasonCode, _p: object
    ) -> None:
        present, name, good = flags.session_present, code.getName(), not code.is_failure
        self._tell(lambda: self._connected(present, name, good))

    def _on_connect_fail(self, _client: object, _userdata: object) -> None:
        self._tell(lambda: self._answer.tell(Connected(None, False, REFUSED)))

    def _on_disconnect(self, *_: object) -> None:
        self._tell(self._disconnected)

    def _on_message(self, _c: object, _u: object, message: paho.MQTTMessage) -> None:
        came = Message(message.topic, bytes(message.payload))
        self._tell(lambda: self._message(came))

    def _on_publish(self, _c: object, _u: object, mid: int, *_: object) -> None:
        self._tell(lambda: self._done(mid, 0))

    def _on_subscribe(
        self, _c: object, _u: object, mid: int, codes: list[ReasonCode], _p: object
    ) -> None:
        granted = int(codes[0].value)
        self._tell(lambda: self._done(mid, granted))

    def _on_unsubscribe(self, _c: object, _u: object, mid: int, *_: object) -> None:
        self._tell(lambda: self._done(mid, 0))

    # -- the runner's thread -----------------------------------------------------------------

    def _connected(self, present: bool, name: str, good: bool) -> None:
        if good and not self.over:
            self._answer.tell(Connected(self, present, OPEN))
        else:
            self._answer.tell(Connected(None, False, CODES.get(name, REFUSED)))
            self.sever()

    def _disconnected(self) -> None:
        if not self.over:
            self.over = True
            self._answer.tell(Connected(None, False, REFUSED))
            self._ears.lost()

    def _message(self, message: Message) -> None:
        if not self.over:
            self._ears.message(message)

    def _done(self, mid: int, code: int) -> None:
        told = self._waiting.pop(mid, None)
        if told is not None and not self.over:
            told(code)

    # -- port Client -------------------------------------------------------------------------

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> Later[bool]:
        """Port Client."""
        later: Later[bool] = Later()
        info = self._paho.publish(topic, payload, qos, retain)
        self._waiting[info.mid] = lambda _code: later.tell(True)
        return later

    def subscribe(self, topic: str, qos: int) -> Later[int]:
        """Port Client."""
        later: Later[int] = Later()
        _, mid = self._paho.subscribe(topic, qos)
        if mid is not None:
            self._waiting[mid] = later.tell
        return later

    def unsubscribe(self, topic: str) -> Later[int]:
        """Port Client."""
        later: Later[int] = Later()
        _, mid = self._paho.unsubscribe(topic)
        if mid is not None:
            self._waiting[mid] = later.tell
        return later

    def disconnect(self) -> None:
        """Port Client."""
        self._paho.disconnect()
        self._end()

    def sever(self) -> None:
        """Port Client: closed without a DISCONNECT, so the broker lets the will go."""
        wire = self._paho.socket()
        if isinstance(wire, socket.socket) and not self.over:
            try:
                wire.shutdown(socket.SHUT_RDWR)
            except OSError:  # it is closed already
                pass
        self._end()

    def _end(self) -> None:
        """End paho's thread when it has said what it had to say, and its socket."""
        self.over = True
        wire = self._paho.socket()
        self._paho.loop_stop()
        if isinstance(wire, socket.socket):
            wire.close()
        client = self._paho  # it holds us and we hold it: let go, so that it closes its sockets
        client.on_connect = client.on_connect_fail = client.on_disconnect = None
        client.on_message = client.on_publish = client.on_subscribe = client.on_unsubscribe = None
