"""Alert rules and dashboard speak of figures that the gateway really has."""

import json
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from gateway.gateway_process import GatewayProcess
from trygg_gateway.cli import app
from trygg_gateway.config import Config
from trygg_gateway.config_changes import TAKEN

FOLDER = files("trygg_gateway.operating")
ALERTS = FOLDER.joinpath("alerts.yml").read_text("utf-8")
DASHBOARD = json.loads(FOLDER.joinpath("dashboard.json").read_text("utf-8"))
NAME = re.compile(r"\btrygg_[a-z0-9_]+")
# a histogram that nothing was observed of yet has no series, so these are not in a new gateway's
HISTOGRAMS = {f"trygg_{name}_seconds_bucket" for name in ("alarm_delivery", "alarm_hop", "commit")}
LABELS = {"sink", "lane", "le", "hop", "what"}


def rules():
    """Each rule's fields. The file keeps to one `key: value` a line."""
    found = []
    for line in ALERTS.splitlines():
        key, _, value = line.strip().removeprefix("- ").partition(": ")
        if key == "alert":
            found.append({})
        if found and value:
            found[-1][key] = value.strip("'\"")
    return found


def expressions():
    panels = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [rule["expr"] for rule in rules()] + panels


@pytest.fixture(scope="module")
def exposed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nord") / "gateway"
    sinks = '[sinks.archive]\ntype = "file"\npath = "events.jsonl"\n'
    with GatewayProcess(folder, sinks, broker={"url": "mqtt://127.0.0.1:1"}) as gateway:
        text = gateway.ask("/metrics").text
    return {line.split("{")[0].split(" ")[0] for line in text.splitlines() if line[:1] != "#"}


def test_every_figure_that_is_spoken_of_is_there(exposed):
    spoken = {name for one in expressions() for name in NAME.findall(one)}
    assert len(spoken) > 30
    assert spoken <= exposed | HISTOGRAMS, spoken - exposed - HISTOGRAMS


def test_every_label_that_is_spoken_of_is_one_of_few():
    for one in expressions():
        inside = re.findall(r"\{([^}]*)\}", one) + re.findall(r"by \(([^)]*)\)", one)
        named = {word for text in inside for word in re.findall(r"([a-z]+)\s*(?:[=!~]|,|$)", text)}
        assert named <= LABELS | {"job"}, one


def test_every_expression_is_closed():
    for one in expressions():
        for opening, closing in ("()", "{}", "[]"):
            assert one.count(opening) == one.count(closing), one
        assert re.fullmatch(r"[\w\s(){}\[\]<>=!+*/.,\"-]+", one), one


def test_every_alert_says_what_it_means_and_what_to_type():
    found = rules()
    assert len(found) > 20
    assert len({rule["alert"] for rule in found}) == len(found)
    commands = set(typer.main.get_command(app).commands)
    for rule in found:
        assert re.fullmatch(r"Trygg[A-Z]\w+", rule["alert"])
        assert rule["severity"] in ("critical", "warning", "info")
        assert len(rule["summary"]) > 15, rule
        assert len(rule["description"]) > 15, rule
        named = set(re.findall(r"trygg gateway ([a-z-]+)", rule["description"]))
        assert named <= commands, rule


def test_what_a_person_may_die_of_is_critical():
    critical = {rule["alert"] for rule in rules() if rule["severity"] == "critical"}
    assert critical >= {
        "TryggGatewayDown", "TryggAlarmUnconfirmed", "TryggNobodyOnCall", "TryggDeaf",
        "TryggAlarmLaneWaits", "TryggDiskRefuses", "TryggManySilent",
    }  # fmt: skip


def test_the_panels_do_not_lie_on_one_another():
    taken = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                 for y in range(at["y"], at["y"] + at["h"])}  # fmt: skip
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_promtool_takes_the_rules(tmp_path):
    promtool = shutil.which("promtool")
    assert promtool, "promtool is not installed: apt-get install prometheus"
    (tmp_path / "alerts.yml").write_text(ALERTS)
    done = subprocess.run(
        [promtool, "check", "rules", str(tmp_path / "alerts.yml")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_operators_page_names_every_command_and_none_that_is_not():
    page = (Path(__file__).parents[2] / "docs/operating.md").read_text("utf-8")
    commands = {
        name for name, one in typer.main.get_command(app).commands.items() if not one.hidden
    }
    named = set(re.findall(r"trygg gateway ([a-z-]+)", page))
    assert named <= commands, named - commands
    elsewhere = {"run", "config", "password", "tracker", "fence", "order", "quarantine", "bans"}
    assert commands - elsewhere <= named, commands - elsewhere - named


def test_the_operators_page_says_what_a_reload_takes_over():
    page = (Path(__file__).parents[2] / "docs/operating.md").read_text("utf-8")
    taken, restart = page.partition("| taken over at once")[2].splitlines()[2].split(" | ")
    for name in Config.model_fields:
        said = f"[{name}]" in taken or f"[{name}]" in restart or name in ("listener", "console")
        assert said, name
        assert (f"[{name}]" in taken) == (name in TAKEN), name


def test_the_command_writes_both_and_may_be_given_again(tmp_path):
    for _ in range(2):
        done = CliRunner().invoke(app, ["monitoring", str(tmp_path / "new/folder")])
        assert done.exit_code == 0, done.output
    assert (tmp_path / "new/folder/alerts.yml").read_text() == ALERTS
    assert json.loads((tmp_path / "new/folder/dashboard.json").read_text()) == DASHBOARD
