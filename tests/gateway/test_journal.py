"""The journal: stored once, confirmed after the commit, never when the disk says no."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.parcels import parcel, put_one
from trygg_gateway import journal_file
from trygg_gateway.journal import Journal, Limits
from trygg_gateway.journal_file import SCHEMA_VERSION, JournalError, connect
from trygg_gateway.journal_rows import ROWS_MAX, ROWS_STEP, _pieces, runs_of
from trygg_gateway.values import ALARM, BACKLOG, CLASH_BOOT, LIVE, Entry, Run, Stray

WAIT_S = 20


IDENTITIES_MIXED = st.lists(
    st.tuples(
        st.sampled_from(["astrid", "bodil"]), st.integers(1, 2), st.sampled_from([ALARM, LIVE]),
        st.integers(1, 9),
    )
)  # fmt: skip


def entry(seq, device="astrid", boot=1, lane=LIVE, payload=None):
    return Entry(device, boot, seq, 1, lane, 1_790_000_000, 1_790_000_000_250,
                 payload or b"frame %d" % seq)  # fmt: skip


def wait_for(what):
    until = time.monotonic() + WAIT_S
    while not what():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.002)


def stored(journal):
    return journal.query("SELECT device, boot, seq, payload FROM records ORDER BY id")


class Held:
    """Holds the writer thread inside a write, so that a test can queue what it likes."""

    def __init__(self, journal):
        self.inside, self.go = threading.Event(), threading.Event()
        self.done = journal.write(lambda db: (self.inside.set(), self.go.wait(WAIT_S))[1])
        assert self.inside.wait(WAIT_S)

    def let_go(self):
        self.go.set()
        assert self.done.result(WAIT_S)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path):
    journal = Journal.open(path)
    yield journal
    journal.close()


def test_a_record_is_on_disk_when_it_is_confirmed(journal, path):
    seen = []

    def confirm(token):
        other = Journal.visit(path)  # another connection: sees only what is committed
        seen.append((token, stored(other)))
        other.close()

    put_one(journal, entry(1), confirm, 7)
    wait_for(lambda: seen)
    assert seen == [(7, [("astrid", 1, 1, b"frame 1")])]


def test_confirms_come_in_the_order_of_arrival_alarms_too(journal):
    held, confirmed = Held(journal), []
    for seq in range(1, 50):
        lane = ALARM if seq % 7 == 0 else LIVE
        put_one(journal, entry(seq, lane=lane), confirmed.append, seq)
    held.let_go()
    wait_for(lambda: len(confirmed) == 49)
    assert confirmed == list(range(1, 50))


def test_an_alarm_is_committed_before_everything_that_queues(path):
    journal = Journal.open(path, Limits(commit_rows=10))
    commits = []
    journal.on_commit.append(lambda runs: commits.append(runs))
    held, confirmed = Held(journal), []
    for seq in range(1, 101):
        put_one(journal, entry(seq), confirmed.append, seq)
    put_one(journal, entry(101, lane=ALARM), confirmed.append, 101)
    held.let_go()
    wait_for(lambda: len(confirmed) == 101)
    journal.close()
    assert commits[0] == [Run("astrid", 1, ALARM, 101, 101), Run("astrid", 1, LIVE, 1, 10)]
    assert confirmed == list(range(1, 102)), "its acknowledgement waits for its turn"


def test_a_parcel_is_confirmed_at_once_and_its_alarm_committed_before_the_others_of_all(path):
    journal = Journal.open(path, Limits(commit_rows=10))
    commits, confirmed = [], []
    journal.on_commit.append(commits.append)
    held = Held(journal)
    for first in (1, 11, 21):
        made = [entry(seq, lane=ALARM if seq == 25 else LIVE) for seq in range(first, first + 10)]
        stray = Stray("odd", b"%d" % first, "nobody knows it", 5)
        confirm = lambda token, count: confirmed.append((token, count))  # noqa: E731
        assert journal.put(parcel(*made, stray, confirm=confirm, token=first))
    assert journal.waiting == 33
    held.let_go()
    wait_for(lambda: len(confirmed) == 3)
    journal.close()
    assert confirmed == [(1, 11), (11, 11), (21, 11)]
    assert commits[0] == [Run("astrid", 1, ALARM, 25, 25), Run("astrid", 1, LIVE, 1, 10)]
    assert [run.first for run in commits[2]] == [21, 26]
    assert journal.counters["records"] == 30
    assert journal.counters["strays"] == 3
    assert journal.waiting == 0


def test_commits_take_whole_parcels_as_many_as_have_room(path):
    journal = Journal.open(path, Limits(commit_rows=10))
    commits, held = [], Held(journal)
    journal.on_commit.append(lambda runs: commits.append([run.last for run in runs]))
    last = 0
    for size in (4, 6, 3, 25, 9, 2):  # 4 + 6 fit, 25 never does and goes alone
        made = [entry(seq) for seq in range(last + 1, last + size + 1)]
        assert journal.put(parcel(*made))
        last += size
    held.let_go()
    journal.close()
    assert commits == [[10], [13], [38], [47], [49]]
    assert journal.counters["records"] == 49


@given(IDENTITIES_MIXED)
def test_runs_say_every_record_once_and_join_what_follows(identities):
    flat = []
    for device, boot, lane, seq in identities:
        flat.extend(entry(seq, device, boot, lane))
    runs = runs_of(flat)
    said = sorted((*run[:3], seq) for run in runs for seq in range(run.first, run.last + 1))
    assert said == sorted(identities)
    for at, run in enumerate(runs):
        key = run[:3]
        before = [other for other in runs[:at] if other[:3] == key]
        assert not before or before[-1].last + 1 != run.first, "it would have been joined"


@given(st.integers(0, 5000))
def test_many_records_go_into_few_statements_of_few_texts(rows):
    pieces = list(_pieces(rows))
    assert sum(pieces) == rows
    assert len(pieces) <= rows // ROWS_MAX + 2
    assert all(size <= ROWS_STEP or size % ROWS_STEP == 0 for size in pieces)


def test_much_that_comes_again_is_stored_once_and_what_clashes_among_it_is_found(journal):
    made = [entry(seq) for seq in range(1, 1501)]
    other = [entry(seq, payload=b"other") if seq in (7, 1100, 1499) else entry(seq)
             for seq in range(1, 1501)]  # fmt: skip
    confirmed = []
    for token, batch in enumerate((made, other, other)):
        journal.put(parcel(*batch, confirm=lambda *said: confirmed.append(said), token=token))
    wait_for(lambda: len(confirmed) == 3)
    kept = journal.query("SELECT count(*) FROM records WHERE boot < ?", (CLASH_BOOT,))
    apart = journal.query("SELECT payload FROM records WHERE boot >= ?", (CLASH_BOOT,))
    assert (kept, apart) == ([(1500,)], [(b"other",)]), "the same bytes are one record"
    assert journal.counters["clashes"] == 1


def test_trackers_that_speak_in_turns_have_a_run_each():
    flat = [value for seq in (5, 6, 7) for d in ("astrid", "bodil") for value in entry(seq, d)]
    assert runs_of(flat) == [Run("astrid", 1, LIVE, 5, 7), Run("bodil", 1, LIVE, 5, 7)]


def test_a_record_sent_twice_is_stored_once_and_confirmed_twice(journal):
    confirmed = []
    for token in range(3):
        put_one(journal, entry(1), confirmed.append, token)
    wait_for(lambda: len(confirmed) == 3)
    assert len(stored(journal)) == 1
    assert journal.counters["duplicates"] == 2
    assert journal.counters["clashes"] == 0


def test_other_bytes_under_a_known_identity_are_kept_apart_and_the_first_stays(journal):
    confirmed = []
    put_one(journal, entry(1), confirmed.append, 0)
    wait_for(lambda: confirmed)
    put_one(journal, entry(1, payload=b"something else"), confirmed.append, 1)
    wait_for(lambda: len(confirmed) == 2)
    first, second = stored(journal)
    assert first == ("astrid", 1, 1, b"frame 1")
    assert (second[1], second[3]) == (CLASH_BOOT + 1, b"something else")
    ((topic, payload, reason),) = journal.query("SELECT topic, payload, reason FROM quarantine")
    assert (topic, payload) == ("astrid:1:1", b"something else")
    assert "identity of another record" in reason
    assert journal.counters["clashes"] == 1


def test_a_stray_is_kept_whole_and_confirmed(journal):
    confirmed = []
    put_one(journal, Stray("odd/topic", b"\x00\xff", "nobody knows it", 5), confirmed.append, 3)
    wait_for(lambda: confirmed)
    assert journal.query("SELECT topic, payload, reason, received_ms FROM quarantine") == [
        ("odd/topic", b"\x00\xff", "nobody knows it", 5)
    ]


IDENTITIES = st.tuples(
    st.sampled_from(["astrid", "bjørn"]), st.integers(1, 2), st.integers(1, 12),
    st.sampled_from([ALARM, LIVE, BACKLOG]),
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(IDENTITIES, max_size=40), max_size=5))
def test_the_journal_is_a_list_of_first_comers_over_any_reopening(tmp_path_factory, runs):
    path = tmp_path_factory.mktemp("journal") / "journal.db"
    first, given_count, confirmed = {}, 0, []
    for run in runs:
        journal = Journal.open(path, Limits(commit_rows=7))
        for device, boot, seq, lane in run:
            made = entry(seq, device, boot, lane, payload=b"always the same")
            first.setdefault((device, boot, seq), lane)
            assert put_one(journal, made, confirmed.append, given_count)
            given_count += 1
        journal.close()
    journal = Journal.open(path)
    try:
        assert confirmed == list(range(given_count))
        found = journal.query("SELECT device, boot, seq FROM records")
        assert sorted(found) == sorted(first)
        lanes = {lane: journal.rows_after(0, lane, 1000) for lane in (ALARM, LIVE, BACKLOG)}
        ids = [row.id for rows in lanes.values() for row in rows]
        assert len(ids) == len(set(ids)) == len(first)
        assert all([r.id for r in rows] == sorted(r.id for r in rows) for rows in lanes.values())
    finally:
        journal.close()


def test_a_cursor_moves_only_for_its_sink_and_lane(journal):
    journal.move_cursor("centre", ALARM, 12).result(WAIT_S)
    journal.move_cursor("centre", ALARM, 15).result(WAIT_S)
    assert journal.cursor("centre", ALARM) == 15
    assert journal.cursor("centre", LIVE) == journal.cursor("archive", ALARM) == 0


def test_rows_come_by_lane_after_the_cursor(journal):
    confirmed = []
    for seq in range(1, 21):
        put_one(journal, entry(seq, lane=LIVE if seq % 2 else BACKLOG), confirmed.append, seq)
    wait_for(lambda: len(confirmed) == 20)
    rows = journal.rows_after(0, LIVE, 4)
    assert [row.seq for row in rows] == [1, 3, 5, 7]
    assert [row.seq for row in journal.rows_after(rows[-1].id, LIVE, 2)] == [9, 11]


def test_a_write_that_fails_fails_alone(journal):
    held, confirmed = Held(journal), []
    put_one(journal, entry(1), confirmed.append, 1)
    insert = "INSERT INTO reads (at_ms, who, what) VALUES (1, ?, 'x')"
    good = journal.write(lambda db: db.execute(insert, ("Kari",)).rowcount)

    def bad_act(db):
        db.execute(insert, ("Ola",))
        raise ValueError("changed my mind")

    bad = journal.write(bad_act)
    held.let_go()
    assert good.result(WAIT_S) == 1
    with pytest.raises(ValueError, match="changed my mind"):
        bad.result(WAIT_S)
    assert journal.query("SELECT who FROM reads") == [("Kari",)]
    wait_for(lambda: confirmed == [1])


def fill_up(journal):
    """From now on the disk is full, as far as SQLite can tell."""
    pages = journal.query("PRAGMA page_count")[0][0]
    journal.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages}").fetchall()).result()


def test_a_full_disk_confirms_nothing_holds_the_doors_and_recovers(journal):
    pressure, confirmed = [], []
    journal.on_pressure.append(pressure.append)
    fill_up(journal)
    for seq in range(1, 201):
        put_one(journal, entry(seq, payload=os.urandom(5000)), confirmed.append, seq)
    wait_for(lambda: journal.counters["disk_errors"] >= 2)
    assert confirmed == []
    assert stored(journal) == [], "reading goes on"
    assert pressure == [True]
    journal._db.execute("PRAGMA max_page_count = 1000000")  # somebody makes room
    wait_for(lambda: len(confirmed) == 200)
    assert confirmed == list(range(1, 201))
    assert [row[2] for row in stored(journal)] == list(range(1, 201))
    wait_for(lambda: pressure == [True, False])


def test_a_write_is_run_again_when_the_disk_is_no_longer_full(journal):
    fill_up(journal)
    insert = "INSERT INTO reads (at_ms, who, what) VALUES (1, 'Kari', ?)"
    done = journal.write(lambda db: db.execute(insert, ("x" * 50_000,)).rowcount)
    wait_for(lambda: journal.counters["disk_errors"])
    assert not done.done()
    journal._db.execute("PRAGMA max_page_count = 1000000")
    assert done.result(WAIT_S) == 1
    assert journal.query("SELECT count(*) FROM reads") == [(1,)]


def test_closing_with_a_full_disk_ends_and_leaves_everything_unconfirmed(path):
    journal, confirmed = Journal.open(path), []
    fill_up(journal)
    put_one(journal, entry(1, payload=os.urandom(90_000)), confirmed.append, 1)
    wait_for(lambda: journal.counters["disk_errors"])
    journal.close()
    assert confirmed == []
    assert journal.ended.exception(WAIT_S) is None


def test_a_long_queue_holds_the_doors_and_a_full_one_takes_no_more(path):
    journal, pressure = Journal.open(path, Limits(queue_rows=100)), []
    journal.on_pressure.append(pressure.append)
    held = Held(journal)
    taken = [put_one(journal, entry(seq)) for seq in range(1, 111)]
    assert taken == [True] * 100 + [False] * 10
    assert not journal.put(parcel(*(entry(seq) for seq in range(111, 116))))
    assert pressure == [True]
    assert journal.counters["refused_full"] == 15
    held.let_go()
    wait_for(lambda: pressure == [True, False])
    journal.close()


def test_a_confirm_that_fails_stops_nobody_elses(journal):
    confirmed = []

    def broken(token):
        raise RuntimeError("the door fell over")

    put_one(journal, entry(1), broken, 1)
    put_one(journal, entry(2), confirmed.append, 2)
    wait_for(lambda: confirmed == [2])
    assert journal.counters["confirm_errors"] == 1
    assert len(stored(journal)) == 2


def test_a_closed_journal_takes_nothing(path):
    journal = Journal.open(path)
    journal.close()
    assert not put_one(journal, entry(1))
    with pytest.raises(JournalError, match="closed"):
        journal.write(lambda db: None).result(WAIT_S)


def test_a_journal_of_a_newer_schema_is_refused_with_both_versions(path):
    journal = Journal.open(path)
    newer = str(SCHEMA_VERSION + 1)

    def outgrow(db):
        db.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (newer,))
        db.execute(f"PRAGMA user_version = {newer}")

    journal.write(outgrow).result()
    journal.close()
    before = path.read_bytes()
    with pytest.raises(JournalError) as raised:
        Journal.open(path)
    for part in (str(path), f"wanted schema {SCHEMA_VERSION}", f"got schema {newer}", "move"):
        assert part in str(raised.value)
    assert path.read_bytes() == before, "not touched"


def test_two_gateways_cannot_have_one_journal(journal, path):
    with pytest.raises(JournalError, match="another gateway"):
        Journal.open(path)
    visitor = Journal.visit(path)  # the command line may
    assert visitor.query("SELECT count(*) FROM trackers") == [(0,)]
    visitor.close()


WRITER = """
import os
import sys
from pathlib import Path
from trygg_gateway.journal import Journal
from trygg_gateway.values import Parcel

