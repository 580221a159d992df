"""The board's senses: esp32/anchor.py over the virtual radio, the accelerometer's pin."""

import pytest

LOOK = """
import sys, time
sys.path.append("/rom/esp32")
from anchor import Anchor
anchor = Anchor()
KNOWN = [(2, bytes((1, 2, 3, 4, 5, 6))), (1, bytes(6))]
def look():
    anchor.look(KNOWN)
    began = time.ticks_ms()
    while anchor.seen() is None:
        time.sleep_ms(20)
    dbm = anchor.seen()
    anchor.stop()
    return dbm, time.ticks_diff(time.ticks_ms(), began) // 100
"""


def test_a_known_beacon_is_heard_at_once_and_a_strange_one_never(make_board):
    board = make_board(LOOK + "print('known', look())\nprint('again', look())\n", mode="lockstep")
    board.set_beacons({bytes((1, 2, 3, 4, 5, 6)): -71, b"Sigrid": -40})
    board.start()
    board.run_for(3)
    board.wait_line("known (-71, 5)")
    board.wait_line("again (-71, 5)")


def test_where_none_is_known_the_look_ends_in_vain(make_board):
    board = make_board(LOOK + "print('known', look())\n", mode="lockstep")
    board.set_beacons({b"Sigrid": -40})
    board.start()
    board.run_for(5)
    board.wait_line("known (-127, 30)")


SENSOR = """
import sys, time
sys.path.append("/rom/esp32")
from board_io import BoardIo
from power import Power
board = BoardIo(motion_pin=9)
power = Power(battery_pin=4, button_pin=0, motion_pin=9)
print("start", power.start_reason(), board.has_motion(), board.motion())
if power.start_reason()[0] == 1:
    power.deep_sleep(3600000, True)
"""


def test_motion_ends_a_deep_sleep_and_is_felt_afterwards(make_board):
    board = make_board(SENSOR)
    board.set_still()
    board.start()
    board.wait_line("start (1, 0) True False")
    board.wait_event("sleep")
    board.move(60_000)  # until it has started, on whatever machine
    board.wait_line("start (4, 3) True True")


def test_a_board_without_a_sensor_says_that_it_may_have_moved(make_board):
    board = make_board(SENSOR.replace("BoardIo(motion_pin=9)", "BoardIo()"))
    board.start()
    board.wait_line("start (1, 0) False True")


LIGHT = """
import sys
sys.path.append("/rom/esp32")
from board_io import BoardIo
board = BoardIo(button_pin=0, led_pin=12, motor_pin=15, %s)
board.signal(1, 1)
board.signal(0, 0)
board.button()  # answered, so the levels before it have been heard
print("shown")
"""


@pytest.mark.parametrize(
    ("polarity", "led", "motor"),
    [
        ("led_on=1, motor_on=1", [0, 1, 0], [0, 1, 0]),
        ("led_on=0, motor_on=1", [1, 0, 1], [0, 1, 0]),
        ("led_on=1, motor_on=0", [0, 1, 0], [1, 0, 1]),
    ],
)
def test_light_and_motor_start_off_and_go_on_and_off_by_their_levels(
    make_board, polarity, led, motor
):
    board = make_board(LIGHT % polarity)
    board.start()
    board.wait_line("shown")
    for pin, levels in ((12, led), (15, motor)):
        assert [
            e.detail[1] for e in board.events if e.kind == "pin" and e.detail[0] == pin
        ] == levels
