"""Every command of `trygg gateway` shows how it is used; what shows something speaks JSON, too."""

import pytest
import typer

from trygg_gateway.cli import app

ACTS = {  # what they say is a sentence; their exit code is for machines
    "init", "run", "restore", "monitoring", "install-unit", "password", "renew", "config",
    "tracker add", "tracker rotate", "tracker revoke", "fence example", "rollout pause",
    "rollout resume", "rollout stop", "alarms take", "alarms on-the-way", "alarms at-the-person",
    "alarms pass-on", "alarms close", "alarms reopen", "bans lift", "sinks pause", "sinks resume",
    "sinks stop-replay", "sinks skip", "quarantine drop",
}  # fmt: skip
WORDS = typer.main.get_command(app).commands
GROUPS = {
    name: one for name, one in WORDS.items()
    if hasattr(one, "commands") and name not in ("devices", "orders")  # other words for two of them
}  # fmt: skip
COMMANDS = {
    **{name: one for name, one in WORDS.items() if not hasattr(one, "commands")},
    **{f"{group} {n}": one for group, its in GROUPS.items() for n, one in its.commands.items()},
}  # fmt: skip


@pytest.mark.parametrize("words", sorted(COMMANDS))
def test_help_has_an_example_and_what_shows_something_has_json(words):
    command = COMMANDS[words]
    assert f"Example: `trygg gateway {words}" in " ".join(command.help.split())
    options = {option for parameter in command.params for option in parameter.opts}
    assert ("--json" in options) == (words not in ACTS)


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_the_heading_of_a_group_names_all_its_commands(group):
    named = GROUPS[group].help.partition(": ")[2].rstrip(".").split(", ")
    assert sorted(named) == sorted(GROUPS[group].commands)
