"""The ways to the gateway over a modem behind one shape: one at a time, falling over to the next.

A way has the methods of `tracker.mqtt.Client`: "mqtt" is service.py, "socket" our own client over
socket.py. Only the one in use is loaded. The first is used until it has failed FAILURES times in a
row with the modem attached; then the next, and so on round. After RETURN_S on another the first is
tried again when nothing is connected. What one way cannot carry moves on to the next at once: a
payload too long for it, a message that came damaged, a firmware known for it. What was under way on
a way that is left counts as `unsure`; the uplink lets it go again.

While the modem climbs its ladder this is LINKING; when it rests, CLOSED, and LINKING again by
itself when the rest is over. LEAVING until it sleeps.
"""

from tracker.modem import modem
from tracker.modem.service import CLOSED, CONFIRMED_WAIT_S, LEAVING, LINKING, READY

FAILURES = 3
RETURN_S = 21600
HALF_S, LEFT_MOST = 1800, 31  # what is kept of when the first was left: the half hour, 1 to 31
# a byte of an order of fences takes so many when they are in force, of 64-bit objects; its frame is
# on the heap twice while it is looked into
IN_FORCE = 5
ROOM_LEAST = 12288  # bytes for a session, a search and what they cut the heap into
DAMAGED_S = 120  # not again within: who damages messages on purpose shall not rule us


