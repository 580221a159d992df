"""What a person does next, as the pages tell it, and what is said where that cannot go well."""

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from gateway.parcels import parcel
from gateway.records import entry, report
from trygg_gateway.cli import app
from trygg_gateway.journal import Journal


@pytest.fixture
def folder(tmp_path):
    """A gateway as `init` makes it, on its own port."""
    assert command("init", tmp_path / "nord").exit_code == 0
    return tmp_path / "nord"


def command(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def mosquitto(folder, *words):
    config = ("--config", folder / "gateway.toml")
    done = command("mosquitto-config", folder / "mosquitto", "--host", "localhost", *words, *config)
    assert done.exit_code == 0, done.output
    return done


def test_two_on_one_port_is_said_before_the_second_cannot_start(folder):
    said = mosquitto(folder).stderr
    assert "listener.port is 8883, too" in said
    assert "--port" in said
    assert "listener.port" not in mosquitto(folder, "--port", 8884).stderr


def test_without_a_door_of_its_own_the_port_is_mosquittos(folder):
    text = (folder / "gateway.toml").read_text()
    text = text.replace("enabled = true", "enabled = false", 1)
    text = text.replace(
        '# url = "mqtts://broker.example:8883"', 'url = "mqtts://localhost:8883"', 1
    )
    (folder / "gateway.toml").write_text(text)
    done = mosquitto(folder)
    assert "listener.port" not in done.stderr
    assert "The broker is not running: it reads them when it starts" in done.stdout


def test_an_audit_of_nobody_proves_nothing_and_says_so(folder):
    done = command("audit", "--all", "--config", folder / "gateway.toml")
    assert done.exit_code == 1
    assert "No tracker is registered" in done.stderr


def test_whoever_has_seen_enough_of_the_tail_is_told_nothing_of_it(folder):
    journal = Journal.open(folder / "data/journal.sqlite")
    journal.put(parcel(*(entry(report(1, seq)) for seq in range(1, 50))))
    journal.close()
    words = ["tail", "-n", "50", "--once", "--config", str(folder / "gateway.toml")]
    process = subprocess.Popen(
        [sys.executable, "-m", "trygg_gateway.cli", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    process.stdout.close()  # before it says anything, as `head` does after ten lines
    assert (process.stderr.read(), process.wait(60)) == ("", 0)
    process.stderr.close()


def test_a_replay_of_a_name_that_nobody_has_is_no_replay(folder):
    sink = '[sinks.a]\ntype = "file"\npath = "data/a.jsonl"\n'
    (folder / "gateway.toml").write_text(sink)
    words = ["sinks", "replay", "a", "--from", "1h", "--config", folder / "gateway.toml"]
    for more in (["--dry-run"], []):
        done = command(*words, "--device", "astird", *more)
        assert done.exit_code == 1
        assert "astird is not registered, and nothing of it is held" in done.stderr
    assert command(*words, "--device", "_gateway").exit_code == 0
    assert command(*words).exit_code == 0


@pytest.mark.parametrize(("bound_mb", "fits"), [(0, True), (255, False), (256, True)])
def test_a_bound_that_leaves_room_for_alarms_alone_is_refused(folder, bound_mb, fits):
    (folder / "gateway.toml").write_text(f"[journal]\nmax_mb = {bound_mb}\nreserve_mb = 64\n")
    done = command("check", "--config", folder / "gateway.toml")
    assert (done.exit_code == 0) == fits
    assert ("Set max_mb to 256 or more" in done.stderr) == (not fits)
