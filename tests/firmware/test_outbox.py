"""Outbox: kept in flash until acked, alarms first, and no power cut loses what was promised."""

import os

from tracker.outbox import HELD, MAX_RECORDS, Outbox
from tracker.segments import SLOTS, slot_name
from trygg_tools.rig.flash import EIO, Flash
from trygg_tools.rig.folder_flash import FolderFlash
from trygg_tools.rig.power import PowerCut
from trygg_wire.layouts import LANE_ALARM, LANE_LIVE, LATE_S


def frame_of(seq, size=40):
    """A frame that can be told from every other."""
    return bytes([seq & 255, seq >> 8 & 255]) + bytes([seq % 251] * (size - 2))


def fill(outbox, first, last, lane=LANE_LIVE, boot=1, now_s=0, size=40):
    """Append frames; give how many were promised."""
    promised = 0
    for seq in range(first, last + 1):
        promised += outbox.append(lane, boot, seq, frame_of(seq, size), now_s)
    return promised


def sending(outbox, now_s):
    """Send everything in its order; each (boot, seq) with its frame checked."""
    while True:
        place = outbox.next(now_s)
        if place < 0:
            return
        boot, seq = outbox.identity(place)
        frame = outbox.frame(place)
        assert frame == frame_of(seq, len(frame)), "frame of another record"
        outbox.sent(place)
        yield boot, seq


def drain(outbox, now_s=0):
    """All that is sent, as a list."""
    return list(sending(outbox, now_s))


def next_sent(outbox):
    """Send one record, when all have become backlog; its seq."""
    for _, seq in sending(outbox, LATE_S + 1):
        return seq
    return None


def reopened(flash, floor=(0, 0)):
    """The outbox as it is after a restart."""
    outbox = Outbox(flash)
    outbox.open(floor)
    return outbox


class OnDisk:
    """A flash of full size: in a folder, for MicroPython's heap is as small as a board's."""

    def __enter__(self):
        name = "".join(["%02x" % byte for byte in os.urandom(8)])
        self.root = (os.getenv("TMPDIR") or "/tmp") + "/trygg-" + name
        return FolderFlash(self.root)

    def __exit__(self, *reason):
        for slot in range(SLOTS):
            try:
                os.remove(self.root + slot_name(slot))
            except OSError:
                pass
        os.rmdir(self.root + "/outbox")
        os.rmdir(self.root)


def files_of(flash):
    """The number of the ring's files."""
    return len([slot for slot in range(SLOTS) if flash.size(slot_name(slot)) >= 0])


def test_an_empty_flash_opens_with_nothing_to_send():
    outbox = reopened(Flash())
    assert outbox.waiting() == 0
    assert outbox.next(0) == -1
    assert outbox.floor() == (0, 0)


def test_records_come_back_after_a_restart_in_their_order():
    flash = Flash()
    assert fill(reopened(flash), 1, 90) == 90
    again = reopened(flash)
    assert again.waiting() == 90
    assert drain(again) == [(1, seq) for seq in range(1, 91)]
    assert again.torn == 0


def test_alarms_overtake_live_records_and_live_ones_overtake_backlog():
    outbox = reopened(Flash())
    fill(outbox, 1, 3, now_s=0)
    fill(outbox, 4, 5, now_s=LATE_S + 1)
    fill(outbox, 6, 7, LANE_ALARM, now_s=LATE_S + 2)
    order = [seq for _, seq in drain(outbox, LATE_S + 3)]
    assert order == [6, 7, 4, 5, 1, 2, 3]


def test_everything_from_before_the_last_start_is_backlog():
    flash = Flash()
    fill(reopened(flash), 1, 2, boot=4)
    outbox = reopened(flash)
    fill(outbox, 1, 1, boot=5, now_s=1)
    assert drain(outbox, 1) == [(5, 1), (4, 1), (4, 2)]


def test_a_puback_deletes_nothing_and_an_ack_deletes_what_it_covers():
    flash = Flash()
    outbox = reopened(flash)
    fill(outbox, 1, 10)
    drain(outbox)
    assert reopened(flash).waiting() == 10
    assert outbox.ack(1, 8, [{"first": 3, "count": 2}]) == (6, 0)
    assert outbox.waiting() == 4
    outbox.retry()
    outbox.retry()
    assert [seq for _, seq in drain(outbox)] == [3, 4, 9, 10]


def test_an_ack_of_another_boot_covers_nothing():
    outbox = reopened(Flash())
    fill(outbox, 1, 3, boot=7)
    assert outbox.ack(6, 100, []) == (0, 0)
    assert outbox.waiting() == 3


def test_an_ack_of_what_was_not_sent_since_the_start_covers_nothing():
    outbox = reopened(Flash())
    fill(outbox, 1, 3)
    outbox.sent(outbox.next(0))
    assert outbox.ack(1, 3, []) == (1, 0)
    assert [seq for _, seq in drain(outbox)] == [2, 3]


