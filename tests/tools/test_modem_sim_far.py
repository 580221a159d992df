"""What is behind the radio: one contract for the ends in memory and the real ones.

Port Mqtt: packets to the broker in memory, packets over real sockets and paho to Mosquitto. Port
Sockets: memory, and real TCP and TLS on loopback.
"""

import socket
import ssl
import threading
import time

import pytest

from gateway.mosquitto import Mosquitto, free_port
from trygg_gateway.tls import issue_server, make_ca
from trygg_tools.modem_sim.far import (
    BAD_TLS,
    EXPIRED,
    NO_HOST,
    OPEN,
    REFUSED,
    Ears,
    MqttEars,
    Session,
    Tls,
    Will,
)
from trygg_tools.modem_sim.far_memory import Guard, MemoryNet
from trygg_tools.modem_sim.far_packets import PacketMqtt
from trygg_tools.modem_sim.far_paho import PahoMqtt
from trygg_tools.modem_sim.far_real import RealSockets
from trygg_tools.modem_sim.memory_broker import MemoryBroker, matches
from trygg_tools.modem_sim.schedule import Schedule

SECONDS = 10
HOST = "127.0.0.1"
ANY_BYTES = b'"\r\nOK\r\n> \x00\xff+SMSUB: "'
NOW_S = 217000000  # November 2026


class Memory:
    """A schedule, a broker and an echo in memory."""

    def __init__(self, users=None, ca=b""):
        self.schedule = Schedule()
        self.net = MemoryNet(self.schedule)
        self.broker = MemoryBroker(self.schedule)
        self.broker.users = users
        self.port = 1883
        self.broker.listen(self.net, HOST, self.port, Guard(ca=ca) if ca else None)
        self.sockets = self.net
        self.mqtt = PacketMqtt(self.schedule, self.net)

    def until(self, met):
        end_ms = self.schedule.now_ms + 600000
        while not met():
            assert self.schedule.next_ms() <= end_ms, "it never came"
            self.schedule.run(self.schedule.next_ms())

    def pause(self):
        self.schedule.run(self.schedule.now_ms + 2000)

    def stop(self):
        """Nothing to stop."""


class Real:
    """A Mosquitto, and ends that really connect."""

    def __init__(self, folder, packets, users=None, tls=None):
        self.schedule = Schedule()
        self.sockets = RealSockets(self.schedule)
        self.paho = PahoMqtt()
        self.mqtt = PacketMqtt(self.schedule, self.sockets) if packets else self.paho
        self.broker = Mosquitto(folder, users=users, tls=tls)
        self.broker.start()
        self.port = self.broker.port
        self._began = time.monotonic()

    def turn(self):
        self.schedule.run(int((time.monotonic() - self._began) * 1000))
        self.sockets.turn()
        self.paho.turn()
        time.sleep(0.001)

    def until(self, met):
        end = time.monotonic() + SECONDS
        while not met():
            assert time.monotonic() < end, f"it did not come in {SECONDS} s"
            self.turn()

    def pause(self):
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            self.turn()

    def stop(self):
        self.paho.stop()
        self.sockets.stop()
        self.broker.stop()


KINDS = ["memory", "packets", "paho"]


@pytest.fixture(params=KINDS)
def make_end(request, tmp_path):
    """make_end(users=..., authority=folder of a CA) → Memory or Real."""
    ends = []

    def make(users=None, authority=None):
        if request.param == "memory":
            ca = (authority / "ca.crt").read_bytes() if authority else b""
            passwords = users and {name: word.encode() for name, word in users.items()}
            ends.append(Memory(passwords, ca))
        else:
            tls = (authority / "server.crt", authority / "server.key") if authority else None
            folder = tmp_path / f"broker{len(ends)}"
            folder.mkdir()
            ends.append(Real(folder, request.param == "packets", users, tls))
        return ends[-1]

    yield make
    for end in ends:
        end.stop()


