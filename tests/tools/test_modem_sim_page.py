"""docs/modem_sim.md says what the simulator has."""

import re
from pathlib import Path

from typer.testing import CliRunner

from trygg_tools.modem_sim import command
from trygg_tools.modem_sim.fault_file import WHEN, from_toml, from_words
from trygg_tools.modem_sim.fault_table import page
from trygg_tools.modem_sim.parts import PARTS
from trygg_tools.modem_sim.scene import Scene

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "modem_sim.md").read_text("utf-8")


def test_the_table_of_faults_is_the_programs():
    assert page() in TEXT


def test_every_key_of_a_rule_is_explained():
    for key in (*WHEN, "on"):
        assert re.search(rf"^\|.*`{key}`.*\|", TEXT, re.MULTILINE), key


def test_the_example_is_a_file_of_faults():
    example = TEXT.partition("```toml\n")[2].partition("```")[0]
    assert [rule.kind.name for rule in from_toml(example)] == ["silence", "coverage"]


def test_the_commands_it_shows_are_understood():
    for words in re.findall(r'trygg modem do "?([^"\n#]+)', TEXT):
        Scene(PARTS["sim7080"]).do(words.strip())
    assert from_words("silence on=+SMPUB* nth=3 seconds=90").nth == 3
    for name in set(re.findall(r"trygg modem (\w+)", TEXT)):
        assert CliRunner().invoke(command.app, [name, "--help"]).exit_code == 0, name
