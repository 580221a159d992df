"""The modem's own MQTT in the shape of `tracker.mqtt.Client`: the uplink sees no difference.

The session is kept over a sleep (clean session 0). One publish is under way at a time: the modem's
word is its PUBACK. One that ended in an error or without a word may have gone out; it is not said
again here. The record stays in the outbox, which sends it again when no ack has covered it, and its
identity makes the effect once.
"""

from tracker.modem import at
from tracker.modem.ladder import NO_SERVICE
from tracker.modem.modem import DOWN, GOING, ONLINE, RESTING, UP
from tracker.modem.steps import DONE

CLOSED, LINKING, GREETING, READY = 0, 1, 2, 3
NEVER_MS = 1 << 28
NOTHING, GREET, SUBSCRIBE, PUBLISH, GOODBYE = 0, 1, 2, 3, 4


class ModemMqtt:
    """Over a Modem; the device and the password are among its values, secured as in socket.py.

    Counters: `connects`, `failures`, `repeated` (always 0: see above), `refused` messages, `unsure`
    publishes that ended without the modem's word, `confirmed` ones.
    """

    def __init__(self, modem, topic_down, secured="ca"):
        self._modem = modem
        self._topic_down = topic_down
        self._secured = secured
        self._goal = None
        self._doing = NOTHING
        self._waiting = None  # (topic, payload) to publish next
        self._received = []
        self._last_id = 0
        self._messages = modem.dialect.Messages()
        self.state = CLOSED
        self.why = ""
        self.connects = self.failures = self.repeated = self.refused = 0
        self.unsure = self.confirmed = 0
        self.payload_max = modem.dialect.PAYLOAD_MAX

    def open(self, host, port, tls, now):
        """Begin to connect; `tls` None or the authority's file name in the modem."""
        self._goal = (host, port, tls)
        self._waiting = None
        self.why = ""
        self.state = LINKING
        self._modem.want(ONLINE)

    def close(self, now):
        """Say goodbye; the session stays with the broker."""
        self._waiting = None
        if self.state == READY and self._doing == NOTHING:
            self._run(GOODBYE, self._modem.dialect.MQTT_DISCONNECT, {}, now)
        self.state = CLOSED

    def has_room(self):
        """True when connected and nothing is under way."""
        return self.state == READY and self._doing == NOTHING and self._waiting is None

    def publish(self, topic, payload, now):
        """Put a message under way; False when not connected, busy, or past what the modem takes."""
        if not self.has_room() or len(payload) > self.payload_max:
            return False
        self._waiting = (topic, payload)
        return True

    def in_flight(self):
        """Publishes without the modem's word yet."""
        return 1 if self._waiting is not None else 0

    def received(self):
        """The payloads that came since the last call, oldest first."""
        payloads, self._received = self._received, []
        return payloads

    def poll(self, now, _now_s=0):
        """Take the next step; after the Modem's own poll."""
        for event in self._modem.events():
            self._hear(event)
        ended = self._modem.ended()
        if ended:
            self._after(ended == DONE, now)
        if self.state in (GREETING, READY) and self._modem.state != UP:
            self._fail("modem: " + (self._modem.why or "restarted"))
        elif self.state == LINKING and self._modem.state in (RESTING, DOWN, GOING):
            if self._modem.state == RESTING:
                self._fail("modem: " + self._modem.why)
        if self._doing == NOTHING:
            self._next(now)

    def wait_ms(self, now):
        """The ms until something is due if nothing is heard; the Modem watches the times."""
        return 0 if self._waiting is not None and self._doing == NOTHING else NEVER_MS

    # -- inside ----------------------------------------------------------------------------

    def _next(self, now):
        dialect = self._modem.dialect
        if self.state == LINKING and self._modem.state == UP:
            host, port, tls = self._goal
            values = {"host": host.encode(), "port": b"%d" % port, "ca": (tls or "").encode()}
            steps = dialect.mqtt_connect(self._secured if tls else "")
            self._run(GREET, steps, values, now)
            self.state = GREETING
        elif self.state == READY and self._waiting is not None:
            topic, payload = self._waiting
            values = {"topic": topic.encode(), "content": payload, "size": b"%d" % len(payload)}
            values["topicsize"] = b"%d" % len(topic)
            self._last_id = self._last_id % 65535 + 1
            values["id"] = b"%d" % self._last_id
            self._run(PUBLISH, dialect.MQTT_PUBLISH, values, now)

    def _run(self, doing, steps, values, now):
        if self._modem.run(steps, values, now):
            self._doing = doing

    def _after(self, well, now):
        """A procedure is over."""
        doing, self._doing = self._doing, NOTHING
        if doing == GREET and self.state == GREETING:
            if well:
                topic = self._topic_down
                values = {"topic": topic.encode(), "topicsize": b"%d" % len(topic)}
                self._run(SUBSCRIBE, self._modem.dialect.MQTT_SUBSCRIBE, values, now)
            else:
                self._give_up(now)
        elif doing == SUBSCRIBE and self.state == GREETING:
            if well:
                self.connects += 1
                self.state = READY
                self._modem.worked()
            else:
                self._give_up(now)
        elif doing == PUBLISH:
            self._waiting = None
            if well:
                self.confirmed += 1
            else:
                self.unsure += 1
                if self.state == READY:
                    self._give_up(now)

    def _give_up(self, now):
        """The service does not work: the ladder's turn."""
        self._fail("modem: " + self._modem.why)
        if self._modem.status() != at.RESTARTED:
            self._modem.failed(NO_SERVICE, now, self._modem.now_s)

    def _fail(self, why):
        self.failures += 1
        self.why = why
        self.state = CLOSED
        self._waiting = None

    def _hear(self, event):
        message = self._messages.take(event)
        if message is not None:
            if message and message[0] == self._topic_down.encode():
                self._received.append(message[1])
            else:
                self.refused += 1
        elif self.state == READY and self._modem.dialect.is_lost(event[0], event[1]):
            self._fail("connection lost")
