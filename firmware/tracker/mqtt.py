"""An MQTT 3.1.1 client that never waits: `poll(now)` does what can be done and comes back.

One topic up, one down, QoS 1 both ways, the session kept (clean session 0) so that a broker holds
what is sent to us while we sleep. Publishes are in flight until their PUBACK; after a reconnect
they are sent again with DUP, in their order [MQTT-4.4.0-1]. A PUBLISH from above is confirmed at
once: an order stays owed in the gateway until it is answered, so nothing hangs on our memory.

Nothing is raised. A link that fails, a peer that is silent past its time, that speaks no MQTT or
says more than there is memory for ends the connection, with the reason in `why` and a count;
whoever owns the client opens it again.
All times are ticks in ms. Source: OASIS MQTT 3.1.1; trygg_wire/packets.py has the bytes.
"""

from tracker import ticks
from trygg_wire import packets

CLOSED, LINKING, GREETING, READY = 0, 1, 2, 3
LINK_MS = 30000  # from open to an open link
GREETING_MS = 15000  # from CONNECT to CONNACK
ANSWER_MS = 20000  # from PUBLISH to PUBACK, from PINGREQ to anything
ACK_WAIT_S = 20
MAX_PACKET = 7372  # a frame of 7,168 bytes, its topic and header
NEVER_MS = 1 << 28
_LINK_CLOSED, _LINK_OPEN = 0, 2


