"""A journal damaged in any way: the gateway starts, what was readable is there, the rest is named.

The ledger of every test: each record that was committed is held with its very bytes, or set aside
as harmed, or named as lost, or lies above what is known of its boot at all.
"""

import json
import random
import shutil
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.parcels import parcel
from gateway.records import NOW_MS, NOW_S, alarm, answer, entry, health, report
from trygg_gateway import journal_check, journal_salvage
from trygg_gateway.forgetting import ask, asked, step
from trygg_gateway.journal import Journal
from trygg_gateway.journal_check import look, mark, whole
from trygg_gateway.journal_file import JournalError, beside
from trygg_gateway.let_go import LetGo
from trygg_gateway.own_records import GATEWAY, JOURNAL_MENDED, OWN_BOOT
from trygg_gateway.registry import Registry
from trygg_gateway.values import CLASH_BOOT, LANES

DEVICES = ("astrid", "bodil", "ingrid")
SEQS = 120
PLACES, BYTES = st.integers(0, 1 << 30), st.integers(1, 255)
MAKE = (report, alarm, health, answer)


def frames():
    return {
        (device, boot, seq): MAKE[seq % 4](boot, seq, NOW_S + seq)
        for seq in range(1, SEQS + 1) for device in DEVICES for boot in (1, 2)
        if not (device == "bodil" and seq % 30 == 7)  # never came
    }  # fmt: skip


def fill(path):
    """A journal with trackers, records, an order's fence, alarms, cursors; {identity: bytes}."""
    journal = Journal.open(path)
    for device in DEVICES:
        Registry(journal, lambda: NOW_MS).add(device, "nord", device.title())
    made = frames()
    journal.put(parcel(*(entry(frame, device=name) for (name, _, _), frame in made.items())))
    journal.write(_rows_of_people).result(20)
    for lane in LANES:
        journal.move_cursor("centre", lane, 100).result(20)
    secrets = journal.query("SELECT device, password_hash, order_key FROM trackers")
    journal.close()
    return made, {row[0]: row[1:] for row in secrets}


def _rows_of_people(db):
    for seq in range(1, 40):
        db.execute(
            "INSERT INTO alarms (device, boot, seq, what, reason, test, fence_number,"
            " fence_version, state, raised_s, stored_ms, late_by_s, fix_age_s)"
            " VALUES ('astrid', 1, ?, 1, 1, 0, 1, 7, 'raised', ?, ?, 0, 4)", (seq, NOW_S, NOW_MS),
        )  # fmt: skip
        db.execute(
            "INSERT INTO orders (device, version, kind, body, frame, expires_s, state, ordered_ms,"
            " ordered_by, changed_ms) VALUES ('astrid', ?, 1, ?, ?, 0, 'queued', 1, 'Kari', 1)",
            (seq, b"body %d" % seq, b"frame %d" % seq),
        )


class Template(tuple):
    """(path of a whole journal, {identity: bytes}, {device: secrets}), too long to be shown."""

    def __repr__(self):
        return f"Template({self[0]})"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "journal.sqlite"
    return Template((path, *fill(path)))


def copy_of(template, folder):
    for file in template.parent.iterdir():
        shutil.copyfile(file, folder / file.name)
    return folder / template.name


def tally(journal, made):
    """(held, set aside as harmed, named as lost, above what is known) of what was committed."""
    held = {
        tuple(row[:3]): row[3]
        for row in journal.query("SELECT device, boot, seq, payload FROM records")
    }
    harmed = {
        topic
        for (topic,) in journal.query(
            "SELECT topic FROM quarantine WHERE reason = 'damaged in the journal'"
        )
    }
    gaps = journal.query("SELECT device, boot, first, last FROM gaps WHERE why = 'journal'")
    tops = {row[:2]: row[2] for row in journal.query("SELECT device, boot, upto FROM boots")}
    found = {"held": 0, "harmed": 0, "lost": 0, "above": 0}
    for (device, boot, seq), frame in made.items():
        if held.get((device, boot, seq)) == frame:
            found["held"] += 1
        elif f"{device}:{boot}:{seq}" in harmed:
            found["harmed"] += 1
        elif any(g[:2] == (device, boot) and g[2] <= seq <= g[3] for g in gaps):
            found["lost"] += 1
        else:
            assert seq > tops.get((device, boot), 0), f"{device}:{boot}:{seq} is silently gone"
            found["above"] += 1
    for identity in held.keys() - made.keys():
        assert identity[1] >= CLASH_BOOT or identity[0] == GATEWAY, f"{identity} never came"
    return found


