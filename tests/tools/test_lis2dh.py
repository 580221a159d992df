"""The accelerometer's driver against a simulated chip, on CPython and on a virtual board."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from i2c_bus import Bus, driver_module
from micropython_wheel import PUBLISHED
from tracker.motion import WALK_S
from trygg_tools.boards import board_file, config_sections, read_board
from trygg_tools.firmware_image import firmware_folder
from trygg_tools.rig.board import VirtualBoard, micropython_folder
from trygg_tools.rig.board.chip import Pins
from trygg_tools.rig.lis2dh12 import ADDRESS, Lis2dh12


def driver_of(chip):
    return driver_module("lis2dh").Lis2dh(Bus(chip, ADDRESS), ADDRESS)


@pytest.fixture
def pair():
    """(the driver, the chip, the levels of INT1)."""
    levels = []
    chip = Lis2dh12(levels.append)
    return driver_of(chip), chip, levels


def test_it_is_set_up_as_the_data_sheet_wants_it(pair):
    driver, chip, levels = pair
    assert driver.there()
    assert bytes(chip.registers[at] for at in range(0x20, 0x26)).hex(" ") == "2f 01 40 00 08 00"
    assert (chip.registers[0x30], chip.registers[0x32], chip.registers[0x33]) == (0x2A, 4, 0)
    assert (chip.misused, levels, driver.faults) == ([], [], 0)


def test_ten_minutes_on_a_table_are_no_motion(pair):
    _, chip, levels = pair
    chip.rest(600)
    assert levels == []


@pytest.mark.parametrize("mg", [(1000, 0, 0), (0, -1000, 0), (0, 0, -1000), (577, 577, 577)])
def test_gravity_on_another_axis_is_forgotten(pair, mg):
    driver, chip, levels = pair
    for _ in range(50):
        chip.feel(*mg)
    driver.release()
    levels.clear()
    for _ in range(600):
        chip.feel(*mg)
    assert levels == []


def test_a_slow_walk_is_felt_within_a_second_and_held_until_it_is_asked(pair):
    driver, chip, levels = pair
    chip.rest(60)
    chip.walk(1)
    assert levels == [1]
    chip.rest(3600)
    assert levels == [1]
    driver.release()
    assert levels == [1, 0]
    chip.rest(60)
    assert levels == [1, 0]


def test_who_walks_on_is_felt_anew_after_each_question(pair):
    driver, chip, levels = pair
    chip.rest(5)
    for _ in range(10):
        chip.walk(1)
        driver.release()
    assert levels == [1, 0] * 10


@pytest.mark.parametrize("mg", [(1000, 0, 0), (0, 0, -1000), (0, 700, -700)])
def test_who_turns_over_in_bed_is_felt_and_does_not_walk(pair, mg):
    driver, chip, _ = pair
    chip.rest(60)
    felt = []
    for _ in range(20):
        for _ in range(10):
            chip.feel(*mg)
        felt.append(bool(chip._source))
        driver.release()
    assert felt[0]
    assert sum(felt) <= WALK_S
    assert not any(felt[WALK_S:])


def test_a_chip_that_is_set_up_costs_four_reads_and_keeps_what_it_felt(pair):
    _, chip, levels = pair
    chip.rest(5)
    chip.walk(1)
    before = chip.transfers, chip.writes
    assert driver_of(chip).there()  # a start after a deep sleep
    assert (chip.transfers - before[0], chip.writes - before[1]) == (4, 0)
    assert levels == [1]


def test_a_supply_that_was_lost_is_found_at_the_next_start(pair):
    _, chip, levels = pair
    chip.lose_supply()
    chip.walk(5)
    assert levels == []
    assert driver_of(chip).there()
    chip.walk(1)
    assert levels == [1]


def test_a_supply_that_was_lost_is_found_while_the_tracker_stays_awake(pair):
    driver, chip, levels = pair
    chip.lose_supply()
    assert all(driver.there() for _ in range(driver_module("lis2dh").LOOK_AGAIN))
    chip.walk(1)
    assert levels == [1]


def test_one_that_does_not_answer_is_not_there_and_is_counted():
    chip = Lis2dh12()
    chip.silent = -1
    driver = driver_of(chip)
    assert (driver.there(), driver.faults, chip.transfers) == (False, 1, 3)


def test_one_that_falls_silent_is_not_there_any_more_and_is_found_again(pair):
    driver, chip, _ = pair
    again = driver_module("lis2dh").LOOK_AGAIN
    chip.silent = -1
    assert [driver.there() for _ in range(again)][-1] is False
    chip.silent = 0
    assert [driver.there() for _ in range(again)][-1] is True


def test_another_part_at_its_address_is_left_alone():
    chip = Lis2dh12()
    chip.who = 0x44  # a LIS2DW12
    assert not driver_of(chip).there()
    assert chip.writes == 0


def test_a_release_that_fails_leaves_the_wearer_moving(pair):
    driver, chip, levels = pair
    chip.rest(5)
    chip.walk(1)
    chip.silent = 3
    driver.release()
    assert (levels, driver.faults) == ([1], 1)


@given(st.integers(0, 30), st.integers(1, 12))
def test_whichever_transfers_fail_it_is_there_only_if_it_feels_a_walk(after, count):
    levels = []
    chip = Lis2dh12(levels.append)
    answers = chip._ignores
    chip._ignores = lambda: answers() or after < chip.transfers <= after + count
    there = driver_of(chip).there()
    chip.rest(5)
    chip.walk(1)
    assert not there or levels[-1:] == [1]
    assert there or count >= 3
    chip._ignores = answers
    assert driver_of(chip).there()
    assert chip.misused == []


@pytest.mark.parametrize(
    ("register", "data"),
    [(0x0F, b"\x33"), (0x20, b"\x2f\x01"), (0x33, b"\x80"), (0x21 + 0x1F, b"1")],
)
def test_the_simulated_chip_notes_what_a_driver_may_not_write(register, data):
    chip = Lis2dh12()
    chip.write(register, data)
    assert len(chip.misused) == 1


# -- on a virtual board ------------------------------------------------------------------------

SENSOR = """
import sys, time
sys.path.append("/rom/esp32")
from board_io import BoardIo
from power import Power
board = BoardIo(motion_pin=9,
                accelerometer={"number": 0, "sda": 1, "scl": 2, "address": 25})
