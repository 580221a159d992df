"""Silence against a plain model: reports, delays, lost doors, restarts, a clock, in any order."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gateway.records import NOW_S
from trygg_gateway.watch import Watch
from trygg_gateway.watch_heard import Heard
from trygg_gateway.watched import Rules
from trygg_wire import layouts

RULES = Rules()
WEEK_S = 7 * 86_400
DEVICES = ("astrid", "bjarne")


class Plain:
    """One tracker, as a person would reckon with a list of its delays."""

    def __init__(self, now_s):
        self.heard_s = self.promise_s = 0
        self.at_risk = False
        self.silent = False
        self.first_week = 0
        self.delays = []  # (week, seconds)

    def says(self, model, next_s, at_risk):
        now_s = model.now_s
        heard_all = self.heard_s >= model.hearing_since_s and not model.deaf_since_s
        if self.promise_s and heard_all and not self.at_risk:
            self.first_week = self.first_week or now_s // WEEK_S
            late_s = now_s - self.promise_s
            if 0 < late_s <= 900:
                self.delays.append((now_s // WEEK_S, late_s))
        self.heard_s, self.promise_s, self.at_risk = now_s, now_s + next_s, at_risk
        self.silent = False

    def patience_s(self):
        if self.at_risk:
            return 120
        week = self.heard_s // WEEK_S
        kept = [late_s for at, late_s in self.delays if at > week - 9]
        if not self.first_week or week - self.first_week < 4:
            kept.append(480)
        longest_s = max(kept, default=0)
        return min(900, max(120, longest_s + longest_s // 4 + 30))

    def becomes_silent(self, model):
        """Whether it does now."""
        if not self.promise_s or self.silent:
            return False
        if model.deaf_since_s and self.heard_s <= model.deaf_since_s:
            return False
        at_s = max(self.promise_s + self.patience_s(), self.heard_s + 120)
        if self.heard_s < model.hearing_since_s:
            at_s = max(at_s, model.hearing_since_s + min(480, 60 + 3 * model.deaf_s // 2))
        return model.now_s >= at_s


class Machine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.now_s = self.hearing_since_s = NOW_S
        self.deaf_s = self.deaf_since_s = 0
        self.watch = Watch(RULES, NOW_S, 0)
        self.model = {device: Plain(NOW_S) for device in DEVICES}
        self.seq = 0
        self.begun, self.over, self.wanted_begun, self.wanted_over = [], [], [], []

    def told(self, notices):
        for one in notices:
            if one.what == 64:
                (self.over if one.over else self.begun).append((one.device, one.at_s))

    def poll(self):
        self.told(self.watch.poll(self.now_s))
        for device, plain in self.model.items():
            if plain.becomes_silent(self):
                plain.silent = True
                self.wanted_begun.append((device, self.now_s))

    @rule(device=st.sampled_from(DEVICES), next_s=st.sampled_from([60, 375, 975]),
          outside=st.sampled_from([False, False, True]))  # fmt: skip
    def a_tracker_speaks(self, device, next_s, outside):
        self.seq += 1
        if self.model[device].silent:
            self.wanted_over.append((device, self.now_s))
        self.model[device].says(self, next_s, outside)
        self.told(self.watch.heard(Heard(
            device, layouts.REPORT, 1, self.seq, self.now_s, self.now_s, next_s, 80, False, -80,
            layouts.OUTSIDE if outside else layouts.INSIDE, 0, 0,
        )))  # fmt: skip

    @rule(seconds=st.sampled_from([1, 60, 119, 300, 600, 976, 2000, WEEK_S, 5 * WEEK_S]))
    def time_passes(self, seconds):
        self.now_s += seconds
        self.poll()

    @rule(device=st.sampled_from(DEVICES), short_s=st.integers(-2, 2))
    def time_passes_to_where_it_matters(self, device, short_s):
        plain = self.model[device]
        at_s = plain.promise_s + plain.patience_s() + short_s
        self.now_s = max(self.now_s, at_s)
        self.poll()

    @rule()
    def a_door_is_lost(self):
        self.deaf_since_s = self.deaf_since_s or self.now_s
        self.watch.deaf(self.now_s)

    @rule()
    def all_doors_are_there(self):
        self.watch.hears(self.now_s)
        if self.deaf_since_s:
            self.hearing_since_s, self.deaf_s = self.now_s, self.now_s - self.deaf_since_s
            self.deaf_since_s = 0
        self.poll()

    @rule(down_s=st.sampled_from([0, 2, 100, 4000]))
    def the_gateway_is_killed(self, down_s):
        kept = {device: self.watch.dump(device) for device in self.watch.trackers}
        self.now_s += down_s
        self.watch = Watch(RULES, self.now_s, down_s)
        for device, text in kept.items():
            self.watch.load(device, text)
        self.hearing_since_s, self.deaf_s, self.deaf_since_s = self.now_s, down_s, 0
        self.poll()

    @invariant()
    def both_have_said_the_same(self):
        # of those who fall silent in one moment nobody is the first
        assert sorted(self.begun) == sorted(self.wanted_begun)
        assert self.over == self.wanted_over
        silent = {device for device, one in self.watch.trackers.items() if "64" in one.said}
        assert silent == {device for device, plain in self.model.items() if plain.silent}


Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestSilence = Machine.TestCase
