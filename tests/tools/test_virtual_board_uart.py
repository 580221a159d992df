"""The GPS line of the virtual board: pace, buffer, what is lost and counted."""

import os

from hypothesis import given
from hypothesis import strategies as st

from trygg_tools.rig.board import GpsFeeder
from trygg_tools.rig.board.uart_line import UartLine

LISTEN = """
import sys, time, machine
sys.path.append("/rom/esp32")
from uart import Uart
gps = Uart(1, tx=17, rx=18, baud=9600, rxbuf={rxbuf})
got = b""
print("listening")
"""
READ_FOR = """
for _ in range({rounds}):
    time.sleep_ms({pause_ms})
    got += gps.read()
print("got", len(got), gps.overruns())
"""


def test_bytes_arrive_at_the_baud_rate(make_board):
    reader = LISTEN.format(rxbuf=2048) + READ_FOR.format(rounds=1, pause_ms=500)
    board = make_board(reader, mode="lockstep")
    board.at(0.3, lambda b: b.feed_gps(b"x" * 960))  # main.py begins at 0.3 s
    board.start()
    board.run_for(2)
    got = int(board.wait_line("got").split()[1])
    assert 478 <= got <= 482  # half a second at 9600 baud


def test_a_full_receive_buffer_drops_and_the_read_counts_an_overrun(make_board):
    reader = LISTEN.format(rxbuf=256) + READ_FOR.format(rounds=2, pause_ms=1000)
    board = make_board(reader, mode="lockstep")
    board.at(0.4, lambda b: b.feed_gps(b"x" * 500))
    board.start()
    board.run_for(4)
    assert board.wait_line("got") == "got 256 1"
    assert board.gps_lost == (244, 0)


def test_what_comes_while_the_chip_sleeps_is_lost(make_board):
    board = make_board(
        LISTEN.format(rxbuf=2048)
        + "if machine.reset_cause() == 1:\n    machine.deepsleep(10000)\n"
        + READ_FOR.format(rounds=10, pause_ms=100),
        mode="lockstep",
    )
    GpsFeeder(board, [(second * 1000, b"$GPRMC*00\r\n") for second in range(20)]).start()
    board.start()
    board.run_for(25)
    assert board.wait_line("got") == "got 11 0"
    assert board.gps_lost[1] >= 10 * 11


def test_another_program_can_write_to_the_gps_link_and_read_what_the_tracker_says(make_board):
    board = make_board(
        LISTEN.format(rxbuf=2048)
        + "gps.write(b'$PMTK220*2F')\nwhile len(got) < 5:\n    time.sleep_ms(20)\n"
        + "    got += gps.read()\nprint(got)"
    )
    board.start()
    board.wait_line("listening")
    port = os.open(board.gps_link, os.O_RDWR | os.O_NOCTTY)
    os.write(port, b"Inger")
    board.wait_line("b'Inger'")
    assert os.read(port, 100) == b"$PMTK220*2F"
    os.close(port)


@given(
    st.lists(st.tuples(st.integers(0, 300_000), st.binary(max_size=600)), max_size=8),
    st.lists(st.integers(0, 900_000), max_size=8),
    st.integers(1, 512),
)
def test_every_byte_is_read_in_order_or_counted_as_lost(feeds, looks, rxbuf):
    line = UartLine(9600)
    line.open(9600, rxbuf, 0)
    sent, read, now = b"", b"", 0
    for wait, data in feeds:
        now += wait
        line.feed(data, now)
        sent += data
    for look in [*sorted(looks), now + 10_000_000]:
        read += line.read(10_000, look)
    assert len(read) + line.lost_full == len(sent)
    assert line.lost_off == 0
    rest = iter(sent)
    assert all(byte in rest for byte in read)  # a subsequence, in order
