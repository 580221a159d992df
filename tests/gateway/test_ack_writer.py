"""Two writers on one socket, and never one in the middle of the other's packet."""

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trygg_gateway.ack_writer import AckWriter

PACKET = b"<client's packet>"
ACK = b"[ack]"


class Narrow:
    """A socket that takes as many bytes as the next number says; 0 refuses, as a full one does."""

    def __init__(self, room: list[int], refusal: type[Exception] = BlockingIOError) -> None:
        self.room = room
        self.refusal = refusal
        self.taken = b""

    def send(self, data: bytes) -> int:
        size = min(len(data), self.room.pop(0) if self.room else 1000)
        if not size:
            raise self.refusal()
        self.taken += data[:size]
        return size


class Client:
    """A client library with packets to say."""

    def __init__(self, socket: Narrow) -> None:
        self.socket = socket
        self.left = b""

    def want_write(self) -> bool:
        return bool(self.left)

    def loop_write(self) -> None:
        try:
            self.left = self.left[self.socket.send(self.left) :]
        except self.socket.refusal:
            pass


@given(
    st.lists(st.integers(0, 9), max_size=40),
    st.lists(st.booleans(), max_size=20),
    st.sampled_from([BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError]),
)
def test_however_little_the_socket_takes_packets_stay_whole_and_all_are_written(
    room, speakers, refusal
):
    socket = Narrow(list(room), refusal)
    client = Client(socket)
    writer = AckWriter(client, socket)
    for is_client in speakers:
        if is_client:
            client.left += PACKET
        else:
            writer.acks += ACK
        writer.write()
    while writer.waiting:
        writer.write()
    assert socket.taken.count(PACKET) == sum(speakers)
    assert socket.taken.count(ACK) == len(speakers) - sum(speakers)
    assert socket.taken.replace(PACKET, b"").replace(ACK, b"") == b""


def test_acknowledgements_that_a_lost_line_does_not_take_are_let_go():
    class Lost(Narrow):
        def send(self, data: bytes) -> int:
            raise ConnectionResetError

    socket = Lost([])
    writer = AckWriter(Client(socket), socket)
    writer.acks += ACK
    writer.write()
    assert not writer.waiting


def test_nothing_to_say_is_nothing_to_wait_for():
    socket = Narrow([])
    writer = AckWriter(Client(socket), socket)
    writer.write()
    assert not writer.waiting
    assert socket.taken == b""


@pytest.mark.parametrize("first", [True, False])
def test_a_client_that_may_be_in_the_middle_of_a_packet_goes_first(first):
    socket = Narrow([])
    client = Client(socket)
    writer = AckWriter(client, socket)
    writer.client_first = first
    client.left, writer.acks = PACKET, ACK
    writer.write()
    assert socket.taken == (PACKET + ACK if first else ACK + PACKET)
