"""Acks against a plain set: they cover what was committed since the last one, and no more."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from trygg_gateway.acks import DEBOUNCE_MS, MISSING_MAX, SPACING_MS, Acks, Held
from trygg_gateway.values import ALARM, CLASH_BOOT, EPOCH, LIVE, Run
from trygg_wire import codec, layouts

NOW_MS = 1_790_000_000_000


def one(seq, device="astrid", boot=1, lane=LIVE):
    return Run(device, boot, lane, seq, seq)


def acks():
    return Acks(lambda _device: 0)


def covered(frames):
    pages = [said(frame) for _, frame in frames]
    return {n for _, upto, missing in pages for n in range(1, upto + 1) if n not in missing}


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


def test_more_gaps_than_an_ack_has_room_for_are_said_in_as_many_as_it_takes():
    book = acks()
    book.committed([one(seq) for seq in range(2, 400, 2)], NOW_MS)
    frames = book.due(NOW_MS + DEBOUNCE_MS)
    assert covered(frames) == set(range(2, 400, 2))
    assert all(len(codec.decode(frame)[1]["missing"]) <= MISSING_MAX for _, frame in frames)
    book.committed([one(400)], NOW_MS)
    assert covered(book.due(NOW_MS + SPACING_MS + DEBOUNCE_MS)) == {400}
    assert book.counters["acks_with_gaps"] == 1


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
    assert said(frame) == (1, 3, {1}), "1 was covered before"


def test_an_ack_covers_nothing_that_was_covered_before():
    book = acks()
    book.committed([Run("astrid", 1, LIVE, 1, 5)], NOW_MS)
    assert covered(book.due(NOW_MS + DEBOUNCE_MS)) == {1, 2, 3, 4, 5}
    book.committed([one(6, lane=ALARM)], NOW_MS + 1000)
    assert covered(book.due(NOW_MS + 1000)) == {6}, "1 to 5 may be another life's"


def test_a_record_sent_again_is_acked_again():
    book = acks()
    for now_ms in (NOW_MS, NOW_MS + 20_000):
        book.committed([one(3)], now_ms)
        ((_, frame),) = book.due(now_ms + DEBOUNCE_MS)
        assert said(frame) == (1, 3, {1, 2})


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


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr("trygg_gateway.acks.BOOTS_MAX", 10)
    book = acks()
    for boot in range(1, 31):
        clash = one(99, boot=CLASH_BOOT + boot)
        book.committed([clash, one(4, boot=boot)], NOW_MS)
        assert len(book.due(NOW_MS + DEBOUNCE_MS)) == 2
    assert [len(kept) for kept in (book._fresh, book._sent, book._two_lives)] == [0, 10, 10]


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
