"""What the documentation says is what the code has."""

import json
import re
from pathlib import Path

from tracker import settings_text

ROOT = Path(__file__).parents[2]


def test_the_settings_page_is_the_table_of_the_rows():
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert settings_text.table().strip() in page


def test_the_fences_page_has_the_example_that_the_command_prints():
    from trygg_gateway.geojson import EXAMPLE

    page = (ROOT / "docs" / "fences.md").read_text("utf-8")
    block = page.partition("```json\n")[2].partition("```")[0]
    assert json.loads(block) == EXAMPLE


def test_the_fences_page_names_every_state_and_property():
    from trygg_gateway import geojson, orders

    page = (ROOT / "docs" / "fences.md").read_text("utf-8")
    for state in (*orders.OWED, orders.APPLIED, orders.ARMED, orders.REFUSED, orders.EXPIRED,
                  orders.SUPERSEDED):  # fmt: skip
        assert re.search(rf"^\| .*\b{state}\b.* \|", page, re.MULTILINE), state
    for name in (*geojson._KEPT, "number", "radius_m"):
        assert f"| `{name}` |" in page, name


def test_every_file_the_readme_names_is_there():
    readme = (ROOT / "README.md").read_text("utf-8")
    for line in readme.partition("## From idea to file")[2].partition("\n## ")[0].splitlines():
        cells = line.split("|")
        if len(cells) < 3 or "`" not in cells[2]:
            continue
        folder = ROOT
        for name in re.findall(r"`([^`]+)`", cells[2]):
            inside = ROOT / name if (ROOT / name).exists() else folder / name
            assert inside.exists(), f"README names {name}"
            folder = inside if inside.is_dir() and "/" in name else inside.parent


def test_every_command_the_readme_names_is_there():
    from typer.main import get_command

    from trygg_tools import cli

    if not cli.app.registered_commands:
        cli._add_rooms()
    command = get_command(cli.app)
    text = (ROOT / "README.md").read_text("utf-8") + (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = set(re.findall(r"trygg ([a-z-]+)", text)) - {"gateway"}
    assert named
    assert named <= set(command.commands), named - set(command.commands)
    gateway = command.commands["gateway"].commands
    used = set(re.findall(r"trygg gateway ([a-z]+)", text))
    assert used <= set(gateway), used - set(gateway)


def test_every_make_target_the_readme_names_is_there():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    text = (ROOT / "README.md").read_text("utf-8") + (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for target in set(re.findall(r"make (run|test|check|bench|crash|[a-z]+-[a-z]+)", text)):
        assert f"\n{target}:" in makefile, target