class Person:
    """One client and what it heard."""

    def __init__(self, end, client_id, **session):
        self.end = end
        self.heard = []
        self.lost = 0
        self.client = None
        ears = MqttEars(self.heard.append, self._lost)
        wish = Session(HOST, session.pop("port", end.port), client_id, **session)
        self._answer = end.mqtt.connect(wish, ears)

    def _lost(self):
        self.lost += 1

    def answer(self):
        """Wait until it is connected, or not."""
        self.end.until(lambda: self._answer.value is not None)
        self.client = self._answer.value.client
        return self._answer.value

    def told(self, later):
        """Wait for an acknowledgement."""
        self.end.until(lambda: later.value is not None)
        return later.value

    def online(self):
        """Connected, or an assertion."""
        assert self.answer().why == OPEN
        return self

    def subscribed(self, topic="d"):
        assert self.told(self.client.subscribe(topic, 1)) == 1
        return self

    def says(self, payload, topic="d", qos=1):
        assert self.told(self.client.publish(topic, payload, qos, False))


def test_a_publish_is_acknowledged_and_reaches_a_subscriber_unchanged(make_end):
    end = make_end()
    sivert = Person(end, "sivert").online().subscribed()
    astrid = Person(end, "astrid").online()
    for payload in (b"hei", ANY_BYTES, b"", b"x" * 2000):
        astrid.says(payload)
    astrid.says(b"quality 0", qos=0)
    end.until(lambda: len(sivert.heard) == 5)
    heard = [message.payload for message in sivert.heard]
    assert heard == [b"hei", ANY_BYTES, b"", b"x" * 2000, b"quality 0"]


def test_an_end_of_subscription_is_one(make_end):
    end = make_end()
    astrid = Person(end, "astrid").online().subscribed().subscribed("e")
    assert astrid.told(astrid.client.unsubscribe("d")) == 0
    astrid.says(b"one", "d")
    astrid.says(b"two", "e")
    end.until(lambda: astrid.heard)
    assert [message.topic for message in astrid.heard] == ["e"]


def test_a_kept_session_holds_what_came_meanwhile_and_a_clean_one_does_not(make_end):
    end = make_end()
    sender = Person(end, "sender").online()
    for clean in (False, True):
        away = Person(end, "astrid", clean=clean).online().subscribed()
        away.client.disconnect()
        end.pause()
        sender.says(b"meanwhile")
        back = Person(end, "astrid", clean=clean)
        assert back.answer().session_present is (not clean)
        end.pause()
        assert [message.payload for message in back.heard] == ([] if clean else [b"meanwhile"])
        back.client.disconnect()
        end.pause()


def test_the_will_is_for_who_is_lost_and_not_for_who_leaves(make_end):
    end = make_end()
    guard = Person(end, "guard").online().subscribed("will")
    will = Will("will", b"gone", 1)
    leaves = Person(end, "leaves", will=will, keepalive_s=5).online()
    leaves.client.disconnect()
    end.pause()
    assert guard.heard == []
    lost = Person(end, "lost", will=will, keepalive_s=5).online()
    lost.client.sever()
    end.until(lambda: guard.heard)
    assert lost.lost == 0  # who severs knows


def test_a_second_client_of_that_name_ends_the_first(make_end):
    end = make_end()
    first = Person(end, "astrid").online()
    Person(end, "astrid").online()
    end.until(lambda: first.lost == 1)


def test_nobody_who_listens_and_a_wrong_password_are_told_apart(make_end):
    end = make_end(users={"astrid": "hemmelig"})
    nobody = Person(end, "a", port=free_port()).answer()
    assert (nobody.client, nobody.why) == (None, REFUSED)
    wrong = Person(end, "a", username="astrid", password=b"feil").answer()
    assert (wrong.client, wrong.why) == (None, "5")
    Person(end, "a", username="astrid", password=b"hemmelig").online()


