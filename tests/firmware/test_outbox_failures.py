"""Every call of the flash fails once, one by one: nothing is lost uncounted, no alarm at all.

The scenario fills a small ring past its end, with alarms in every file, with acks that leave holes,
and a restart in the middle. Of every record it is known what became of it: acked, waiting, given up
and counted, or (of those that a restart finds in RAM alone) counted by whoever restarts.
"""

import sys

from tracker.outbox import HELD, Outbox
from tracker.segments import slot_name
from trygg_tools.rig.flash import ALL, EIO, HALF, NOTHING, Flash
from trygg_wire.layouts import LANE_ALARM, LANE_LIVE

SLOTS, SEGMENT = 5, 512  # eight records a file
ALARMS = (3, 4, 11, 19, 27, 28, 35, 44)
RECORDS = 60
STEP = 9 if sys.implementation.name == "micropython" else 2  # tried with 1 after each change


def frame_of(seq):
    return bytes([seq]) * 40


def opened(flash, floor=(0, 0)):
    outbox = Outbox(flash, SLOTS, SEGMENT)
    outbox.open(floor)
    return outbox


def send_all(outbox):
    """As the uplink does; what the flash does not give now waits for the next time."""
    while True:
        place = outbox.next(0)
        if place < 0:
            return
        try:
            frame = outbox.frame(place)
        except OSError:
            outbox.sent(place)
            continue
        if frame:
            assert frame == frame_of(outbox.identity(place)[1])
            outbox.sent(place)
        else:
            outbox.lost(place)


class Life:
    """The scenario's own notes."""

    def __init__(self):
        self.acked = []
        self.promised = []
        self.counted = 0  # records given up, over all starts

    def waiting(self, outbox):
        return [outbox.identity(place)[1] for place in range(outbox.waiting())]

    def ack(self, outbox, upto, holes):
        send_all(outbox)
        before = self.waiting(outbox)
        outbox.ack(1, upto, [{"first": first, "count": count} for first, count in holes])
        after = self.waiting(outbox)
        self.acked += [seq for seq in before if seq not in after]

    def end(self, outbox):
        """A start finds nothing of what RAM held."""
        outbox.settle()
        self.counted += outbox.dropped + outbox.unreadable + outbox.held()


def play(flash, life):
    """The whole scenario; gives the outbox at its end."""
    outbox = opened(flash)
    for seq in range(1, RECORDS + 1):
        lane = LANE_ALARM if seq in ALARMS else LANE_LIVE
        if outbox.append(lane, 1, seq, frame_of(seq), 0):
            life.promised.append(seq)
        if seq == 20:
            life.ack(outbox, 14, ((3, 1), (9, 2)))
        if seq == 40:
            outbox.settle()
            held = [s for s in life.waiting(outbox) if s not in life.promised]
            life.end(outbox)
            floor = outbox.floor()
            outbox = opened(flash, floor)
            outbox.settle()
            outbox.made(1, seq)
            assert len(held) <= 1
    life.counted += outbox.dropped + outbox.unreadable
    return outbox


def check(flash, life, outbox, where):
    """What must be true at the end, and after one more start."""
    flash.fail_at = -1
    waiting = life.waiting(outbox)
    assert len(waiting) == len(set(waiting)), (where, "twice")
    for seq in range(1, RECORDS + 1):
        if seq in ALARMS and seq in life.promised and seq not in life.acked:
            assert seq in waiting, (where, "alarm %d" % seq)
    known = set(waiting) | set(life.acked)
    gone = [seq for seq in range(1, RECORDS + 1) if seq not in known]
    assert len(gone) <= life.counted, (where, gone, life.counted)
    outbox.settle()
    assert outbox.settled(), where
    for place in range(outbox.waiting()):
        assert outbox.frame(place) == frame_of(outbox.identity(place)[1]), where
    again = opened(flash, outbox.floor())
    assert set(life.waiting(outbox)) <= set(life.waiting(again)), where
    assert again.append(LANE_ALARM, 2, 1, frame_of(200), 0), where


