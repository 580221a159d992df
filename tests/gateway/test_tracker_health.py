"""`trygg gateway tracker health`: every counter of a tracker is seen by a person."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from gateway.parcels import put_one
from gateway.records import entry, health, report
from trygg_gateway.cli import app
from trygg_gateway.cli.opened import JOURNAL
from trygg_gateway.config import load
from trygg_gateway.journal import Journal
from trygg_gateway.reader import Reader
from trygg_wire import layouts


@pytest.fixture
def said(tmp_path):
    """Run `tracker health` on a gateway's folder that holds these frames of astrid's."""

    def run(*frames, words=(), code=0):
        def trygg(*rest):
            return CliRunner().invoke(app, [str(word) for word in rest])

        folder = tmp_path / "nord"
        config = ("--config", folder / "gateway.toml")
        assert trygg("init", folder, "--name", "nord", "--loopback").exit_code == 0
        added = trygg("tracker", "add", "astrid", "--out", tmp_path / "astrid.json", *config)
        assert added.exit_code == 0, added.output
        journal = Journal.open(load(folder / "gateway.toml").gateway.data / JOURNAL)
        for frame in frames:
            put_one(journal, entry(frame, device="astrid"))
        journal.write(lambda _db: None).result()
        read_all(journal)
        journal.close()
        done = trygg("tracker", "health", *(words or ("astrid",)), *config)
        assert done.exit_code == code, done.output
        return done.output

    return run


def read_all(journal):
    async def fold():
        reader = Reader(journal, lambda: 0, lambda _device: None, lambda _device: None)
        while await reader.step():
            pass

    asyncio.run(fold())


def test_every_figure_of_the_newest_health_record_is_shown_and_no_position(said):
    shown = said(report(1, 1), health(1, 2))
    lines = dict(line.split(None, 1) for line in shown.splitlines()[1:])
    told_apart = {"time_s", "time_is_uptime", "charge"}
    names = [row[0] for row in layouts.ROWS[layouts.HEALTH] if row[0] not in told_apart]
    assert [name for name in names if name not in lines] == []
    assert lines["searches_given_up"].strip() == "5"
    assert lines["uah_receiver"].strip() == "900"
    assert lines["said"].startswith("20")
    assert "lat" not in shown


def test_the_same_as_json(said):
    shown = json.loads(said(health(1, 2), words=("astrid", "--json")))
    assert (shown["setup_refused"], shown["anchor_faults"]) == (5, 5)


def test_who_has_said_nothing_and_who_is_nobody(said):
    assert "has not sent a health record yet" in said()


def test_a_tracker_that_nobody_registered_has_none(said):
    assert "bjorn is not registered" in said(words=("bjorn",), code=1)
