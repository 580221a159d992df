"""What comes in, as it comes, and nobody's whereabouts unless they are asked for."""

import json
import os
import re
import selectors
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from gateway.parcels import put_one
from gateway.records import NOW_MS, alarm, answer, entry, health, report, row
from trygg_gateway import own_records, tailing
from trygg_gateway.cli import app
from trygg_gateway.journal import Journal
from trygg_gateway.values import CLASH_BOOT

COORDINATE = re.compile(r"\d{1,3}\.\d{4,}|59[._]?9|10[._]?75")


@pytest.fixture
def folder(tmp_path):
    assert CliRunner().invoke(app, ["init", str(tmp_path / "nord"), "--loopback"]).exit_code == 0
    journal = Journal.open(tmp_path / "nord/data/journal.sqlite")
    say(journal, report(1, 1), alarm(1, 2), health(1, 3), answer(1, 4))
    say(journal, report(1, 1), device="bjorn")
    said = own_records.payload_of(
        "warning", "weak_link", {"text": "last at 59.9138, 10.7522", "position": {"lat": 59.9}}
    )
    put_one(journal, own_records.entry_of("astrid", 1, said, NOW_MS))
    put_one(journal, entry(report(1, 9))._replace(payload=b"\x99damaged"))
    journal.write(lambda _db: None).result()
    yield tmp_path / "nord"
    journal.close()


def say(journal, *frames, device="astrid"):
    for frame in frames:  # each in a commit of its own: of one commit alarms come first
        put_one(journal, entry(frame, device=device))
        journal.write(lambda _db: None).result()


def tail(folder, *words, code=0):
    command = ["tail", "--once", *words, "--config", str(folder / "gateway.toml")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == code, done.output
    return done.output


def test_every_kind_is_a_line_without_a_coordinate(folder):
    said = tail(folder)
    lines = [line.split(maxsplit=1)[1] for line in said.splitlines()]
    assert len(lines) == 7
    assert lines[0].startswith("astrid           live    report   1:1        inside, 81 %")
    assert lines[1].startswith("! astrid           alarm   alarm    1:2        left, crossed, out")
    assert "health" in lines[2]
    assert "firmware 0.1.0" in lines[2]
    assert "order 12 refused, expired" in lines[3]
    assert "gateway  own:1      warning, weak_link, last at (degrees dropped)" in said
    assert "unreadable" in said
    assert not COORDINATE.search(re.sub(r"^\d\d:\d\d:\d\d", "", said, flags=re.MULTILINE))


def test_it_can_be_narrowed(folder):
    assert len(tail(folder, "--device", "bjorn").splitlines()) == 1
    assert len(tail(folder, "--lane", "alarm").splitlines()) == 2
    assert len(tail(folder, "--kind", "report", "--kind", "health").splitlines()) == 4
    assert len(tail(folder, "-n", "2").splitlines()) == 2
    assert tail(folder, "-n", "0") == ""


def test_json_has_no_place_unless_it_is_asked_for_and_then_that_is_written_down(folder):
    said = [json.loads(line) for line in tail(folder, "--json").splitlines()]
    assert {one["kind"] for one in said} >= {"report", "alarm", "health", "answer", "gateway"}
    assert "positions" not in said[0]
    assert not COORDINATE.search(json.dumps([one for one in said if one["kind"] != "unreadable"]))
    assert reads(folder) == []
    places = [json.loads(line) for line in tail(folder, "--json", "--positions").splitlines()]
    assert places[0]["positions"][0]["lat"] == pytest.approx(59.913868)
    ((what,),) = reads(folder)
    assert what == "tail of astrid, bjorn"


def reads(folder):
    journal = Journal.visit(folder / "data/journal.sqlite")
    try:
        return journal.query("SELECT what FROM reads")
    finally:
        journal.close()


def test_places_are_never_in_a_line_for_people(folder):
    assert "--json only" in tail(folder, "--positions", code=1)


def test_what_comes_later_is_shown_as_it_comes(folder):
    journal = Journal.visit(folder / "data/journal.sqlite")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                   "PYTHONUNBUFFERED": "1"}  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "trygg_gateway", "tail", "-n", "1", "--device", "astrid",
         "--config", str(folder / "gateway.toml")],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert "unreadable" in line_of(process)
        say(journal, report(1, 5), device="bjorn")
        say(journal, report(1, 7))
        assert "1:7" in line_of(process)
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=30)
        journal.close()
    assert "no gateway is running" in errors


def line_of(process):
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        assert selector.select(60), "nothing was shown"
        return process.stdout.readline()


def test_more_than_one_look_holds_comes_whole_and_in_order(folder, monkeypatch):
    monkeypatch.setattr(tailing, "MOST", 3)
    journal = Journal.visit(folder / "data/journal.sqlite")
    try:
        got, at = [], 0
        while rows := journal.read(lambda db, at=at: tailing.after(db, tailing.Wanted(), at))[0]:
            got += [row.id for row in rows]
            at = rows[-1].id
        assert got == sorted(set(got))
        assert len(got) == 7
    finally:
        journal.close()


def test_what_is_kept_apart_is_not_called_the_gateways_own():
    line = tailing.line_of(row(report(1, 1))._replace(boot=1 | CLASH_BOOT, seq=7), {
        "kind": "report", "fence_state": "inside", "battery_percent": 81, "charging": False,
        "late": False, "lane": "live"})  # fmt: skip
    assert " apart:7 " in line
    assert "own:" not in line
