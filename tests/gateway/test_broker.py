"""The broker door at a real Mosquitto: its logins, its reconnects, and paho's traps."""

import os
import resource
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from gateway.door_rig import LoopThread, Taken, until
from gateway.mosquitto import Mosquitto, free_port
from gateway.raw_tracker import RawTracker
from trygg_gateway import broker as broker_module
from trygg_gateway import broker_down, broker_probe
from trygg_gateway.broker import Broker, broker_tls
from trygg_gateway.broker_book import BrokerBook
from trygg_gateway.broker_probe import Probe
from trygg_gateway.journal import Journal
from trygg_gateway.tls import issue_server, make_ca
from trygg_wire import packets

USERS = {"trygg-gateway": "gateway-secret", "aase": "secret", "bodil": "secret"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnects after milliseconds instead of seconds."""
    monkeypatch.setattr(broker_module, "RETRY_FIRST_S", 0.02)
    monkeypatch.setattr(broker_module, "RETRY_MAX_S", 0.1)


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    loop = LoopThread()
    yield loop
    loop.close()


MakeDoor = Callable[..., Broker]


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
def make_door(loop: LoopThread, taken: Taken) -> Iterator[MakeDoor]:
    doors: list[Broker] = []

    def make(url: str, ready: bool = True, **options: Any) -> Broker:
        doors.append(Broker(url=url, deliver=taken.deliver, **options))
        loop.run(doors[-1].start())
        if ready:
            until(lambda: doors[-1].subscribed, "the subscription")
        return doors[-1]

    yield make
    for door in doors:
        loop.run(door.stop())


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path) as broker:
        yield broker


def publish(broker: Mosquitto, *payloads: bytes, device: str = "aase") -> None:
    """Publish and wait until the broker has it."""
    with RawTracker(broker.port, device) as tracker:
        assert tracker.log_in()[1] == packets.ACCEPTED
        for number, payload in enumerate(payloads, 1):
            tracker.publish(payload, number)
            assert tracker.expect_puback() == number


def confirm(taken: Taken) -> bytes:
    incoming = taken.next()
    incoming.confirm()
    return incoming.payload


# -- logging in ----------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_both_protocol_versions_deliver_acknowledge_and_keep_the_session(
    mosquitto, make_door, loop, taken, version
):
    first = make_door(mosquitto.url, version=version)
    publish(mosquitto, b"one", b"two", b"three")
    assert confirm(taken) == b"one"
    assert taken.payloads(2) == [b"two", b"three"]  # read, and not confirmed
    until(lambda: first.counters["pubacks"] == 1, "the acknowledgement")
    loop.run(first.stop())
    publish(mosquitto, b"four")  # while nobody is there
    make_door(mosquitto.url, version=version)
    assert [confirm(taken) for _ in range(3)] == [b"two", b"three", b"four"]


def test_a_user_with_a_password_is_let_in_and_a_wrong_one_is_counted_and_tried_again(
    tmp_path, make_door, taken
):
    with Mosquitto(tmp_path, users=USERS) as broker, structlog.testing.capture_logs() as lines:
        login = {"username": "trygg-gateway", "password": "gateway-secret"}
        make_door(broker.url, client_id="right", **login)
        wrong = make_door(
            broker.url,
            ready=False,
            client_id="wrong",
            username="trygg-gateway",
            password="feil-ord",
        )
        until(lambda: wrong.counters["refused"] >= 2, "a second attempt")
        assert not wrong.connected
        publish(broker, b"one")
        assert confirm(taken) == b"one"
        assert taken.all.empty()
    assert any(line["event"] == "broker refused the connection" for line in lines)
    assert "feil-ord" not in repr(lines)


def test_a_subscription_without_the_right_to_it_is_told(tmp_path, make_door):
    rights = tmp_path / "rights"
    rights.write_text("topic read nothing/of/ours\n")
    rights.chmod(0o600)
    with Mosquitto(tmp_path, f"acl_file {rights}") as broker:
        door = make_door(broker.url, ready=False, version="5")
        until(lambda: door.subscribed and not door._probing, "what it is granted, with no probe")
        # Mosquitto grants any subscription and delivers nothing; a broker that refuses says so
        door._on_subscribe(door._client, None, 1, [reason("Not authorized")], None)
    assert door.counters["refused"] == 1
    assert not door.subscribed


def reason(name: str) -> Any:
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.reasoncodes import ReasonCode

    return ReasonCode(PacketTypes.SUBACK, name)


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    folder = tmp_path / "tls"
    folder.mkdir()
    make_ca(folder, "nord")
    issue_server(folder, ["localhost", "127.0.0.1"])
    return folder


def test_tls_with_a_certificate_of_our_own_is_let_in_and_without_it_is_not(
    tmp_path, certificates, make_door, taken
):
    cert, key, ca = (certificates / name for name in ("server.crt", "server.key", "ca.crt"))
    ours = issue_client(certificates)
    demand = f"cafile {ca}\nrequire_certificate true"
    with Mosquitto(tmp_path, demand, tls=(cert, key)) as broker:
        naked = make_door(broker.url, ready=False, client_id="naked", tls=broker_tls(ca))
        until(lambda: naked.counters["connect_failed"] >= 2, "a second attempt")
        assert naked.counters["connections"] == 0
        door = make_door(broker.url, tls=broker_tls(ca, *ours), version="5")
        assert door.counters["connections"] == 1


def issue_client(folder: Path) -> tuple[Path, Path]:
    """A client's certificate and key, signed by the CA of the folder."""
    ca = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
    ca_key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        issuer_name=ca.subject,
        subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "trygg-gateway")]),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(hours=1),
        not_valid_after=now + timedelta(hours=1),
    )
    cert = builder.sign(ca_key, SHA256())
    (folder / "client.crt").write_bytes(cert.public_bytes(Encoding.PEM))
    (folder / "client.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return folder / "client.crt", folder / "client.key"


def test_over_tls_much_at_once_is_delivered_and_acknowledged(
    tmp_path, certificates, make_door, taken
):
    cert, key, ca = (certificates / name for name in ("server.crt", "server.key", "ca.crt"))
    taken.confirming = True
    with Mosquitto(tmp_path, "max_inflight_messages 0", tls=(cert, key)) as broker:
        door = make_door(broker.url, tls=broker_tls(ca))
        client = ssl.create_default_context(cafile=ca)
        with RawTracker(broker.port, tls=client) as tracker:
            tracker.log_in()
            tracker.subscribe()
            said = [packets.publish(tracker.up, bytes(200), 1, n) for n in range(1, 1001)]
            tracker.write(b"".join(said))
            assert [tracker.expect_puback() for _ in said] == list(range(1, 1001))
            assert taken.payloads(1000) == [bytes(200)] * 1000
            assert door.send("nord", "aase", b"order")
            assert tracker.expect_message()[1] == b"order"
        until(lambda: door.counters["pubacks"] == 1000, "all acknowledgements")


def test_a_broker_of_another_authority_is_not_trusted(tmp_path, certificates, make_door):
    other = tmp_path / "other"
    other.mkdir()
    make_ca(other, "syd")
    pair = (certificates / "server.crt", certificates / "server.key")
    with Mosquitto(tmp_path, tls=pair) as broker:
        door = make_door(broker.url, ready=False, tls=broker_tls(other / "ca.crt"))
        until(lambda: door.counters["connect_failed"] >= 2, "a second attempt")
        assert door.counters["connections"] == 0


# -- losing the broker ---------------------------------------------------------------------


def test_a_broker_that_comes_later_is_found(tmp_path, make_door, taken):
    broker = Mosquitto(tmp_path)
    broker.port = free_port()
    door = make_door(broker.url, ready=False)
    until(lambda: door.counters["connect_failed"] >= 2, "failed attempts")
    assert not door.send("nord", "aase", b"order")
    with broker:
        until(lambda: door.subscribed, "the subscription")
        publish(broker, b"one")
        assert confirm(taken) == b"one"


def test_a_broker_killed_is_connected_to_again_and_the_lost_session_is_counted(
    mosquitto, make_door, taken
):
    with structlog.testing.capture_logs() as lines:
        door = make_door(mosquitto.url)
        publish(mosquitto, b"one")
        assert confirm(taken) == b"one"
        mosquitto.kill()
        until(lambda: not door.connected, "the loss")
        mosquitto.start()  # without its memory, so without our session
        until(lambda: door.subscribed, "the new subscription")
        publish(mosquitto, b"two")
        assert confirm(taken) == b"two"
    assert (door.counters["connections"], door.counters["disconnects"]) == (2, 1)
    assert door.counters["sessions_lost"] == 1
    assert any("may be lost" in line["event"] for line in lines)


def test_an_unanswering_broker_is_given_up_and_tried_again(make_door, monkeypatch):
    monkeypatch.setattr(broker_module, "ANSWER_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        door = make_door(f"mqtt://127.0.0.1:{mute.getsockname()[1]}", ready=False)
        mute.settimeout(10)
        for _ in range(2):
            with mute.accept()[0] as line:
                line.settimeout(10)
                while line.recv(4096):
                    pass
        assert not door.connected


def test_a_door_can_be_stopped_while_it_waits_for_a_broker(make_door, loop):
    door = make_door(f"mqtt://127.0.0.1:{free_port()}", ready=False)
    until(lambda: door.counters["connect_failed"] >= 1, "a failed attempt")
    loop.run(door.stop())
    assert not door._thread.is_alive()


def test_confirm_and_send_after_the_stop_do_no_harm(mosquitto, make_door, loop, taken):
    door = make_door(mosquitto.url)
    publish(mosquitto, b"one")
    late = taken.next()
    loop.run(door.stop())
    late.confirm()
    door.paused(False)
    assert not door.send("nord", "aase", b"order")


# -- paho's traps, and Mosquitto's ---------------------------------------------------------


def test_an_exception_out_of_paho_ends_the_connection_and_not_the_door(
    mosquitto, make_door, taken, monkeypatch
):
    door = make_door(mosquitto.url)
    fail_once = [True]
    loop_misc = door._client.loop_misc

    def misc() -> Any:
        if fail_once:
            fail_once.pop()
            raise RuntimeError("as paho does when a callback raises")
        return loop_misc()

    monkeypatch.setattr(door._client, "loop_misc", misc)
    publish(mosquitto, b"one")
    until(lambda: door.counters["loop_errors"] == 1, "the error")
    until(lambda: door.subscribed and door.counters["connections"] == 2, "the new connection")
    publish(mosquitto, b"two")
    came = [confirm(taken)]
    while came[-1] != b"two":
        came.append(confirm(taken))  # "one" comes again if it had come before the error
    assert set(came) == {b"one", b"two"}


def test_what_has_come_meanwhile_is_handed_in_at_one_go(mosquitto, make_door, taken):
    door = make_door(mosquitto.url)
    door.paused(True)
    publish(mosquitto, *(b"%d" % number for number in range(15)))
    until(lambda: len(door._came) == 15, "all of it")
    door.paused(False)
    assert taken.payloads(15) == [b"%d" % number for number in range(15)]
    assert len(taken.deliveries) == 1
    taken.deliveries[0].confirm(taken.deliveries[0].token, 15)
    until(lambda: door.counters["pubacks"] == 15, "all acknowledgements")


def test_what_is_unconfirmed_is_bounded_and_the_rest_comes_later(
    tmp_path, make_door, taken, monkeypatch
):
    monkeypatch.setattr(broker_module, "UNCONFIRMED_MAX", 50)
    monkeypatch.setattr(broker_module, "READ_BYTES", 300)  # ten of them
    with Mosquitto(tmp_path, "max_inflight_messages 0") as broker:  # no bound of its own
        door = make_door(broker.url)
        payloads = [b"%d" % number for number in range(300)]
        publish(broker, *payloads)
        first = [taken.next() for _ in range(50)]
        assert 50 <= len(door._window) <= 60
        taken.confirming = True
        while not taken.all.empty():
            first.append(taken.next())
        for incoming in first:
            incoming.confirm()
        rest = taken.payloads(300 - len(first))
        assert [message.payload for message in first] + rest == payloads
        until(lambda: door.counters["pubacks"] == 300, "all acknowledgements")


def test_retained_messages_are_delivered_like_any_other(mosquitto, make_door, taken):
    with RawTracker(mosquitto.port) as tracker:
        tracker.log_in()
        tracker.write(packets.publish(tracker.up, b"kept", 1, 1, False, True))
        assert tracker.expect_puback() == 1
    make_door(mosquitto.url)
    assert confirm(taken) == b"kept"


def test_acknowledgements_and_messages_down_at_the_same_moment_both_leave(
    mosquitto, make_door, taken
):
    door = make_door(mosquitto.url)
    taken.confirming = True
    with RawTracker(mosquitto.port) as tracker:
        tracker.log_in()
        tracker.subscribe(qos=0)
        deliver = door.deliver

        def answer(incoming: Any) -> None:  # as the gateway acks what it was just told
            deliver(incoming)
            for _ in incoming.messages:
                assert door.send("nord", "aase", b"answer")

        door.deliver = answer
        for number in range(1, 101):
            tracker.publish(b"x", number)
        heard = [tracker.receive() for _ in range(200)]
        assert sum(packet[0] == packets.PUBLISH for packet in heard if packet) == 100
        until(lambda: door.counters["pubacks"] == 100, "all acknowledgements")


def test_messages_down_are_bounded_while_the_broker_does_not_take_them(
    mosquitto, make_door, monkeypatch
):
    monkeypatch.setattr(broker_down, "OUT_MAX", 5)
    door = make_door(mosquitto.url)
    monkeypatch.setattr(door._down, "publish", lambda _client: None)
    assert [door.send("nord", "aase", b"order") for _ in range(6)] == [True] * 5 + [False]
    assert door.counters["down_refused"] == 1


# -- sessions, restarts, signs of life -----------------------------------------------------


def test_acks_for_a_broker_before_its_restart_acknowledge_nothing_after_it(
    mosquitto, make_door, taken
):
    """Without its memory Mosquitto gives the same packet ids again, to other messages."""
    door = make_door(mosquitto.url)
    publish(mosquitto, b"old one", b"old two")
    stale = [taken.next(), taken.next()]
    mosquitto.kill()
    until(lambda: not door.connected, "the loss")
    mosquitto.start()
    until(lambda: door.subscribed, "the new subscription")
    publish(mosquitto, b"new one", b"new two")
    fresh = [taken.next(), taken.next()]
    for one in stale:
        one.confirm()
    until(lambda: door.counters["stale_confirms"] == 2, "both stale ones")
    assert door.counters["pubacks"] == 0
    door._client.socket().shutdown(2)  # so that the broker says again what it has no PUBACK of
    again = [taken.next(), taken.next()]
    assert [one.payload for one in again] == [one.payload for one in fresh] == [
        b"new one", b"new two",
    ]  # fmt: skip
    for one in again:
        one.confirm()
    until(lambda: door.counters["pubacks"] == 2, "the acknowledgements")


def test_a_session_lost_while_the_gateway_was_away_is_said(tmp_path, mosquitto, make_door, loop):
    journal = Journal.open(tmp_path / "journal.db")
    book, who = BrokerBook(journal), (mosquitto.url, "trygg-gateway")

    def a_start() -> Broker:
        return make_door(mosquitto.url, known=book.known(*who), begun=lambda: book.begun(*who))

    first = a_start()
    journal.write(lambda db: None).result()
    loop.run(first.stop())
    second = a_start()
    loop.run(second.stop())
    mosquitto.kill()
    mosquitto.start()
    with structlog.testing.capture_logs() as lines:
        third = a_start()
    assert [door.counters["sessions_lost"] for door in (first, second, third)] == [0, 0, 1]
    assert any("may be lost" in line["event"] for line in lines)
    journal.close()


def test_our_own_word_goes_through_the_broker_and_back(mosquitto, make_door, taken, monkeypatch):
    door = make_door(mosquitto.url)
    until(lambda: door._probe._ever, "the first word's way back")
    publish(mosquitto, b"one")
    assert confirm(taken) == b"one", "the word itself is nobody's record"
    assert door.counters["down_acked"] == 0


def test_a_broker_that_hands_on_nothing_any_more_is_connected_to_again(
    mosquitto, make_door, monkeypatch
):
    monkeypatch.setattr(broker_probe, "EVERY_S", 0.05)
    monkeypatch.setattr(broker_probe, "PATIENCE_S", 0.2)
    door = make_door(mosquitto.url)
    until(lambda: door._probe._ever, "the first word's way back")
    monkeypatch.setattr(door, "_probe_topic", "trygg/probe/not-ours")  # as if it were swallowed
    until(lambda: door.counters["probes_lost"] >= 1, "the missing word")
    until(lambda: door.counters["connections"] >= 2, "the new connection")


def test_without_a_right_to_the_probes_topic_the_door_serves_all_the_same(
    tmp_path, make_door, taken, monkeypatch
):
    """Mosquitto cuts one who publishes there without it: once, and not again and again."""
    monkeypatch.setattr(broker_probe, "EVERY_S", 0.05)
    rights = tmp_path / "rights"
    rights.write_text("pattern readwrite trygg/v1/#\n")
    rights.chmod(0o600)
    with Mosquitto(tmp_path, f"acl_file {rights}") as broker:
        door = make_door(broker.url, ready=False)
        until(lambda: door.counters["connections"] == 2 and door.subscribed, "the second one")
        for payload in (b"one", b"two"):
            publish(broker, payload)
            assert confirm(taken) == payload
        assert (door.counters["connections"], door.counters["disconnects"]) == (2, 1)
        assert door.counters["probes_lost"] == 0


def test_what_we_do_not_read_is_no_lost_sign_of_life():
    probe = Probe(100.0)
    assert probe.due(100.0)
    probe.sent(100.0)
    assert not probe.lost(1e9), "none ever came back: no right to the topic"
    probe.echoed()
    assert not probe.due(100.0 + broker_probe.EVERY_S - 1)
    probe.sent(130.0)
    probe.spared(149.0)
    assert not probe.lost(149.0 + broker_probe.PATIENCE_S)
    assert probe.lost(149.1 + broker_probe.PATIENCE_S)


def test_while_the_gateway_is_spared_the_broker_keeps_what_comes(
    tmp_path, make_door, taken, monkeypatch
):
    """Backpressure: read up to a bound, and nothing beyond it until there is room again."""
    monkeypatch.setattr(broker_module, "UNCONFIRMED_MAX", 50)
    monkeypatch.setattr(broker_module, "READ_BYTES", 300)
    taken.confirming = True
    with Mosquitto(tmp_path, "max_inflight_messages 0") as broker:
        door = make_door(broker.url)
        door.paused(True)
        payloads = [b"%d" % number for number in range(2_000)]
        publish(broker, *payloads)
        until(lambda: len(door._window) >= 50, "the bound")
        assert door.send("nord", "nobody", b"order"), "its thread still turns"
        until(lambda: door.counters["down_sent"] == 1, "a message down")
        assert len(door._came) <= 70
        assert taken.all.empty()
        door.paused(False)
        assert taken.payloads(2_000) == payloads
        until(lambda: door.counters["pubacks"] == 2_000, "all acknowledgements")


def test_descriptors_past_1023_are_served(mosquitto, make_door, taken):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 1200
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"this machine allows {hard} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    idle = [os.open(os.devnull, os.O_RDONLY) for _ in range(1050)]
    try:
        door = make_door(mosquitto.url)
        assert door._client.socket().fileno() > 1023
        publish(mosquitto, b"one")
        assert confirm(taken) == b"one"
    finally:
        for fd in idle:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_traps_named_in_the_file_are_numbered_without_gaps():
    lines = (broker_module.__doc__ or "").splitlines()
    numbers = [int(line.split(".")[0]) for line in lines if line[:1].isdigit()]
    assert numbers == list(range(1, 19))
