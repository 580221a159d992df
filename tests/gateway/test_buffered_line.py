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
def test_however_it_is_asked_for_the_bytes_are_those_that_came(data, sizes):
    near, far = socket.socketpair()
    with near, far:
        line = BufferedLine(near)
        far.sendall(data)
        far.shutdown(socket.SHUT_WR)
        got, turn = b"", 0
        while piece := line.recv(sizes[turn % len(sizes)]):
            assert len(piece) <= sizes[turn % len(sizes)]
            got += piece
            turn += 1
        assert got == data
        assert line.recv(1) == b""


def test_a_line_with_nothing_to_read_says_so_as_a_socket_does(ends):
    line, far = ends
    with pytest.raises(BlockingIOError):
        line.recv(1)
    assert not line.pending()
    far.sendall(b"ab")
    assert line.recv(1) == b"a"
    assert line.pending()
    assert line.recv(9) == b"b"
    assert not line.pending()
    with pytest.raises(BlockingIOError):
        line.recv(1)


def test_what_was_read_ahead_is_let_go_with_the_line(ends):
    line, far = ends
    far.sendall(b"ab")
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
        with pytest.raises(ssl.SSLError):
            server.wrap_socket(far, server_side=True)

    thread = threading.Thread(target=serve)
    thread.start()
    line = Wrapper(ssl.create_default_context()).wrap_socket(near, "localhost", False)
    with pytest.raises(ssl.SSLCertVerificationError):  # an authority that nobody told us of
        line.do_handshake()
    assert line.fileno() == -1
    thread.join(10)
    far.close()
