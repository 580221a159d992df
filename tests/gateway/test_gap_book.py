"""The gap book: what has not come is known, through any order, crash and clock; a rule ends it."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.parcels import parcel
from gateway.records import NOW_MS
from trygg_gateway import gap_book
from trygg_gateway.acks import Acks
from trygg_gateway.gap_book import GIVE_UP_S, OLD_BOOT_S, SETTLE_S, GapBook
from trygg_gateway.gap_keeper import GapKeeper
from trygg_gateway.journal import Journal
from trygg_gateway.values import ALARM, CLASH_BOOT, LIVE, Entry, Run
from trygg_wire import codec, layouts

SETTLED_MS = NOW_MS + SETTLE_S * 1000
RUNS = st.lists(
    st.tuples(st.integers(1, 40), st.integers(0, 6)).map(lambda at: (at[0], at[0] + at[1])),
    max_size=25,
)


def run(first, last=None, boot=1, device="astrid", lane=LIVE):
    return Run(device, boot, lane, first, last or first)


def gaps(book, boot=1, device="astrid"):
    return [(gap.first, gap.last) for gap in book.boots[device, boot].gaps]


def entry(seq, boot=1, device="astrid", payload=b"x"):
    return Entry(device, boot, seq, 1, LIVE, NOW_MS // 1000, NOW_MS, payload)


@given(RUNS)
def test_what_is_not_in_the_book_has_come_and_what_is_has_not(ranges):
    book, came = GapBook(), set()
    for first, last in ranges:
        book.fold([run(first, last)], NOW_MS)
        came |= set(range(first, last + 1))
        missing = {seq for a, b in gaps(book) for seq in range(a, b + 1)}
        assert missing == set(range(1, max(came) + 1)) - came
        assert gaps(book) == sorted(gaps(book))
        assert all(a <= b for a, b in gaps(book))


@given(RUNS)
def test_no_ack_ever_covers_what_the_book_calls_missing(ranges):
    acks, book = Acks(lambda device: 1), GapBook()
    for at, (first, last) in enumerate(ranges):
        runs = [run(first, last)]
        acks.committed(runs, NOW_MS + at * 1000)
        book.fold(runs, NOW_MS)
        for _, frame in acks.due(NOW_MS + at * 1000 + 999):
            said = codec.decode(frame)[1]
            asked = {m["first"] + n for m in said["missing"] for n in range(m["count"])}
            missing = {seq for a, b in gaps(book) for seq in range(a, b + 1)}
            assert {seq for seq in missing if seq <= said["upto"]} <= asked


def test_what_was_only_overtaken_is_no_gap_and_what_stays_missing_is_counted_once():
    book = GapBook()
    book.fold([run(101, lane=ALARM), run(1, 100)], NOW_MS)
    book.judge(SETTLED_MS)
    assert book.counters["gaps_found"] == 0
    book.fold([run(105)], NOW_MS)
    book.judge(SETTLED_MS)
    book.judge(SETTLED_MS)
    assert (book.counters["gaps_found"], book.open) == (1, 1)
    book.fold([run(102, 103)], NOW_MS)
    assert (gaps(book), book.open) == ([(104, 104)], 1)
    book.fold([run(104)], NOW_MS)
    assert (gaps(book), book.open, book.counters["gaps_closed"]) == ([], 0, 1)


def test_a_tracker_that_says_it_holds_nothing_ends_the_waiting_for_what_it_made_before():
    book = GapBook()
    book.fold([run(5, boot=1), run(8, boot=2)], NOW_MS)
    book.emptied("astrid", 2, 6)
    book.judge(NOW_MS)
    states = {key: [(g.first, g.state, g.why) for g in b.gaps] for key, b in book.boots.items()}
    assert states["astrid", 1] == [(1, gap_book.GIVEN_UP, gap_book.NOT_HELD)]
    assert states["astrid", 2] == [(1, gap_book.OPEN, "")], "it reaches beyond what it said"
    book.emptied("astrid", 2, 8)
    book.judge(NOW_MS)
    assert book.boots["astrid", 2].gaps[0].state == gap_book.GIVEN_UP
    book.fold([run(1, 7, boot=2)], NOW_MS)
    assert gaps(book, 2) == []
    assert book.counters["gaps_closed_late"] == 1, "what comes after all is taken"


@pytest.mark.parametrize(("newest", "limit_s"), [(1, GIVE_UP_S), (2, OLD_BOOT_S)])
def test_a_gap_is_given_up_by_age_sooner_when_the_tracker_has_started_anew(newest, limit_s):
    book = GapBook()
    book.fold([run(3), run(1, boot=newest)], NOW_MS)
    book.fold([run(3)], NOW_MS)
    at_ms = NOW_MS + limit_s * 1000
    book.judge(at_ms - 1)
    assert book.open == 1
    book.judge(at_ms)
    assert book.open == 0
    assert book.boots["astrid", 1].gaps[0].why == gap_book.AGE


def test_a_clock_that_is_set_back_gives_nothing_up_and_goes_on_counting():
    book = GapBook()
    book.fold([run(3)], NOW_MS)
    earlier_ms = NOW_MS - 400 * 86_400_000
    book.judge(earlier_ms)
    book.judge(earlier_ms + GIVE_UP_S * 1000 - 1)
    assert book.open == 1
    book.judge(earlier_ms + GIVE_UP_S * 1000)
    assert book.open == 0


def test_clashes_have_no_order_and_so_no_gaps():
    book = GapBook()
    book.fold([run(77, boot=CLASH_BOOT + 1)], NOW_MS)
    assert book.boots == {}


# -- beside a journal --------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


def kept(journal, *entries):
    journal.put(parcel(*entries))
    journal.write(lambda db: None).result(20)  # a commit later: those are on disk


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.lists(st.tuples(st.integers(1, 2), st.integers(1, 30)), max_size=9), max_size=4),
    st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_the_book_is_right_after_any_crash_saved_or_not(tmp_path_factory, lives, saved):
    path = tmp_path_factory.mktemp("gaps") / "journal.db"
    came = {}

    async def live(records, saves):
        journal = Journal.open(path)
        keeper = GapKeeper(journal, lambda: SETTLED_MS)
        keeper._running = True
        journal.on_commit.append(keeper.on_commit)
        await keeper._begin()
        for at, (boot, seq) in enumerate(records):
            kept(journal, entry(seq, boot))
            came.setdefault(boot, set()).add(seq)
            if saves and at % 3 == 0:
                await keeper.step()
                await keeper.save()
        journal.close()
        await keeper.step()
        for boot, held in came.items():
            missing = set(range(1, max(held) + 1)) - held
            said = {n for a, b in gaps(keeper.book, boot) for n in range(a, b + 1)}
            assert said == missing

    for records, saves in zip(lives, saved, strict=False):
        asyncio.run(live(records, saves))


def test_a_gap_survives_a_restart_with_its_age_and_is_shown(path):
    async def first_life():
        journal = Journal.open(path)
        keeper = GapKeeper(journal, lambda: NOW_MS)
        journal.on_commit.append(keeper.on_commit)
        keeper._running = True
        await keeper._begin()
        kept(journal, entry(1), entry(4))
        await keeper.step()
        keeper.book.judge(SETTLED_MS)
        await keeper.save()
        journal.close()

    async def second_life():
        journal = Journal.open(path)
        keeper = GapKeeper(journal, lambda: NOW_MS + GIVE_UP_S * 1000)
        await keeper._begin()
        shown = journal.read(lambda db: gap_book.told(db, "astrid"))
        assert [boot["gaps"] for boot in shown] == [
            [{"first": 2, "last": 3, "found_ms": NOW_MS, "state": "open", "why": ""}]
        ]
        await keeper.step()
        await keeper.save()
        shown = journal.read(lambda db: gap_book.told(db, "astrid"))
        assert shown[0]["gaps"][0]["state"] == "given_up"
        journal.close()

    asyncio.run(first_life())
    asyncio.run(second_life())


def test_a_journal_that_never_had_a_book_gets_one_from_what_it_holds(path):
    async def look():
        journal = Journal.open(path)
        kept(journal, entry(3), entry(4), entry(9), entry(2, boot=5, device="bodil"))
        keeper = GapKeeper(journal, lambda: NOW_MS)
        await keeper._begin()
        assert gaps(keeper.book) == [(1, 2), (5, 8)]
        assert gaps(keeper.book, 5, "bodil") == [(1, 1)]
        journal.close()

    asyncio.run(look())


def test_only_a_health_record_with_nothing_waiting_says_so(path):
    journal = Journal.open(path)
    keeper = GapKeeper(journal, lambda: NOW_MS)
    row = entry(9)
    keeper.heard([
        (row, layouts.HEALTH, {"records_waiting": 1}),
        (row._replace(boot=CLASH_BOOT + 1), layouts.HEALTH, {"records_waiting": 0}),
        (row, layouts.REPORT, {}),
        (row._replace(seq=12), layouts.HEALTH, {"records_waiting": 0}),
    ])  # fmt: skip
    journal.close()
    assert keeper._said_empty == [("astrid", 1, 12)]
