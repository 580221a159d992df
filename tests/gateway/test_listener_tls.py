"""Our own front door behind TLS: the same door, and nothing that a bad handshake can hold up."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.door_rig import until
from gateway.listener_rig import Door
from gateway.raw_tracker import RawTracker
from trygg_gateway.listener import server_tls
from trygg_gateway.tls import issue_server, make_ca
from trygg_wire import packets


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    make_ca(folder, "nord")
    issue_server(folder, ["localhost", "127.0.0.1"])
    return folder


@pytest.fixture
def trusting(certificates: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificates / "ca.crt")


@pytest.fixture
def door(certificates: Path, request: pytest.FixtureRequest) -> Iterator[Door]:
    """One that has the patience it has by default, or as many seconds as a test asks for."""
    context = server_tls(certificates / "server.crt", certificates / "server.key")
    door = Door(tls=context, auth_seconds=getattr(request, "param", 10.0), inflight=2000)
    yield door
    door.close()


impatient = pytest.mark.parametrize("door", [2.0], indirect=True)


def test_a_tracker_that_trusts_our_authority_is_served(door, trusting):
    tracker = door.stranger(tls=trusting)
    assert tracker.log_in() == (False, packets.ACCEPTED)
    assert tracker.subscribe() == [1]
    assert door.serves(tracker)
    assert door.send("aase", b"order")
    assert tracker.expect_message()[1] == b"order"


def test_much_at_once_is_taken_in_order(door, trusting):
    door.taken.confirming = True
    tracker = door.stranger(tls=trusting)
    tracker.log_in()
    said = [packets.publish(tracker.up, bytes(300), 1, n) for n in range(1, 1001)]
    tracker.write(b"".join(said))
    assert [tracker.expect_puback() for _ in said] == list(range(1, 1001))


def test_what_waits_for_its_window_behind_tls_comes_when_there_is_room(certificates, trusting):
    context = server_tls(certificates / "server.crt", certificates / "server.key")
    door = Door(tls=context, inflight=3)
    tracker = door.stranger(tls=trusting)
    tracker.log_in()
    for number in range(1, 11):
        tracker.publish(b"%d" % number, number)
    assert [door.confirm_next() for _ in range(10)] == [b"%d" % number for number in range(1, 11)]
    assert [tracker.expect_puback() for _ in range(10)] == list(range(1, 11))
    door.close()


def test_one_who_trusts_another_authority_does_not_say_its_password(door, tmp_path):
    make_ca(tmp_path, "syd")
    with pytest.raises(ssl.SSLCertVerificationError):
        RawTracker(door.port, tls=ssl.create_default_context(cafile=tmp_path / "ca.crt"))
    assert door.counters["connections"] == 0


@impatient
@pytest.mark.parametrize(
    "opening",
    [
        packets.connect("aase", "aase", b"secret", 60, True),
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01",
    ],
)
def test_what_is_not_tls_is_closed_and_the_others_are_served(door, trusting, opening):
    tracker = door.stranger("bodil", tls=trusting)
    tracker.log_in()
    with socket.create_connection(("127.0.0.1", door.port), 10) as plain:
        plain.sendall(opening)
        try:
            while plain.recv(4096):
                pass
        except ConnectionError:
            pass
    assert door.serves(tracker)
    assert door.counters["connections"] == 1


def test_half_finished_handshakes_are_bounded_in_number_and_lock_nobody_out(certificates, trusting):
    context = server_tls(certificates / "server.crt", certificates / "server.key")
    door = Door(tls=context, max_waiting=5)
    crowd = [socket.create_connection(("127.0.0.1", door.port), 10) for _ in range(20)]
    tracker = door.stranger("bodil", tls=trusting)
    tracker.log_in()
    assert door.serves(tracker)
    assert len(door.listener.strangers) <= 5
    for line in crowd[:15]:
        assert line.recv(1) == b"", "the oldest made room"
    until(lambda: door.counters["handshakes_failed"] >= 15, "they are counted")
    assert door.counters["refused_full"] >= 15
    assert door.counters["connections"] == 1
    door.close()
    for line in crowd:
        line.close()


def test_what_is_sent_right_behind_the_handshake_is_taken(door, trusting):
    with socket.create_connection(("127.0.0.1", door.port), 10) as line:
        near, far = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = trusting.wrap_bio(near, far, server_hostname="localhost")
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                line.sendall(far.read())
                near.write(line.recv(65_536))
        tls.write(packets.connect("aase", "aase", b"secret", 60, True))
        line.sendall(far.read())  # the end of the handshake and a CONNECT in one piece
        while True:
            try:
                assert tls.read(4) == b"\x20\x02\x00\x00"
                break
            except ssl.SSLWantReadError:
                near.write(line.recv(65_536))


@impatient
def test_a_handshake_that_is_never_finished_is_ended_and_leaves_nothing_behind(door, trusting):
    crowd = [socket.create_connection(("127.0.0.1", door.port), 10) for _ in range(20)]
    tracker = door.stranger("bodil", tls=trusting)
    tracker.log_in()
    for line in crowd:
        assert line.recv(1) == b""
        line.close()
    tracker.close()
    until(lambda: not door.listener._sessions, "the end of every session")
    until(lambda: door.counters["handshakes_failed"] == 20, "they are counted")
    assert len(door.listener.strangers) == 0