class Client:
    """The connection of one tracker; `link` is a Link port, `password` bytes; `link_ms` from open
    to an open link.

    Counters: `connects` accepted, `failures`, `repeated` publishes, `refused` packets. unsure:
    publishes that nobody will repeat, 0 here (tracker/modem/). ack_wait_s: for so long, and up to
    twice that, a record waits for the gateway's ack. payload_max: the longest payload.
    """

    ack_wait_s = ACK_WAIT_S
    payload_max = MAX_PACKET

    def __init__(
        self, link, device, password, topic_down, keepalive_s=60, window=8, link_ms=LINK_MS
    ):
        self._link = link
        self._device = device
        self._password = password
        self._topic_down = topic_down
        self._keepalive_s = keepalive_s
        self._window = window
        self._link_ms = link_ms
        self._reader = None
        self._out = b""
        self._offered = b""  # what the link was offered and has not taken; TLS wants it unchanged
        self._in_flight = []  # (packet id, topic, payload), oldest first
        self._last_id = 0
        self._received = []
        self._since = 0  # when the state, or the wait for an answer, began
        self._sent_at = 0
        self._pinged = False
        self.state = CLOSED
        self.why = ""
        self.connects = self.failures = self.repeated = self.refused = self.unsure = 0

    # -- for the owner ---------------------------------------------------------------------

    def open(self, host, port, tls, now):
        """Begin to connect; a link that is there already is let go first."""
        self._let_go()
        self._out = self._offered = b""
        self._reader = packets.Reader(MAX_PACKET)
        self.why = ""
        try:
            self._link.open(host, port, tls)
            self._enter(LINKING, now)
        except OSError as error:
            self._fail("link: %s" % error)

    def close(self, now):
        """Say goodbye and let the link go; what is in flight is sent again next time."""
        if self.state == READY:
            self._out += packets.DISCONNECT
            try:
                self._flush(now)
            except OSError:
                pass  # it is closing anyway
        self._let_go()

    def has_room(self):
        """True when connected and one more publish may be in flight."""
        return self.state == READY and len(self._in_flight) < self._window

    def publish(self, topic, payload, now):
        """Put a message in flight; False when not connected or the window is full."""
        if not self.has_room():
            return False
        packet_id = self._next_id()
        if not self._in_flight:
            self._since = now
        self._in_flight.append((packet_id, topic, payload))
        self._out += packets.publish(topic, payload, 1, packet_id)
        return True

    def in_flight(self):
        """Publishes without their PUBACK yet."""
        return len(self._in_flight)

    def received(self):
        """The payloads that came since the last call, oldest first."""
        payloads, self._received = self._received, []
        return payloads

    def poll(self, now, _now_s=0):
        """Send, receive and watch the times."""
        if self.state == CLOSED:
            return
        try:
            self._advance(now)
        except OSError as error:
            self._fail("link: %s" % error)
        except packets.PacketError as error:
            self.refused += 1
            self._fail("peer: %s" % error)
        except MemoryError:
            self.refused += 1
            self._fail("no memory for what came")

    def wait_ms(self, now):
        """The ms until a time runs out if nothing is heard."""
        if self.state == CLOSED:
            return NEVER_MS
        wait = ticks.diff(ticks.add(self._since, self._limit_ms()), now)
        if self.state == READY:
            ping = ticks.diff(ticks.add(self._sent_at, self._ping_ms()), now)
            wait = min(wait, ping) if self._waiting() else ping
        return max(0, wait)

    # -- inside ----------------------------------------------------------------------------

    def _enter(self, state, now):
        self.state = state
        self._since = now

    def _fail(self, why):
        self.failures += 1
        self.why = why
        self._let_go()

    def _let_go(self):
        self.state = CLOSED
        self._pinged = False
        try:
            self._link.close()
        except OSError:
            pass  # a link that cannot be closed is closed

    def _advance(self, now):
        link_state = self._link.state()
        if self.state == LINKING and link_state == _LINK_OPEN:
            self._greet(now)
        data = self._link.recv() if self.state >= GREETING else b""
        while data and self.state != CLOSED:
            self._hear(data, now)
            data = self._link.recv() if self.state != CLOSED else b""
        if self.state == CLOSED:
            return
        if link_state == _LINK_CLOSED:
            self._fail("link closed")
        elif self._waiting() and ticks.diff(now, self._since) >= self._limit_ms():
            self._fail("no answer in state %d" % self.state)
        else:
            self._ping_when_quiet(now)
            self._flush(now)

    def _greet(self, now):
        self._enter(GREETING, now)
        self._out = packets.connect(
            self._device, self._device, self._password, self._keepalive_s, False
        )

    def _hear(self, data, now):
        self._pinged = False  # anything heard answers a ping
        for kind, flags, body in self._reader.feed(data):
            if kind == packets.CONNACK and self.state == GREETING:
                self._greeted(packets.read_connack(body), now)
            elif self.state != READY:
                raise packets.PacketError("packet %d before the connack" % kind)
            elif kind == packets.PUBACK:
                self._confirmed(packets.read_puback(body), now)
            elif kind == packets.PUBLISH:
                self._take(flags, body)
            elif kind == packets.SUBACK:
                if packets.SUBACK_REFUSED in packets.read_suback(body)[1]:
                    raise packets.PacketError("subscription refused")
            elif kind != packets.PINGRESP_TYPE:
                raise packets.PacketError("packet %d is not for a client" % kind)
            if self.state == CLOSED:
                return

    def _greeted(self, answer, now):
        session_present, code = answer
        if code != packets.ACCEPTED:
            self._fail("connect refused, code %d" % code)
            return
        self.connects += 1
        self._enter(READY, now)
        self._out += packets.subscribe(self._next_id(), [(self._topic_down, 1)])
        for packet_id, topic, payload in self._in_flight:
            self._out += packets.publish(topic, payload, 1, packet_id, session_present)
            self.repeated += 1

    def _confirmed(self, packet_id, now):
        self._in_flight = [one for one in self._in_flight if one[0] != packet_id]
        self._since = now

    def _take(self, flags, body):
        topic, qos, packet_id, payload, _, _ = packets.read_publish(flags, body)
        if qos == 2:
            raise packets.PacketError("quality of service 2 was never asked for")
        if qos:
            self._out += packets.puback(packet_id)
        if topic == self._topic_down:
            self._received.append(payload)
        else:
            self.refused += 1

    def _next_id(self):
        used = [one[0] for one in self._in_flight]
        while True:
            self._last_id = self._last_id % 65535 + 1
            if self._last_id not in used:
                return self._last_id

    def _waiting(self):
        """True while the peer owes us something."""
        return self.state != READY or bool(self._in_flight) or self._pinged

    def _limit_ms(self):
        if self.state == LINKING:
            return self._link_ms
        return (0, 0, GREETING_MS, ANSWER_MS)[self.state]

    def _ping_ms(self):
        return self._keepalive_s * 750 if self._keepalive_s else NEVER_MS

    def _ping_when_quiet(self, now):
        quiet = self.state == READY and not self._out and not self._pinged and not self._offered
        if quiet and ticks.diff(now, self._sent_at) >= self._ping_ms():
            self._out = packets.PINGREQ
            self._pinged = True
            if not self._in_flight:
                self._since = now

    def _flush(self, now):
        if not self._offered:
            self._offered, self._out = self._out, b""
        if self._offered and self._link.state() == _LINK_OPEN:
            went = self._link.send(self._offered)
            if went:
                self._offered = self._offered[went:]
                self._sent_at = now
