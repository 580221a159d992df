"""The boards' files: all there, all valid, and each fault said with its place."""

import ast
import re
from pathlib import Path

import pytest

from tracker.modem import wiring
from tracker.receiver_rows import KINDS
from trygg_tools import boards

ROOT = Path(__file__).parents[2]
NEEDED = {
    "esp32-bench",
    "esp32-bg95-m10",
    "lilygo-t-a7670g-l76k",
    "lilygo-t-sim7000g",
    "lilygo-t-sim7080g-s3",
    "reference-wearable",
}
BENCH = boards.board_file("esp32-bench")


def arguments(file: str, class_name: str) -> set[str]:
    """The names that the chip's class takes, read as source: it imports machine."""
    tree = ast.parse((ROOT / "firmware" / "esp32" / file).read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    return {argument.arg for argument in method.args.args} - {"self"}
    raise AssertionError(f"no class {class_name} in {file}")


@pytest.mark.parametrize("name", boards.board_names())
def test_every_board_is_read_and_every_figure_has_a_source(name):
    board = boards.read_board(boards.board_file(name))
    section = boards.energy_section(board.energy)
    assert len(section["ua"]) == len(boards.activities_of(board.energy))
    has_modem = board.wiring is not None and board.wiring.modem is not None
    assert (len(section["ua"]) == len(boards.ACTIVITIES)) != has_modem
    assert 0 < section["ua"][0] < section["ua"][1]  # asleep less than awake
    assert board.energy.sleep.source


def test_the_boards_the_issue_names_are_there():
    assert set(boards.board_names()) >= NEEDED


@pytest.mark.parametrize("name", boards.board_names())
def test_the_wiring_says_only_what_the_chips_parts_take(name):
    sections = boards.config_sections(boards.read_board(boards.board_file(name)))
    parts = {"gnss": ("uart.py", "Uart"), "power": ("power.py", "Power")}
    parts["io"] = ("board_io.py", "BoardIo")
    # the kind of receiver is the tracker's matter, and main.py takes it out
    assert sections.get("gnss", {}).pop("receiver", "none") in (*KINDS, "modem")
    modem = sections.get("modem")
    if modem:
        assert modem["dialect"] in wiring.NAMES.split()
        assert set(modem["uart"]) <= arguments("uart.py", "Uart")
    for section, (file, class_name) in parts.items():
        assert set(sections.get(section, {})) <= arguments(file, class_name), section


def test_what_wakes_the_chip_is_the_pin_that_is_read():
    text = boards.board_file("reference-wearable").read_text("utf-8")
    board = boards.read_board(boards.board_file("reference-wearable"))
    assert board.wiring is not None
    assert board.wiring.power.worn_pin == board.wiring.io.worn_pin > 0
    assert board.wiring.power.motion_pin == board.wiring.io.motion_pin > 0
    assert text.count("wakes the chip") == 3


def test_a_trackers_config_takes_wiring_and_energy_from_the_board():
    sections = boards.config_sections(boards.read_board(BENCH))
    assert set(sections) == {"gnss", "power", "io", "energy"}
    assert sections["power"]["rails"] == [["gnss", 21]]
    assert sections["energy"]["ua"][0] == 150


def test_a_board_without_wiring_gives_a_tracker_its_figures_only(tmp_path):
    text = re.sub(r"\[wiring.*(?=\[drawn\])", "", BENCH.read_text("utf-8"), flags=re.DOTALL)
    path = tmp_path / "figures.toml"
    path.write_text(text, "utf-8")
    assert set(boards.config_sections(boards.read_board(path))) == {"energy"}


def test_a_power_chip_and_a_lights_level_reach_the_trackers_config():
    chip = boards.config_sections(boards.read_board(boards.board_file("lilygo-t-sim7080g-s3")))
    assert "battery_pin" not in chip["power"]
    assert chip["power"]["pmu"]["rails"][0] == ["modem", "bldo1", 3300]
    assert set(chip["power"]["pmu"]) - {"rails"} == {"number", "sda", "scl"}
    low = boards.config_sections(boards.read_board(boards.board_file("lilygo-t-sim7000g")))
    assert (low["io"]["led_pin"], low["io"]["led_on"]) == (12, 0)


def written(tmp_path: Path, before: str, after: str) -> Path:
    text = BENCH.read_text("utf-8")
    assert before in text
    path = tmp_path / "odd.toml"
    path.write_text(text.replace(before, after, 1), "utf-8")
    return path


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "motor_pin = 13",
            "motor_pin = 12",
            "wiring.io.motor_pin: pin 12 is used twice: wiring.io.led_pin has it too",
        ),
        ("motor_pin = 13", "motor_pin = 60", "wiring.io.motor_pin: Input should be less than"),
        ("motor_pin = 13", "moter_pin = 13", "wiring.io.moter_pin: Extra inputs"),
        ("ua = 25000", 'ua = "25 mA"', "energy.awake.ua: Input should be a valid integer"),
        ("ua = 25000", "ua = 300000", "less than or equal to 290000, not 300000"),
        ('kind = "data sheet"', 'kind = "hearsay"', "energy.awake.kind: Input should be"),
        ('chemistry = "li_ion"', 'chemistry = "lead"', "energy.chemistry: Input should be"),
        ("[energy.radio]", "[energy.wireless]", "energy.radio: Field required"),
        ('name = "ESP32', "name = ESP32", "no TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, before, after, said):
    with pytest.raises(boards.BoardError, match=r"odd\.toml") as refused:
        boards.read_board(written(tmp_path, before, after))
    assert said in str(refused.value)


def test_an_unknown_board_names_those_there_are():
    with pytest.raises(boards.BoardError, match="there are: esp32-bench, esp32-bg95-m10"):
        boards.board_file("esp8266")
