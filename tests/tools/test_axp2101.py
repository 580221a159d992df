"""The power chip's driver against a simulated chip, on CPython and on a virtual board."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from i2c_bus import Bus, driver_module
from micropython_wheel import PUBLISHED
from trygg_tools.boards import board_file, config_sections, read_board
from trygg_tools.firmware_image import firmware_folder
from trygg_tools.rig.axp2101 import ADDRESS
from trygg_tools.rig.axp2101 import Axp2101 as Simulated
from trygg_tools.rig.board import VirtualBoard, micropython_folder
from trygg_tools.rig.board.board_modem import BoardModem
from trygg_tools.rig.board.chip import Pins

RAILS = [["modem", "bldo1", 3300], ["modem", "dc3", 3000], ["gnss", "bldo2", 3300]]
MODEM_ON = [("bldo1", 3300), ("dc3", 3000)]


@pytest.fixture
def pair():
    heard = []
    chip = Simulated(on=lambda output, mv: heard.append((output, mv)))
    return driver_module("axp2101").Axp2101(Bus(chip, ADDRESS), RAILS), chip, heard


@given(st.integers(2500, 4600))
def test_every_voltage_of_a_cell_is_read_to_the_millivolt(mv):
    chip = Simulated()
    chip.battery_mv = mv
    assert driver_module("axp2101").Axp2101(Bus(chip, ADDRESS), RAILS).read_uv() == mv * 1000


def test_no_cell_reads_as_unknown(pair):
    driver, chip, _ = pair
    chip.battery_mv = 0
    assert driver.read_uv() == 0


def test_the_charger_works_without_a_thermistor_once_the_cell_was_read(pair):
    driver, chip, _ = pair
    chip.vbus = True
    assert driver.value() == 1  # it takes the open pin for a frozen cell
    driver.read_uv()
    assert driver.value() == 0


@pytest.mark.parametrize(
    ("vbus", "full", "refuses", "level"),
    [(False, False, False, 1), (True, False, False, 0), (True, True, False, 0),
     (True, False, True, 1), (False, True, False, 1)],
)  # fmt: skip
def test_the_cradle_is_seen_whether_it_charges_or_has_charged(pair, vbus, full, refuses, level):
    driver, chip, _ = pair
    driver.read_uv()
    chip.vbus, chip.full, chip.refuses = vbus, full, refuses
    assert driver.value() == level


def test_a_rail_gets_its_voltage_before_it_comes_on(pair):
    driver, chip, heard = pair
    assert driver.rail("modem", True)
    assert driver.rail("gnss", True)
    assert heard == [*MODEM_ON, ("bldo2", 3300)]
    driver.rail("gnss", False)
    assert heard[3:] == [("bldo2", 0)]
    assert chip.millivolts("dc3") == 3000
    driver.rail("modem", False)
    assert heard[4:] == [("bldo1", 0), ("dc3", 0)]


def test_a_rail_leaves_every_other_output_as_it_was(pair):
    driver, chip, _ = pair
    chip.registers[0x80], chip.registers[0x90] = 0x1B, 0xCF
    driver.rail("modem", True)
    driver.rail("gnss", True)
    assert (chip.registers[0x80], chip.registers[0x90]) == (0x1F, 0xFF)
    driver.rail("modem", False)
    driver.rail("gnss", False)
    assert (chip.registers[0x80], chip.registers[0x90]) == (0x1B, 0xCF)


def test_a_name_that_is_none_of_its_rails_is_not_its_own(pair):
    driver, chip, _ = pair
    assert driver.rail("modem_key", True) is False
    assert chip.transfers == 0


def test_what_is_so_already_is_not_written_again(pair):
    driver, chip, _ = pair
    driver.rail("modem", True)
    before = chip.transfers
    driver.rail("modem", True)
    assert chip.transfers - before == 4  # only looks


@pytest.mark.parametrize("silent", [1, 2])
def test_two_transfers_without_an_answer_change_nothing(pair, silent):
    driver, chip, heard = pair
    chip.silent = silent
    assert driver.read_uv() == 3_900_000
    chip.silent = silent
    driver.rail("modem", True)
    assert (heard, driver.faults) == (MODEM_ON, 0)


def test_a_chip_that_never_answers_costs_three_tries_and_has_a_stated_outcome(pair):
    driver, chip, heard = pair
    driver.read_uv()
    chip.vbus = True
    assert driver.value() == 0
    faults = driver.faults
    chip.silent, before = -1, chip.transfers
    assert driver.read_uv() == 0  # unknown
    assert driver.value() == 0  # as it was last seen
    assert driver.rail("modem", True) is True  # its own, and as it was
    assert chip.transfers - before == 4 * 3
    assert (driver.faults - faults, heard) == (4, [])


@given(st.integers(0, 12), st.integers(1, 12))
def test_whichever_transfers_fail_an_output_never_comes_on_at_another_voltage(after, count):
    heard = []
    chip = Simulated(on=lambda output, mv: heard.append((output, mv)))
    driver = driver_module("axp2101").Axp2101(Bus(chip, ADDRESS), RAILS)
    answered = chip.read, chip.write

    def failing(act):
        def transfer(register, rest):
            if after < chip.transfers + 1 <= after + count:
                chip.silent = 1
            return act(register, rest)

        return transfer

    chip.read, chip.write = failing(answered[0]), failing(answered[1])
    driver.rail("modem", True)
    driver.rail("gnss", True)
    assert set(heard) <= {*MODEM_ON, ("bldo2", 3300)}


# -- on a virtual board ------------------------------------------------------------------------

WIRED = """
import gc, json, sys
sys.path.append("/rom/esp32")
from power import Power
power = Power(button_pin=0, rails=[["modem_key", 41]],
              pmu={"number": 0, "sda": 15, "scl": 7,
                   "rails": [["modem", "dc3", 3000], ["gnss", "bldo2", 3300]]})

