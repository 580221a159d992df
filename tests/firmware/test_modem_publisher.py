"""Falling over from one way to publish to the next, and back; what a rest and a climb look like."""

from tracker.modem import modem, publisher
from tracker.modem.publisher import Publisher
from tracker.modem.service import CLOSED, LEAVING, LINKING, READY


class Way:
    """A client that does what the test says: it is READY after its poll where it works."""

    def __init__(self, name):
        self.name = name
        self.payload_max = 512 if name == "mqtt" else 7372
        self.state = CLOSED
        self.why = ""
        self.connects = self.failures = self.repeated = self.refused = self.unsure = 0
        self.works = True
        self.damaged = False
        self.flying = 0
        self.said = []
        self.opens = 0

    def open(self, host, port, tls, now):
        self.opens += 1
        self.state = LINKING

    def close(self, now):
        self.state = CLOSED

    def has_room(self):
        return self.state == READY

    def publish(self, topic, payload, now):
        self.said.append(payload)
        return True

    def in_flight(self):
        return self.flying

    def received(self):
        return [b"frame"]

    def poll(self, now, now_s=0):
        if self.state == LINKING:
            self.state = READY if self.works else CLOSED
            self.connects += self.works
            self.failures += not self.works

    def wait_ms(self, now):
        return 500


class Over:
    """A modem that is in the state that the test wants."""

    def __init__(self):
        self.state = modem.UP
        self.wanted = modem.ONLINE
        self.now_s = 0
        self.quirks = ()
        self.polled = 0
        self.receiver, self.fixing = None, False
        self.left, self.changed = 0, False

    def poll(self, now, now_s):
        self.now_s = now_s
        self.polled += 1
        if self.wanted == modem.ASLEEP and self.state == modem.UP:
            self.state = modem.SLEEPING

    def worked(self):
        self.climbs = 0

    def want(self, what):
        self.wanted = what

    def quirk(self, name):
        return name in self.quirks

    def wait_ms(self, now, now_s):
        return 100


class Owner:
    """The uplink."""

    stay = False

    def urgent(self):
        return True


class Bench:
    def __init__(self, names=("mqtt", "socket"), broken=(), over=None):
        self.over, self.made, self.broken = over or Over(), [], broken
        self.both = Publisher(self.over, list(names), self.make)
        self.both.owner = Owner()
        self.now_s = self.over.now_s

    def make(self, name):
        self.made.append(Way(name))
        self.made[-1].works = name not in self.broken
        return self.made[-1], None

    def poll(self, seconds=1):
        self.now_s += seconds
        self.both.poll(1000 * self.now_s, self.now_s)

    def try_once(self):
        """As the uplink does: open where it is closed, and poll."""
        if self.both.state == CLOSED:
            self.over.state = modem.UP
            self.over.wanted = modem.ONLINE
            self.both.open("portal", 8883, None, 1000 * self.now_s)
        self.poll()
        while self.both.state == LEAVING:
            self.poll()


def test_the_first_way_is_used_until_it_has_failed_three_times_in_a_row():
    bench = Bench(broken=("mqtt",))
    for _ in range(publisher.FAILURES):
        assert bench.both.way == 0
        bench.try_once()
    bench.try_once()
    assert (bench.both.way, bench.both.state) == (1, READY)
    assert bench.both.publish("t", b"a record", 0)
    assert bench.made[1].said == [b"a record"]
    assert (bench.both.switched, bench.both.connects, bench.both.failures) == (1, 1, 3)


def test_failures_while_the_modem_is_not_attached_are_not_the_way_s():
    bench = Bench(broken=("mqtt",))
    bench.over.state = modem.RESTING
    for _ in range(3 * publisher.FAILURES):
        bench.both.open("portal", 8883, None, 0)
        bench.poll()
        assert bench.both.state == CLOSED
    assert bench.both.failures == 3 * publisher.FAILURES
    assert bench.both.switched == 0


def test_the_first_way_is_tried_again_after_its_time_and_not_while_connected():
    bench = Bench(broken=("mqtt",))
    for _ in range(publisher.FAILURES + 1):
        bench.try_once()
    bench.poll(publisher.RETURN_S + 100)
    assert (bench.both.way, bench.both.state) == (1, READY)
    bench.both.close(0)
    bench.poll()
    bench.poll()
    bench.broken = ()
    bench.try_once()
    assert (bench.both.way, bench.both.state) == (0, READY)


