"""The firmware compiled for a chip: whole, and the same names in image and files."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from trygg_tools import cli
from trygg_tools.firmware_image import FirmwareError, compiled, firmware_folder, linked_folder

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
    wanted = {path.relative_to(source).as_posix() for path in source.rglob("*.py")}
    parts = linked_folder(source, tmp_path / "linked")
    assert {one.name for joined in parts.values() for one in joined} == wanted | {"texts.py"}
    files = tmp_path / "files"
    found = {path.relative_to(files) for path in files.rglob("*") if path.is_file()}
    linked = {path.relative_to(tmp_path / "linked") for path in tmp_path.rglob("linked/**/*.py")}
    assert found == {Path("main.py"), *(path.with_suffix(".mpy") for path in linked)}
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


def test_a_traceback_is_told_as_the_sources_have_it(app, tmp_path):
    parts = linked_folder(firmware_folder(), tmp_path / "linked")
    home = next(name for name, joined in parts.items() for one in joined if "sos.py" in one.name)
    part = next(one for one in parts[home] if one.name == "tracker/sos.py")
    new = next(new for new, old in part.names.items() if old == "called")
    said = f'  File "main.py", line 9, in main\n  File "{home}", line {part.before + 7}, in {new}\n'
    (tmp_path / "last_words.txt").write_text(said + "OSError")
    told = CliRunner().invoke(app, ["traceback", str(tmp_path / "last_words.txt")])
    assert told.output.splitlines() == [
        '  File "main.py", line 9, in main',
        '  File "tracker/sos.py", line 7, in called',
        "OSError",
    ]


def test_a_consoles_log_with_bytes_that_are_no_text_is_read_all_the_same(app, tmp_path):
    log = tmp_path / "console.log"
    log.write_bytes(b"\xd0\xff\x00ets Jul 29\r\nOSError: [Errno 5] EIO\n")
    told = CliRunner().invoke(app, ["traceback", str(log)])
    assert told.exit_code == 0
    assert told.output.endswith("OSError: [Errno 5] EIO\n")