def harm(path, at, byte):
    with path.open("r+b") as file:
        file.seek(at)
        was = file.read(1)
        file.seek(at)
        file.write(bytes([was[0] ^ byte]))


def opened(path):
    journal = Journal.open(path)
    assert journal.query("PRAGMA quick_check") == [("ok",)]
    return journal


def mendings(journal):
    return journal.query("SELECT what, why, file, told FROM mendings")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(PLACES, BYTES), min_size=1, max_size=3))
def test_a_byte_damaged_anywhere(template, tmp_path_factory, harms):
    path = copy_of(template[0], tmp_path_factory.mktemp("byte"))
    size = path.stat().st_size
    for place, byte in harms:
        harm(path, place % size, byte)
    mark(path)  # as SQLite's own word would, so that all of it is looked at
    journal = opened(path)
    try:
        found = tally_or_harmed_in_place(journal, template[1], path)
        assert found["held"] >= len(template[1]) * 0.5
    finally:
        journal.close()


def tally_or_harmed_in_place(journal, made, path):
    """What a harmed byte inside a frame leaves: no damage of the file, and its CRC tells."""
    if mendings(journal):
        return tally(journal, made)
    told = whole(path)
    held = dict(journal.query("SELECT device || ':' || boot || ':' || seq, payload FROM records"))
    wrong = [i for i, frame in made.items() if held.get(f"{i[0]}:{i[1]}:{i[2]}") != frame]
    assert told or not wrong, f"{wrong} is not as it came, and nobody says so"
    return {"held": len(made) - len(wrong), "harmed": len(wrong)}


@settings(max_examples=20, deadline=None)
@given(PLACES)
def test_a_file_cut_off_anywhere(template, tmp_path_factory, place):
    path = copy_of(template[0], tmp_path_factory.mktemp("cut"))
    length = place % path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(length)
    journal = opened(path)
    try:
        tally(journal, template[1])
        ((what, _, file, _),) = mendings(journal)
        assert what == "salvaged"
        assert (path.parent / file).stat().st_size == length, "set aside as it was"
    finally:
        journal.close()


@settings(max_examples=20, deadline=None)
@given(st.lists(PLACES, min_size=1, max_size=4))
def test_whole_pages_that_are_noise(template, tmp_path_factory, places):
    path = copy_of(template[0], tmp_path_factory.mktemp("noise"))
    pages = path.stat().st_size // 4096
    with path.open("r+b") as file:
        for page in {place % pages for place in places}:
            file.seek(page * 4096)
            file.write(random.Random(page).randbytes(4096) if page % 2 else bytes(4096))
    journal = opened(path)
    try:
        tally(journal, template[1])
    finally:
        journal.close()


@pytest.mark.parametrize("content", [b"", bytes(50_000), "Kjære dagbok, ".encode() * 99])
def test_an_empty_file_noughts_and_a_text_are_set_aside_and_the_gateway_starts(
    template, tmp_path, content
):
    path = copy_of(template[0], tmp_path)
    path.write_bytes(content)
    with pytest.raises(JournalError):
        Journal.visit(path)
    journal = opened(path)
    try:
        ((what, why, file, told),) = mendings(journal)
        assert (what, bool(why)) == ("salvaged", True)
        assert (tmp_path / file).read_bytes() == content
        assert set(json.loads(told)["tables_harmed"]) >= {"records", "trackers"}
        assert journal.query("SELECT device, what FROM alarms") == [(GATEWAY, JOURNAL_MENDED)]
    finally:
        journal.close()
    Journal.visit(path).close()