def test_a_sleep_of_the_chip_forgets_neither_the_way_nor_when_the_first_was_left():
    bench = Bench(broken=("mqtt",))
    bench.poll(40000)
    for _ in range(publisher.FAILURES + 1):
        bench.try_once()
    assert bench.over.changed
    for slept_s, way in ((publisher.RETURN_S - 3600, 1), (7200, 0)):
        bench.over.now_s += slept_s
        bench = Bench(over=bench.over)  # a new start: all but the modem's bytes is forgotten
        bench.try_once()
        assert (bench.both.way, bench.both.state) == (way, READY)
    assert bench.over.left == 0


def test_a_way_kept_that_is_not_there_any_more_is_forgotten():
    over = Over()
    over.left = 1
    bench = Bench(names=("mqtt",), over=over)
    bench.try_once()
    assert (bench.both.way, bench.both.state, over.left) == (0, READY, 0)


def test_ways_that_all_fail_go_round():
    bench = Bench(broken=("mqtt", "socket"))
    for _ in range(4 * publisher.FAILURES + 1):
        bench.try_once()
    assert bench.both.switched == 4
    assert [way.name for way in bench.made] == ["mqtt", "socket", "mqtt", "socket", "mqtt"]


def test_a_payload_too_long_for_the_way_goes_to_one_that_takes_it_and_then_back():
    bench = Bench()
    bench.try_once()
    bench.made[0].flying = 1
    assert not bench.both.publish("t", bytes(513), 0)
    for _ in range(3):
        bench.poll()
    assert bench.both.publish("t", bytes(513), 0)
    assert len(bench.made[1].said[0]) == 513
    assert bench.both.unsure == 1
    bench.both.close(0)
    for _ in range(3):
        bench.poll()
    assert bench.both.state == CLOSED
    bench.try_once()
    assert bench.both.way == 0


def test_a_message_that_came_damaged_and_a_known_firmware_move_on_too():
    bench = Bench()
    bench.try_once()
    bench.made[0].refused = 1
    bench.poll()
    bench.both.close(0)
    for _ in range(3):
        bench.poll()
    assert bench.both.state == CLOSED
    bench.try_once()
    assert (bench.both.way, bench.both.refused) == (1, 1)
    known = Bench()
    known.over.quirks = (b"no mqtt",)
    known.made[0].poll = lambda now, now_s=0: None
    for _ in range(3):
        known.try_once()
    assert (known.both.way, known.both.state) == (1, READY)


def test_what_came_damaged_is_heard_again_by_the_other_way_at_once_and_once_in_ten_minutes():
    bench = Bench()
    bench.try_once()
    bench.made[0].refused, bench.made[0].damaged = 1, True
    for _ in range(3):
        bench.poll()
    assert bench.both.missed
    assert (bench.both.way, bench.both.state) == (1, READY)
    bench.both.missed = False
    bench.both.close(0)
    for _ in range(3):
        bench.poll()
    bench.try_once()
    assert bench.both.way == 0, "the first way again, for what it can carry"
    bench.made[-1].refused, bench.made[-1].damaged = 1, True
    for _ in range(3):
        bench.poll()
    assert not bench.both.missed and bench.both.way == 0


def test_while_the_modem_climbs_it_is_linking_and_begins_when_the_modem_is_up():
    bench = Bench(broken=("mqtt",))
    bench.both.open("portal", 8883, None, 0)
    bench.over.state = modem.COMING
    for _ in range(5):
        bench.poll()
        assert bench.both.state == LINKING
    assert bench.made[0].opens == 1
    bench.made[0].works = True
    bench.over.state = modem.UP
    bench.poll()
    bench.poll()
    assert (bench.both.state, bench.made[0].opens) == (READY, 2)


def test_what_was_opened_while_the_modem_rests_begins_when_the_rest_is_over():
    bench = Bench()
    bench.over.state = modem.RESTING
    bench.both.open("portal", 8883, None, 0)
    for state in (modem.RESTING, modem.COMING, modem.COMING, modem.UP, modem.UP):
        bench.over.state = state
        bench.poll()
    assert (bench.both.state, bench.made[0].opens) == (READY, 1)
    assert bench.over.wanted == modem.ONLINE


def test_it_is_leaving_until_the_modem_sleeps():
    bench = Bench()
    bench.try_once()
    bench.both.close(0)
    assert bench.both.state == LEAVING
    bench.poll()
    assert bench.over.wanted == modem.ASLEEP
    bench.poll()
    assert (bench.both.state, bench.over.state) == (CLOSED, modem.SLEEPING)


def test_the_modem_is_polled_before_the_way_and_told_what_the_uplink_wants():
    bench = Bench()
    bench.try_once()
    assert bench.over.polled == 1
    assert (bench.over.reach, bench.over.urgent) == (False, True)
    assert bench.both.wait_ms(0) == 100
    assert bench.both.received() == [b"frame"]
    assert bench.both.in_flight() == 0
