"""The link of the firmware's own esp32/wifi.py over the virtual radio: TCP, TLS, coverage."""

import contextlib
import datetime
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LINK = """
import gc, sys, time
sys.path.append("/rom/esp32")
from wifi import WifiLink
link = WifiLink("trygg", "hemmelig")
def until(wanted, tries=1000):
    for _ in range(tries):
        if wanted():
            return True
        time.sleep_ms(20)
    return False
def say(data):
    until(lambda: link.send(data))
def hear(count):
    got = b""
    for _ in range(1000):
        got += link.recv()
        if len(got) >= count:
            break
        time.sleep_ms(20)
    return got
"""


class Echo:
    """A server on loopback that answers in capitals; `context` makes it TLS."""

    def __init__(self, context=None):
        self.heard = b""
        self._context = context
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._plain = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        try:
            plain, _ = self._server.accept()
        except OSError:
            return
        with plain:
            self._plain = plain
            try:
                self._echo(plain)
            except OSError:
                return

    def _echo(self, plain):
        far = self._context.wrap_socket(plain, server_side=True) if self._context else plain
        self._plain = far
        with far:
            while data := far.recv(4096):
                self.heard += data
                far.sendall(data.upper())
                if data.endswith(b"bye"):
                    return

    def close(self):
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        if self._plain is not None and self._plain.fileno() >= 0:
            with contextlib.suppress(OSError):  # the board has gone, or we have just let go
                self._plain.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)


@pytest.fixture
def echo():
    servers = []

    def make(context=None):
        servers.append(Echo(context))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def certificate(name, issuer=None, host=None):
    """(certificate, key) of `name`, signed by `issuer` or itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, signing_key = issuer or (None, key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(2000, 1, 1))
        .not_valid_after(datetime.datetime(2049, 1, 1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), True)
    )
    if host:
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        builder = builder.add_extension(names, False)
    return builder.sign(signing_key, hashes.SHA256()), key


@pytest.fixture
def secured(tmp_path):
    """(the server's TLS context for the name localhost, its authority's DER)."""
    authority = certificate("Trygg test authority")
    own, key = certificate("localhost", authority, "localhost")
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        own.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context, authority[0].public_bytes(serialization.Encoding.DER)


def test_the_link_joins_opens_sends_receives_and_sees_the_end(make_board, echo):
    server = echo()
    board = make_board(
        LINK
        + f"""
print("signal", link.signal(), link.state())
link.open("127.0.0.1", {server.port}, None)
print("at once", link.state())
print("open", until(lambda: link.state() == 2), link.signal())
say(b"hei")
print("heard", hear(3))
say(b"bye")
print("heard", hear(3), until(lambda: link.state() != 2 or link.recv() or False, 50))
print("state", link.state())
try:
    link.send(b"x")
except OSError:
    print("closed")
"""
    )
    board.start()
    board.wait_line("signal 0 0")
    board.wait_line("at once 1")
    board.wait_line("open True 24")
    board.wait_line("heard b'HEI'")
    board.wait_line("heard b'BYE' True")
    board.wait_line("state 0")
    board.wait_line("closed")


def test_a_refused_connection_is_an_oserror_and_closes(make_board):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, so that no other test listens there
        port = nobody.getsockname()[1]
        board = make_board(
            LINK
            + f"""
link.open("127.0.0.1", {port}, None)
try:
    until(lambda: link.state() == 2)
except OSError as error:
    print("refused", link.state())
"""
        )
        board.start()
        board.wait_line("refused 0")


def test_tls_checks_the_gateways_name_and_takes_little_heap(make_board, echo, secured):
    context, authority = secured
    server = echo(context)
    board = make_board(
        LINK
        + f"""
gc.collect()
before = gc.mem_free()
link.open("localhost", {server.port}, "/ca.der")
print("open", until(lambda: link.state() == 2))
say(b"hei")
print("heard", hear(3))
gc.collect()
print("took", before - gc.mem_free())
""",
        extra={"/ca.der": authority},
    )
    board.start()
    board.wait_line("open True")
    board.wait_line("heard b'HEI'")
    assert int(board.wait_line("took").split()[1]) < 8000


@pytest.mark.parametrize("wrong", ["name", "authority"])
def test_tls_refuses_a_gateway_it_cannot_verify(make_board, echo, secured, wrong):
    context, authority = secured
    if wrong == "authority":
        stranger, _ = certificate("Somebody else")
        authority = stranger.public_bytes(serialization.Encoding.DER)
    host = "127.0.0.1" if wrong == "name" else "localhost"
    server = echo(context)
    board = make_board(
        LINK
        + f"""
link.open("{host}", {server.port}, "/ca.der")
until(lambda: link.state() == 2)
try:
    say(b"secret")
    print("sent")
except OSError as error:
    print("refused", error)
""",
        extra={"/ca.der": authority},
    )
    board.start()
    board.wait_line("refused")
    assert server.heard == b""


def test_without_coverage_nothing_opens_and_with_it_again_it_does(make_board, echo):
    server = echo()
    board = make_board(
        LINK
        + f"""
link.open("127.0.0.1", {server.port}, None)
print("open", until(lambda: link.state() == 2, 50), link.state())
print("waiting")
print("open", until(lambda: link.state() == 2, 1000))
"""
    )
    board.set_coverage(False)
    board.start()
    board.wait_line("open False 1")
    board.wait_line("waiting")
    board.set_coverage(True)
    board.wait_line("open True", 20)


def test_what_is_sent_in_a_gap_of_coverage_arrives_after_it(make_board, echo):
    server = echo()
    board = make_board(
        LINK
        + f"""
link.open("127.0.0.1", {server.port}, None)
print("open", until(lambda: link.state() == 2))
until(lambda: link.signal() == 0)
print("gap", link.send(b"hei"), link.send(bytes(9000)), link.send(b"x"), link.recv())
until(lambda: link.signal() > 0)
print("heard", hear(5744)[:3])
"""
    )
    board.start()
    board.wait_line("open True")
    board.set_coverage(False)
    board.wait_line("gap 3 5741 0 b''")
    assert server.heard == b""
    board.set_coverage(True)
    board.wait_line("heard b'HEI'")


def test_a_power_cut_ends_the_connection_for_the_far_end(make_board, echo):
    server = echo()
    board = make_board(
        LINK
        + f"""
link.open("127.0.0.1", {server.port}, None)
until(lambda: link.state() == 2)
say(b"hei")
print("heard", hear(3))
time.sleep(60)
"""
    )
    board.start()
    board.wait_line("heard b'HEI'")
    board.power_cut()
    server._thread.join(5)
    assert not server._thread.is_alive()
