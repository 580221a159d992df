"""Reading ahead changes how often the socket is asked, and nothing else."""

import socket
import ssl
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trygg_gateway.buffered_line import BufferedLine, Wrapper
from trygg_gateway.tls import issue_server, make_ca


@pytest.fixture
def ends() -> Iterator[tuple[BufferedLine, socket.socket]]:
    near, far = socket.socketpair()
    near.setblocking(False)
    with near, far:
        yield BufferedLine(near), far


@given(st.binary(min_size=1, max_size=300), st.lists(st.integers(1, 40), min_size=1))
def test_however_it_is_asked_for_the_client_gets_the_bytes_that_were_given(data, sizes):
    near, far = socket.socketpair()
    with near, far:
        line = BufferedLine(near)
        line.give(data[:5])
        line.give(data[5:])
        got, turn = b"", 0
        while len(got) < len(data):
            got += line.recv(sizes[turn % len(sizes)])
            turn += 1
        assert got == data
        with pytest.raises(BlockingIOError):
            line.recv(1)


def test_what_has_come_is_fetched_and_not_given_by_itself(ends):
    line, far = ends
    assert line.fetch(9) == b""
    assert not line.ended
    far.sendall(b"ab")
    assert line.fetch(1) + line.fetch(9) == b"ab"
    with pytest.raises(BlockingIOError):
        line.recv(1)


@pytest.mark.parametrize("broken", [False, True])
def test_the_end_of_the_line_is_told_to_the_client(ends, broken):
    line, far = ends
    if broken:
        line._line.close()
    far.close()
    assert line.fetch(9) == b""
    assert line.ended
    assert line.recv(1) == b""


def test_what_was_given_is_let_go_with_the_line(ends):
    line, _ = ends
    line.give(b"ab")
    line.recv(1)
    line.shutdown(socket.SHUT_RDWR)
    assert line.recv(1) == b""


def test_without_tls_the_handshake_is_nothing_and_bytes_go_both_ways():
    near, far = socket.socketpair()
    with near, far:
        line = Wrapper(None).wrap_socket(near, "localhost", False)
        line.do_handshake()
        assert line.send(b"hei") == 3
        assert far.recv(9) == b"hei"
        assert line.fileno() == near.fileno()


def test_a_failed_handshake_closes_the_line(tmp_path):
    make_ca(tmp_path, "nord")
    issue_server(tmp_path, ["localhost"])
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    near, far = socket.socketpair()

    def serve() -> None:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            server.wrap_socket(far, server_side=True)

    thread = threading.Thread(target=serve)
    thread.start()
    line = Wrapper(ssl.create_default_context()).wrap_socket(near, "localhost", False)
    with pytest.raises(ssl.SSLCertVerificationError):  # an authority that nobody told us of
        line.do_handshake()
    assert line.fileno() == -1
    thread.join(30)
    far.close()
