"""The ways to the gateway behind one shape: one at a time, falling over from each to the next.

A way has the methods of `tracker.mqtt.Client` (service.py is one, our own client over socket.py
another) and perhaps `payload_max`. The first of the list is used until it has failed FAILURES
times in a row; then the next, and so on round. After RETURN_S on another the first is tried again,
at a moment when nothing is connected. A payload too long for the way in use moves on to one that
takes it at once. What was under way on a way that is left is not repeated: the outbox sends again
what no ack covers.
"""

from tracker.mqtt import CLOSED

FAILURES = 3
RETURN_S = 21600
_NO_LIMIT = 1 << 28


class Publisher:
    """`ways` in their order; `modem` is polled before each of them, None where there is none.

    Counters are the sums of the ways'; `switched` counts changes, `way` is the place in use.
    """

    def __init__(self, ways, modem=None):
        self._ways = ways
        self._modem = modem
        self._failed = 0  # in a row, on the way in use
        self._left_s = 0  # when the first way was left
        self._now_s = 0
        self.way = 0
        self.switched = 0

    # -- the client's shape ----------------------------------------------------------------

    def open(self, host, port, tls, now):
        """Begin to connect, by the first way again when it is time for it."""
        if self.way and self._now_s - self._left_s >= RETURN_S:
            self._use(0)
        self._client.open(host, port, tls, now)

    def close(self, now):
        """Say goodbye."""
        self._client.close(now)

    def has_room(self):
        """True when one more publish may be in flight."""
        return self._client.has_room()

    def publish(self, topic, payload, now):
        """Put a message in flight; False when it cannot be, by this way or just now."""
        if len(payload) <= getattr(self._client, "payload_max", _NO_LIMIT):
            return self._client.publish(topic, payload, now)
        for place in range(len(self._ways)):
            if len(payload) <= getattr(self._ways[place], "payload_max", _NO_LIMIT):
                self._client.close(now)
                self._use(place)
                break
        return False

    def in_flight(self):
        """Publishes without their PUBACK yet."""
        return self._client.in_flight()

    def received(self):
        """The payloads that came since the last call."""
        return self._client.received()

    def poll(self, now, now_s=0):
        """Do what can be done now; `now_s` the tracker's own seconds."""
        self._now_s = now_s
        if self._modem is not None:
            self._modem.poll(now, now_s)
        client = self._client
        failures, connects = client.failures, client.connects
        client.poll(now, now_s)
        if client.connects > connects:
            self._failed = 0
        self._failed += client.failures - failures
        if self._failed >= FAILURES and client.state == CLOSED:
            self._use((self.way + 1) % len(self._ways))

    def wait_ms(self, now):
        """The ms until a time runs out if nothing is heard."""
        wait = self._client.wait_ms(now)
        return wait if self._modem is None else min(wait, self._modem.wait_ms(now, self._now_s))

    @property
    def state(self):
        """That of the way in use."""
        return self._client.state

    @property
    def why(self):
        """Why it last failed."""
        return self._client.why

    @property
    def connects(self):
        """Connections made, by all ways."""
        return sum([way.connects for way in self._ways])

    @property
    def failures(self):
        """Failures, of all ways."""
        return sum([way.failures for way in self._ways])

    @property
    def repeated(self):
        """Publishes repeated, by all ways."""
        return sum([way.repeated for way in self._ways])

    @property
    def refused(self):
        """Packets refused, by all ways."""
        return sum([way.refused for way in self._ways])

    # -- inside ----------------------------------------------------------------------------

    @property
    def _client(self):
        return self._ways[self.way]

    def _use(self, place):
        """Change to another way; the time away from the first begins when it is left."""
        if place == self.way:
            return
        if self.way == 0:
            self._left_s = self._now_s
        self.way = place
        self._failed = 0
        self.switched += 1
