"""A journal of an older Trygg opens, once, whole, and only for who has it to itself."""

import sqlite3
from pathlib import Path

import pytest

import trygg_gateway.journal_file as journal_file
from gateway.records import NOW_MS, NOW_S, alarm
from trygg_gateway.journal import Journal
from trygg_gateway.journal_file import SCHEMA_VERSION, JournalError, only_gateway

VERSION_1 = Path(journal_file.__file__).with_name("schema.sql")
_ALARM = (
    "INSERT INTO alarms (device, boot, seq, what, reason, test, fence_number, fence_version, state,"
    " raised_s, stored_ms, late_by_s, fix_age_s) VALUES ('astrid', 1, 9, 1, 1, 0, 1, 7, 'raised',"
    f" {NOW_S}, {NOW_MS}, 0, 4)"
)
_RECORD = "INSERT INTO records VALUES (1, 'astrid', 1, 9, 2, 0, ?, ?, ?)"


@pytest.fixture
def old(tmp_path):
    """A journal as version 1 wrote it, with an alarm that nobody has taken."""
    path = tmp_path / "journal.sqlite"
    with sqlite3.connect(path) as db:
        db.executescript(VERSION_1.read_text("utf-8"))
        db.execute("INSERT INTO meta VALUES ('schema', '1')")
        db.execute(_RECORD, (NOW_S, NOW_MS, alarm(1, 9)))
        db.execute(_ALARM)
    db.close()
    return path


def layout(path):
    with sqlite3.connect(path) as db:
        found = {
            name: [column[1:] for column in db.execute(f"PRAGMA table_info({name})")]
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        version = db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()[0]
    db.close()
    return found, version


def test_an_older_journal_opens_with_all_it_held(old):
    journal = Journal.open(old)
    assert journal.query("SELECT payload FROM records") == [(alarm(1, 9),)]
    assert journal.query("SELECT state, stored_ms, since_ms, said FROM alarms") == [
        ("raised", NOW_MS, NOW_MS, "")
    ]
    journal.close()
    assert layout(old)[1] == str(SCHEMA_VERSION)


def test_a_new_journal_and_one_brought_up_to_date_are_laid_out_alike(old, tmp_path):
    new = tmp_path / "new.sqlite"
    for path in (old, new):
        Journal.open(path).close()
    assert layout(old) == layout(new)
    Journal.open(old).close()


def test_beside_a_gateway_of_an_older_trygg_nobody_changes_its_journal(old):
    with only_gateway(old), pytest.raises(JournalError, match="another gateway is running"):
        Journal.visit(old)
    assert layout(old)[1] == "1"
    Journal.visit(old).close()
    assert layout(old)[1] == str(SCHEMA_VERSION)


def test_an_upgrade_that_is_cut_short_leaves_the_journal_as_it_was(old, monkeypatch):
    before = layout(old)
    run = journal_file._run

    def cut(db, file):
        run(db, file)
        raise JournalError("cut short")

    monkeypatch.setattr(journal_file, "_run", cut)
    with pytest.raises(JournalError, match="cut short"):
        Journal.open(old)
    monkeypatch.undo()
    assert layout(old) == before
    Journal.open(old).close()


def test_an_older_journal_is_written_anew_so_that_it_can_shrink(old, monkeypatch):
    with sqlite3.connect(old) as db:
        assert db.execute("PRAGMA auto_vacuum").fetchone() == (0,)
    db.close()
    monkeypatch.setattr(journal_file, "SHRINK_MOST", 0)
    journal = Journal.open(old)
    assert journal.query("PRAGMA auto_vacuum") == [(0,)], "too large to be written anew at a start"
    journal.close()
    monkeypatch.undo()
    journal = Journal.open(old)
    assert journal.query("PRAGMA auto_vacuum") == [(2,)]
    assert journal.query("SELECT payload FROM records") == [(alarm(1, 9),)]
    journal.close()