def test_the_first_page_gone_loses_nothing_of_what_matters(template, tmp_path):
    path = copy_of(template[0], tmp_path)
    with path.open("r+b") as file:
        file.write(bytes(4096))
    journal = opened(path)
    try:
        assert tally(journal, template[1])["held"] == len(template[1])
        rows = journal.query("SELECT device, password_hash, order_key FROM trackers")
        assert {row[0]: row[1:] for row in rows} == template[2]
        assert journal.query("SELECT count(*) FROM alarms WHERE device = 'astrid'") == [(39,)]
        assert journal.query("SELECT count(*) FROM orders") == [(39,)]
        assert journal.cursor("centre", 0) == 100
    finally:
        journal.close()


def test_a_root_page_gone_leaves_every_leaf(template, tmp_path):
    path = copy_of(template[0], tmp_path)
    with sqlite3.connect(path) as db:
        roots = dict(db.execute("SELECT name, rootpage FROM sqlite_master WHERE rootpage > 0"))
    db.close()
    with path.open("r+b") as file:
        for name in ("records", "sqlite_autoindex_records_1", "records_by_lane"):
            file.seek((roots[name] - 1) * 4096)
            file.write(bytes(4096))
    journal = opened(path)
    try:
        assert tally(journal, template[1])["held"] == len(template[1])
    finally:
        journal.close()


def test_what_the_index_knows_and_the_table_lost_is_named_exactly(template, tmp_path):
    path = copy_of(template[0], tmp_path)
    data = path.read_bytes()
    payload = template[1]["astrid", 1, 60]
    page = data.index(payload) // 4096
    with path.open("r+b") as file:
        file.seek(page * 4096)
        file.write(bytes(4096))
    journal = opened(path)
    try:
        found = tally(journal, template[1])
        assert found["lost"] > 0
        assert found["above"] == 0
        told = json.loads(mendings(journal)[0][3])
        lost = {(b["device"], b["boot"]): b["lost"] for b in told["boots"]}
        assert any(first <= 60 <= last for first, last in lost["astrid", 1])
        ((said,),) = journal.query("SELECT said FROM alarms WHERE what = ?", (JOURNAL_MENDED,))
        never_came = 2 * len([seq for seq in range(1, SEQS + 1) if seq % 30 == 7])
        assert f"{found['lost'] + never_came} records known to be lost" in said
    finally:
        journal.close()


def test_new_records_come_after_every_cursor_and_our_own_numbers_go_on(template, tmp_path):
    path = copy_of(template[0], tmp_path)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE cursors SET id = 1000000")  # sinks had more than what can be read
    db.close()
    with path.open("r+b") as file:
        file.seek(-4096, 2)
        file.write(bytes([9]) * 4096)
    mark(path)
    journal = opened(path)
    try:
        journal.put(parcel(entry(report(3, 1))))
        journal.write(lambda db: None).result(20)
        ((id_,),) = journal.query("SELECT id FROM records WHERE boot = 3")
        if mendings(journal):
            assert id_ > 1_000_000
            assert journal.query("SELECT seq > 10000 FROM records WHERE boot = ?", (OWN_BOOT,))
    finally:
        journal.close()


@pytest.mark.parametrize("steps", range(1, 9))
def test_a_salvage_that_is_cut_short_anywhere_is_finished_by_the_next_start(
    template, tmp_path, monkeypatch, steps
):
    path = copy_of(template[0], tmp_path)
    with path.open("r+b") as file:
        file.write(bytes(4096))
    left, real = [steps], type(path).replace

    def replace(self, target):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        return real(self, target)

    monkeypatch.setattr(type(path), "replace", replace)
    try:
        Journal.open(path).close()
    except KeyboardInterrupt:
        monkeypatch.undo()
    journal = opened(path)
    try:
        assert tally(journal, template[1])["held"] == len(template[1])
        damaged = list(tmp_path.glob("journal.sqlite.damaged-*"))
        assert damaged, "what was there is set aside"
    finally:
        journal.close()


def test_a_salvage_without_room_changes_nothing_and_says_so(template, tmp_path, monkeypatch):
    path = copy_of(template[0], tmp_path)
    harm(path, 0, 255)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal_salvage, "_new_journal", full)
    with pytest.raises(JournalError, match="No space left"):
        Journal.open(path)
    assert path.read_bytes() == before
    monkeypatch.undo()
    opened(path).close()


