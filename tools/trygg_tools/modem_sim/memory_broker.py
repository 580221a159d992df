"""A broker in simulated time: MQTT 3.1.1 with sessions, wills and counts, quality 0 and 1.

It speaks real packets over connections of far_memory.py, so the modem's own client and a client of
the tracker's over a raw socket meet the same broker. `publishes` holds every PUBLISH that came, in
order, with its payload: what a test looks at to see a double. A scenario makes it lose things by
`loses`, a function of a word: "connack", "publish" (nothing of it is kept), "puback", "suback",
"message" (one going down).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from trygg_tools.modem_sim.far_memory import Far, Guard, MemoryNet
from trygg_tools.modem_sim.schedule import Plan, Schedule
from trygg_wire import packets, packets_server

MAX_PACKET = 65536
BAD_VERSION, NOT_AUTHORIZED = 1, 5  # return codes, 3.1.1 table 3.1
WINDOW = 20  # unacknowledged messages of a session


def nothing_is_lost(_what: str) -> bool:
    """The default of `loses`."""
    return False


class Published(NamedTuple):
    """One PUBLISH that came, or a will that was let go."""

    ms: int
    client_id: str
    topic: str
    payload: bytes
    qos: int
    dup: bool
    retain: bool
    will: bool = False


@dataclass
class BrokerSession:
    """What the broker knows of a client over its connections."""

    client_id: str
    clean: bool
    filters: dict[str, int] = field(default_factory=dict)
    queue: list[tuple[str, bytes]] = field(default_factory=list)
    inflight: dict[int, tuple[str, bytes]] = field(default_factory=dict)
    connection: Connection | None = None
    next_id: int = 0


class Connection:
    """One connection at the broker's end."""

    def __init__(self, far: Far) -> None:
        self.far = far
        self.reader = packets.Reader(MAX_PACKET)
        self.session: BrokerSession | None = None
        self.will: tuple[str, bytes, int, bool] | None = None
        self.keepalive_s = 0
        self.watch: Plan | None = None


def matches(wanted: str, topic: str) -> bool:
    """MQTT's filters, 3.1.1 chapter 4.7."""
    parts, names = wanted.split("/"), topic.split("/")
    for place, part in enumerate(parts):
        if part == "#":
            return True
        if place >= len(names) or part not in ("+", names[place]):
            return False
    return len(parts) == len(names)


