"""Port Mqtt over any Sockets: the modem's own MQTT client, as packets.

As the parts do it, a publish without its acknowledgement is sent again, marked as double, after
RESEND_MS, RESENDS times; after that nobody is told anything (the family's command times out).
An unanswered ping loses the connection.
"""

from __future__ import annotations

from collections.abc import Callable

from trygg_tools.modem_sim.dialogue import Later
from trygg_tools.modem_sim.far import (
    LOST,
    OPEN,
    Connected,
    Ears,
    Message,
    MqttEars,
    Session,
    Socket,
    Sockets,
)
from trygg_tools.modem_sim.schedule import Plan, Schedule
from trygg_wire import packets, packets_server

RESEND_MS = 10000
RESENDS = 0  # the SIM70x0's way [K]; Quectel's is the family's own retry
PING_ANSWER_MS = 15000
MAX_PACKET = 65536


class PacketMqtt:
    """Port Mqtt."""

    def __init__(self, schedule: Schedule, sockets: Sockets, resends: int = RESENDS) -> None:
        self._schedule = schedule
        self._sockets = sockets
        self._resends = resends

    def connect(self, session: Session, ears: MqttEars) -> Later[Connected]:
        """Port Mqtt."""
        client = PacketClient(self._schedule, session, ears, self._resends)
        opened = self._sockets.open(session.host, session.port, session.tls, client.ears())
        opened.then(client.opened)
        return client.answer


class PacketClient:
    """Port Client; begins as a connection that is being made."""

    def __init__(self, schedule: Schedule, session: Session, ears: MqttEars, resends: int) -> None:
        self._schedule = schedule
        self._session = session
        self._ears = ears
        self._resends = resends
        self._socket: Socket | None = None
        self._reader = packets.Reader(MAX_PACKET)
        self._next_id = 0
        self._acks: dict[int, Callable[[int], None]] = {}
        self._ping: Plan | None = None
        self._up = False
        self._over = False
        self.answer: Later[Connected] = Later()

    def ears(self) -> Ears:
        """What the socket tells."""
        return Ears(self._received, self._closed)

    def opened(self, end: Socket | str) -> None:
        """The socket is there, or not."""
        if isinstance(end, str):
            self.answer.tell(Connected(None, False, end))
            return
        self._socket = end
        of = self._session
        will = (of.will.topic, of.will.payload, of.will.qos, of.will.retain) if of.will else None
        end.send(
            packets.connect(
                of.client_id,
                of.username or None,
                of.password if of.username else None,
                of.keepalive_s,
                of.clean,
                will,
            )
        )

    # -- port Client -------------------------------------------------------------------------

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> Later[bool]:
        """Port Client."""
        later: Later[bool] = Later()
        if not qos:
            self._send(packets.publish(topic, payload, 0, retain=retain))
            later.tell(True)
            return later
        packet_id = self._new_id(lambda _code: later.tell(True))
        self._send(packets.publish(topic, payload, 1, packet_id, retain=retain))
        again = packets.publish(topic, payload, 1, packet_id, dup=True, retain=retain)
        self._plan_resend(packet_id, again, self._resends)
        return later

    def subscribe(self, topic: str, qos: int) -> Later[int]:
        """Port Client."""
        later: Later[int] = Later()
        self._send(packets.subscribe(self._new_id(later.tell), [(topic, qos)]))
        return later

    def unsubscribe(self, topic: str) -> Later[int]:
        """Port Client."""
        later: Later[int] = Later()
        self._send(packets_server.unsubscribe(self._new_id(later.tell), [topic]))
        return later

    def disconnect(self) -> None:
        """Port Client."""
        self._send(packets.DISCONNECT)
        socket = self._stop()
        if socket is not None:
            socket.close()

    def sever(self) -> None:
        """Port Client."""
        socket = self._stop()
        if socket is not None:
            socket.sever()

    # -- inside ------------------------------------------------------------------------------

    def _stop(self) -> Socket | None:
        socket, self._socket = self._socket, None
        self._up, self._over = False, True
        self._acks.clear()
        if self._ping is not None:
            self._ping.cancel()
        return socket

    def _new_id(self, told: Callable[[int], None]) -> int:
        self._next_id = self._next_id % 65535 + 1
        self._acks[self._next_id] = told
        return self._next_id

    def _plan_resend(self, packet_id: int, packet: bytes, left: int) -> None:
        def again() -> None:
            if packet_id in self._acks and self._up:
                self._send(packet)
                self._plan_resend(packet_id, packet, left - 1)

        if left:
            self._schedule.after(RESEND_MS, again)

    def _send(self, packet: bytes) -> None:
        if self._socket is not None:
            self._socket.send(packet)
            if self._up:
                self._plan_ping()

    def _plan_ping(self) -> None:
        if self._ping is not None:
            self._ping.cancel()
        if self._session.keepalive_s:
            self._ping = self._schedule.after(self._session.keepalive_s * 1000, self._send_ping)

    def _send_ping(self) -> None:
        if self._socket is not None:
            self._socket.send(packets.PINGREQ)
            self._ping = self._schedule.after(PING_ANSWER_MS, self._lose)

    def _closed(self) -> None:
        if not self._up:
            self._stop()
            self.answer.tell(Connected(None, False, LOST))
        else:
            self._lose()

    def _lose(self) -> None:
        if not self._over:
            socket = self._stop()
            if socket is not None:
                socket.sever()
            self._ears.lost()

    def _received(self, data: bytes) -> None:
        try:
            for kind, flags, body in self._reader.feed(data):
                if not self._over:
                    self._handle(kind, flags, body)
        except packets.PacketError:
            self._closed()

    def _handle(self, kind: int, flags: int, body: bytes) -> None:
        if kind == packets.CONNACK:
            self._connack(*packets.read_connack(body))
        elif kind == packets.PUBLISH:
            topic, qos, packet_id, payload, _, _ = packets.read_publish(flags, body)
            if qos:
                self._send(packets.puback(packet_id))
            self._ears.message(Message(topic, bytes(payload)))
        elif kind == packets.PUBACK or kind == packets_server.UNSUBACK:
            self._ack(packets.read_puback(body), 0)
        elif kind == packets.SUBACK:
            packet_id, codes = packets.read_suback(body)
            self._ack(packet_id, codes[0])
        elif kind == packets.PINGRESP_TYPE:
            self._plan_ping()

    def _connack(self, present: bool, code: int) -> None:
        if code:
            socket = self._stop()
            if socket is not None:
                socket.close()
            self.answer.tell(Connected(None, False, str(code)))
            return
        self._up = True
        self._plan_ping()
        self.answer.tell(Connected(self, present, OPEN))

    def _ack(self, packet_id: int, code: int) -> None:
        told = self._acks.pop(packet_id, None)
        if told is not None:
            told(code)
