"""docs/alarms.md says what the code has: every state, event, warning, setting and figure."""

import re
from pathlib import Path

import pytest

from trygg_gateway import alarm_hops, alarms, own_records
from trygg_gateway.alarm_engine import COUNTERS as ENGINE
from trygg_gateway.config import parse
from trygg_gateway.config_duty import Alarms, Watch
from trygg_gateway.escalation import Policy
from trygg_gateway.policies import policy_of
from trygg_gateway.watched import Rules
from trygg_gateway.watcher import COUNTERS as WATCHER
from trygg_gateway.watcher import Watcher

PAGE = (Path(__file__).parents[2] / "docs/alarms.md").read_text("utf-8")
STATES = ("RAISED", "TAKEN", "ON_THE_WAY", "AT_THE_PERSON", "CLOSED")
EVENTS = ("OUTSIDE", "STORED", "DELIVERED", "BACK", "TOLD", "PASSED_ON", "REOPENED", "CALLED",
          "CALL_DELIVERED", "CHANNEL", "OVER", "ACCEPTED", "CALL_ACCEPTED", "REFUSED",
          *STATES)  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_every_state_has_its_row(name):
    assert re.search(rf"^\| `{getattr(alarms, name)}` \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_of_a_timeline_is_explained(name):
    timeline = PAGE.partition("## The timeline")[2].partition("\n## ")[0]
    assert f"`{getattr(alarms, name)}`" in timeline


@pytest.mark.parametrize("name", [n for n in own_records.NAMES.values() if n != "silent"])
def test_every_warning_has_its_row(name):
    assert re.search(rf"^\| `{name}` \|", PAGE, re.MULTILINE)


def test_every_figure_is_named():
    for _, hop in alarm_hops.HOPS.values():
        assert f"`{hop}`" in PAGE
    for name in ENGINE:
        assert f"_{name}_total" in PAGE, name
    for name in WATCHER:
        assert f"_{name}_total" in PAGE, name
    for name in Watcher.gauges(None):
        assert f"trygg_{name}" in PAGE, name


def test_the_seconds_it_states_are_the_defaults(tmp_path):
    policy = policy_of(parse("", tmp_path / "gateway.toml"))
    assert (policy.second_ms, policy.waits_ms) == (20_000, (60_000, 120_000))
    assert policy._replace(duties=(), channels=()).second_ms == Policy().second_ms
    assert (Watch().grace_seconds, Watch().grace_most_seconds) == (120, 900)
    assert (Rules().least_s, Rules().most_s) == (120, 900)
    assert Alarms().next_person_seconds == [60, 180]
    for row in ("| 20 s |", "| 60 s |", "| 180 s |", "| 120 s |", "at most 900 s", "| 630 s |"):
        assert row in PAGE


def test_the_settings_it_shows_can_be_used(tmp_path):
    block = PAGE.partition("```toml\n")[2].partition("```")[0]
    config = parse(block, tmp_path / "gateway.toml")
    names = [person.name for person in policy_of(config).duties[1].people]
    assert names == ["Pål Aas", "Ingrid Bakke"]


def test_every_command_it_names_is_there():
    from trygg_gateway.cli.alarms import app

    known = {one.name or one.callback.__name__.strip("_") for one in app.registered_commands}
    assert set(re.findall(r"trygg gateway alarms ([a-z-]+)", PAGE)) <= known
