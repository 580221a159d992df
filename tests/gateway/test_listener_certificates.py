"""A tracker's own certificate at our front door: what it opens, and what ends it."""

import base64
import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from gateway.door_rig import until
from gateway.gateway_process import GatewayProcess
from gateway.listener_rig import Door
from gateway.raw_tracker import RawTracker
from trygg_gateway.listener import server_tls
from trygg_gateway.tls import ClientCertificate, issue_client, issue_server, make_ca
from trygg_wire import packets, packets_server

Client = Callable[[ClientCertificate | None], ssl.SSLContext]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    make_ca(folder, "nord")
    issue_server(folder, ["localhost", "127.0.0.1"])
    return folder


def context(folder: Path, ca: Path, shown: ClientCertificate | None) -> ssl.SSLContext:
    """A tracker's side of TLS, with its certificate or without."""
    made = ssl.create_default_context(cafile=ca)
    if shown is not None:
        cert, key = folder / "client.crt", folder / "client.key"
        cert.write_bytes(x509.load_der_x509_certificate(shown.cert_der).public_bytes(Encoding.PEM))
        private = load_der_private_key(shown.key_der, None)
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        key.write_bytes(pem)
        made.load_cert_chain(cert, key)
    return made


class Known:
    """Which certificate is whose."""

    def __init__(self) -> None:
        self.sha256: dict[str, bytes] = {}

    def recognise(self, device: str, sha256: bytes) -> str | None:
        return "nord" if self.sha256.get(device) == sha256 else None


@pytest.fixture
def known() -> Known:
    return Known()


@pytest.fixture
def door(authority: Path, known: Known) -> Iterator[Door]:
    tls = server_tls(authority / "server.crt", authority / "server.key", authority / "ca.crt")
    door = Door(tls=tls)
    door.listener.recognise = known.recognise
    yield door
    door.close()


def connect(tracker: RawTracker, password: bytes | None) -> int:
    tracker.write(packets.connect(tracker.device, tracker.device, password, 60, True))
    return packets.read_connack(tracker.expect(packets.CONNACK)[1])[1]


def test_its_certificate_lets_a_tracker_in_without_a_password(tmp_path, authority, door, known):
    shown = issue_client(authority, "aase")
    known.sha256["aase"] = shown.sha256
    tracker = door.stranger(tls=context(tmp_path, authority / "ca.crt", shown))
    assert connect(tracker, None) == packets.ACCEPTED
    assert door.serves(tracker)
    assert door.counters["logins_certificate"] == 1


def test_without_a_certificate_the_password_counts_as_ever(tmp_path, authority, door):
    trusting = context(tmp_path, authority / "ca.crt", None)
    assert connect(door.stranger(tls=trusting), b"secret") == packets.ACCEPTED
    assert connect(door.stranger(tls=trusting), b"wrong") == packets_server.BAD_LOGIN
    assert connect(door.stranger(tls=trusting), None) == packets_server.BAD_LOGIN


@pytest.mark.parametrize("whose", ["bodil", "replaced", ""])
def test_a_certificate_that_is_not_its_own_opens_nothing(tmp_path, authority, door, known, whose):
    """Another tracker's, one of before, one that nobody registered."""
    shown = issue_client(authority, "bodil" if whose == "bodil" else "aase")
    if whose:
        known.sha256["bodil" if whose == "bodil" else "aase"] = (
            shown.sha256 if whose == "bodil" else bytes(32)
        )
    tls = context(tmp_path, authority / "ca.crt", shown)
    assert connect(door.stranger(tls=tls), None) == packets_server.NOT_AUTHORIZED
    assert connect(door.stranger(tls=tls), b"secret") == packets.ACCEPTED, "by its password"
    assert door.counters["logins_certificate"] == 0


def test_a_certificate_of_another_authority_ends_the_handshake(tmp_path, authority, door):
    other = tmp_path / "other"
    other.mkdir()
    make_ca(other, "syd")
    tls = context(tmp_path, authority / "ca.crt", issue_client(other, "aase"))
    try:  # with TLS 1.3 the client believes it is done before it is refused
        with RawTracker(door.port, tls=tls) as tracker:
            tracker.write(packets.connect("aase", "aase", b"secret", 60, True))
            assert tracker.closed()
    except (ssl.SSLError, ConnectionError):
        pass
    until(lambda: door.counters["handshakes_failed"] == 1, "it is counted")
    assert door.counters["connections"] == 0


def test_guessing_never_stands_before_a_certificate(tmp_path, authority, door, known):
    shown = issue_client(authority, "aase")
    known.sha256["aase"] = shown.sha256
    tls = context(tmp_path, authority / "ca.crt", shown)
    guesser = context(tmp_path, authority / "ca.crt", None)
    for _ in range(12):
        connect(door.stranger(tls=guesser), b"guess")
    assert door.counters["refused_guessing"] > 0
    assert connect(door.stranger(tls=tls), None) == packets.ACCEPTED


def test_a_certificate_is_issued_by_a_command_and_revoked_on_a_connection_that_stands(tmp_path):
    folder = tmp_path / "nord"
    listener = {"port": 0, "tls": True, "cert": "tls/server.crt", "key": "tls/server.key"}
    with GatewayProcess(folder, listener=listener | {"client_ca": "tls/ca.crt"}) as gateway:
        out = tmp_path / "astrid.json"
        done = gateway.command("tracker", "add", "astrid", "--cert", "--out", out)
        assert done.returncode == 0, done.stderr
        said = json.loads(out.read_text())
        cert, key = (base64.b64decode(said[name]) for name in ("cert_der", "key_der"))
        tls = context(tmp_path, folder / "tls/ca.crt", ClientCertificate(cert, key, b"", 0))
        port = gateway.ports["listener"]
        with RawTracker(port, "astrid", "home", tls=tls) as tracker:
            assert connect(tracker, None) == packets.ACCEPTED
            assert gateway.command("tracker", "revoke", "astrid").returncode == 0
            assert tracker.closed()
        with RawTracker(port, "astrid", "home", tls=tls) as tracker:
            assert connect(tracker, None) == packets_server.NOT_AUTHORIZED


def test_without_an_authority_for_it_no_certificate_is_issued_and_nobody_registered(tmp_path):
    gateway = GatewayProcess(tmp_path / "nord", listener={"port": 1883})
    out = tmp_path / "astrid.json"
    done = gateway.command("tracker", "add", "astrid", "--cert", "--out", out)
    assert done.returncode != 0
    assert "listener.client_ca" in done.stderr
    assert "no trackers" in gateway.command("tracker", "list").stdout
    assert not out.exists()


def test_an_authority_that_is_not_there_is_said_by_check(tmp_path):
    listener = {"port": 1883, "tls": True, "cert": "tls/server.crt", "key": "tls/server.key"}
    gateway = GatewayProcess(
        tmp_path / "nord", listener=listener | {"client_ca": "tls/nobodys.crt"}
    )
    done = gateway.command("check")
    assert done.returncode == 2
    assert "listener.client_ca" in done.stdout + done.stderr
