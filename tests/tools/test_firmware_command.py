"""The firmware compiled for a chip: whole, and the same names in image and files."""

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
