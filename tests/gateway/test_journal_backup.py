"""A backup is one whole state of a journal that goes on; a restored one hides nothing it lacks."""

import asyncio
import errno
import json
import shutil
import sqlite3
import threading
import time

import pytest

from gateway.parcels import parcel
from gateway.records import NOW_MS, entry, report
from gateway.upkeep_rig import Rig
from trygg_gateway import forgetting, gap_book, order_book, orders
from trygg_gateway.gap_keeper import GapKeeper
from trygg_gateway.journal import Journal
from trygg_gateway.journal_backup import backup, note, restore
from trygg_gateway.journal_file import JournalError
from trygg_gateway.own_records import GATEWAY, JOURNAL_MENDED
from trygg_gateway.registry import Registry
from trygg_wire import layouts


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "journal.sqlite"


@pytest.fixture(autouse=True)
def folder(path):
    path.parent.mkdir()


def keep(rig, *seqs, boot=1):
    rig.keep(*(entry(report(boot, seq)) for seq in seqs))


def test_a_copy_is_whole_private_and_noted(path, tmp_path):
    with Rig(path) as rig:
        rig.register("astrid")
        keep(rig, *range(1, 101))
        steps = []
        made = backup(path, tmp_path / "copy", NOW_MS, lambda *said: steps.append(said))
        rig.journal.write(lambda db: note(db, made, NOW_MS)).result(20)
        assert rig.journal.query("SELECT path, records FROM backups") == [
            (str(tmp_path / "copy"), 100)
        ]
    assert made.records == 100
    assert steps[-1][0] == steps[-1][1] > 0
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(tmp_path / "copy") as db:
        assert db.execute("SELECT count(*) FROM trackers").fetchone() == (1,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


def test_it_is_one_state_while_commits_go_on(path, tmp_path, monkeypatch):
    monkeypatch.setattr("trygg_gateway.journal_backup.STEP", 2)
    with Rig(path) as rig:
        keep(rig, *range(1, 2001))
        over, seq = threading.Event(), [2000]

        def go_on():
            while not over.is_set():
                keep(rig, seq[0] + 1)
                seq[0] += 1

        writer = threading.Thread(target=go_on)

        def some_more(copied, of):  # after each step there are further commits to be seen
            had, until = seq[0], time.monotonic() + 20
            while seq[0] < min(had + 2, 2020):
                assert time.monotonic() < until
                time.sleep(0.001)

        writer.start()
        try:
            made = backup(path, tmp_path / "copy", NOW_MS, some_more)
        finally:
            over.set()
            writer.join()
        assert seq[0] > 2000 + 5, "commits went on"
    with sqlite3.connect(tmp_path / "copy") as db:
        seqs = [seq for (seq,) in db.execute("SELECT seq FROM records ORDER BY seq")]
    db.close()
    assert seqs == list(range(1, made.records + 1)), "none in between is missing"


def test_a_backup_that_is_cut_short_leaves_no_file_of_that_name_and_is_begun_anew(path, tmp_path):
    with Rig(path) as rig:
        keep(rig, *range(1, 101))

        def cut(*_):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            backup(path, tmp_path / "copy", NOW_MS, cut)
        assert not (tmp_path / "copy").exists()
        assert backup(path, tmp_path / "copy", NOW_MS).records == 100
        with pytest.raises(JournalError, match="it exists"):
            backup(path, tmp_path / "copy", NOW_MS)
        with pytest.raises(JournalError, match="no folder"):
            backup(path, tmp_path / "no/folder", NOW_MS)

        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        with pytest.raises(JournalError, match="wanted a whole copy"):
            backup(path, tmp_path / "other", NOW_MS, full)
        assert not list(tmp_path.glob("other*"))


def test_a_restored_journal_names_what_it_was_acknowledged_after_the_copy(path, tmp_path):
    with Rig(path) as rig:
        rig.register("astrid")
        keep(rig, *range(1, 11))
        backup(path, tmp_path / "copy", NOW_MS)
        keep(rig, *range(11, 31))
        rig.confirm()
    away = restore(tmp_path / "copy", path)
    assert away is not None
    with sqlite3.connect(away) as db:
        assert db.execute("SELECT count(*) FROM records").fetchone() == (30,), "nothing is deleted"
    db.close()
    with Rig(path) as rig:
        ((what, told),) = rig.journal.query("SELECT what, told FROM mendings")
        (boot,) = json.loads(told)["boots"]
        assert (what, boot["lost"], boot["unknown_above"]) == ("restored", [[11, 30]], 30)
        assert rig.journal.query("SELECT device, what FROM alarms") == [(GATEWAY, JOURNAL_MENDED)]
        gaps = rig.journal.read(lambda db: gap_book.told(db, "astrid"))[0]["gaps"]
        assert [(gap["first"], gap["last"], gap["why"]) for gap in gaps] == [(11, 30, "journal")]
        assert rig.held() == list(range(1, 11))
    Journal.open(path).close()
    with Rig(path) as rig:
        assert len(rig.journal.query("SELECT 1 FROM mendings")) == 1, "once"


def test_when_the_old_journal_is_gone_the_gap_shows_as_the_tracker_goes_on(path, tmp_path):
    with Rig(path) as rig:
        rig.register("astrid")
        keep(rig, *range(1, 11))
        backup(path, tmp_path / "copy", NOW_MS)
    for file in path.parent.iterdir():
        file.unlink()
    assert restore(tmp_path / "copy", path) is None

    async def go_on():
        with Rig(path) as rig:
            keeper = GapKeeper(rig.journal, lambda: NOW_MS)
            await keeper._begin()
            keeper._running = True
            rig.journal.on_commit.append(keeper.on_commit)
            keep(rig, 31)
            rig.journal.write(lambda db: None).result(20)
            await keeper.step()
            (gap,) = keeper.book.boots["astrid", 1].gaps
            assert (gap.first, gap.last, gap.why) == (11, 30, gap_book.JOURNAL)

    asyncio.run(go_on())


def test_who_was_forgotten_after_the_copy_is_forgotten_again(path, tmp_path):
    with Rig(path) as rig:
        rig.register("astrid")
        keep(rig, 1, 2)
        backup(path, tmp_path / "copy", NOW_MS)
        forgetting.write_down(path.parent, "astrid", "Kari", NOW_MS)
    restore(tmp_path / "copy", path)
    with Rig(path) as rig:
        down = forgetting.written_down(path.parent)
        rig.journal.write(lambda db: forgetting.ask_again(db, down)).result(20)
        rig.forget()
        assert rig.held() == []


@pytest.mark.parametrize("harm", ["gone", "noise", "another", "torn"])
def test_what_is_no_backup_is_refused_and_nothing_changes(path, tmp_path, harm):
    copy = tmp_path / "copy"
    with Rig(path) as rig:
        keep(rig, *range(1, 301))
        backup(path, copy, NOW_MS)
    before = path.read_bytes()
    if harm == "gone":
        copy.unlink()
    elif harm == "noise":
        copy.write_bytes(b"Kjaere dagbok" * 999)
    elif harm == "another":
        shutil.copyfile(path, copy)
    else:
        copy.write_bytes(copy.read_bytes()[:-5000])
    with pytest.raises(JournalError, match="Nothing was changed"):
        restore(copy, path)
    assert path.read_bytes() == before


def test_under_a_running_gateway_nothing_is_restored(path, tmp_path):
    with Rig(path) as rig:
        keep(rig, 1)
        backup(path, tmp_path / "copy", NOW_MS)
        with pytest.raises(JournalError, match="another gateway"):
            restore(tmp_path / "copy", path)
        rig.journal.put(parcel(entry(report(1, 2))))


def test_who_was_revoked_after_the_copy_stays_revoked_and_a_new_password_counts(path, tmp_path):
    with Rig(path) as rig:
        rig.register("astrid", "bodil")
        keep(rig, 1)
        backup(path, tmp_path / "copy", NOW_MS)
        registry = Registry(rig.journal, lambda: NOW_MS)
        registry.revoke("astrid")
        new = registry.rotate("bodil")
        rig.register("sigrid")
    restore(tmp_path / "copy", path)
    with Rig(path) as rig:
        rows = rig.journal.query("SELECT device, revoked, password_hash FROM trackers")
        assert [row[:2] for row in rows] == [("astrid", 1), ("bodil", 0), ("sigrid", 0)]
        assert rows[1][2] == new.tracker.password_hash
        (why,) = rig.journal.query("SELECT why FROM mendings")[0]
        assert "revoke again" not in why


def test_without_the_old_journal_it_is_said_that_revoking_may_be_undone(path, tmp_path):
    with Rig(path) as rig:
        rig.register("astrid")
        keep(rig, 1)
        backup(path, tmp_path / "copy", NOW_MS)
    path.write_bytes(b"noise" * 999)
    restore(tmp_path / "copy", path)
    with Rig(path) as rig:
        (why,) = rig.journal.query("SELECT why FROM mendings")[0]
        assert "revoke again" in why


def test_no_order_gets_a_version_again_that_a_tracker_may_have_applied(path, tmp_path):
    with Rig(path) as rig:
        rig.register("astrid")
        keep(rig, 1)
        backup(path, tmp_path / "copy", NOW_MS)

        def ordered():
            def act(db):
                id_ = order_book.queue(db, "astrid", layouts.COMMAND, body, 0, "Kari", NOW_MS)
                return db.execute("SELECT version FROM orders WHERE id = ?", (id_,)).fetchone()[0]

            return rig.journal.write(act).result(20)

        body = orders.command_body(layouts.ALARM_TAKEN, 1, 1)
        before = [ordered() for _ in range(3)]
    restore(tmp_path / "copy", path)
    with Rig(path) as rig:
        assert ordered() > max(before)


def test_what_a_restore_makes_is_nobody_elses_to_read(path, tmp_path):
    with Rig(path) as rig:
        keep(rig, 1, 2)
        backup(path, tmp_path / "copy", NOW_MS)
    (tmp_path / "drill").mkdir()
    restore(tmp_path / "copy", tmp_path / "drill" / "journal.sqlite")
    made = {file.name: file.stat().st_mode & 0o077 for file in (tmp_path / "drill").iterdir()}
    assert "journal.sqlite.lock" in made
    assert set(made.values()) == {0}