def test_what_the_gap_book_knew_to_be_missing_is_not_called_lost(template, tmp_path):
    path = copy_of(template[0], tmp_path)
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO boots VALUES ('bodil', 1, 120, NULL)")
        for seq in (7, 37, 67, 97):
            db.execute("INSERT INTO gaps VALUES ('bodil', 1, ?, ?, 5, 'open', '')", (seq, seq))
    db.close()
    with path.open("r+b") as file:
        file.write(bytes(100))
    journal = opened(path)
    try:
        told = {
            (b["device"], b["boot"]): b["lost"]
            for b in json.loads(mendings(journal)[0][3])["boots"]
        }
        assert told["bodil", 1] == []
        found = journal.query(
            "SELECT first, found_ms, why FROM gaps WHERE device = 'bodil' AND boot = 1"
        )
        assert found == [(seq, 5, "") for seq in (7, 37, 67, 97)]
    finally:
        journal.close()


# -- the log -----------------------------------------------------------------------------------


def killed(path, commits=6):
    """A journal whose last commits are in its log alone, as after kill -9."""
    journal = Journal.open(path)
    journal.write(lambda db: None).result(20)
    made = {}
    for seq in range(1, commits + 1):
        frame = report(1, seq)
        made["astrid", 1, seq] = frame
        journal.put(parcel(entry(frame)))
        journal.write(lambda db, n=seq: db.execute(
            "INSERT OR REPLACE INTO meta VALUES ('commit', ?)", (str(n),))).result(20)  # fmt: skip
    copy = path.with_name("copy")
    copy.mkdir()
    for ending in ("", "-wal", ".lock"):
        shutil.copyfile(beside(path, ending), beside(copy / path.name, ending))
    journal.close()
    return copy / path.name, made


@settings(max_examples=20, deadline=None)
@given(PLACES, st.integers(0, 255))
def test_a_log_damaged_or_cut_off_anywhere(tmp_path_factory, place, byte):
    path, made = killed(tmp_path_factory.mktemp("log") / "journal.sqlite")
    wal = beside(path, "-wal")
    size = wal.stat().st_size
    if byte:
        harm(wal, place % size, byte)
    else:
        with wal.open("r+b") as file:
            file.truncate(place % size)
    journal = opened(path)
    try:
        tally(journal, made)
    finally:
        journal.close()


def test_a_sound_log_is_not_summed_up_here_and_stays_as_it_is(tmp_path, monkeypatch):
    path, made = killed(tmp_path / "journal.sqlite")
    before = beside(path, "-wal").read_bytes(), path.read_bytes()
    monkeypatch.setattr(
        journal_check, "read_wal", lambda data: pytest.fail("0.1 s a MB") if data else None
    )
    assert journal_check._is_taken_whole(path, before[0])
    assert (beside(path, "-wal").read_bytes(), path.read_bytes()) == before
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "journal.sqlite",
        "journal.sqlite-wal",
        "journal.sqlite.lock",
    ]
    assert look(path).trouble == ""
    journal = opened(path)
    assert tally(journal, made)["held"] == len(made)
    journal.close()


def test_commits_behind_damage_in_the_log_are_salvaged(tmp_path):
    path, made = killed(tmp_path / "journal.sqlite", commits=8)
    wal = beside(path, "-wal")
    before = wal.read_bytes()
    at = before.index(made["astrid", 1, 2])
    harm(wal, at, 1)
    assert "behind damage" in look(path).trouble
    journal = opened(path)
    try:
        found = tally(journal, made)
        assert found["held"] == 8, "the page came again in a later commit"
    finally:
        journal.close()
    assert beside(path, ".damaged-1-wal").exists()


def test_a_journal_without_its_file_is_made_from_its_log(tmp_path):
    path, made = killed(tmp_path / "journal.sqlite")
    path.unlink()
    journal = opened(path)
    try:
        assert tally(journal, made)["held"] == len(made)
    finally:
        journal.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_sqlite_finds_corrupt_while_running_is_mended_by_the_next_start(template, tmp_path):
    path = copy_of(template[0], tmp_path)
    journal = Journal.open(path)
    with sqlite3.connect(path) as db:
        ((root,),) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'reads'")
    db.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\x07" * 4096)
    act = "INSERT INTO reads (at_ms, who, what) VALUES (1, 'Kari', 'astrid')"
    with pytest.raises(JournalError):
        journal.write(lambda db: db.execute(act).rowcount).result(20)
    with pytest.raises(sqlite3.DatabaseError):
        journal.ended.result(20)
    assert journal.counters["corruptions"] >= 1
    journal.close()
    journal = opened(path)
    try:
        assert tally(journal, template[1])["held"] == len(template[1])
        assert journal.write(lambda db: db.execute(act).rowcount).result(20) == 1
    finally:
        journal.close()


