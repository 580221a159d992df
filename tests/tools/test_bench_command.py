"""`trygg bench`: one JSON line a bench, and what cannot be measured said in a sentence."""

import json

import pytest
from typer import Typer
from typer.testing import CliRunner

from trygg_tools import bench_command
from trygg_tools.bench import (
    alarm,
    doors,
    drain,
    end_to_end,
    fence,
    inflight,
    ingest,
    keeping,
    modem,
    nmea,
    sustained,
    week,
    wire,
)
from trygg_tools.bench.report import BenchError


@pytest.fixture
def bench(monkeypatch):
    """bench(*names) runs the command, with benches that take no time."""
    gateways = (ingest, sustained, inflight, end_to_end, drain, keeping, alarm, doors)
    for module in (nmea, fence, wire, week, modem, *gateways):
        monkeypatch.setattr(module, "run", lambda **given: {"figure": 1, "given": given})
    app = Typer()
    app.command(context_settings=bench_command.SETTINGS)(bench_command.command)
    return lambda *names: CliRunner().invoke(app, list(names))


def test_without_names_all_are_measured_in_their_order(bench):
    lines = [json.loads(line) for line in bench().stdout.splitlines()]
    assert [line["bench"] for line in lines] == list(bench_command.BENCHES)
    assert all({"command", "machine", "figure"} <= line.keys() for line in lines)


def test_a_line_names_the_command_that_measures_it_again(bench):
    (line,) = bench("wire").stdout.splitlines()
    assert json.loads(line)["command"] == "trygg bench wire"


def test_an_unknown_name_is_refused_before_anything_is_measured(bench):
    done = bench("wire", "speed")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert f"wanted one of {', '.join(bench_command.BENCHES)}, got speed" in done.stderr


def test_a_bench_has_options_of_its_own(bench):
    (line,) = bench("ingest", "--door", "broker", "--records", "500").stdout.splitlines()
    told = json.loads(line)
    assert told["bench"] == "ingest"
    assert told["command"] == "trygg bench ingest --door broker --records 500"
    assert (told["given"]["door"], told["given"]["records"]) == ("broker", 500)


@pytest.mark.parametrize("name", ["ingest", "sustained", "inflight", "end-to-end"])
def test_a_benchs_help_teaches_what_it_measures_with_an_example(bench, name):
    done = bench(name, "--help")
    assert done.exit_code == 0
    assert f"Example: trygg bench {name} --" in done.stdout


def test_help_without_a_name_tells_of_all(bench):
    done = bench("--help")
    assert done.exit_code == 0
    assert all(name in done.stdout for name in bench_command.BENCHES)


@pytest.mark.parametrize("words", [("--records", "5"), ("wire", "--records", "5"),
                                   ("ingest", "sustained", "--records", "5")])  # fmt: skip
def test_options_of_no_bench_are_refused_before_anything_is_measured(bench, words):
    done = bench(*words)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "options" in done.stderr


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
