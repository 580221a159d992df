"""An alarm that nobody has taken is seen, however many warnings, tests and silences there are."""

import json

import pytest
from typer.testing import CliRunner

from gateway.test_views import Rig
from trygg_gateway import own_records
from trygg_gateway.cli import app
from trygg_wire import layouts

PUT = """
    INSERT INTO alarms (device, boot, seq, what, reason, test, fence_number, fence_version, state,
        raised_s, stored_ms, late_by_s, fix_age_s)
    VALUES ('astrid', 1, ?, ?, 0, ?, 0, 0, ?, ?, 0, 0, 4)
"""
WARNED = (own_records.WEAK_LINK, False, "raised")
SILENT = (own_records.SILENT, False, "raised")
TEST = (layouts.LEFT, True, "raised")
TAKEN = (layouts.LEFT, False, "taken")


@pytest.fixture
def journal(tmp_path):
    (tmp_path / "gateway.toml").write_text("[listener]\nport = 0\n[console]\nport = 0\n")
    (tmp_path / "data").mkdir()
    rig = Rig(tmp_path / "data/journal.sqlite")
    rig.registry.add("astrid", "nord", "Astrid")
    yield rig
    rig.journal.close()


def hold(rig, *alarms):
    """What each is, whether a test, its state; each a second later than the one before."""
    rows = [(seq, *one, seq) for seq, one in enumerate(alarms, 1)]
    rig.journal.write(lambda db: db.executemany(PUT, rows)).result(20)


@pytest.mark.parametrize("after", [WARNED, SILENT, TEST, TAKEN])
def test_a_call_for_help_is_not_cut_off_by_what_came_after_it(journal, after):
    hold(journal, (layouts.SOS, False, "raised"), *[after] * 250)
    shown = journal.views.alarms(limit=200)
    assert shown[0]["what"] == "sos"
    assert len(shown) == 200


def test_what_stands_for_itself_is_newest_first_and_closed_ones_come_last(journal):
    kinds = [(layouts.LEFT, False, "closed"), WARNED, TAKEN, SILENT, TEST]
    hold(journal, *[one for one in kinds for _ in (1, 2)])
    seqs = dict(journal.journal.query("SELECT id, seq FROM alarms"))
    in_order = [seqs[one["id"]] for one in journal.views.alarms()]
    assert in_order == [8, 7, 6, 5, 10, 9, 4, 3, 2, 1]


def test_status_names_it_at_once_and_counts_all_that_are_open(journal, tmp_path):
    hold(journal, (layouts.SOS, False, "raised"), *[WARNED] * 250)
    command = ["status", "--config", str(tmp_path / "gateway.toml")]
    said = CliRunner().invoke(app, command).output
    assert "Astrid, sos" in said
    assert "open alarms: 251" in said
    told = json.loads(CliRunner().invoke(app, [*command, "--json"]).output)
    assert told["open_alarms"] == 251