class Publisher:
    """`names` of the ways in their order, `make(name)` gives (client, ModemSocket or None); `over`
    the Modem, polled before each of them. owner: the Uplink; set it before the first poll.

    Counters are the sums of all ways; `switched` counts changes, `way` is the place in use. missed:
    a message from the gateway came damaged, as one does that is too long for a modem's MQTT; it is
    connected anew by the next way then, where the gateway says it again to a tracker that speaks.
    """

    ack_wait_s = CONFIRMED_WAIT_S

    def __init__(self, over, names, make):
        self.modem = over
        self._names = names
        self._make = make
        self._goal = None
        self._climbs = False
        self._damaged_s = -DAMAGED_S
        self.missed = False
        self._failed = 0  # in a row, on the way in use
        self._left_s = 0  # when the first way was left
        self._next = 0  # the way to use from the next opening on
        self.owner = None
        self.way = 0
        self.switched = 0
        self.state = CLOSED
        self.connects = self.failures = self.repeated = self.refused = self.unsure = 0
        self._client, self._link = make(names[0])

    # -- the client's shape ----------------------------------------------------------------

    def open(self, host, port, tls, now):
        """Begin to connect, by the first way again when it is time for it."""
        self._choose_way(self.modem.left, self.modem.now_s)
        self._goal = (host, port, tls)
        self.modem.want(modem.ONLINE)
        if self.modem.state == modem.RESTING:
            self._climbs = True  # and begins when the rest is over
            self.failures += 1
            return
        self._climbs = False
        self._begin(now)

    def close(self, now):
        """Say goodbye; LEAVING until the modem sleeps. Not yet while assisted data is fetched,
        which begins here: then it has to be called again, as the App does."""
        receiver = self.modem.receiver
        now_s, quiet = self.modem.now_s, self._quiet()
        if receiver is None or not quiet or not receiver.aid.holds(now_s, receiver.on_s):
            self._close(now)

    def has_room(self):
        """True when one more publish may be in flight."""
        return self._client.has_room()

    def publish(self, topic, payload, now):
        """Put a message in flight; False when it cannot be, by this way or just now."""
        if len(payload) > self._client.payload_max:
            self._move_on()
            self._left_s = self.modem.now_s - RETURN_S  # back when it is said
            self._keep_left(0)
            self._climbs = True
            self._client.close(now)
            return False
        return self._client.publish(topic, payload, now)

    def in_flight(self):
        """Publishes without their PUBACK yet."""
        return self._client.in_flight()

    def received(self):
        """The payloads that came since the last call."""
        return self._client.received()

    def poll(self, now, now_s=0):
        """Do what can be done now; `now_s` the tracker's own seconds."""
        over, client = self.modem, self._client
        over.reach, over.urgent = self.owner.stay, self.owner.urgent()
        over.poll(now, now_s)
        if over.receiver is not None:
            self._share(now, now_s)
        was_up = over.state == modem.UP
        if client.state == LINKING and was_up and self._is_known():
            self._move_on()
            self._climbs = True
            client.close(now)
        if self._link is not None:
            self._link.poll(now, now_s)
        client.poll(now, now_s)
        self._count(client, was_up, now)
        self.state = client.state
        if self.state == CLOSED:
            self._rest_or_begin(now)

    def wait_ms(self, now):
        """The ms until a time runs out if nothing is heard."""
        over = self.modem
        if self._goal is None and self.state == CLOSED and not over.fixing:
            return modem.NEVER_MS
        wait_ms = min(self._client.wait_ms(now), over.wait_ms(now, over.now_s))
        if self._link is not None:
            wait_ms = min(wait_ms, self._link.wait_ms())
        if over.receiver is not None:
            wait_ms = min(wait_ms, over.receiver.wait_ms(now))
        return wait_ms

    def make_sure_of_room(self, parts, file):
        """Fences that are kept as the bytes of the list `file` would be in force with this driver
        beside them at every start: MemoryError, before anything has changed, where they would leave
        too little. `parts`: the App's."""
        size = sum([len(part) for part in file])
        grown = IN_FORCE * (size - max(0, parts.flash.size("/state/fences.bin")))
        if parts.power.heap_room() + 2 * size - grown < ROOM_LEAST:
            raise MemoryError

    # -- inside ----------------------------------------------------------------------------

    def _close(self, now):
        self._goal = None
        self._client.close(now)
        if self.state != CLOSED:
            self.state = LEAVING

    def _share(self, now, now_s):
        """The radio is the modem's receiver's, too: LTE says goodbye when it is asked for."""
        over, talk = self.modem, None
        rests = over.ladder.rests(now_s)  # then LTE wants nothing
        if not rests and (self._goal is not None or self.state != CLOSED):
            talk = self.state != READY or not self.has_room() or over.urgent
        ready = self.state == READY
        over.receiver.work(now, now_s, talk, ready, over.urgent and not rests, over.reach)
        over.receiver.aid.work(now, now_s, self._quiet(), over.receiver.on_s)
        if over.radio and self._goal is not None and over.state == modem.UP:
            self._close(now)

    def _quiet(self):
        """Connected, and neither an alarm nor a search wants the modem."""
        over = self.modem
        connected = self.state == READY and over.state == modem.UP
        return connected and not (over.urgent or over.radio)

    def _rest_or_begin(self, now):
        over, state = self.modem, self.modem.state
        if self._goal is not None and state in (modem.COMING, modem.GOING):
            self._climbs = True
            self.state = LINKING
        elif self._goal is not None and state == modem.UP and self._climbs:
            self._climbs = False
            self._begin(now)
        elif self._link is not None and state == modem.UP and not self._link.gone():
            self.state = LEAVING
        elif state in (modem.COMING, modem.UP, modem.GOING):
            self._goal = None
            over.want(modem.ASLEEP)
            self.state = LEAVING
        elif over.receiver is not None and over.receiver.leaves():
            self.state = LEAVING
        elif state not in (modem.RECEIVING, modem.RESTING):
            self._goal = None

    def _begin(self, now):
        """Connect, by another way if that is due."""
        if self._next != self.way:
            self.unsure += self._client.in_flight()
            self.way = self._next
            self.switched += 1
            self._failed = 0
            self._client, self._link = self._make(self._names[self.way])
        self._client.open(*self._goal, now)
        self.state = self._client.state

    def _count(self, client, was_up, now):
        if client.connects:
            self._failed = 0
            self.modem.worked()
        if client.failures and was_up:
            self._failed += client.failures
            if self._failed >= FAILURES:
                self._move_on()
        if client.refused:
            self._move_on()
            if self._link is None:
                self._say_again(client, now)
        self.connects += client.connects
        self.failures += client.failures
        self.repeated += client.repeated
        self.refused += client.refused
        self.unsure += client.unsure
        client.connects = client.failures = client.repeated = client.refused = client.unsure = 0

    def _say_again(self, client, now):
        """By another way now what this one has damaged."""
        now_s, damaged, client.damaged = self.modem.now_s, client.damaged, False
        if damaged and now_s - self._damaged_s >= DAMAGED_S:
            self._damaged_s, self._left_s = now_s, now_s - RETURN_S  # back when that is said
            self._keep_left(0)
            self._climbs = self.missed = True
            client.close(now)

    def _is_known(self):
        return self._names[self.way] == "mqtt" and self.modem.quirk(b"no mqtt")

    def _move_on(self):
        now_s = self.modem.now_s
        if not self.way:
            self._left_s = now_s
        self._next = (self.way + 1) % len(self._names)
        self._keep_left(now_s // HALF_S % LEFT_MOST + 1 if self._next else 0)

    def _choose_way(self, left, now_s):
        """Another than the first for RETURN_S, over sleeps too."""
        if left and not self._next and len(self._names) > 1:
            self._left_s = now_s - (now_s // HALF_S - left + 1) % LEFT_MOST * HALF_S
            self._next = int(now_s - self._left_s < RETURN_S)
        elif self.way and now_s - self._left_s >= RETURN_S:
            self._next = 0
        if not self._next:
            self._keep_left(0)

    def _keep_left(self, left):
        self.modem.changed = self.modem.changed or left != self.modem.left
        self.modem.left = left