def test_an_ack_of_records_that_were_never_made_is_of_anothers_and_covers_nothing():
    outbox = reopened(Flash())
    fill(outbox, 1, 3, boot=7)
    drain(outbox)
    assert outbox.ack(7, 4, []) == (0, 0)
    assert outbox.taught() == 7
    assert outbox.ack(9, 0, []) == (0, 0)
    assert (outbox.taught(), outbox.taught()) == (9, 0)
    assert outbox.waiting() == 3
    assert outbox.ack(7, 3, []) == (3, 0)
    assert outbox.taught() == 0


def test_an_ack_says_how_many_alarms_it_covered():
    outbox = reopened(Flash())
    fill(outbox, 1, 2)
    fill(outbox, 3, 3, LANE_ALARM)
    assert outbox.alarms_waiting() == 1
    drain(outbox)
    assert outbox.ack(1, 3, []) == (3, 1)
    assert outbox.alarms_waiting() == 0


def test_a_record_without_an_ack_is_sent_again_after_two_retries_and_not_before():
    outbox = reopened(Flash())
    fill(outbox, 1, 2)
    drain(outbox)
    assert outbox.retry() == 0
    assert outbox.next(0) == -1
    fill(outbox, 3, 3)
    drain(outbox)
    assert outbox.retry() == 2
    assert [seq for _, seq in drain(outbox)] == [1, 2]
    assert outbox.retry() == 1


def test_a_file_goes_when_all_its_records_are_acked():
    with OnDisk() as flash:
        outbox = reopened(flash)
        fill(outbox, 1, 200)
        assert files_of(flash) == 3
        drain(outbox)
        outbox.ack(1, 199, [])
        assert files_of(flash) == 1
        outbox.ack(1, 200, [])
        assert reopened(flash, outbox.floor()).waiting() == 0


def test_the_floor_keeps_acked_records_from_coming_back_after_a_sleep():
    flash = Flash()
    outbox = reopened(flash)
    fill(outbox, 1, 10)
    drain(outbox)
    outbox.ack(1, 10, [{"first": 6, "count": 1}])
    assert outbox.floor() == (1, 6)
    woken = reopened(flash, outbox.floor())
    assert drain(woken) == [(1, seq) for seq in range(6, 11)]
    woken.ack(1, 10, [])
    assert woken.floor() == (1, 11)
    assert reopened(flash, woken.floor()).waiting() == 0


def test_at_least_a_thousand_records_of_a_hundred_bytes_are_kept():
    with OnDisk() as flash:
        outbox = reopened(flash)
        assert fill(outbox, 1, 1000, size=100) == 1000
        assert outbox.dropped == 0
        again = reopened(flash)
        assert again.waiting() == 1000
        expected = 1
        for identity in sending(again, 0):
            assert identity == (1, expected)
            expected += 1
        assert expected == 1001


def gaps_between(outbox, first):
    """The widest gap in seq between neighbours that wait, from `first` on."""
    widest, before = 0, first
    for place in range(outbox.waiting()):
        seq = outbox.identity(place)[1]
        if seq >= first:
            widest, before = max(widest, seq - before), seq
    return widest


def test_a_full_ring_becomes_coarser_with_age_has_no_hole_and_keeps_every_alarm():
    with OnDisk() as flash:
        outbox = reopened(flash)
        fill(outbox, 1, 5, LANE_ALARM, size=100)
        fill(outbox, 6, 1300, size=100)
        fill(outbox, 1301, 1301, LANE_ALARM, size=100)
        fill(outbox, 1302, 2000, size=100)
        assert outbox.waiting() >= 1000
        assert outbox.dropped + outbox.waiting() == 2000
        assert outbox.alarms_waiting() == 6
        assert gaps_between(outbox, 1) <= 8
        assert gaps_between(outbox, 1000) <= 4
        assert gaps_between(outbox, 1600) <= 2
        assert gaps_between(outbox, 1800) == 1
        for expected in (1, 2, 3, 4, 5, 1301):
            assert next_sent(outbox) == expected
        again = reopened(flash)
        assert again.waiting() == outbox.waiting()
        assert again.alarms_waiting() == 6
        assert files_of(flash) < SLOTS


def test_of_a_file_that_is_thinned_every_second_record_stays_and_the_order_too():
    outbox = Outbox(Flash(), slots=4, segment_bytes=512)
    outbox.open()
    fill(outbox, 1, 24)
    assert outbox.dropped == 0
    fill(outbox, 25, 25)
    assert outbox.dropped == 4
    assert [seq for _, seq in drain(outbox, LATE_S + 1)] == [2, 4, 6, 8] + list(range(9, 26))


def test_files_that_are_nearly_empty_are_gathered_before_anything_is_thinned():
    outbox = Outbox(Flash(), slots=6, segment_bytes=512)
    outbox.open()
    fill(outbox, 1, 40)
    drain(outbox)
    keep = (1, 9, 17, 25, 33)
    outbox.ack(1, 40, [{"first": seq, "count": 1} for seq in keep])
    assert outbox.waiting() == 5
    assert fill(outbox, 41, 70) == 30
    assert outbox.dropped == 0
    waiting = sorted([outbox.identity(place)[1] for place in range(outbox.waiting())])
    assert waiting == list(keep) + list(range(41, 71))