def test_a_broker_that_ends_loses_its_clients(make_end):
    end = make_end()
    astrid = Person(end, "astrid").online()
    end.broker.drop_all() if isinstance(end, Memory) else end.broker.kill()
    end.until(lambda: astrid.lost == 1)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("authority")
    make_ca(folder, "nord")
    issue_server(folder, [HOST, "localhost"])
    return folder


@pytest.fixture(scope="module")
def other_ca(tmp_path_factory):
    folder = tmp_path_factory.mktemp("other")
    make_ca(folder, "syd")
    return (folder / "ca.crt").read_bytes()


# paho drops the socket of a handshake that failed without closing it
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_tls_connects_by_the_uploaded_ca_and_by_no_other(make_end, authority, other_ca):
    end = make_end(authority=authority)
    ca = (authority / "ca.crt").read_bytes()
    astrid = Person(end, "astrid", tls=Tls(ca=ca, now_s=NOW_S)).online().subscribed()
    astrid.says(b"safe")
    end.until(lambda: astrid.heard)
    assert Person(end, "b", tls=Tls(ca=other_ca, now_s=NOW_S)).answer().client is None
    unset = Person(end, "c", tls=Tls(ca=ca, now_s=None)).answer()
    assert (unset.client, unset.why) == (None, EXPIRED)
    Person(end, "d", tls=Tls(ca=ca, now_s=None, checks_time=False)).online()


def test_what_is_no_certificate_refuses(tmp_path):
    end = Real(tmp_path, packets=False)
    try:
        rubbish = Tls(ca=b"rubbish", now_s=NOW_S)
        assert Person(end, "a", tls=rubbish).answer().why == BAD_TLS
        answer = end.sockets.open(HOST, end.port, rubbish, Ears(lambda _: None, lambda: None))
        assert answer.value == BAD_TLS
    finally:
        end.stop()


# -- sockets ---------------------------------------------------------------------------------


class Echo:
    """A real server that sends back what it gets until it gets `end`."""

    def __init__(self, tls=None):
        self._server = socket.create_server((HOST, 0))
        self.port = self._server.getsockname()[1]
        self._tls = tls
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while True:
            line, _ = self._server.accept()
            line.settimeout(SECONDS)
            try:
                if self._tls:
                    line = self._tls.wrap_socket(line, server_side=True)
                if not self._echo(line):
                    return
            except OSError:
                pass
            finally:
                line.close()

    def _echo(self, line):
        while data := line.recv(4096):
            if data == b"stop":
                return False
            if data == b"end":
                return True
            line.sendall(data)
        return True

    def stop(self):
        with socket.create_connection((HOST, self.port)) as line:
            if self._tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                line = context.wrap_socket(line)
            line.sendall(b"stop")
            self._thread.join()
            line.close()
        self._server.close()


def memory_echo(far):
    data = far.recv()
    far.close() if data == b"end" else far.send(data)


@pytest.fixture(params=["memory", "real"])
def make_peer(request, tmp_path, authority):
    """make_peer(tls) → (end, port of an echo)."""
    made = []

    def make(tls=False):
        if request.param == "memory":
            end = Memory()
            ca = (authority / "ca.crt").read_bytes()
            guard = Guard(ca=ca) if tls else None
            end.net.listen(HOST, 7, lambda _far: None, memory_echo, guard=guard)
            return end, 7
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(authority / "server.crt", authority / "server.key")
        echo = Echo(context)
        end = Real.__new__(Real)
        end.schedule = Schedule()
        end.sockets, end.paho = RealSockets(end.schedule), PahoMqtt()
        end._began = time.monotonic()
        made.append((end, echo))
        return end, echo.port

    yield make
    for end, echo in made:
        end.sockets.stop()
        echo.stop()


class Caller:
    """One socket and what it heard."""

    def __init__(self, end, port, tls=None, host=HOST):
        self.end = end
        self.heard = b""
        self.closed = 0
        answer = end.sockets.open(host, port, tls, Ears(self._received, self._ended))
        end.until(lambda: answer.value is not None)
        self.socket = answer.value

    def _received(self, data):
        self.heard += data

    def _ended(self):
        self.closed += 1


