"""A copy beside a running gateway, looked at, and put in the journal's place."""

import errno
import json
import time

from typer.testing import CliRunner

from gateway.gateway_process import GatewayProcess, packets_until
from gateway.records import report
from trygg_gateway.cli import app


def say(gateway, credentials, *seqs):
    line = gateway.tracker(credentials)
    for seq in seqs:
        line.publish(report(1, seq, int(time.time())), seq)
    packets_until(line, 0, set(seqs))
    line.close()


def test_a_copy_of_a_running_gateway_is_whole_and_can_take_its_place(tmp_path):
    copy = tmp_path / "copy.sqlite"
    with GatewayProcess(tmp_path / "nord") as gateway:
        credentials = gateway.add()
        say(gateway, credentials, 1, 2, 3)
        done = gateway.command("backup", copy, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["records"] == 3
        assert copy.stat().st_mode & 0o777 == 0o600
        again = gateway.command("backup", copy)
        assert again.returncode == 2
        assert "it exists" in again.stderr
        say(gateway, credentials, 4, 5)
        refused = gateway.command("restore", copy, "--yes")
        assert refused.returncode == 1
        assert "is running on this journal" in refused.stderr
    assert CliRunner().invoke(app, ["backup-check", str(copy)]).exit_code == 0
    assert gateway.command("restore", copy, "--yes").returncode == 0
    with gateway:
        audit = gateway.command("audit", "--device", "astrid", "--from", "1h", "--json")
        assert audit.returncode == 1, "what came after the copy is named"
        assert [(g["first"], g["last"], g["why"]) for g in json.loads(audit.stdout)["gaps"]] == [
            (4, 5, "journal")
        ]
        assert "The journal was restored" in gateway.command("status").stdout


def test_a_copy_that_was_harmed_is_said_to_be(tmp_path):
    gateway = GatewayProcess(tmp_path / "nord")
    gateway.settings(listener={"port": 1883})
    gateway.add()
    copy = tmp_path / "copy.sqlite"
    assert gateway.command("backup", copy).returncode == 0
    data = bytearray(copy.read_bytes())
    data[5000:9000] = bytes(4000)
    copy.write_bytes(data)
    done = CliRunner().invoke(app, ["backup-check", str(copy), "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["faults"]
    none = CliRunner().invoke(app, ["backup-check", str(tmp_path / "none")])
    assert none.exit_code == 1
    assert "is no file" in none.output
    plan = tmp_path / "plan.txt"
    plan.write_text("no journal at all " * 100, "utf-8")
    other = CliRunner().invoke(app, ["backup-check", str(plan)])
    assert other.exit_code == 1
    assert "plan.txt: " in other.output


def test_a_copy_into_a_folder_that_is_not_there_says_so(tmp_path):
    gateway = CliRunner().invoke(app, ["init", str(tmp_path / "nord"), "--loopback"])
    assert gateway.exit_code == 0
    config, copy = tmp_path / "nord/gateway.toml", tmp_path / "none/copy.sqlite"
    done = CliRunner().invoke(app, ["backup", str(copy), "--config", str(config)])
    assert done.exit_code == 2
    assert f"no folder {copy.parent}" in done.output.replace("\n", "")


def test_a_gateway_that_finds_no_room_is_said_by_its_folder(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("trygg_gateway.cli.setup.make_folder", full)
    done = CliRunner().invoke(app, ["init", str(tmp_path / "nord")])
    assert done.exit_code == 1
    assert "nord: cannot be made: No space left on device" in done.output.replace("\n", "")
