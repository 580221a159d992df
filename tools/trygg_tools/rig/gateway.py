"""A gateway in memory for one simulated tracker: it keeps, confirms, acks and sends orders.

It speaks real MQTT packets and real frames, so that the tracker's code cannot tell. What it holds
is in `records` by identity; the same identity with other content is a `conflict` and is kept
under another, as the real one does. A scenario makes
it lose things by setting `loses`, a function of a word: "publish" (nothing of it arrives),
"puback", "ack" (the frame), "order". Runs under both interpreters.
"""

from binascii import crc32

from trygg_wire import codec, layouts, packets, packets_server, topics

MAX_PACKET = 8192
RANGES = 32
CLASH_BOOT = 1 << 29


def nothing_is_lost(_what: str) -> bool:
    """The default of `loses`."""
    return False


class Connection:
    """One connection at the gateway's end."""

    def __init__(self, far) -> None:  # type: ignore[no-untyped-def]
        self.far = far
        self.reader = packets.Reader(MAX_PACKET)
        self.device = ""
        self.listening = False


class Gateway:
    """`accept` is what a Link calls; `poll` does everything that is due."""

    def __init__(self, clock, group: str, device: str) -> None:  # type: ignore[no-untyped-def]
        self._clock = clock
        self._topic_up = topics.up(group, device)
        self._topic_down = topics.down(group, device)
        self._connections: list[Connection] = []
        self._acks_due: list[int] = []
        self._two_lives: dict[int, list[int]] = {}  # boot with conflicts: what came since
        self._session = False
        self._next_id = 0
        self.damaged = 0  # frames and packets that a bad cable has harmed
        self.loses = nothing_is_lost
        self.acking = True
        self.records: dict[tuple[int, int], bytes] = {}
        self.arrivals: list[tuple[int, int, int]] = []  # (boot, seq, ms) of each record's first
        self.repeats = self.conflicts = self.connects = self.puback_count = 0
        self.owed: list[tuple[int, bytes]] = []  # (order id, frame)
        self.answers: list[dict[str, int]] = []
        self.orders_sent = 0

    def accept(self, far) -> None:  # type: ignore[no-untyped-def]
        """Take a new connection; an older one is taken over."""
        for old in self._connections:
            old.far.close()
        self._connections = [Connection(far)]

    def order(self, order_id: int, frame: bytes) -> None:
        """Owe the tracker an order, and send it if it listens now."""
        self.owed.append((order_id, frame))
        for connection in self._connections:
            if connection.listening:
                self._send_order(connection, frame)

    def poll(self) -> None:
        """Read, answer, ack."""
        for connection in self._connections:
            data = connection.far.recv()
            while data:
                try:
                    for kind, flags, body in connection.reader.feed(data):
                        self._handle(connection, kind, flags, body)
                except packets.PacketError:  # a cable harmed it: no MQTT any more
                    self.damaged += 1
                    connection.far.close()
                    connection.reader = packets.Reader(MAX_PACKET)
                data = connection.far.recv()
            if connection.listening:
                self._send_acks(connection)

    def _handle(self, connection: Connection, kind: int, flags: int, body: bytes) -> None:
        if kind == packets.CONNECT:
            connection.device = packets_server.read_connect(body)[1]
            self.connects += 1
            connection.far.send(packets_server.connack(self._session, 0))
            self._session = True
        elif kind == packets.SUBSCRIBE:
            packet_id, filters = packets_server.read_subscribe(body)
            good = filters == [(self._topic_down, 1)]
            connection.far.send(packets_server.suback(packet_id, [1 if good else 128]))
            connection.listening = True
        elif kind == packets.PUBLISH:
            self._publish(connection, flags, body)
        elif kind == packets_server.PINGREQ_TYPE:
            connection.far.send(packets_server.PINGRESP)
        elif kind == packets.PUBACK:
            self.puback_count += 1

    def _publish(self, connection: Connection, flags: int, body: bytes) -> None:
        topic, qos, packet_id, frame, _, _ = packets.read_publish(flags, body)
        assert topic == self._topic_up, topic
        assert qos == 1, qos
        if self.loses("publish"):
            return
        try:
            self._keep(frame)
        except codec.WireError:  # set aside by the real one
            self.damaged += 1
        if not self.loses("puback"):
            connection.far.send(packets.puback(packet_id))
        for _, order in self.owed:
            self._send_order(connection, order)

    def _keep(self, frame: bytes) -> None:
        kind, boot, seq, _, _ = codec.peek(frame)
        if boot not in self._acks_due:
            self._acks_due.append(boot)
        if self.records.get((boot, seq), frame) != frame:
            self._two_lives.setdefault(boot, [])
            self._note(boot, seq)
            boot, seq = boot | CLASH_BOOT, 1 + crc32(frame) % ((1 << 30) - 1)
            self.conflicts += (boot, seq) not in self.records
        else:
            self._note(boot, seq)
        if (boot, seq) in self.records:
            self.repeats += 1
            return
        self.records[(boot, seq)] = frame
        self.arrivals.append((boot, seq, self._clock.now_ms))
        if kind == layouts.ANSWER:
            self._settle(codec.decode(frame)[1])

    def _note(self, boot: int, seq: int) -> None:
        if boot in self._two_lives:
            self._two_lives[boot].append(seq)

    def _settle(self, answer: dict[str, int]) -> None:
        self.answers.append(answer)
        if answer["result"] != layouts.RECEIVED:
            self.owed = [one for one in self.owed if one[0] != answer["order_id"]]

    def _send_order(self, connection: Connection, frame: bytes) -> None:
        self.orders_sent += 1
        if not self.loses("order"):
            self._down(connection, frame)

    def _send_acks(self, connection: Connection) -> None:
        due, self._acks_due = self._acks_due, []
        for boot in due:
            if self.acking and not self.loses("ack"):
                self._down(connection, self._ack(boot))
                newest = max([of for of, _ in self.records if of < CLASH_BOOT])
                if boot < newest or boot in self._two_lives:
                    self._down(connection, self._empty_ack(newest + (boot == newest)))

    def _empty_ack(self, boot: int) -> bytes:
        values = {"boot": boot, "upto": 0, "time_s": self._clock.world_s(), "missing": []}
        return bytes(codec.encode(layouts.ACK, values))

    def _ack(self, boot: int) -> bytes:
        held = sorted([seq for of_boot, seq in self.records if of_boot == boot])
        if boot in self._two_lives:
            held = sorted(set(self._two_lives[boot]))
        holes = []
        expected = 1
        for seq in held:
            if seq > expected:
                holes.append({"first": expected, "count": seq - expected})
            expected = seq + 1
        if len(holes) > RANGES:  # too many to name: the oldest become one range that covers them
            first, last = holes[0]["first"], holes[len(holes) - RANGES]
            merged = {"first": first, "count": last["first"] + last["count"] - first}
            holes = holes[len(holes) - RANGES + 1 :]
            holes.insert(0, merged)
        values = {"boot": boot, "upto": held[-1], "time_s": self._clock.world_s(), "missing": holes}
        return bytes(codec.encode(layouts.ACK, values))

    def _down(self, connection: Connection, frame: bytes) -> None:
        self._next_id = self._next_id % 65535 + 1
        connection.far.send(packets.publish(self._topic_down, frame, 1, self._next_id))
