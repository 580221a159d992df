"""How the reader and the doors share one event loop, in simulated time."""

import pytest

from trygg_gateway import pace
from trygg_gateway.pace import Pace


def test_a_burst_is_the_doors_and_what_comes_slowly_is_folded_at_once():
    shared = Pace(0, 1000)
    shared.look(1000, 1000)
    assert (shared.yields, shared.batch) == (False, pace.BATCH)
    shared.look(1100, 1020)  # 5,000 a second
    assert (shared.yields, shared.batch) == (True, pace.BUSY_BATCH)
    shared.look(1101, 1030)
    assert shared.yields, "a rate is of some time"
    shared.look(1110, 1120)
    assert not shared.yields


def test_too_far_behind_it_no_longer_yields_until_half_of_it_is_folded():
    shared = Pace(pace.BEHIND_MOST, 0)
    shared.look(10, 20)
    assert shared.strain == pytest.approx(1, abs=0.01)
    assert not shared.yields
    shared.read(pace.BEHIND_MOST // 2 - 1000)
    shared.look(1000, 40)
    assert shared.strain > 0.5
    shared.read(4000)
    shared.look(2000, 60)
    assert (shared.strain, shared.yields) == (0, True)


def test_what_is_caught_up_counts_no_longer_as_waiting():
    shared = Pace(pace.BEHIND_MOST + 1, 0)
    shared.caught_up(500)
    shared.look(500, 20)
    assert shared.strain == 0


def test_its_turns_and_batches_grow_with_how_far_it_is_behind():
    turns, batches = [], []
    for times in (1, 2, 3):
        shared = Pace(times * pace.BEHIND_MOST + 1, 0)
        shared.look(0, 20)
        shared.doors_had(0.02, 100.0)
        turns.append(next(ms for ms in range(1000) if not shared.still_ours(100 + ms / 1000)))
        batches.append(shared.batch)
    assert turns == [11, 41, 91], "half of the doors' turn, twice, more than four times"
    assert batches == [pace.MOST // 2, pace.MOST, pace.MOST]


def test_near_its_bound_places_are_written_in_small_pieces_and_far_behind_at_once():
    shared = Pace(0, 0)
    assert shared.piece == pace.PIECE
    shared.strain = 1.5
    assert shared.piece > pace.MOST


def test_a_year_behind_it_still_leaves_the_doors_their_turn():
    shared = Pace(1000 * pace.BEHIND_MOST, 0)
    shared.look(0, 20)
    shared.doors_had(30.0, 100.0)
    assert not shared.still_ours(100 + pace.TURN_MOST_S)
    assert shared.batch == pace.MOST


def test_without_strain_the_doors_have_their_turn_after_every_slice():
    shared = Pace(0, 0)
    shared.doors_had(10.0, 100.0)
    assert not shared.still_ours(100.0)


@pytest.mark.parametrize(
    ("door_us", "fold_us", "senders"), [(5, 10, 10_000), (2, 20, 10_000), (35, 15, 1_000)]
)
def test_however_fast_it_pours_in_what_waits_is_bounded(door_us, fold_us, senders):
    """`senders` records come a turn of the doors, at once again when they had it."""
    shared, stored, folded, now_s, most = Pace(0, 0), 0, 0, 0.0, 0
    while stored < 2_000_000:
        turn_s = senders * door_us / 1e6
        stored, now_s = stored + senders, now_s + turn_s
        shared.doors_had(turn_s, now_s)
        shared.look(stored, round(now_s * 1000))
        if shared.yields:
            continue
        read = 200  # one slice in any case
        while shared.still_ours(now_s + read * fold_us / 1e6):
            read += 200
        read = min(read, stored - folded)
        folded, now_s = folded + read, now_s + read * fold_us / 1e6
        shared.read(read)
        most = max(most, stored - folded)
    assert most <= 6 * pace.BEHIND_MOST
    assert folded >= stored - 6 * pace.BEHIND_MOST