power.battery_mv()
print("cell", power.battery_mv(), power.charging())
power.rail("modem", True)
power.rail("modem_key", True)
power.rail("heater", True)
print("switched", power.battery_mv())
"""


def test_a_board_with_the_chip_measures_and_switches_by_it(make_board):
    heard = []
    chip = Simulated(on=lambda output, mv: heard.append((output, mv)))
    chip.battery_mv, chip.vbus = 3721, True
    board = make_board(WIRED)
    board.set_i2c(ADDRESS, chip)
    board.start()
    board.wait_line("cell 3721 True")
    board.wait_line("switched 3721")
    assert heard == [("dc3", 3000)]
    assert {e.detail for e in board.events if e.kind == "pin"} == {(41, 1)}


def test_a_board_whose_chip_does_not_answer_starts_and_says_that_it_knows_nothing(make_board):
    board = make_board(WIRED)
    board.start()
    board.wait_line("cell 0 False")
    board.wait_line("switched 0")


def test_a_chip_that_falls_silent_within_a_measurement_is_no_cell_that_runs_out(make_board):
    chip = Simulated()
    board = make_board(WIRED)
    answered = chip.read

    def read(register, count):
        if register == 0x34:
            measured.append(register)
            chip.silent = 3 if len(measured) == 12 else chip.silent  # of the second eight
        return answered(register, count)

    measured = []
    chip.read = read
    board.set_i2c(ADDRESS, chip)
    board.start()
    board.wait_line("cell 0 False")
    board.wait_line("switched 3900")


def test_a_board_without_the_chip_loads_nothing_of_it(make_board):
    board = make_board(
        "import sys\nsys.path.append('/rom/esp32')\nfrom power import Power\n"
        "Power(battery_pin=4)\nprint('loaded', 'axp2101' in sys.modules)"
    )
    board.start()
    board.wait_line("loaded False")


SUPPLY = 38  # where the simulated modem looks for its supply; the firmware drives no such pin


def test_the_whole_firmware_brings_its_modem_and_its_antenna_up_through_the_chip(tmp_path):
    if micropython_folder() is None:
        (pytest.fail if PUBLISHED else pytest.skip)("no MicroPython here")
    sections = config_sections(read_board(board_file("lilygo-t-sim7080g-s3")))
    config = {"device": "astrid-1", "group": "home", "host": "gateway.example", "port": 1883,
              "tls": None, "password": "Trollheimen", "order_key": "00" * 16, "boot_floor": 0,
              **sections}  # fmt: skip
    pins = Pins(button=21, motor=13, gps_uart=2, modem_uart=1, modem_supply=SUPPLY, modem_key=41,
                modem_dtr=42, modem_status=46)  # fmt: skip
    modem, heard = BoardModem("sim7080"), []
    board = VirtualBoard(tmp_path, firmware_folder(), config, "lockstep", pins=pins, modem=modem)

    def switched(output, mv):
        heard.append((output, mv))
        if output == "dc3":
            board._host.pin_changed(SUPPLY, 1 if mv else 0)

    board.set_i2c(ADDRESS, Simulated(on=switched))
    board.flash_firmware()
    board.start()
    try:
        board.run_for(60)
    finally:
        board.stop()
    assert modem.state() == "modem attached"
    assert sorted(heard[:3]) == [("bldo1", 3300), ("bldo2", 3300), ("dc3", 3000)]
    assert heard[3:] == [("bldo2", 0)]  # no fix under no sky: the antenna rests with the search
