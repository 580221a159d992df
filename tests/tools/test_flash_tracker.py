"""Who flashes a tracker is told how its gateway hears of the new firmware."""

import json

import pytest
from typer import Typer
from typer.testing import CliRunner

from micropython_wheel import PUBLISHED
from trygg_tools.flash.board_link import BoardLink
from trygg_tools.flash.command import command
from trygg_tools.rig.board import VirtualBoard, micropython_folder

app = Typer()
app.command()(command)


@pytest.fixture
def board(tmp_path):
    """A board with MicroPython and nothing else, switched on."""
    if micropython_folder() is None:
        (pytest.fail if PUBLISHED else pytest.skip)("no MicroPython here")
    board = VirtualBoard(tmp_path / "board", tmp_path, {})
    board.start()
    yield board
    board.stop()


def test_a_tracker_with_a_new_firmware_is_told_how_it_is_known_at_once(board, tmp_path):
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "main.py").write_text('"""One file."""\n\nprint("this is it")\n')
    port = str(board.console_link)
    words = [port, "--board", "esp32-bench", "--firmware", str(tmp_path / "f"), "--arch", "x64"]
    blank = CliRunner().invoke(app, [*words, "-q"])
    assert (blank.exit_code, "report-now" in blank.output) == (0, False), "it is no tracker yet"
    with BoardLink.open(port) as link:
        link.put("/config.json", b'{"device": "astrid-1"}')
    (tmp_path / "f" / "main.py").write_text('"""One file."""\n\nprint("this is another")\n')
    new = CliRunner().invoke(app, [*words, "-q"])
    assert "At once: `trygg gateway order send astrid-1 report-now`" in new.output
    again = CliRunner().invoke(app, [*words, "-q"])
    assert "report-now" not in again.output, "the gateway knows this one"
    with BoardLink.open(port) as link:
        link.put("/config.json", b'["torn')
    said = json.loads(CliRunner().invoke(app, [*words, "-q", "--json"]).stdout)
    assert said["device"] == ""