class MemoryBroker:
    """`say` publishes from the broker's side, `hear` subscribes there."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._connections: dict[int, Connection] = {}
        self._hearers: list[tuple[str, Callable[[str, bytes], None]]] = []
        self.sessions: dict[str, BrokerSession] = {}
        self.retained: dict[str, bytes] = {}
        self.publishes: list[Published] = []
        self.loses = nothing_is_lost
        self.users: dict[str, bytes] | None = None  # name → password; None: anybody
        self.refuses = 0  # a return code for every CONNECT, 0 none
        self.connects = self.takeovers = self.bad_packets = 0

    # -- the scenario's side -----------------------------------------------------------------

    def listen(self, net: MemoryNet, host: str, port: int, guard: Guard | None = None) -> None:
        """Be at this address."""
        net.listen(host, port, self.accept, self.heard, guard=guard)

    def say(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> int:
        """Publish to who has subscribed; how many they are."""
        if retain:
            self.retained[topic] = payload
        count = 0
        for session in self.sessions.values():
            granted = [of for name, of in session.filters.items() if matches(name, topic)]
            if granted:
                count += 1
                self._deliver(session, topic, payload, min(qos, max(granted)))
        for name, hearer in self._hearers:
            if matches(name, topic):
                hearer(topic, payload)
        return count

    def hear(self, topic: str, hearer: Callable[[str, bytes], None]) -> None:
        """Call `hearer(topic, payload)` for every message that matches the filter."""
        self._hearers.append((topic, hearer))

    def forget_sessions(self) -> None:
        """As a broker that lost its memory: every connection ends, nothing is known."""
        for connection in list(self._connections.values()):
            self._end(connection, with_will=False)
        self.sessions.clear()

    def drop_all(self) -> None:
        """Close every connection; sessions stay, wills are let go."""
        for connection in list(self._connections.values()):
            self._end(connection, with_will=True)

    def copies(self, payload: bytes) -> int:
        """How often a payload came."""
        return sum(one.payload == payload and not one.will for one in self.publishes)

    # -- connections -------------------------------------------------------------------------

    def accept(self, far: Far) -> None:
        """A new connection."""
        self._connections[id(far)] = Connection(far)

    def heard(self, far: Far) -> None:
        """Bytes have come, or the goodbye."""
        connection = self._connections.get(id(far))
        if connection is None:
            return
        try:
            for kind, flags, body in connection.reader.feed(far.recv()):
                self._handle(connection, kind, flags, body)
        except packets.PacketError:
            self.bad_packets += 1
            self._end(connection, with_will=True)
            return
        if far.near_closed:
            self._end(connection, with_will=True)
        else:
            self._watch(connection)

    def _watch(self, connection: Connection) -> None:
        """Nothing for one and a half keep-alives: the client is gone [MQTT-3.1.2-24]."""
        if connection.watch is not None:
            connection.watch.cancel()
        if connection.keepalive_s and id(connection.far) in self._connections:
            wait_ms = connection.keepalive_s * 1500
            connection.watch = self._schedule.after(wait_ms, lambda: self._end(connection, True))

    def _end(self, connection: Connection, with_will: bool) -> None:
        if self._connections.pop(id(connection.far), None) is None:
            return
        if connection.watch is not None:
            connection.watch.cancel()
        connection.far.close()
        session = connection.session
        if session is not None and session.connection is connection:
            session.connection = None
            if session.clean:
                self.sessions.pop(session.client_id, None)
        if with_will and connection.will is not None and session is not None:
            topic, payload, qos, retain = connection.will
            self._note(session.client_id, topic, payload, qos, False, retain, will=True)

    # -- packets -----------------------------------------------------------------------------

    def _handle(self, connection: Connection, kind: int, flags: int, body: bytes) -> None:
        if connection.session is None:
            if kind != packets.CONNECT:
                raise packets.PacketError("not a CONNECT")
            self._connect(connection, body)
        elif kind == packets.PUBLISH:
            self._publish(connection, flags, body)
        elif kind == packets.PUBACK:
            connection.session.inflight.pop(packets.read_puback(body), None)
            self._send_queue(connection.session)
        elif kind == packets.SUBSCRIBE:
            self._subscribe(connection, body)
        elif kind == packets_server.UNSUBSCRIBE:
            packet_id, names = packets_server.read_unsubscribe(body)
            for name in names:
                connection.session.filters.pop(name, None)
            connection.far.send(packets_server.unsuback(packet_id))
        elif kind == packets_server.PINGREQ_TYPE:
            connection.far.send(packets_server.PINGRESP)
        elif kind == packets_server.DISCONNECT_TYPE:
            self._end(connection, with_will=False)
        else:
            raise packets.PacketError("a packet that is not a client's")

    def _connect(self, connection: Connection, body: bytes) -> None:
        level, client_id, username, password, keepalive_s, clean, will = (
            packets_server.read_connect(body)
        )
        code = self._judge(level, username, password)
        if code:
            connection.far.send(packets_server.connack(False, code))
            self._end(connection, with_will=False)
            return
        self.connects += 1
        old = self.sessions.get(client_id)
        if old is not None and old.connection is not None:
            self.takeovers += 1
            self._end(old.connection, with_will=True)
        present = old is not None and not old.clean and not clean
        session = old if present and old is not None else BrokerSession(client_id, clean)
        session.clean = clean
        self.sessions[client_id] = session
        connection.session, session.connection = session, connection
        connection.keepalive_s, connection.will = keepalive_s, will
        if not self.loses("connack"):
            connection.far.send(packets_server.connack(present, 0))
        self._resume(session)

    def _judge(self, level: int, username: str | None, password: bytes | None) -> int:
        if level != packets.LEVEL:
            return BAD_VERSION
        if self.refuses:
            return self.refuses
        if self.users is not None and self.users.get(username or "") != password:
            return NOT_AUTHORIZED
        return 0

    def _resume(self, session: BrokerSession) -> None:
        """What was not acknowledged comes again, marked; then what waits [MQTT-4.4.0-1]."""
        assert session.connection is not None
        for packet_id, (topic, payload) in session.inflight.items():
            session.connection.far.send(packets.publish(topic, payload, 1, packet_id, dup=True))
        self._send_queue(session)

    def _publish(self, connection: Connection, flags: int, body: bytes) -> None:
        assert connection.session is not None
        topic, qos, packet_id, payload, dup, retain = packets.read_publish(flags, body)
        if self.loses("publish"):
            return
        client_id = connection.session.client_id
        self._note(client_id, topic, bytes(payload), qos, dup, retain)
        if qos == 1 and not self.loses("puback"):
            connection.far.send(packets.puback(packet_id))

    def _note(
        self, client_id: str, topic: str, payload: bytes, qos: int, dup: bool, retain: bool,
        will: bool = False,
    ) -> None:  # fmt: skip
        now_ms = self._schedule.now_ms
        self.publishes.append(Published(now_ms, client_id, topic, payload, qos, dup, retain, will))
        self.say(topic, payload, qos, retain)

    def _subscribe(self, connection: Connection, body: bytes) -> None:
        session = connection.session
        assert session is not None
        packet_id, filters = packets_server.read_subscribe(body)
        session.filters.update((name, min(qos, 1)) for name, qos in filters)
        if not self.loses("suback"):
            codes = [min(qos, 1) for _, qos in filters]
            connection.far.send(packets_server.suback(packet_id, codes))
        for name, qos in filters:
            for topic, payload in self.retained.items():
                if matches(name, topic):
                    self._deliver(session, topic, payload, min(qos, 1))

    # -- going down --------------------------------------------------------------------------

    def _deliver(self, session: BrokerSession, topic: str, payload: bytes, qos: int) -> None:
        if qos:
            session.queue.append((topic, payload))
            self._send_queue(session)
        elif session.connection is not None and not self.loses("message"):
            session.connection.far.send(packets.publish(topic, payload))

    def _send_queue(self, session: BrokerSession) -> None:
        while session.connection is not None and session.queue and len(session.inflight) < WINDOW:
            topic, payload = session.queue.pop(0)
            session.next_id = session.next_id % 65535 + 1
            session.inflight[session.next_id] = (topic, payload)
            if not self.loses("message"):
                packet = packets.publish(topic, payload, 1, session.next_id)
                session.connection.far.send(packet)