def test_a_ring_full_of_alarms_refuses_a_report_and_counts_it():
    outbox = Outbox(Flash(), slots=3, segment_bytes=512)
    outbox.open()
    promised = fill(outbox, 1, 40, LANE_ALARM)
    assert 15 < promised < 20
    assert fill(outbox, 41, 41) == 0
    assert outbox.waiting() == promised + HELD
    assert outbox.dropped == 41 - promised - HELD
    drain(outbox)
    outbox.ack(1, 40, [])
    assert outbox.waiting() == 0
    assert fill(outbox, 42, 43) == 2


def test_many_small_records_are_bounded_by_the_index():
    with OnDisk() as flash:
        outbox = reopened(flash)
        fill(outbox, 1, MAX_RECORDS + 10, size=12)
        assert outbox.waiting() <= MAX_RECORDS
        assert outbox.waiting() + outbox.dropped == MAX_RECORDS + 10
        small = Outbox(flash, max_records=100)
        small.open()
        assert small.waiting() <= 100
        assert drain(small)[-1] == (1, MAX_RECORDS + 10)


def test_a_failing_flash_leaves_alarms_in_ram_and_says_so():
    flash = Flash()
    outbox = reopened(flash)
    flash.failing = EIO
    assert fill(outbox, 1, HELD) == 0
    assert fill(outbox, HELD + 1, HELD + 2, LANE_ALARM) == 0
    assert outbox.dropped == 2
    assert outbox.flash_errors == HELD + 2
    assert [seq for _, seq in drain(outbox)][:2] == [HELD + 1, HELD + 2]
    flash.failing = 0
    assert fill(outbox, HELD + 3, HELD + 3) == 1
    drain(outbox)
    assert outbox.ack(1, HELD + 3, [])[0] == HELD + 1


def test_a_flash_that_cannot_be_read_does_not_stop_the_start():
    flash = Flash()
    fill(reopened(flash), 1, 5)
    flash.failing = EIO
    outbox = reopened(flash)
    assert outbox.waiting() == 0
    assert outbox.flash_errors


def test_a_damaged_record_is_skipped_and_its_neighbours_are_read():
    flash = Flash()
    fill(reopened(flash), 1, 5)
    data = flash.files[slot_name(0)]
    for at in range(0, len(data), 7):
        flash.files[slot_name(0)] = data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :]
        outbox = reopened(flash)
        assert outbox.waiting() >= 4
        assert outbox.torn == 5 - outbox.waiting()
        assert len(drain(outbox)) == outbox.waiting()


def test_a_record_damaged_after_the_start_is_given_up_and_counted():
    flash = Flash()
    outbox = reopened(flash)
    fill(outbox, 1, 2)
    data = flash.files[slot_name(0)]
    flash.files[slot_name(0)] = data[:-1] + bytes([data[-1] ^ 1])
    outbox.sent(outbox.next(0))
    place = outbox.next(0)
    assert outbox.frame(place) == b""
    outbox.lost(place)
    assert outbox.unreadable == 1
    assert outbox.waiting() == 1


def play(flash, promised, acked):
    """A short life in a ring of four files: what was promised and acked is noted as it happens."""
    outbox = Outbox(flash, slots=4, segment_bytes=160)
    outbox.open()
    for seq in range(1, 13):
        lane = LANE_ALARM if seq in (2, 5, 9) else LANE_LIVE
        if outbox.append(lane, 1, seq, frame_of(seq, 24), 0):
            promised.append((seq, lane, outbox.dropped))
        if seq == 6:
            drain(outbox)
            acked.extend(range(1, 4))
            outbox.ack(1, 3, [])


def cut_everywhere(tail, step):
    """Cut the power at every stroke; what survives must hold what was promised and not let go."""
    whole = Flash()
    play(whole, [], [])
    for cut_at in range(0, whole.strokes, step):
        flash = Flash()
        flash.cut_at, flash.tail = cut_at, tail
        promised, acked = [], []
        try:
            play(flash, promised, acked)
        except PowerCut:
            pass
        flash.power_on()
        outbox = Outbox(flash, slots=4, segment_bytes=160)
        outbox.open()
        there = [seq for _, seq in drain(outbox)]
        for seq, lane, _ in promised:
            if lane == LANE_ALARM and seq not in acked:
                assert seq in there, (cut_at, seq, there)
        reports = [seq for seq, lane, _ in promised if lane != LANE_ALARM and seq not in acked]
        kept = [seq for seq in there if seq in reports]
        assert kept == reports[len(reports) - len(kept) :], (cut_at, kept)
        assert outbox.append(LANE_ALARM, 2, 1, frame_of(1, 24), 0), cut_at
        assert (2, 1) in [identity for identity in drain(reopened(flash))]
    return whole.strokes


def test_a_power_cut_at_every_stroke_loses_nothing_that_was_promised():
    assert cut_everywhere(b"", 1) > 500


def test_garbage_behind_a_torn_write_hurts_no_neighbour():
    assert cut_everywhere(b"\xff" * 9, 5) > 100
    assert cut_everywhere(b"\xa5\x00\x04\x00", 7) > 70
