"""More words of a block: the driver's MQTT service and its socket over a modem that is attached.

    up | climb PLACE | down | tell psm|edrx   modem.py: from off, or after a failure at a place of
                       the ladder: up, and which of its steps were taken; off again; what the
                       network is told when nothing more is to be said
    open | publish     service.py: `heard` gets ready or failed; confirmed, unsure or not taken
    socket | send HEX | fetch | hangup     socket.py: open or closed; sent, closed; what came
A service that failed says which step of the ladder it asked for. Nothing more is done then: what
the driver says beyond the dialogue is an error of Far's. Runs under both interpreters.
"""

from chat_text import raw
from modem_replay import Replay
from tracker.modem import modem
from tracker.modem.security import Security
from tracker.modem.service import GREETING, LINKING, READY, ModemMqtt
from tracker.modem.socket import OPEN, OPENING, ModemSocket
from tracker.modem.steps import DONE

DOWN = "tr/astrid/dn"


class Service(Replay):
    """A Replay whose modem is attached, with a service and a socket over it."""

    def __init__(self, name, block, grain, mute=-1):
        super().__init__(name, block, grain, mute)
        self.modem.state = modem.UP
        self.modem.want(modem.ONLINE)
        self.modem.mode = modem.PSM  # the network has been told already
        self.modem.time_s = 1  # and has told the time
        security = Security(None, None, {})
        self.client = ModemMqtt(self.modem, DOWN, security)
        self.link = ModemSocket(self.modem, security)

    def _serve(self, over, part):
        """Poll the modem and `part` until `over()`; nothing more once the ladder is asked."""

        def step():
            if over():
                return True
            before = len(self.modem.events)
            self.modem.poll(self.now, self.now // 1000)
            self._keep(self.modem.events[before:])
            part(self.now, self.now // 1000)
            return self.modem.state != modem.UP or over()

        self.poll = lambda: self.far.tick(self.now)
        assert self.until(step, 400), ("never over", self.far.spoken[-1:])
        del self.poll
        self._told()
        if self.modem.state == modem.UP:
            self.settle()
            assert not self.far.besides, ("not said:", self.far.besides)
            assert not self.far.skipped, ("not passed over:", self.far.skipped)

    def _keep(self, events):
        self.events += events
        for event in events:
            self.received += event[2] if event[0] == b"received" else b""

    def _told(self):
        """A service that failed has asked for a step of the ladder."""
        if self.modem.state != modem.UP:
            self.heard["service"].append("ladder " + str(self.modem.ladder.step))
            self.modem.state, self.modem.work.words = modem.UP, []

    # -- the modem itself --------------------------------------------------------------------

    def _up(self, _rest):
        self.modem.state = modem.DOWN
        self.modem.want(modem.ONLINE)
        self._come_up()

    def _climb(self, place):
        self.modem.failed(int(place), self.now, self.now // 1000)
        self._come_up()

    def _down(self, _rest):
        self.modem.want(modem.OFF)
        self._come_to(modem.DOWN)
        self.heard["service"].append("down")
        self.settle()

    def _tell(self, which):
        client, over = self.client, self.modem
        client.state, over.mode, over.reach = READY, modem.UNTOLD, which == "edrx"

        if over.reach:
            self._serve(lambda: over.mode != modem.UNTOLD, client.poll)
        else:
            self._fall_asleep()
        self.heard["service"].append("psm" if over.mode == modem.PSM else "edrx")

    def _fall_asleep(self):
        """PSM is told with the goodbye, of which this is the end; then the modem sleeps."""
        over = self.modem
        assert over.run(over.mode_due(), {}, self.now, True)
        over.want(modem.ASLEEP)

        def step():
            before = len(over.events)
            over.poll(self.now, self.now // 1000)
            self._keep(over.events[before:])
            return over.ended()

        self.poll = lambda: self.far.tick(self.now)
        assert self.until(step, 400) == DONE, self.far.spoken[-1:]
        del self.poll
        over.told()
        self._come_to(modem.SLEEPING)
        self.settle()

    def _come_to(self, state):
        def step():
            before = len(self.modem.events)
            self.modem.poll(self.now, self.now // 1000)
            self._keep(self.modem.events[before:])
            return self.modem.state in (state, modem.RESTING)

        self.poll = lambda: self.far.tick(self.now)
        self.until(step, 900)
        del self.poll
        assert self.modem.state == state, (self.modem.state, self.modem.why, self.far.besides)
        assert not self.far.besides, ("not said:", self.far.besides)

    def _come_up(self):
        self._come_to(modem.UP)
        tried = [str(step + 1) for step, times in enumerate(self.modem.ladder.tried) if times]
        self.heard["service"].append("up " + ("".join(tried) or "0"))
        self.heard["version"].append(self.modem.version.decode())
        self.heard["signal"].append(str(self.modem.signal()))
        self.settle()

    # -- MQTT --------------------------------------------------------------------------------

    def _open(self, tls):
        port = int(self.values["port"])
        self.client.open(self.values["host"].decode(), port, tls or None, self.now)
        client = self.client
        self._serve(lambda: client.state not in (LINKING, GREETING), client.poll)
        self.heard["service"].append("ready" if client.state == READY else "failed")

    def _publish(self, _rest):
        client = self.client
        client.state = READY
        client._last_id = int(self.values["id"]) - 1
        topic = self.values["topic"].decode()
        if not client.publish(topic, self.values["content"], self.now):
            self.heard["service"].append("not taken")
            return
        before = client.confirmed, client.unsure
        self._serve(lambda: (client.confirmed, client.unsure) != before, client.poll)
        self.heard["service"].append("confirmed" if client.confirmed > before[0] else "unsure")

    def _hear(self, _rest):
        """What came by itself reaches the service."""
        client = self.client
        client.state = READY
        self.modem.events = list(self.events)
        client.poll(self.now)
        said = "ready" if client.state == READY else "failed"
        self.heard["service"].append(said + " " + str(len(client.received())))

    # -- a socket ----------------------------------------------------------------------------

    def _socket(self, tls):
        link = self.link
        link.open(self.values["host"].decode(), int(self.values["port"]), tls or None)
        self._serve(lambda: link._state != OPENING, link.poll)
        self.heard["service"].append("open" if link._state == OPEN else "closed")

    def _send(self, digits):
        link = self.link
        assert link.send(raw(digits)) == len(raw(digits))
        self._serve(lambda: not link._out, link.poll)
        self.heard["service"].append("sent" if link._state == OPEN else "closed")

    def _fetch(self, _rest):
        link = self.link
        if not link._goal:  # it was opened in the dialogue before this one
            link._goal, link._state = ("", 0, None), OPEN
        self.modem.events = [event for event in self.events if event[0] in (b"data", b"closed")]
        self._serve(lambda: not link._more and not link._doing and not self.modem.events, link.poll)
        self.received += link.recv()
        self.heard["service"].append("open" if link._state == OPEN else "closed")

    def _hangup(self, _rest):
        link = self.link
        link.close()
        self._serve(link.gone, link.poll)
        self.heard["service"].append("gone")
