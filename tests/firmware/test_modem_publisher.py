"""Falling over from one way to publish to the next, and back."""

from tracker.modem import publisher
from tracker.modem.publisher import Publisher
from tracker.mqtt import CLOSED, READY


class Way:
    """A client that does what the test says."""

    def __init__(self, payload_max=None):
        if payload_max:
            self.payload_max = payload_max
        self.state = CLOSED
        self.why = "closed"
        self.connects = self.failures = self.repeated = self.refused = 0
        self.works = False
        self.said = []
        self.opens = 0

    def open(self, host, port, tls, now):
        self.opens += 1
        self.state = READY if self.works else CLOSED
        if self.works:
            self.connects += 1
        else:
            self.failures += 1

    def close(self, now):
        self.state = CLOSED

    def has_room(self):
        return self.state == READY

    def publish(self, topic, payload, now):
        self.said.append(payload)
        return True

    def in_flight(self):
        return 0

    def received(self):
        return [b"frame"]

    def poll(self, now, now_s=0):
        if self.opens > self.connects + self.failures:
            self.failures += 1

    def wait_ms(self, now):
        return 500


class Failing(Way):
    """One whose failures show in `poll`, as a real client's do."""

    def open(self, host, port, tls, now):
        self.opens += 1

    def poll(self, now, now_s=0):
        while self.opens > self.failures:
            self.failures += 1


def _try(ways, now_s):
    if ways.state == CLOSED:
        ways.open("portal", 8883, None, 1000 * now_s)
    ways.poll(1000 * now_s, now_s)


def test_the_first_way_is_used_until_it_has_failed_three_times_in_a_row():
    first, second = Failing(), Way()
    second.works = True
    both = Publisher((first, second))
    for now_s in range(publisher.FAILURES):
        assert both.way == 0
        _try(both, now_s)
    assert both.way == 1
    _try(both, 10)
    assert both.state == READY
    assert both.publish("t", b"a record", 0)
    assert second.said == [b"a record"]
    assert (both.switched, both.connects, both.failures) == (1, 1, 3)


def test_the_first_way_is_tried_again_after_its_time_and_not_while_connected():
    first, second = Failing(), Way()
    second.works = True
    both = Publisher((first, second))
    for now_s in range(publisher.FAILURES):
        _try(both, now_s)
    _try(both, 100)
    both.poll(0, publisher.RETURN_S + 100)
    assert both.way == 1
    second.state = CLOSED
    _try(both, publisher.RETURN_S + 200)
    assert both.way == 0
    assert first.opens == publisher.FAILURES + 1


def test_ways_that_all_fail_go_round():
    both = Publisher((Failing(), Failing()))
    seen = []
    for now_s in range(4 * publisher.FAILURES):
        _try(both, now_s)
        seen.append(both.way)
    assert seen.count(0) == seen.count(1)


def test_a_payload_too_long_for_the_way_goes_to_one_that_takes_it():
    short, long = Way(512), Way()
    short.works = long.works = True
    both = Publisher((short, long))
    _try(both, 0)
    assert not both.publish("t", bytes(513), 0)
    assert (short.state, both.way) == (CLOSED, 1)
    _try(both, 1)
    assert both.publish("t", bytes(513), 0)
    assert len(long.said[0]) == 513


def test_the_modem_is_polled_before_the_way():
    polled = []

    class Modem:
        def poll(self, now, now_s):
            polled.append((now, now_s))

        def wait_ms(self, now, now_s):
            return 100

    one = Publisher((Way(),), Modem())
    one.poll(7000, 7)
    assert polled == [(7000, 7)]
    assert one.wait_ms(0) == 100
    assert one.received() == [b"frame"]
    assert one.in_flight() == 0