journal = Journal.open(Path(sys.argv[1]))
first = int(sys.argv[2])
# os.write: what is said is said, even by a process killed the moment after
seq = first
while True:
    if journal.waiting < 2000:
        for seq in range(seq, seq + 100):
            made = Parcel(lambda token, _: os.write(1, b"%d\\n" % token), seq, 1)
            if seq % 50 == 0:
                made.alarms.extend(("astrid", 1, seq, 2, 0, 0, 0, b"%d" % seq))
            else:
                made.others.extend(("astrid", 1, seq, 1, 1, 0, 0, b"%d" % seq))
            journal.put(made)
        seq += 1
"""


def test_what_was_confirmed_before_a_kill_is_there_after_it(path, tmp_path):
    script = tmp_path / "writer.py"
    script.write_text(WRITER)
    root = Path(__file__).parents[2]
    env = os.environ | {"PYTHONPATH": f"{root / 'gateway'}:{root / 'firmware'}"}
    last = 0
    for after in (1, 400, 1500):
        command = [sys.executable, str(script), str(path), str(last + 1)]
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE) as writer:
            told = [int(writer.stdout.readline()) for _ in range(after)]
            writer.send_signal(signal.SIGKILL)
            rest = writer.stdout.read().split(b"\n")
        told += [int(line) for line in rest[:-1]]
        assert told == list(range(told[0], told[0] + len(told)))
        journal = Journal.open(path)
        held = [seq for (seq,) in journal.query("SELECT seq FROM records ORDER BY seq")]
        journal.close()
        assert len(held) == len(set(held))
        assert set(told) <= set(held)
        last = held[-1]


def test_a_command_waits_for_others_that_write_and_never_tells_to_move_the_journal(
    tmp_path, monkeypatch
):
    path = tmp_path / "journal.sqlite"
    Journal.visit(path).close()
    assert journal_file.VISIT_S >= 30, "twenty commands at once on a slow disk take some seconds"
    monkeypatch.setattr(journal_file, "VISIT_S", 0.2)
    with closing(connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="say the same again") as said:
            Journal.visit(path)
        assert "moved away" not in str(said.value)
        other.execute("COMMIT")
    Journal.visit(path).close()
