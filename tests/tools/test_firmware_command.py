"""The firmware compiled for a chip: whole, and the same names in image and files."""

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trygg_tools import cli
from trygg_tools.firmware_image import FirmwareError, compiled, firmware_folder

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def app():
    if not cli.app.registered_commands:
        cli._add_rooms()
    return cli.app


@pytest.mark.parametrize("arch", ["xtensawin", "rv32imc", "x64"])
def test_every_file_of_the_firmware_is_there_compiled(app, tmp_path, arch):
    done = CliRunner().invoke(app, ["firmware", str(tmp_path), "--arch", arch])
    assert done.exit_code == 0, done.output
    source = firmware_folder()
    wanted = {path.relative_to(source).with_suffix("") for path in source.rglob("*.py")}
    files = tmp_path / "files"
    found = {path.relative_to(files) for path in files.rglob("*") if path.is_file()}
    assert {path.with_suffix("") for path in found} == wanted
    assert {path.suffix for path in found if path != Path("main.py")} == {".mpy"}
    for path in found - {Path("main.py")}:
        assert (files / path).read_bytes()[:2] == b"M\x06", "bytecode version 6"
    image = (tmp_path / "rom.romfs").read_bytes()
    assert image.startswith(b"\xd2\xcd\x31"), "the magic of a ROMFS"
    assert all(path.name.encode() in image for path in found - {Path("main.py")})


def test_a_file_that_does_not_compile_is_named(tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("def (:\n")
    with pytest.raises(FirmwareError, match=r"tracker/broken\.py"):
        compiled(broken, "tracker/broken.py", "xtensawin")


def test_the_pins_of_a_board_file_are_what_the_chips_parts_take(app):
    import ast

    boards = sorted((ROOT / "hardware" / "boards").glob("*.toml"))
    assert boards
    parts = {"gnss": ("uart.py", "Uart"), "power": ("power.py", "Power"),
             "io": ("board_io.py", "BoardIo")}  # fmt: skip
    for board in boards:
        said = tomllib.loads(board.read_text("utf-8"))
        for table, (file, name) in parts.items():
            tree = ast.parse((ROOT / "firmware" / "esp32" / file).read_text())
            made = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name)
            init = next(n for n in made.body if getattr(n, "name", "") == "__init__")
            takes = {argument.arg for argument in init.args.args} - {"self"}
            assert set(said[table]) <= takes, (board.name, table, set(said[table]) - takes)
        # the button wakes the chip and is read: one pin for two parts
        pins = [said["gnss"]["tx"], said["gnss"]["rx"], said["power"]["battery_pin"],
                *[pin for _, pin in said["power"]["rails"]],
                *[pin for key, pin in said["io"].items() if key.endswith("_pin")]]  # fmt: skip
        assert len(set(pins)) == len(pins), f"{board.name}: a pin used twice"
        assert said["power"]["button_pin"] == said["io"]["button_pin"]
