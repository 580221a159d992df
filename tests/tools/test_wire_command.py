"""`trygg wire`: a frame said in words, and a frame that is none."""

import json
import re

import pytest
from typer.testing import CliRunner

from trygg_tools import cli, wire_command


@pytest.fixture
def app():
    if not cli.app.registered_commands:
        cli._add_rooms()
    return cli.app


def test_the_example_of_its_help_is_read(app):
    (example,) = re.findall(r"`trygg wire ([0-9a-f]+)`", wire_command.command.__doc__)
    said = CliRunner().invoke(app, ["wire", example, "--json"])
    assert said.exit_code == 0, said.output
    wanted = {"kind": "ack", "boot": 3, "upto": 500, "time_s": 0}
    assert json.loads(said.stdout) == wanted | {"missing": [{"first": 17, "count": 2}]}
    assert "upto                   500" in CliRunner().invoke(app, ["wire", example]).stdout


@pytest.mark.parametrize("junk", ["1803", "zz", "", "00" * 5000])
def test_what_is_no_frame_is_refused_with_what_was_wanted(app, junk):
    said = CliRunner().invoke(app, ["wire", junk])
    assert said.exit_code == 1
    assert "wanted a whole frame in hex" in said.stderr
