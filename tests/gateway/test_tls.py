"""The gateway's own CA: a real handshake, file modes, renewal."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from trygg_gateway.tls import (
    SERVER_DAYS,
    TlsError,
    days_left,
    der_of,
    hosts_of,
    issue_server,
    make_ca,
    write_private,
)


@pytest.fixture
def folder(tmp_path):
    make_ca(tmp_path, "nord")
    issue_server(tmp_path, ["trygg.example", "127.0.0.1"])
    return tmp_path


def shake_hands(folder, name, authority):
    """Connect to a server with the folder's certificate as `name`, trusting `authority`."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.crt", folder / "server.key")
    ours, theirs = socket.socketpair()

    def serve():
        try:
            with server.wrap_socket(theirs, server_side=True) as line:
                line.sendall(b"hei")
        except OSError:  # they refuse us
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client = ssl.create_default_context(cafile=authority)
        client.verify_flags |= ssl.VERIFY_X509_STRICT
        with client.wrap_socket(ours, server_hostname=name) as line:
            return line.recv(3)
    finally:
        ours.close()
        thread.join()


@pytest.mark.parametrize("name", ["trygg.example", "127.0.0.1"])
def test_a_client_that_trusts_the_ca_connects_by_name_and_by_address(folder, name):
    assert shake_hands(folder, name, folder / "ca.crt") == b"hei"


def test_another_name_is_refused(folder):
    with pytest.raises(ssl.SSLCertVerificationError, match="match"):
        shake_hands(folder, "other.example", folder / "ca.crt")


def test_another_ca_is_refused(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    make_ca(other, "sor")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(folder, "trygg.example", other / "ca.crt")


def test_certificates_are_valid_for_a_chip_whose_clock_has_just_begun(folder):
    for name in ("ca.crt", "server.crt"):
        certificate = x509.load_pem_x509_certificate((folder / name).read_bytes())
        assert certificate.not_valid_before_utc < datetime(2000, 1, 1, tzinfo=UTC)


def test_keys_are_for_their_owner_only(folder):
    for name in ("ca.key", "server.key"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600


def test_the_der_file_is_the_same_certificate(folder):
    pem = (folder / "ca.crt").read_text()
    assert ssl.PEM_cert_to_DER_cert(pem) == (folder / "ca.der").read_bytes()
    assert der_of(folder / "ca.crt") == (folder / "ca.der").read_bytes()


def test_of_a_bundle_the_first_certificate_counts(folder):
    both = (folder / "ca.crt").read_bytes() + (folder / "server.crt").read_bytes()
    (folder / "both.crt").write_bytes(both)
    assert der_of(folder / "both.crt") == (folder / "ca.der").read_bytes()


def test_a_ca_is_never_overwritten(folder):
    before = (folder / "ca.key").read_bytes()
    with pytest.raises(FileExistsError):
        make_ca(folder, "again")
    assert (folder / "ca.key").read_bytes() == before


def test_a_renewed_certificate_is_trusted_by_the_same_trackers(folder):
    before = (folder / "server.crt").read_bytes()
    issue_server(folder, hosts_of(folder / "server.crt"))
    assert (folder / "server.crt").read_bytes() != before
    assert hosts_of(folder / "server.crt") == ["trygg.example", "127.0.0.1"]
    assert shake_hands(folder, "trygg.example", folder / "ca.crt") == b"hei"


def test_days_left_are_counted_to_the_end(folder):
    assert days_left(folder / "server.crt") == SERVER_DAYS - 1
    later = datetime.now(UTC) + timedelta(days=SERVER_DAYS + 10)
    assert days_left(folder / "server.crt", later) < 0


def test_a_file_that_is_no_certificate_is_named(folder):
    (folder / "server.crt").write_text("hei")
    with pytest.raises(TlsError, match=r"server\.crt"):
        days_left(folder / "server.crt")
    (folder / "ca.key").write_text("hei")
    with pytest.raises(TlsError, match=r"ca\.key"):
        issue_server(folder, ["x"])


def test_a_private_file_is_private_from_its_first_byte(tmp_path):
    write_private(tmp_path / "secret", b"x")
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        write_private(tmp_path / "secret", b"y")