def test_a_check_that_its_time_cuts_short_is_no_damage(template, tmp_path):
    path = copy_of(template[0], tmp_path)
    seen = look(path, clean_s=-1)
    assert (seen.trouble, seen.unclean) == ("", False)
    assert look(path).to_the_end


def test_a_log_whose_header_was_never_written_is_no_damage(tmp_path):
    """The power went in the first commit of a log: later sectors are there, the first is not."""
    path, made = killed(tmp_path / "journal.sqlite")
    opened(path).close()  # the log is brought home
    again, more = killed_further(path)
    wal = beside(again, "-wal")
    with wal.open("r+b") as file:
        file.write(bytes(512))
    journal = opened(again)
    try:
        assert mendings(journal) == []
        assert tally(journal, made)["held"] == len(made)
        assert more not in made
    finally:
        journal.close()


def killed_further(path):
    journal = Journal.open(path)
    journal.put(parcel(entry(report(1, 99))))
    journal.write(lambda db: None).result(20)
    copy = path.with_name("further")
    copy.mkdir()
    for ending in ("", "-wal", ".lock"):
        shutil.copyfile(beside(path, ending), beside(copy / path.name, ending))
    journal.close()
    return copy / path.name, ("astrid", 1, 99)


def test_a_sound_database_with_a_bad_log_keeps_all_that_the_database_has(tmp_path):
    path, made = killed(tmp_path / "journal.sqlite")
    opened(path).close()
    again, _ = killed_further(path)
    wal = beside(again, "-wal")
    noise = random.Random(1).randbytes(wal.stat().st_size - 32)
    with wal.open("r+b") as file:
        file.seek(0)
        file.write(b"\x37\x7f\x06\x82" + noise[:28])
    journal = opened(again)
    try:
        assert tally(journal, made)["held"] == len(made)
    finally:
        journal.close()


def test_a_cut_of_power_at_the_very_first_start_is_begun_anew_without_a_word(tmp_path):
    path = tmp_path / "journal.sqlite"
    path.write_bytes(bytes(4096))
    journal = opened(path)
    try:
        assert mendings(journal) == []
        assert journal.query("SELECT count(*) FROM alarms") == [(0,)]
    finally:
        journal.close()


def test_who_was_revoked_or_forgotten_behind_damage_in_the_log_stays_so(tmp_path):
    path = tmp_path / "journal.sqlite"
    fill(path)
    journal = Journal.open(path)
    for seq in range(1, 7):
        journal.put(parcel(entry(report(3, seq))))
        journal.write(lambda db: None).result(20)
    Registry(journal, lambda: NOW_MS).revoke("bodil")
    journal.write(lambda db: ask(db, "ingrid", "Kari", NOW_MS + 5)).result(20)
    ((one, *_),) = [journal.read(asked)]
    for _ in range(99):
        one, run = journal.write(lambda db, one=one: step(db, one, LetGo(), NOW_MS)).result(20)
        if run is not None:
            break
    journal.write(lambda db: None).result(20)
    copy = path.with_name("copy")
    copy.mkdir()
    for ending in ("", "-wal", ".lock"):
        shutil.copyfile(beside(path, ending), beside(copy / path.name, ending))
    journal.close()
    harm(beside(copy / path.name, "-wal"), 32 + 2 * 4120 + 200, 255)
    journal = opened(copy / path.name)
    try:
        assert "behind damage" in mendings(journal)[0][1]
        trackers = dict(journal.query("SELECT device, revoked FROM trackers"))
        assert (trackers["astrid"], trackers["bodil"]) == (0, 1)
        assert trackers.get("ingrid", 1) == 1
        assert [one.device for one in journal.read(asked)] == ["ingrid"], "once more"
        assert not journal.query("SELECT 1 FROM records WHERE device = 'ingrid' AND boot < 3")
    finally:
        journal.close()
