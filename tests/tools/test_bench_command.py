"""`trygg bench`: one JSON line a bench, and what cannot be measured said in a sentence."""

import json

import pytest
from typer import Typer
from typer.testing import CliRunner

from trygg_tools import bench_command
from trygg_tools.bench import alarm, doors, drain, fence, ingest, modem, nmea, week, wire
from trygg_tools.bench.report import BenchError


@pytest.fixture
def bench(monkeypatch):
    """bench(*names) runs the command, with benches that take no time."""
    for module in (nmea, fence, wire, week, ingest, drain, alarm, doors, modem):
        monkeypatch.setattr(module, "run", lambda: {"figure": 1})
    app = Typer()
    app.command()(bench_command.command)
    return lambda *names: CliRunner().invoke(app, list(names))


def test_without_names_all_are_measured_in_their_order(bench):
    lines = [json.loads(line) for line in bench().stdout.splitlines()]
    names = ["nmea", "fence", "wire", "week", "ingest", "drain", "alarm", "doors", "modem"]
    assert [line["bench"] for line in lines] == names
    assert all({"command", "machine", "figure"} <= line.keys() for line in lines)


def test_a_line_names_the_command_that_measures_it_again(bench):
    (line,) = bench("wire").stdout.splitlines()
    assert json.loads(line)["command"] == "trygg bench wire"


def test_an_unknown_name_is_refused_before_anything_is_measured(bench):
    done = bench("wire", "speed")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert (
        "wanted one of nmea, fence, wire, week, ingest, drain, alarm, doors, modem, got speed"
        in done.stderr
    )


@pytest.mark.parametrize(
    "error", [BenchError("no wearer left"), FileNotFoundError(2, "none", "mosquitto")]
)
def test_what_cannot_be_measured_says_why_and_the_others_go_on(bench, monkeypatch, error):
    def fail():
        raise error

    monkeypatch.setattr(ingest, "run", fail)
    done = bench("ingest", "alarm")
    assert done.exit_code == 1
    assert [json.loads(line)["bench"] for line in done.stdout.splitlines()] == ["alarm"]
    assert f"trygg bench ingest: {error}" in done.stderr
