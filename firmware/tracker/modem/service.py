"""The modem's own MQTT in the shape of `tracker.mqtt.Client`: the uplink sees no difference.

The session is kept over a sleep (clean session 0). One publish is under way at a time: the modem's
word is its PUBACK. One that ended in an error or without a word may have gone out; it is not said
again here: `unsure` counts it, and the uplink lets the record go again. A record that the modem has
confirmed waits CONFIRMED_WAIT_S for the gateway's ack before it goes again. What the modem said
while its line slept may be lost: before the next publish it is asked whether it still is connected.
"""

from tracker.modem import at, ladder, modem
from tracker.modem.steps import DONE

CLOSED, LINKING, GREETING, READY, LEAVING = 0, 1, 2, 3, 4
NEVER_MS = 1 << 28
CONFIRMED_WAIT_S = 120
NOTHING, GREET, SUBSCRIBE, PUBLISH, TELL, GOODBYE, UPLOAD, LOOK = 0, 1, 2, 3, 4, 5, 6, 7


class ModemMqtt:
    """Over a Modem; the device and the password are among its values, `security` a Security.

    Counters: `connects`, `failures`, `repeated` (always 0: see above), `refused` messages, `unsure`
    publishes that ended without the modem's word, `confirmed` ones.
    """

    ack_wait_s = CONFIRMED_WAIT_S

    def __init__(self, over, topic_down, security):
        self._modem = over
        self._topic_down = topic_down.encode()
        self._security = security
        self._goal = None
        self._doing = NOTHING
        self._waiting = None  # (topic, payload) to publish next
        self._received = []
        self._last_id = 0
        self._pieces = []  # of a message that comes in several
        self.state = CLOSED
        self.why = ""
        self.connects = self.failures = self.repeated = self.refused = 0
        self.unsure = self.confirmed = 0
        self.damaged = False  # a message was; whoever has looked sets it back
        self.payload_max = over.dialect.PAYLOAD_MAX

    def open(self, host, port, tls, now):
        """Begin to connect; `tls` None or the authority's file."""
        self._goal = (host, port, tls)
        self._waiting = None
        self._pieces = []
        self.why = ""
        self.state = LINKING
        self._modem.events = []
        self._modem.want(modem.ONLINE)

    def close(self, now):
        """Say goodbye, LEAVING until it is said; the session stays with the broker."""
        self._forget()
        if self.state != CLOSED:
            self.state = LEAVING

    def has_room(self):
        """True when connected and nothing is under way."""
        return self.state == READY and self._doing == NOTHING and self._waiting is None

    def publish(self, topic, payload, now):
        """Put a message under way; False when not connected, busy, or past what the modem takes."""
        if not self.has_room() or len(payload) > self.payload_max:
            return False
        self._waiting = (topic.encode(), payload)
        return True

    def in_flight(self):
        """Publishes without the modem's word yet."""
        return 1 if self._waiting is not None else 0

    def received(self):
        """The payloads that came since the last call, oldest first."""
        if not self._received:
            return ()
        payloads, self._received = self._received, []
        return payloads

    def poll(self, now, _now_s=0):
        """Take the next step; after the Modem's own poll."""
        over = self._modem
        if over.events:
            events, over.events = over.events, []
            for event in events:
                self._hear(event)
        ended = over.ended()
        if ended:
            self._after(ended == DONE, now)
        if over.state != modem.UP and self._doing != NOTHING:
            # what was under way has no end
            self._doing = NOTHING
            self._forget()
        if self.state in (GREETING, READY) and over.state != modem.UP:
            self._fail("modem: " + (over.why or "restarted"))
        elif self.state == LINKING and over.state == modem.RESTING:
            self._fail("modem: " + over.why)
        if self._doing == NOTHING:
            self._next(now)

    def wait_ms(self, now):
        """The ms until something is due if nothing is heard; the Modem watches the times."""
        if self._doing == NOTHING and (self._waiting is not None or self.state == LEAVING):
            return self._modem.pause_ms()
        return NEVER_MS

    # -- inside ----------------------------------------------------------------------------

    def _next(self, now):
        over = self._modem
        if self.state == LINKING and over.state == modem.UP:
            self._greet(now)
        elif self.state == READY and self._waiting is not None and over.dozed():
            self._run(LOOK, "MQTT_STATE", {}, now)
        elif self.state == READY and self._waiting is not None:
            self._say(now)
        elif self.state == READY:
            due = over.idle(now)
            if due:
                self._run(TELL, due, {}, now, True)
        elif self.state == LEAVING:
            self._leave(now)

    def _greet(self, now):
        host, port, tls = self._goal
        values = {"host": host.encode(), "port": b"%d" % port}
        upload = self._security.upload() if tls else None
        if upload:
            self._run(UPLOAD, "CERT_UPLOAD", upload, now)
            return
        names = "MQTT_BEGIN " + self._security.names(tls, self._modem, values)
        names += "MQTT_PLAIN_TLS" if tls else "MQTT_PLAIN"
        names += " MQTT_WILL" if "will" in self._modem.values else ""
        if self._run(GREET, names + " MQTT_CONNECT", values, now):
            self.state = GREETING

    def _say(self, now):
        topic, payload = self._waiting
        self._last_id = self._last_id % 65535 + 1
        values = {"topic": topic, "topicsize": b"%d" % len(topic), "content": payload}
        values["size"], values["id"] = b"%d" % len(payload), b"%d" % self._last_id
        self._run(PUBLISH, "MQTT_PUBLISH", values, now)

    def _leave(self, now):
        """Goodbye, and what the network is to be told; then no more."""
        over = self._modem
        if over.state != modem.UP or self._goal is None:
            self.state = CLOSED
        elif self._run(GOODBYE, "MQTT_END " + over.mode_due(), {}, now, True):
            self._goal = None

    def _run(self, doing, names, values, now, forgiving=False):
        if not self._modem.run(names, values, now, forgiving):
            return False
        self._doing = doing
        return True

    def _after(self, well, now):
        """A procedure is over."""
        doing, self._doing = self._doing, NOTHING
        if doing == PUBLISH:
            self._waiting = None
            self.confirmed += well
            self.unsure += not well
        elif doing == UPLOAD and well:
            self._security.uploaded()
        elif doing in (TELL, GOODBYE) and well:
            self._modem.told()
        if self.state == LEAVING:
            return
        if doing == GREET and well:
            topic = self._topic_down
            values = {"topic": topic, "topicsize": b"%d" % len(topic)}
            if not self._run(SUBSCRIBE, "MQTT_SUBSCRIBE", values, now):
                self._give_up(now)
        elif doing == SUBSCRIBE and well:
            self.connects += 1
            self.state = READY
        elif doing == TELL:
            if not well and self._modem.line.dead:  # a refusal is none: it was let pass
                self._give_up(now)
        elif doing == LOOK and not well and not self._modem.line.dead:
            self._fail("connection lost")
        elif not well and self.state != CLOSED:
            self._security.doubt()
            self._give_up(now)

    def _give_up(self, now):
        """The service does not work: the ladder's turn."""
        self._fail("modem: " + self._modem.why)
        if self._modem.steps.status != at.RESTARTED:
            self._modem.failed(ladder.NO_SERVICE, now, self._modem.now_s)

    def _fail(self, why):
        self.failures += 1
        self.why = why
        self.state = CLOSED
        self._forget()

    def _forget(self):
        """A publish that has not begun is let go; one under way ends by itself."""
        self.unsure += self._waiting is not None and self._doing != PUBLISH
        self._waiting = None

    def _hear(self, event):
        message = self._modem.dialect.message(event, self._pieces)
        if message is not None:
            if message and message[0] == self._topic_down:
                self._received.append(message[1])
            else:
                self.refused += 1
                self.damaged = self.damaged or not message
        elif event[0] in (b"lost", b"gone") and self.state == READY:
            self._fail("connection lost")
