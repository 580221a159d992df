"""`trygg gateway tracker gaps|keep|forget`, beside a running gateway and without one."""

import json

import pytest
from typer.testing import CliRunner

from gateway.gateway_process import GatewayProcess
from gateway.records import NOW_MS, entry, report
from gateway.upkeep_rig import Rig
from trygg_gateway.cli import app
from trygg_gateway.journal import Journal
from trygg_gateway.service import JOURNAL


@pytest.fixture
def folder(tmp_path):
    made = CliRunner().invoke(app, ["init", str(tmp_path / "nord"), "--name", "nord", "--loopback"])
    assert made.exit_code == 0, made.output
    return tmp_path / "nord"


@pytest.fixture
def on(folder):
    """Run a `tracker` command on that folder's gateway; its output, parsed if it is JSON."""

    def run(*words, code=0, stdin=None):
        command = ["tracker", *words, "--config", str(folder / "gateway.toml")]
        done = CliRunner().invoke(app, command, input=stdin)
        assert done.exit_code == code, done.output
        return json.loads(done.stdout) if "--json" in words else done.output

    return run


def filled(folder, seqs=(1, 2, 5)):
    path = folder / "data" / JOURNAL
    path.parent.mkdir(exist_ok=True)
    with Rig(path) as rig:
        rig.register("astrid", "bodil")
        rig.keep(*(entry(report(1, seq)) for seq in seqs))
        rig.keep(entry(report(1, 1), "bodil"))
        rig.journal.write(_with_a_gap).result(20)
    return path


def _with_a_gap(db):
    db.execute("INSERT INTO boots VALUES ('astrid', 1, 5, NULL)")
    db.execute("INSERT INTO gaps VALUES ('astrid', 1, 3, 4, ?, 'open', '')", (NOW_MS,))
    db.execute("INSERT INTO backups (path, at_ms, records) VALUES ('/old/copy', ?, 3)", (NOW_MS,))


def test_gaps_are_shown_to_people_and_machines(folder, on):
    filled(folder)
    shown = on("gaps", "astrid", "--json")
    assert shown["boots"][0]["upto"] == 5
    assert [(g["first"], g["last"], g["state"]) for g in shown["boots"][0]["gaps"]] == [
        (3, 4, "open")
    ]
    assert "3 to 4" in on("gaps", "astrid")
    assert "nothing is missing" in on("gaps", "bodil")
    on("gaps", "sigrid", code=1)


def test_one_tracker_is_kept_for_a_time_of_its_own(folder, on):
    path = filled(folder)
    assert on("keep", "astrid", "--days", "14", "--who", "Kari", "--json")["days"] == 14
    journal = Journal.visit(path)
    assert journal.query("SELECT device, days, who FROM retentions") == [("astrid", 14, "Kari")]
    journal.close()
    assert "90 days" in on("keep", "astrid", "--days", "0")
    on("keep", "sigrid", "--days", "5", code=1)


def test_forgetting_asks_first_and_says_what_it_cannot_reach(folder, on):
    path = filled(folder)
    on("forget", "astrid", code=1, stdin="n\n")
    said = on("forget", "astrid", "--who", "Kari", stdin="y\n")
    assert "3 records" in said
    assert "not reached: the backup of" in said
    assert "/old/copy" in said
    journal = Journal.visit(path)
    assert journal.query("SELECT device, boot, seq FROM records WHERE device <> '_gateway'") == [
        ("bodil", 1, 1)
    ]
    assert journal.query("SELECT device FROM trackers") == [("bodil",)]
    journal.close()
    assert json.loads((path.parent / "forgotten.jsonl").read_text())["device"] == "astrid"
    on("forget", "sigrid", "--yes", code=1)


def test_beside_a_running_gateway_it_is_the_gateway_that_forgets(tmp_path):
    gateway = GatewayProcess(tmp_path / "nord")
    path = filled(gateway.folder, range(1, 351))
    with gateway:
        command = ["tracker", "forget", "astrid", "--yes", "--json", "--config"]
        done = CliRunner().invoke(app, [*command, str(gateway.config)])
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["deleted"]["records"] == 350
        journal = Journal.visit(path)
        assert journal.query("SELECT first, last FROM let_go") == [(1, 350)]
        assert journal.query("SELECT 1 FROM trackers WHERE device = 'astrid'") == []
        journal.close()
