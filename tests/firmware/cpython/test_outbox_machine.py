"""The outbox against a plain dict, over everything that can happen to it in any order.

What the dict says must be so after each step: every alarm that was promised waits until it is
acked; every other record waits, or was acked, or is counted as given up; a frame is the one that
was kept; what is sent next is an alarm if one is unsent; nothing raises. Calls of the flash fail
when hypothesis says so, and the power goes at any stroke.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tracker.outbox import Outbox
from trygg_tools.rig.flash import ALL, HALF, NOTHING, Flash
from trygg_tools.rig.power import PowerCut
from trygg_wire.layouts import LANE_ALARM, LANE_LIVE

SLOTS, SEGMENT, MOST = 5, 400, 40
ONE_FILE = SEGMENT // 28  # records that one file holds at most


def frame_of(boot, seq, size):
    return bytes([boot & 255, seq & 255, seq >> 8]) + bytes([seq % 251] * (size - 3))


class OutboxMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.flash = Flash()
        self.made = {}  # (boot, seq): frame, ever
        self.alarms = set()  # identities
        self.alive = set()  # kept or in RAM, not acked, as far as nothing was given up
        self.promised = set()
        self.given_up = 0  # as counted by outboxes that are gone
        self.boot = self.seq = 0
        self.now_s = 0
        self.start_anew((0, 0), 1)

    def start_anew(self, floor, boot):
        self.outbox = Outbox(self.flash, SLOTS, SEGMENT, MOST)
        self.outbox.open(floor)
        if boot:
            self.boot, self.seq = self.boot + 1, 0
        self.outbox.made(self.boot, self.seq)

    def waiting(self):
        return {self.outbox.identity(place) for place in range(self.outbox.waiting())}

    def after_the_cut(self):
        """The power came back without RTC memory: only flash remembers."""
        self.flash.power_on()
        given_up = self.given_up + self.outbox.dropped + self.outbox.unreadable
        self.start_anew((0, 0), 1)
        while not self.outbox.settled():
            self.outbox.settle()  # a read that was planned to fail
        there = self.waiting()
        kept = self.alive & self.promised
        assert kept & self.alarms <= there, "an alarm is lost by a cut"
        assert len(kept - there) <= given_up + 2 * ONE_FILE, (
            "a cut costs more than was being thinned"
        )
        assert there <= set(self.made), "a record that was never made"
        self.alive = there
        self.promised = set(there)
        self.given_up = 0

    def guarded(self, act):
        try:
            return act()
        except PowerCut:
            self.after_the_cut()
            return None

    # -- what happens ----------------------------------------------------------------------

    @rule(alarm=st.sampled_from((False, False, False, True)), size=st.integers(12, 90),
          many=st.integers(1, 6))  # fmt: skip
    def append(self, alarm, size, many):
        for _ in range(many):
            self.append_one(alarm, size)

    def append_one(self, alarm, size):
        self.seq += 1
        identity = self.boot, self.seq
        self.made[identity] = frame = frame_of(*identity, size)
        if alarm:
            self.alarms.add(identity)
        lane = LANE_ALARM if alarm else LANE_LIVE
        self.alive.add(identity)
        before = self.boot
        safe = self.guarded(lambda: self.outbox.append(lane, *identity, frame, self.now_s))
        if self.boot != before:
            return
        if safe:
            self.promised.add(identity)

    @rule(seconds=st.integers(1, 100))
    def time_passes(self, seconds):
        self.now_s += seconds

    @rule(most=st.integers(1, 30))
    def send(self, most):
        def act():
            for _ in range(most):
                place = self.outbox.next(self.now_s)
                if place < 0:
                    return
                self.send_one(place)

        self.guarded(act)

    def send_one(self, place):
        unsent_alarm = self.outbox.is_alarm(place)
        identity = self.outbox.identity(place)
        try:
            frame = self.outbox.frame(place)
        except OSError:
            self.outbox.sent(place)
            return
        assert frame == self.made[identity], "the frame of another record"
        self.outbox.sent(place)
        following = self.outbox.next(self.now_s)
        assert unsent_alarm or following < 0 or not self.outbox.is_alarm(following)

    @rule()
    def retry(self):
        self.outbox.retry()

    @rule(back=st.integers(0, 30), first=st.integers(1, 40), count=st.integers(1, 5))
    def ack(self, back, first, count):
        if self.seq - back < 1:
            return
        before = self.waiting()
        hole = [{"first": first, "count": count}]
        self.guarded(lambda: self.outbox.ack(self.boot, self.seq - back, hole))
        gone = before - self.waiting()
        for boot, seq in gone & self.alive:
            assert boot == self.boot and seq <= self.seq
            assert not first <= seq < first + count, "a record that the ack called missing"
        self.alive -= gone

    @rule()
    def settle(self):
        def act():
            self.outbox.settle()
            found = {self.outbox.identity(p) for p in range(self.outbox.waiting())
                     if not self.outbox.in_ram(p)}  # fmt: skip
            self.promised |= found

        self.guarded(act)

    @precondition(lambda self: not self.outbox.alarms_held())
    @rule()
    def sleep(self):
        """RTC memory stays; what RAM alone held is gone, and counted by whoever sleeps."""

        def act():
            self.outbox.settle()
            if self.outbox.alarms_held():
                return
            held = {self.outbox.identity(p) for p in range(self.outbox.waiting())
                    if self.outbox.in_ram(p)}  # fmt: skip
            self.given_up += self.outbox.dropped + self.outbox.unreadable
            self.alive -= held
            self.start_anew(self.outbox.floor(), 0)

        self.guarded(act)

    @rule(calls=st.integers(0, 60), done=st.sampled_from((NOTHING, HALF, ALL)))
    def one_call_will_fail(self, calls, done):
        self.flash.fail_at, self.flash.fail_done = self.flash.calls + calls, done

    @rule(strokes=st.integers(0, 400))
    def the_power_will_go(self, strokes):
        self.flash.cut_at = self.flash.strokes + strokes

    # -- what is so ------------------------------------------------------------------------

    @invariant()
    def every_record_waits_or_is_counted(self):
        if not hasattr(self, "outbox"):
            return
        outbox = self.outbox
        places = [outbox.identity(place) for place in range(outbox.waiting())]
        assert len(places) == len(set(places)), "a record waits twice"
        assert len(places) <= MOST + 16
        unread = len(outbox._segments.unread())
        if unread:
            return  # settle brings them back
        there = set(places)
        assert self.alive & self.promised & self.alarms <= there, "an alarm is gone"
        missing = self.alive - there
        assert len(missing) <= self.given_up + outbox.dropped + outbox.unreadable


OutboxMachine.TestCase.settings = settings(max_examples=120, stateful_step_count=60, deadline=None)
TestOutbox = OutboxMachine.TestCase