power = Power(battery_pin=4, button_pin=0, motion_pin=9)
print("start", power.start_reason(), board.has_motion(), board.motion(), board.motion())
if power.start_reason()[0] == 1:
    power.deep_sleep(3600000, True)
"""


def wired(board, pin=9):
    """A chip on the board's I2C, its INT1 on `pin`."""
    chip = Lis2dh12(lambda level: board._host.set_level(pin, level))
    board._host.set_level(pin, 0)
    board.set_i2c(ADDRESS, chip)
    return chip


def test_a_slow_walk_ends_a_deep_sleep_and_is_felt_after_it_though_it_is_over(make_board):
    board = make_board(SENSOR)
    chip = wired(board)
    board.start()
    board.wait_line("start (1, 0) True False False")
    board.wait_event("sleep")
    written = chip.writes
    board._do(lambda: chip.rest(3600))
    assert board.starts == 1
    board._do(lambda: chip.walk(1))
    board.wait_line("start (4, 3) True True False")
    assert (chip.writes, chip.misused) == (written, [])


def test_a_board_whose_sensor_is_silent_is_one_without(make_board):
    board = make_board(SENSOR)
    board._host.set_level(9, 0)
    board.start()
    board.wait_line("start (1, 0) False True True")


def test_a_board_without_the_sensor_loads_nothing_of_it(make_board):
    board = make_board(
        "import sys\nsys.path.append('/rom/esp32')\nfrom board_io import BoardIo\n"
        "BoardIo(motion_pin=9)\nprint('loaded', 'lis2dh' in sys.modules)"
    )
    board.start()
    board.wait_line("loaded False")


@pytest.fixture
def wearable(tmp_path):
    """wearable(chip there) -> the whole firmware on a board wired as the reference wearable, but on
    Wi-Fi; its lines."""
    if micropython_folder() is None:
        (pytest.fail if PUBLISHED else pytest.skip)("no MicroPython here")
    made = []

    def make(there):
        config = {"device": "astrid-1", "group": "home", "host": "127.0.0.1", "port": 9,
                  "tls": None, "password": "Trollheimen", "order_key": "00" * 16, "boot_floor": 0,
                  **config_sections(read_board(board_file("reference-wearable"))),
                  "wifi": {"ssid": "Home", "password": "Rondane"}}  # fmt: skip
        del config["modem"], config["energy"]
        pins = Pins(button=8, motor=13, motion=11, worn=10)
        board = VirtualBoard(tmp_path, firmware_folder(), config, "lockstep", pins=pins)
        board._host.set_level(11, 0)
        chip = wired(board, 11) if there else None
        said = []
        board.on_line(said.append)
        board.flash_firmware()
        made.append(board)
        board.start()
        return board, chip, said

    yield make
    for board in made:
        board.stop()


SAYS = "accelerometer: no answer"


def test_the_whole_firmware_sets_its_sensor_up_once_and_lives_through_its_loss(wearable):
    board, chip, said = wearable(True)
    board.run_for(20)
    assert chip.registers[0x30] == 0x2A
    written = chip.writes
    board._do(lambda: chip.walk(2))
    board.run_for(5)
    assert not chip._source  # asked, and let go
    assert not [line for line in said if SAYS in line]
    chip.silent = -1
    board.run_for(120)
    assert [line for line in said if SAYS in line]  # it has slept, and started
    said.clear()
    chip.silent = 0
    board._do(chip.lose_supply)
    board.run_for(120)
    assert (chip.registers[0x30], chip.misused) == (0x2A, [])
    assert chip.writes == 2 * written
    assert not [line for line in said if SAYS in line]


def test_the_whole_firmware_without_its_sensor_says_so_and_runs(wearable):
    board, _, said = wearable(False)
    board.run_for(30)
    assert len([line for line in said if SAYS in line]) == board.starts
    assert not [line for line in said if "Traceback" in line]
