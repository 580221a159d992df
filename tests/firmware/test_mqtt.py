"""Mqtt: the client never waits, keeps what is in flight, and ends a connection that is silent."""

from tracker import mqtt
from trygg_tools.rig.clock import Clock
from trygg_tools.rig.link import Link
from trygg_wire import packets, packets_server

DOWN = "trygg/v1/lier/kari/down"
UP = "trygg/v1/lier/kari/up"


class Peer:
    """A broker by hand: it reads packets, and says what the test tells it to say."""

    def __init__(self, code=0, session=False, silent=False):
        self.code = code
        self.session = session
        self.silent = silent
        self.far = None
        self.heard = []
        self._reader = None

    def accept(self, far):
        self.far = far
        self._reader = packets.Reader(8192)

    def read(self):
        data = self.far.recv()
        while data:
            for kind, flags, body in self._reader.feed(data):
                self.heard.append((kind, flags, body))
                self._answer(kind, body)
            data = self.far.recv()

    def _answer(self, kind, body):
        if self.silent:
            return
        if kind == packets.CONNECT:
            self.far.send(packets_server.connack(self.session, self.code))
        elif kind == packets.SUBSCRIBE:
            self.far.send(packets_server.suback(packets_server.read_subscribe(body)[0], [1]))
        elif kind == packets_server.PINGREQ_TYPE:
            self.far.send(packets_server.PINGRESP)

    def kinds(self):
        return [kind for kind, _, _ in self.heard]

    def published(self):
        return [packets.read_publish(f, b) for k, f, b in self.heard if k == packets.PUBLISH]


class Line:
    """A client and its peer on a simulated link."""

    def __init__(self, peer=None, piece=1 << 20, ticks=0, keepalive_s=60):
        self.clock = Clock(ticks=ticks)
        self.peer = peer or Peer()
        self.link = Link(self.clock, self.peer.accept, delay_ms=10, piece=piece)
        self.client = mqtt.Client(self.link, "kari", b"passord", DOWN, keepalive_s, window=3)

    def open(self):
        self.client.open("gw", 1883, None, self.clock.ticks_ms())

    def run(self, ms):
        for _ in range(0, ms, 10):
            self.client.poll(self.clock.ticks_ms())
            if self.peer.far is not None:
                self.peer.read()
            self.clock.advance(10)

    def connected(self):
        self.open()
        self.run(200)
        assert self.client.state == mqtt.READY
        return self


def test_it_connects_with_its_own_name_keeps_the_session_and_listens_on_its_topic():
    line = Line().connected()
    connect = packets_server.read_connect(line.peer.heard[0][2])
    assert connect == (4, "kari", "kari", b"passord", 60, False, None)
    assert line.peer.kinds() == [packets.CONNECT, packets.SUBSCRIBE]
    assert packets_server.read_subscribe(line.peer.heard[1][2])[1] == [(DOWN, 1)]
    assert line.client.connects == 1


def test_nothing_is_published_before_the_connack():
    line = Line(Peer(silent=True))
    line.open()
    line.run(100)
    assert not line.client.publish(UP, b"x", line.clock.ticks_ms())
    assert line.peer.kinds() == [packets.CONNECT]


def test_a_refused_connect_is_a_failure_with_its_reason():
    line = Line(Peer(code=packets_server.BAD_LOGIN))
    line.open()
    line.run(200)
    assert line.client.state == mqtt.CLOSED
    assert line.client.failures == 1
    assert line.client.why == "connect refused, code 4"


def test_the_window_is_bounded_and_a_puback_frees_a_place():
    line = Line().connected()
    now = line.clock.ticks_ms()
    assert [line.client.publish(UP, b"%d" % n, now) for n in range(4)] == [True, True, True, False]
    line.run(100)
    sent = line.peer.published()
    assert [one[3] for one in sent] == [b"0", b"1", b"2"]
    assert len(set([one[2] for one in sent])) == 3
    line.peer.far.send(packets.puback(sent[1][2]))
    line.run(100)
    assert line.client.in_flight() == 2
    assert line.client.publish(UP, b"3", line.clock.ticks_ms())


def test_what_is_in_flight_is_sent_again_in_order_with_dup_after_a_reconnect():
    line = Line(Peer(session=True)).connected()
    for payload in (b"a", b"b"):
        line.client.publish(UP, payload, line.clock.ticks_ms())
    line.run(50)
    line.link.drop()
    line.run(50)
    assert line.client.state == mqtt.CLOSED
    line.connected()
    again = line.peer.published()[2:]
    assert [(one[3], one[4]) for one in again] == [(b"a", True), (b"b", True)]
    assert [one[2] for one in again] == [one[2] for one in line.peer.published()[:2]]
    assert line.client.repeated == 2


