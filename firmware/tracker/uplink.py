"""Feeds the gateway from the outbox until nothing waits, and brings what comes down.

A record goes out when the window has room: alarms, live, backlog. A PUBACK only frees its place in
the window; the gateway's ACK frame alone deletes (promise 2). A record that no ACK covers within
one to two times the client's ack_wait_s is sent again; over a modem's own MQTT, where one is under
way at a time, one whose publish ended unsure goes again at once.

Where a broker stands between, PUBACKs say nothing of the gateway: when none of its frames has come
for UNHEARD_S after a record went out, and no `stay` wants the link, the connection has failed too.

The link is opened while something waits or `stay` is set. When that fails the pause grows from 2 s
to 5 minutes, by half as much again at random, so that a thousand trackers do not come back in one
second; while an alarm waits it is at most 15 s, and a new alarm is tried at once. The chance is a
small generator seeded by the device's name, for the tracker has nothing else that differs.

Times: `now` in ticks (ms) for the client, `now_s` the tracker's own count of seconds.
"""

from binascii import crc32

from tracker import boot_number
from tracker.mqtt import CLOSED, READY
from trygg_wire import codec, layouts, topics

UNHEARD_S = 60
PAUSE_FIRST_S = 2
PAUSE_MOST_S = 300
PAUSE_ALARM_S = 15
_MASK = 0x3FFFFFFF


class Uplink:
    """Between outbox and client; `address` is (host, port, tls) as the Link port wants it.

    Counters: `repeated` records sent again, `frames_refused` from above that could not be read.
    """

    def __init__(self, client, outbox, group, device, address):
        self._client = client
        self._outbox = outbox
        self._topic = topics.up(group, device)
        self._address = address
        self._chance = crc32(device.encode()) & _MASK
        self._orders = []
        self._stored_alarms = 0
        self._time_s = 0
        self._failures = 0
        self._next_try_s = 0
        self._retry_at_s = 0
        self._failures_seen = self._unsure_seen = 0
        self._sent = (0, 0)  # the record that went last
        self._heard = False
        self._unheard_s = -1  # since then records have gone out and nothing came back
        self.stay = False
        self.repeated = 0
        self.frames_refused = 0

    # -- for the app -----------------------------------------------------------------------

    def poll(self, now, now_s):
        """Do what can be done now."""
        self._client.poll(now, now_s)
        self._watch(now_s)
        for frame in self._client.received():
            self._take(frame)
        if self._client.state == CLOSED:
            if self.wanted() and now_s >= self._next_try_s:
                self._unheard_s = -1
                self._client.open(*self._address, now)
                self._client.poll(now, now_s)  # a link may stand at once
                self._watch(now_s)
        elif self._client.state == READY:
            self._feed(now, now_s)
            self._client.poll(now, now_s)
            self._give_up_unheard(now, now_s)

    def urgent(self):
        """True while an alarm waits."""
        return self._outbox.alarms_waiting() > 0

    def wanted(self):
        """True while there is a reason to be connected."""
        return self.stay or self._outbox.waiting() > 0

    def hurry(self, now_s):
        """Try at once: an alarm has come."""
        self._failures = 0
        self._next_try_s = now_s

    def close(self, now):
        """Let the link go, politely."""
        self._client.close(now)

    def connected(self):
        """True while the gateway has greeted us and the link stands."""
        return self._client.state == READY

    def busy(self):
        """True while a connection is there or on its way: bytes may come at any time."""
        return self._client.state != CLOSED

    def wait_ms(self, now, now_s):
        """The ms until something is due if nothing arrives."""
        wait_ms = self._client.wait_ms(now)
        if self.busy():
            if self.connected() and self._outbox.waiting():
                wait_ms = min(wait_ms, max(0, self._retry_at_s - now_s) * 1000)
            return wait_ms
        if not self.wanted():
            return wait_ms
        return min(wait_ms, max(0, self._next_try_s - now_s) * 1000)

    def orders(self):
        """The order frames that came since the last call."""
        orders, self._orders = self._orders, []
        return orders

    def stored_alarms(self):
        """How many alarms the gateway has said to hold since the last call."""
        stored, self._stored_alarms = self._stored_alarms, 0
        return stored

    def heard(self):
        """True when the gateway has sent a frame since the last call."""
        heard, self._heard = self._heard, False
        return heard

    def time_s(self):
        """The gateway's clock as last heard since the last call, seconds since 2020; 0 unheard."""
        time_s, self._time_s = self._time_s, 0
        return time_s

    def save(self):
        """(failures running, second of the next try): what a sleep must not forget."""
        return self._failures, self._next_try_s

    def load(self, saved):
        """Go on as before the sleep."""
        self._failures, self._next_try_s = saved

    # -- inside ----------------------------------------------------------------------------

    def _watch(self, now_s):
        """After each failure of the client: a longer pause."""
        if self._client.state == READY and not self._outbox.waiting():
            self._failures = 0
        if self._client.failures == self._failures_seen:
            return
        self._failures_seen = self._client.failures
        self._pause(now_s)

    def _give_up_unheard(self, now, now_s):
        """Let a link go over which the gateway says nothing: nobody is to be awake for it."""
        if self.stay or not 0 <= self._unheard_s <= now_s - UNHEARD_S:
            return
        self._client.close(now)
        self._pause(now_s)

    def _pause(self, now_s):
        pause_s = min(PAUSE_FIRST_S << min(self._failures, 8), PAUSE_MOST_S)
        if self._outbox.alarms_waiting():
            pause_s = min(pause_s, PAUSE_ALARM_S)
        self._failures += 1
        self._next_try_s = now_s + pause_s + self._random(pause_s // 2 + 1)

    def _random(self, below):
        """The next number 0 .. below - 1 of the device's own row (Numerical Recipes' generator)."""
        self._chance = (self._chance * 1664525 + 1013904223) & _MASK
        return (self._chance >> 8) % below

    def _feed(self, now, now_s):
        """Fill the window, and once in ack_wait_s let what was not acked go again."""
        if now_s >= self._retry_at_s:
            self._retry_at_s = now_s + self._client.ack_wait_s
            self.repeated += self._outbox.retry()
        if self._client.unsure != self._unsure_seen:
            self._unsure_seen = self._client.unsure
            self._outbox.again(*self._sent)
        while self._client.has_room():
            place = self._outbox.next(now_s)
            if place < 0 or not self._send(place, now, now_s):
                return

    def _send(self, place, now, now_s):
        """Publish a record; one that the flash does not give now goes with the next retry. False
        when it needs another way, which is on its way."""
        try:
            frame = self._outbox.frame(place)
        except OSError:
            self._outbox.sent(place)
            return True
        if frame:
            if not self._client.publish(self._topic, frame, now):
                return False
            self._sent = self._outbox.identity(place)
            self._outbox.sent(place)
            if self._unheard_s < 0:
                self._unheard_s = now_s
        else:
            self._outbox.lost(place)
        return True

    def _take(self, frame):
        """An ACK is worked off here, an ORDER handed on, anything else counted."""
        try:
            kind = codec.kind_of(frame)
            values = codec.decode(frame)[1] if kind == layouts.ACK else None
        except codec.WireError:
            self.frames_refused += 1
            return
        self._heard = True
        self._unheard_s, self._failures = -1, 0
        if kind == layouts.ACK and values["boot"] < boot_number.MOST:
            _, alarms = self._outbox.ack(values["boot"], values["upto"], values["missing"])
            self._stored_alarms += alarms
            self._time_s = values["time_s"]
        elif kind == layouts.ORDER:
            self._orders.append(frame)
        else:
            self.frames_refused += 1