@pytest.mark.parametrize("tls", [False, True])
def test_bytes_go_and_come_in_order_and_unchanged(make_peer, authority, tls):
    end, port = make_peer(tls)
    ca = Tls(ca=(authority / "ca.crt").read_bytes(), now_s=NOW_S) if tls else None
    caller = Caller(end, port, ca)
    sent = b""
    for number in range(20):
        piece = bytes([number]) * 700 + ANY_BYTES
        caller.socket.send(piece)
        sent += piece
    end.until(lambda: len(caller.heard) == len(sent))
    assert caller.heard == sent
    caller.socket.close()
    end.pause()
    assert caller.closed == 0  # who closes knows


def test_the_far_end_closing_is_told_once(make_peer):
    end, port = make_peer()
    caller = Caller(end, port)
    caller.socket.send(b"end")
    end.until(lambda: caller.closed)
    end.pause()
    caller.socket.send(b"into the void")
    end.pause()
    assert caller.closed == 1


def test_after_sever_nothing_comes(make_peer):
    end, port = make_peer()
    caller = Caller(end, port)
    caller.socket.send(b"one")
    caller.socket.sever()
    end.pause()
    assert (caller.heard, caller.closed) == (b"", 0)


def test_who_is_not_there_is_told(make_peer, other_ca):
    end, port = make_peer(tls=True)
    assert Caller(end, free_port()).socket == REFUSED
    assert Caller(end, port, host="nowhere.invalid").socket == NO_HOST
    assert Caller(end, port, Tls(ca=other_ca, now_s=NOW_S)).socket == BAD_TLS
    assert Caller(end, port, Tls(ca=other_ca)).socket == (
        BAD_TLS if isinstance(end, Memory) else EXPIRED
    )


# -- the broker in memory --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "topic", "fits"),
    [("a/b", "a/b", True), ("a/+", "a/b", True), ("a/+", "a/b/c", False), ("#", "a/b", True),
     ("a/#", "a", True), ("a/#", "a/b/c", True), ("+/b", "a/b", True), ("a", "a/b", False),
     ("a/b", "a", False)],
)  # fmt: skip
def test_filters_are_mqtts(wanted, topic, fits):
    assert matches(wanted, topic) is fits


def test_what_is_lost_on_the_way_is_counted_as_it_was():
    end = Memory()
    astrid = Person(end, "astrid").online()
    end.broker.loses = lambda word: word == "puback"
    later = astrid.client.publish("t", b"one", 1, False)
    end.pause()
    assert (later.value, end.broker.copies(b"one")) == (None, 1)
    end.broker.loses = lambda word: word == "publish"
    astrid.client.publish("t", b"two", 1, False)
    end.pause()
    assert end.broker.copies(b"two") == 0


def test_a_client_that_sends_again_marks_it_as_double():
    end = Memory()
    end.mqtt = PacketMqtt(end.schedule, end.net, resends=1)
    astrid = Person(end, "astrid").online()
    end.broker.loses = lambda word: word == "puback"
    astrid.client.publish("t", b"one", 1, False)
    end.schedule.run(end.schedule.now_ms + 30000)
    assert [one.dup for one in end.broker.publishes] == [False, True]


def test_what_is_no_packet_ends_the_connection():
    end = Memory()
    caller = Caller(end, end.port)
    caller.socket.send(b"\x00\x00\x00")
    end.until(lambda: caller.closed)
    assert end.broker.bad_packets == 1


def test_an_unanswered_ping_loses_the_connection():
    end = Memory()
    astrid = Person(end, "astrid", keepalive_s=60).online()
    end.net.later = lambda _action: None  # from now on nothing arrives
    end.until(lambda: astrid.lost == 1)
    assert 60000 <= end.schedule.now_ms <= 80000