def test_a_publish_from_above_is_confirmed_and_handed_over():
    line = Line(piece=3).connected()
    line.peer.far.send(packets.publish(DOWN, b"order", 1, 77))
    line.peer.far.send(packets.publish(DOWN, b"quiet", 0))
    line.run(300)
    assert line.client.received() == [b"order", b"quiet"]
    assert line.client.received() == []
    confirmed = [packets.read_puback(b) for k, _, b in line.peer.heard if k == packets.PUBACK]
    assert confirmed == [77]


def test_a_message_on_another_topic_is_confirmed_but_never_used():
    line = Line().connected()
    line.peer.far.send(packets.publish("trygg/v1/lier/ola/down", b"not ours", 1, 5))
    line.run(100)
    assert line.client.received() == []
    assert line.client.refused == 1
    assert packets.PUBACK in line.peer.kinds()


def test_a_quiet_line_is_pinged_and_a_dead_one_given_up():
    line = Line(keepalive_s=20).connected()
    line.run(16000)
    assert line.peer.kinds().count(packets_server.PINGREQ_TYPE) == 1
    assert line.client.state == mqtt.READY
    line.peer.silent = True
    line.run(40000)
    assert line.client.state == mqtt.CLOSED
    assert line.client.failures == 1


def test_a_publish_without_a_puback_ends_the_connection_in_time():
    line = Line(ticks=(1 << 30) - 5000).connected()
    line.client.publish(UP, b"x", line.clock.ticks_ms())
    line.run(mqtt.ANSWER_MS - 500)
    assert line.client.state == mqtt.READY
    line.run(1000)
    assert line.client.state == mqtt.CLOSED
    assert line.client.in_flight() == 1


def test_a_peer_that_never_greets_is_given_up():
    line = Line(Peer(silent=True))
    line.open()
    line.run(mqtt.GREETING_MS + 200)
    assert line.client.state == mqtt.CLOSED
    assert line.client.failures == 1


def test_a_link_that_refuses_raises_nothing():
    line = Line()
    line.link.refusing = True
    line.open()
    assert line.client.state == mqtt.CLOSED
    assert line.client.failures == 1
    assert line.client.why.startswith("link: ")
    line.run(50)


def test_garbage_from_the_peer_ends_the_connection_and_is_counted():
    for garbage in (
        b"\x00\x00",
        b"\xff" * 8,
        b"\x30\xff\xff\xff\xff",
        packets_server.suback(1, [128]),
        packets.PINGREQ,
        packets.publish(DOWN, b"x", 2, 1),
    ):
        line = Line().connected()
        line.peer.far.send(garbage)
        line.run(100)
        assert line.client.state == mqtt.CLOSED, garbage
        assert line.client.refused == 1, garbage
        line.connected()


def test_what_finds_no_memory_ends_the_connection_and_is_counted():
    def no_memory(*_what):
        raise MemoryError

    for place, name in ((packets, "bytearray"), (packets, "memoryview"), (packets, "bytes")):
        line = Line(piece=500).connected()
        line.peer.far.send(packets.publish(DOWN, bytes(6000), 1, 9))
        setattr(place, name, no_memory)
        try:
            line.run(100)
        finally:
            delattr(place, name)
        assert line.client.state == mqtt.CLOSED
        assert line.client.refused == line.client.failures == 1
        assert "no memory" in line.client.why
        line.connected()
        line.peer.far.send(packets.publish(DOWN, b"again", 1, 9))
        line.run(100)
        assert line.client.received() == [b"again"]


def test_a_packet_before_the_connack_is_refused():
    line = Line(Peer(silent=True))
    line.open()
    line.run(50)
    line.peer.far.send(packets.publish(DOWN, b"early", 1, 9))
    line.run(100)
    assert line.client.state == mqtt.CLOSED
    assert line.client.received() == []


def test_closing_says_goodbye():
    line = Line().connected()
    line.client.close(line.clock.ticks_ms())
    line.clock.advance(50)
    line.peer.read()
    assert line.peer.kinds()[-1] == packets_server.DISCONNECT_TYPE
    assert line.client.state == mqtt.CLOSED
    assert line.client.failures == 0


def test_a_link_that_takes_a_byte_at_a_time_loses_nothing():
    line = Line()
    whole = line.link.send
    line.link.send = lambda data: whole(data[:1])
    line.open()
    line.run(3000)
    line.client.publish(UP, b"slowly", line.clock.ticks_ms())
    line.run(3000)
    assert line.peer.published()[0][3] == b"slowly"


def test_it_says_how_long_it_may_be_left_alone():
    line = Line(keepalive_s=40)
    assert line.client.wait_ms(0) == mqtt.NEVER_MS
    line.connected()
    assert 25000 < line.client.wait_ms(line.clock.ticks_ms()) <= 30000
    line.client.publish(UP, b"x", line.clock.ticks_ms())
    assert line.client.wait_ms(line.clock.ticks_ms()) <= mqtt.ANSWER_MS
