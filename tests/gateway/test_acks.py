"""Acks against a plain set: what they claim is held is held, and nothing held is asked for."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from trygg_gateway.acks import DEBOUNCE_MS, MISSING_MAX, SPACING_MS, Acks, Held
from trygg_gateway.values import ALARM, EPOCH, LIVE, Run
from trygg_wire import codec, layouts

NOW_MS = 1_790_000_000_000


def one(seq, device="astrid", boot=1, lane=LIVE):
    return Run(device, boot, lane, seq, seq)


def acks(journal=None):
    journal = journal or {}
    return Acks(lambda device, boot: journal.get((device, boot), []), lambda _device: 0)


def said(frame):
    kind, values = codec.decode(frame)
    assert kind == layouts.ACK
    missing = {n for r in values["missing"] for n in range(r["first"], r["first"] + r["count"])}
    return values["boot"], values["upto"], missing


SEQS = st.lists(st.integers(1, 150), max_size=120)
RUNS = st.lists(st.tuples(st.integers(1, 150), st.integers(1, 20)), max_size=60)


@settings(max_examples=300, deadline=None)
@given(RUNS)
def test_held_is_a_set_as_ranges(runs):
    held, model = Held(), set()
    for first, count in runs:
        held.add(first, first + count - 1)
        model.update(range(first, first + count))
    ranges = list(zip(held.firsts, held.lasts))
    assert {n for first, last in ranges for n in range(first, last + 1)} == model
    assert all(last + 1 < first for (_, last), (first, _) in itertools.pairwise(ranges))


@settings(max_examples=300, deadline=None)
@given(SEQS, st.integers(2, 6))
def test_the_pages_of_an_ack_are_each_true_and_say_all_that_is_held_together(seqs, most):
    held = Held()
    for seq in seqs:
        held.add(seq, seq)
    model, confirmed = set(seqs), set()
    for upto, missing in held.pages(most):
        asked = {n for first, count in missing for n in range(first, first + count)}
        covered = set(range(1, upto + 1)) - asked
        assert covered <= model, "nothing is said to be held that is not"
        assert len(missing) <= most
        assert missing == sorted(missing)
        confirmed |= covered
    assert confirmed == model
    assert held.pages(most)[-1][0] == max(model, default=0), "the newest page reaches the end"


def test_many_gaps_never_keep_a_new_record_from_being_acknowledged():
    book = acks()
    book.committed([one(seq) for seq in range(2, 400, 2)], NOW_MS)
    confirmed, now_ms = set(), NOW_MS
    for seq in range(400, 420, 2):
        now_ms += SPACING_MS + DEBOUNCE_MS
        frames = [frame for _, frame in book.due(now_ms)]
        for frame in frames:
            _, upto, missing = said(frame)
            confirmed |= set(range(1, upto + 1)) - missing
        assert max(upto for _, upto, _ in map(said, frames)) == seq - 2
        assert all(len(codec.decode(frame)[1]["missing"]) <= MISSING_MAX for frame in frames)
        book.committed([one(seq)], now_ms)
    assert confirmed >= set(range(2, 400, 2)), "the older pages had their turns"


def test_a_burst_gets_one_ack_after_a_moment():
    book = acks()
    book.committed([one(1), one(2)], NOW_MS)
    book.committed([one(3)], NOW_MS + 20)
    assert book.next_ms() == NOW_MS + DEBOUNCE_MS
    assert book.due(NOW_MS + DEBOUNCE_MS - 1) == []
    ((_, frame),) = book.due(NOW_MS + DEBOUNCE_MS)
    assert said(frame) == (1, 3, set())
    assert book.next_ms() is None
    assert book.due(NOW_MS + 10_000) == [], "nothing new, nothing to say"


def test_a_stream_of_records_gets_an_ack_a_spacing():
    book, sent = acks(), []
    for tick in range(100):
        now_ms = NOW_MS + 10 * tick
        book.committed([one(tick + 1)], now_ms)
        sent += [now_ms for _ in book.due(now_ms)]
    assert len(sent) in (4, 5)
    assert all(b - a >= SPACING_MS for a, b in itertools.pairwise(sent))


def test_an_alarm_is_acked_at_once_also_right_after_another_ack():
    book = acks()
    book.committed([one(1)], NOW_MS)
    assert book.due(NOW_MS + DEBOUNCE_MS)
    book.committed([one(2)], NOW_MS + DEBOUNCE_MS + 1)
    book.committed([one(3, lane=ALARM)], NOW_MS + DEBOUNCE_MS + 2)
    ((_, frame),) = book.due(NOW_MS + DEBOUNCE_MS + 2)
    assert said(frame) == (1, 3, set())


def test_what_the_journal_held_before_a_restart_is_counted():
    book = acks({("astrid", 1): [(1, 10), (12, 20)]})
    book.committed([one(21)], NOW_MS)
    ((_, frame),) = book.due(NOW_MS + DEBOUNCE_MS)
    assert said(frame) == (1, 21, {11})


def test_a_record_sent_again_is_acked_again():
    book = acks({("astrid", 1): [(1, 5)]})
    book.committed([one(3)], NOW_MS)
    ((_, frame),) = book.due(NOW_MS + DEBOUNCE_MS)
    assert said(frame) == (1, 5, set())


def test_each_tracker_and_boot_has_its_own():
    book = acks()
    book.committed([one(1), one(1, boot=2), one(2, device="bjarne")], NOW_MS)
    frames = book.due(NOW_MS + DEBOUNCE_MS)
    assert sorted((device, *said(frame)[:2]) for device, frame in frames) == [
        ("astrid", 1, 1), ("astrid", 2, 0), ("astrid", 2, 1), ("bjarne", 1, 2),
    ]  # fmt: skip


def test_an_ack_tells_the_time():
    book = acks()
    book.committed([one(1)], NOW_MS)
    ((_, frame),) = book.due(NOW_MS + DEBOUNCE_MS)
    assert codec.decode(frame)[1]["time_s"] == NOW_MS // 1000 - EPOCH


def test_memory_is_bounded_and_what_was_let_go_comes_back_from_the_journal(monkeypatch):
    monkeypatch.setattr("trygg_gateway.acks.BOOTS_MAX", 10)
    book = acks({("astrid", 1): [(1, 3)]})
    for boot in range(1, 31):
        book.committed([one(4, boot=boot)], NOW_MS)
        book.due(NOW_MS + DEBOUNCE_MS)
    assert len(book._held) <= 10
    book.committed([one(4)], NOW_MS + 10_000)
    (_, frame), (_, newest) = book.due(NOW_MS + 10_000 + DEBOUNCE_MS)
    assert said(newest) == (30, 0, set())
    assert said(frame) == (1, 4, set())


def test_a_clock_that_steps_back_keeps_no_tracker_waiting():
    book = acks()
    book.committed([one(1)], NOW_MS)
    assert book.due(NOW_MS + DEBOUNCE_MS)
    back_ms = NOW_MS - 3_600_000
    book.committed([one(2)], back_ms)
    assert book.next_ms() <= back_ms + SPACING_MS
    assert book.due(back_ms + SPACING_MS)
    book.committed([one(3)], NOW_MS)  # due then, and the clock steps back before it came
    book.committed([one(4)], back_ms)
    assert book.due(back_ms + SPACING_MS + DEBOUNCE_MS)
