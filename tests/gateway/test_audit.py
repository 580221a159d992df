"""Whether all a tracker said is here: counted, and what is missing named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from trygg_gateway.audit import Boot, Held, Window, audit, lost_of, within, without
from trygg_gateway.cli import app
from trygg_gateway.journal import Journal, set_cursor
from trygg_gateway.registry import Registry
from trygg_gateway.values import ALARM, CLASH_BOOT, LIVE

FROM_S, TO_S = 1_790_000_000, 1_790_000_600
WINDOW = Window("astrid", FROM_S, TO_S)


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(tmp_path / "journal.sqlite")
    Registry(journal, lambda: FROM_S * 1000).add("astrid", "nord", "Astrid")
    yield journal
    journal.close()


def say(journal, *seqs, boot=1, start_s=FROM_S, every_s=60, device="astrid", lane=LIVE):
    """Records of those numbers, number n at start + n minutes."""
    rows = [
        (device, boot, seq, 1, lane, start_s + every_s * (seq - 1), FROM_S * 1000, b"x")
        for seq in seqs
    ]
    journal.write(
        lambda db: db.executemany(
            "INSERT INTO records (device, boot, seq, kind, lane, time_s, received_ms, payload)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows,
        )
    ).result()  # fmt: skip


def book(journal, table, *rows):
    marks = ", ".join("?" * len(rows[0]))
    journal.write(lambda db: db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)).result()


def look(journal, window=WINDOW, **sinks):
    return journal.read(lambda db: audit(db, window, sinks))


def missing(found):
    return [(gap["boot"], gap["first"], gap["last"], gap["why"]) for gap in found["gaps"]]


def test_all_that_was_said_is_here(journal):
    say(journal, *range(1, 11))
    found = look(journal)
    assert found["complete"]
    assert (found["records"], found["missing"]) == (10, 0)


def test_a_window_in_which_nobody_was_heard_is_not_complete(journal):
    night = Window("astrid", FROM_S, FROM_S + 12 * 3600)
    found = look(journal, night)
    assert (found["complete"], found["unproven_s"]) == (False, 12 * 3600)
    say(journal, *range(1, 11))  # flat after ten minutes
    found = look(journal, night)
    assert (found["complete"], found["missing"]) == (False, 0)
    assert found["unproven_s"] == 12 * 3600 - 540 - 900


def test_a_silence_that_was_promised_is_proven(journal):
    say(journal, *range(1, 11))
    journal.write(
        lambda db: db.execute(
            "INSERT INTO devices VALUES ('astrid', 0, 1, 10, 0, ?, 0, 0, 0, 0, 1, 10, 0, 0, 0, 0,"
            " 0, 0, NULL, NULL, NULL, NULL, NULL, 1, 1, 0, 0, '', '{}')",
            (FROM_S + 4000,),
        )
    ).result()
    assert look(journal, Window("astrid", FROM_S, FROM_S + 4000))["complete"]
    assert not look(journal, Window("astrid", FROM_S, FROM_S + 4001))["complete"]


def test_what_is_missing_is_named_by_boot_and_range(journal):
    say(journal, 1, 2, 5, 6, 9)
    say(journal, 2, 3, boot=2)
    assert missing(look(journal)) == [
        (1, 3, 4, "unknown"), (1, 7, 8, "unknown"), (2, 1, 1, "unknown"),
    ]  # fmt: skip
    assert look(journal)["missing"] == 5


def test_what_is_known_of_a_gap_is_said(journal):
    say(journal, 1, 10)
    book(journal, "boots", ("astrid", 1, 10, None))
    book(journal, "gaps", ("astrid", 1, 2, 4, 7, "open", ""),
         ("astrid", 1, 5, 6, 8, "given_up", "not_held"),
         ("astrid", 1, 7, 8, 9, "given_up", "journal"))  # fmt: skip
    assert missing(look(journal)) == [
        (1, 2, 4, "open"), (1, 5, 6, "not_held"), (1, 7, 8, "journal"), (1, 9, 9, "unknown"),
    ]  # fmt: skip


def test_a_gap_before_the_window_is_not_of_it_and_one_at_its_edge_is(journal):
    say(journal, 1, 4, 5, start_s=FROM_S - 300)  # 1 and 4, 5 before; then from 6 on in it
    say(journal, 8, 9, start_s=FROM_S - 300)
    found = look(journal)
    assert missing(found) == [(1, 6, 7, "unknown")]
    say(journal, 20, start_s=FROM_S - 300)  # after it
    assert missing(look(journal)) == [(1, 6, 7, "unknown"), (1, 10, 19, "unknown")]


def test_what_is_missing_between_two_that_are_far_from_the_window_is_of_it(journal):
    say(journal, 1, start_s=FROM_S - 9000)
    say(journal, 9, start_s=TO_S + 9000)
    assert missing(look(journal)) == [(1, 2, 8, "unknown")]


def test_what_is_missing_at_the_begin_of_a_later_boot_is_of_that_and_of_no_earlier_window(journal):
    say(journal, 1, 2)
    say(journal, 1, boot=2, start_s=TO_S + 1000)
    say(journal, 4, boot=3, start_s=TO_S + 2000)
    assert look(journal)["complete"]
    later = Window("astrid", TO_S + 1500, TO_S + 3000)
    assert missing(look(journal, later)) == [(3, 1, 3, "unknown")]


def test_a_record_whose_clock_was_wrong_hides_nothing(journal):
    say(journal, 1, 2, 5, 6)
    say(journal, 7, start_s=1_000_000_000)  # says that it is from 2001
    say(journal, 10)
    assert missing(look(journal)) == [
        (1, 3, 4, "unknown"), (1, 8, 9, "unknown"),
    ]  # fmt: skip


def test_a_long_boot_is_read_only_as_far_back_as_it_may_matter(journal, monkeypatch):
    monkeypatch.setattr("trygg_gateway.audit.PORTION", 10)
    say(journal, *range(1, 3001), start_s=FROM_S - 3000 * 60)
    say(journal, 3003, start_s=FROM_S - 3000 * 60)
    journal.write(lambda db: db.execute("DELETE FROM records WHERE seq = 5")).result()
    assert missing(look(journal)) == [(1, 3001, 3002, "unknown")]


def test_what_was_deleted_is_no_gap(journal):
    say(journal, 5, 6)
    book(journal, "boots", ("astrid", 1, 6, None))
    book(journal, "let_go", ("astrid", 1, 1, 2, FROM_S - 10), ("astrid", 1, 3, 4, FROM_S + 100))
    found = look(journal)
    assert found["complete"]
    (boot,) = found["boots"]
    assert (boot["first"], boot["deleted"], boot["records"]) == (5, 2, 2)


def test_the_newest_number_known_counts_even_if_its_record_is_gone(journal):
    say(journal, 1, 2)
    book(journal, "boots", ("astrid", 1, 5, None))
    assert missing(look(journal)) == [(1, 3, 5, "unknown")]


def test_what_the_proof_cannot_see_is_said(journal):
    say(journal, 1, 2)
    say(journal, 1, boot=4)
    say(journal, 1, 2, boot=CLASH_BOOT + 1)
    found = look(journal)
    assert found["complete"]
    assert found["boots_without"] == [2, 3]
    assert found["kept_apart"] == 2
    assert found["heard_upto_s"] == FROM_S + 60


def test_a_record_without_a_time_counts_by_when_it_came(journal):
    say(journal, 1)
    journal.write(lambda db: db.execute("UPDATE records SET time_s = 0")).result()
    assert look(journal)["records"] == 1


def test_each_sink_has_it_or_is_owed_it(journal):
    say(journal, *range(1, 8))
    say(journal, 8, 9, lane=ALARM)
    say(journal, 1, 2, device="bjorn")
    (third,) = [id_ for id_, seq in journal.query("SELECT id, seq FROM records") if seq == 3]
    journal.write(lambda db: set_cursor(db, "centre", LIVE, third)).result()
    book(journal, "quarantine (topic, payload, reason, received_ms)",
         ("astrid:1:2", b"", "refused by sink centre: no", 1),
         ("bjorn:1:2", b"", "refused by sink centre: no", 1))  # fmt: skip
    live, alarm = look(journal, centre=[LIVE, ALARM])["sinks"]
    assert (live["records"], live["passed"], live["owed"]) == (7, 3, 4)
    assert live["ever_refused"] == 1
    assert (alarm["lane"], alarm["owed"]) == ("alarm", 2)
    assert alarm["owed_since_ms"] == FROM_S * 1000


@given(
    st.lists(st.integers(1, 60), unique=True, max_size=40),
    st.integers(0, 65),
    st.integers(0, 60),
    st.integers(0, 30),
)
def test_what_is_lost_is_exactly_what_may_be_of_the_window(seqs, upto, from_s, length):
    """Record n was made at second n, so which of the lost are of the window is known."""
    window = Window("astrid", from_s, from_s + length)
    held = [Held(seq, seq, 0, LIVE, seq) for seq in sorted(seqs, reverse=True)]
    named = {
        seq
        for first, last in lost_of(Boot(1, held, whole=True), window, upto, 0, 1 << 40)
        for seq in range(first, last + 1)
    }
    top = max([upto, *seqs], default=0)
    lost = set(range(1, top + 1)) - set(seqs)
    assert named <= lost
    assert named >= {seq for seq in lost if from_s <= seq <= from_s + length}
    above = min((seq for seq in seqs if seq > window.to_s), default=None)
    if above is not None:
        assert not any(seq > above for seq in named), "nothing of what is later for certain"


RANGES = st.lists(
    st.tuples(st.integers(1, 30), st.integers(0, 8)).map(lambda one: (one[0], one[0] + one[1])),
    max_size=6,
)


@given(RANGES, RANGES)
def test_ranges_without_others_are_sets_without_others(ranges, gone):
    def numbers(parts):
        return {number for first, last in parts for number in range(first, last + 1)}

    assert numbers(without(ranges, gone)) == numbers(ranges) - numbers(gone)
    assert numbers(within(ranges, 5, 20)) == numbers(ranges) & set(range(5, 21))


# -- the command -----------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    assert CliRunner().invoke(app, ["init", str(tmp_path / "nord"), "--loopback"]).exit_code == 0
    settings = tmp_path / "nord/gateway.toml"
    settings.write_text(
        settings.read_text() + '\n[sinks.archive]\ntype = "file"\npath = "data/events.jsonl"\n'
    )
    journal = Journal.open(tmp_path / "nord/data/journal.sqlite")
    Registry(journal, lambda: FROM_S * 1000).add("astrid", "nord", "Astrid")
    yield tmp_path / "nord", journal
    journal.close()


def run(folder, *words):
    command = ["audit", *words, "--config", str(folder / "gateway.toml")]
    return CliRunner().invoke(app, command)


WHEN = ("--from", "2026-09-21T00:00+00:00", "--to", "2026-09-21T14:30+00:00")


def test_the_command_ends_with_0_or_1(folder):
    path, journal = folder
    say(journal, 1, 2, 3)
    done = run(path, "--device", "astrid", *WHEN)
    assert done.exit_code == 0, done.output
    assert "COMPLETE; 3 records in 1 boots" in done.stdout
    assert run(path, "--device", "astrid", *WHEN, "--sinks").exit_code == 1, "the archive is owed"
    say(journal, 6)
    done = run(path, "--device", "astrid", *WHEN)
    assert done.exit_code == 1
    assert "NOT COMPLETE, 2 missing" in done.stdout
    assert "4-5" in done.stdout
    said = json.loads(run(path, "--all", *WHEN, "--json").stdout)
    assert [one["missing"] for one in said] == [2]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--device", "eve"), "eve is not registered"),
        ((), "--device, or say --all"),
        (("--device", "astrid", "--from", "yesterday"), "'yesterday' is no time"),
        (("--device", "astrid", "--from", "1h", "--to", "2h"), "is not before"),
    ],
)
def test_what_cannot_be_audited_is_said(folder, words, why):
    done = run(folder[0], *words)
    assert done.exit_code == 1
    assert why in done.output