def calls_of_the_scenario():
    flash, life = Flash(), Life()
    outbox = play(flash, life)
    assert life.promised == list(range(1, RECORDS + 1))
    assert outbox.dropped > 0
    check(flash, life, outbox, "whole")
    return flash.calls


def fail_everywhere(done, step):
    calls = calls_of_the_scenario()
    assert calls > 400
    for number in range(0, calls, step):
        flash, life = Flash(), Life()
        flash.fail_at, flash.fail_done = number, done
        outbox = play(flash, life)
        check(flash, life, outbox, number)


def test_one_call_that_fails_costs_nothing():
    fail_everywhere(NOTHING, STEP)


def test_one_call_that_is_done_and_says_that_it_failed_costs_nothing():
    fail_everywhere(ALL, STEP)


def test_one_write_that_is_half_done_costs_nothing():
    fail_everywhere(HALF, 2 + STEP)


def test_a_flash_that_fails_from_any_call_on_keeps_alarms_and_recovers():
    for number in range(0, calls_of_the_scenario(), 7):
        flash = Flash()
        outbox = opened(flash)
        for seq in range(1, RECORDS + 1):
            if flash.calls >= number:
                flash.failing = EIO
            outbox.append(LANE_ALARM if seq in ALARMS else LANE_LIVE, 1, seq, frame_of(seq), 0)
        lost = RECORDS - outbox.waiting()
        assert outbox.dropped == lost
        assert outbox.alarms_waiting() == len(ALARMS)
        assert outbox.held() <= HELD
        assert not outbox.held() or outbox.alarms_held() or not outbox.settled()
        flash.failing = 0
        outbox.settle()
        assert outbox.settled()
        assert opened(flash).alarms_waiting() == len(ALARMS)


def test_failed_appends_use_up_no_files():
    flash = Flash()
    outbox = opened(flash)
    for seq in range(1, 25):
        for _ in range(3):
            flash.fail_at = flash.calls + 1  # the write itself, every time
            outbox.append(LANE_LIVE, 1, seq, frame_of(seq), 0)
            if outbox.held():
                break
        outbox.settle()
    assert outbox.settled()
    assert outbox.dropped == 0
    assert len([slot for slot in range(SLOTS) if flash.size(slot_name(slot)) >= 0]) <= 4


def test_a_file_that_cannot_be_read_at_the_start_is_neither_removed_nor_written_over():
    def filled():
        flash = Flash()
        outbox = opened(flash)
        for seq in range(1, 21):
            outbox.append(LANE_ALARM, 1, seq, frame_of(seq), 0)
        return flash

    whole = filled()
    calls = whole.calls
    opened(whole)
    for number in range(whole.calls - calls):
        flash = filled()
        flash.fail_at = flash.calls + number
        again = opened(flash)
        for seq in range(21, 25):
            assert again.append(LANE_LIVE, 1, seq, frame_of(seq), 0), number
        again.settle()
        assert again.settled()
        assert again.alarms_waiting() == 20, number
        send_all(again)
        again.ack(1, 24, [{"first": 1, "count": 20}])
        assert again.waiting() == 20


def test_an_alarm_that_only_ram_holds_goes_to_flash_as_soon_as_it_can():
    flash = Flash()
    outbox = opened(flash)
    flash.failing = EIO
    assert not outbox.append(LANE_LIVE, 1, 1, frame_of(1), 0)
    assert not outbox.alarms_held()
    assert not outbox.append(LANE_ALARM, 1, 2, frame_of(2), 0)
    assert outbox.alarms_held()
    outbox.settle()
    assert outbox.held() == 2
    flash.failing = 0
    outbox.settle()
    assert outbox.settled() and not outbox.alarms_held()
    assert opened(flash).waiting() == 2
