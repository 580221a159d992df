"""A wiring is judged before anybody solders it: each fault on the module it is a fault of."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from trygg_tools import boards
from trygg_tools.board.check import findings
from trygg_tools.board.command import app
from trygg_tools.board.modules import MODULES
from trygg_tools.board.uses import Use, Way

BENCH = boards.board_file("esp32-bench").read_text("utf-8")
BG95 = boards.board_file("esp32-bg95-m10").read_text("utf-8")


def errors(text: str, tmp_path: Path) -> list[str]:
    path = tmp_path / "odd.toml"
    path.write_text(text, "utf-8")
    found = boards.wiring_findings(boards.parse_board(path))
    return [str(one) for one in found if one.level == "error"]


@pytest.mark.parametrize("name", boards.board_names())
def test_every_board_of_ours_can_be_wired_so(name):
    board = boards.parse_board(boards.board_file(name))
    assert [str(one) for one in boards.wiring_findings(board) if one.level == "error"] == []


@pytest.mark.parametrize(
    ("text", "before", "after", "said"),
    [
        (BENCH, "led_pin = 12", "led_pin = 13", "pin 13 is used twice"),
        (BENCH, "led_pin = 12", "led_pin = 24", "pin 24 does not exist on the esp32s3"),
        (BENCH, "led_pin = 12", "led_pin = 30", "wired to flash or PSRAM"),
        (BENCH, "led_pin = 12", "led_pin = 35", "wired to flash or PSRAM"),
        (BENCH, "led_pin = 12", "led_pin = 20", "the chip's USB"),
        (BENCH, "led_pin = 12", "led_pin = 43", "is the console"),
        (BENCH, "battery_pin = 4", "battery_pin = 15", "not to be had while Wi-Fi is on"),
        (BENCH, "battery_pin = 4", "battery_pin = 40", "measures no voltage; wanted one of 1-10"),
        (BENCH, "button_pin = 0", "button_pin = 40", "cannot wake the chip"),
        (BENCH, "charging_pin = 14", "charging_pin = 45", "the flash gets 1.8 V"),
        (BENCH, 'module = "esp32-s3-octal"', 'module = "esp32-wrover"', "has no esp32s3 in it"),
        (BENCH, 'link = "wifi"', 'link = "modem"', "wanted [wiring.modem] with a UART"),
        (BENCH, "baud = 9600\n", "", "the receiver has no UART"),
        (BENCH, '"u-blox-m10"', '"modem"', "no [wiring.modem]"),
        (BG95, "led_pin = 25", "led_pin = 36", "input only and cannot be driven"),
        (BG95, "number = 2", "number = 1", "UART 1 is used twice: wiring.gnss.number"),
        (BG95, "charging_pin = 23", "charging_pin = 12", "the flash gets 1.8 V"),
        (BG95.replace("esp32-wroom-32", "esp32-wrover"), "", "", "wired to flash or PSRAM"),
    ],
)
def test_a_wiring_that_cannot_work_is_told_with_its_setting_and_pin(
    tmp_path, text, before, after, said
):
    assert before in text
    found = errors(text.replace(before, after), tmp_path)
    assert any(said in one and one.startswith(("wiring.", "module")) for one in found), found


def test_what_takes_care_is_a_warning_and_refuses_nothing(tmp_path):
    path = tmp_path / "odd.toml"
    path.write_text(BG95.replace("charging_pin = 23", "charging_pin = 39"), "utf-8")
    board = boards.read_board(path)
    (one,) = boards.wiring_findings(board)
    assert one.level == "warning"
    assert "has no pull inside" in one.text


def test_a_wearers_button_is_never_a_pin_that_ends_the_start():
    """Held at a reset it would leave the tracker waiting for a flash tool, silently."""
    board = boards.read_board(boards.board_file("reference-wearable"))
    assert boards.wiring_findings(board) == []


@given(st.sampled_from(sorted(MODULES)), st.integers(0, 48), st.sampled_from(list(Way)))
def test_what_passes_exists_and_is_free(module_name, pin, way):
    module = MODULES[module_name]
    use = Use("wiring.x", pin, way)
    if not any(one.level == "error" for one in findings(module, [use], [])):
        assert pin in module.there - module.memory - module.usb - module.console
        assert way is not Way.OUT or pin not in module.input_only
        assert way is not Way.ADC or pin in module.adc


def test_the_command_says_which_board_cannot_work_and_exits_with_1(tmp_path):
    path = tmp_path / "odd.toml"
    path.write_text(BENCH.replace("led_pin = 12", "led_pin = 13"), "utf-8")
    told = CliRunner().invoke(app, ["check", str(path), "esp32-bench", "--json"])
    assert told.exit_code == 1
    odd, bench = json.loads(told.stdout)
    assert "pin 13 is used twice" in odd["errors"][0]
    assert bench["errors"] == []
    assert CliRunner().invoke(app, ["check"]).exit_code == 0


@pytest.mark.parametrize(
    "text",
    ["wiring = 5", "[wiring]\npower = 3", "[wiring.power]\nrails = 3", "[wiring.power]\npmu = 3",
     "drawn = 1", "x = " + "[" * 9000, "\0"],
)  # fmt: skip
def test_a_file_of_another_shape_is_a_sentence(tmp_path, text):
    path = tmp_path / "odd.toml"
    path.write_text(text, "utf-8")
    told = CliRunner().invoke(app, ["check", str(path)])
    assert (told.exit_code, told.exception.__class__) == (1, SystemExit), told.exception
    assert "odd.toml: error: " in told.output


def test_a_board_is_shown_with_every_pin_and_every_source():
    told = CliRunner().invoke(app, ["show", "reference-wearable"])
    assert told.exit_code == 0
    assert "GPIO8   io.button_pin: read with a pull-up, wakes the chip" in told.stdout
    assert "MAX-M10S" in told.stdout
    assert CliRunner().invoke(app, ["show", "esp8266"]).exit_code == 1


def test_the_list_has_every_board():
    told = CliRunner().invoke(app, ["list", "--json"])
    assert [row["board"] for row in json.loads(told.stdout)] == boards.board_names()


WEARABLE = boards.board_file("reference-wearable").read_text("utf-8")
PMU = boards.board_file("lilygo-t-sim7080g-s3").read_text("utf-8")
PMU_IO = PMU.replace(
    "motor_pin = 13\n",
    "motor_pin = 13\nmotion_pin = 14\naccelerometer = "
    "{ number = 0, sda = 15, scl = 7, address = 0x19 }\n",
)


@pytest.mark.parametrize(
    ("text", "before", "after", "said"),
    [
        (WEARABLE, "sda = 1\n", "sda = 12\n", "pin 12 is used twice"),
        (WEARABLE, "sda = 1\n", "sda = -1\n", "wanted sda and scl"),
        (WEARABLE, "scl = 2\n", "scl = 35\n", "wired to flash or PSRAM"),
        (WEARABLE, "motion_pin = 11\n\n", "\n", "wanted wiring.io.motion_pin"),
        (PMU_IO, "sda = 15, scl = 7,", "sda = 17, scl = 18,", "on other pins"),
        (PMU_IO, "number = 0, sda = 15,", "number = 1, sda = 15,", "pin 15 is used twice"),
    ],
)
def test_an_accelerometer_that_cannot_be_set_up_is_refused(text, before, after, said, tmp_path):
    assert text.count(before) == 1
    assert any(said in one for one in errors(text.replace(before, after), tmp_path))


def test_an_accelerometer_may_share_the_power_chips_bus(tmp_path):
    assert errors(PMU_IO, tmp_path) == []


def test_an_accelerometers_address_is_one_of_two(tmp_path):
    with pytest.raises(boards.BoardError, match=r"wiring\.io\.accelerometer\.address"):
        errors(WEARABLE.replace("address = 0x19", "address = 0x34"), tmp_path)


def test_the_bus_of_an_accelerometer_is_driven(tmp_path):
    text = BG95.replace(
        "motor_pin = 33\n",
        "motor_pin = 33\nmotion_pin = 4\naccelerometer = "
        "{ number = 0, sda = 35, scl = 5, address = 0x19 }\n",
    )
    assert any("pin 35 is input only" in one for one in errors(text, tmp_path))


def test_a_motion_pin_that_nobody_sets_up_is_warned_of(tmp_path):
    path = tmp_path / "odd.toml"
    path.write_text(BENCH.replace("motor_pin = 13\n", "motor_pin = 13\nmotion_pin = 9\n"), "utf-8")
    found = boards.wiring_findings(boards.parse_board(path))
    assert any("a LIS2DH12 wants" in one.text for one in found if one.level == "warning")
