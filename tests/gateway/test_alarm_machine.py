"""The alarm engine against a plain model: any order of people, sinks, waits and kills."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.alarm_rig import PEOPLE, AlarmRig
from gateway.records import NOW_MS
from trygg_gateway.values import Refused
from trygg_wire import layouts

CALLED_FOR = (layouts.LEFT, layouts.SOS)
NAMES = [person.name for person in PEOPLE]
FITS = {
    "take": ("raised",),
    "on_the_way": ("raised", "taken"),
    "at_the_person": ("raised", "taken", "on_the_way"),
    "pass_on": ("raised", "taken", "on_the_way", "at_the_person"),
    "close": ("raised", "taken", "on_the_way", "at_the_person"),
    "reopen": ("closed",),
}
BECOMES = {"take": "taken", "on_the_way": "on_the_way", "at_the_person": "at_the_person",
           "pass_on": "raised", "close": "closed", "reopen": "raised"}  # fmt: skip


class Plain:
    """One alarm as a person with a clock and a list would follow it."""

    def __init__(self, now_s, what, test):
        self.what, self.test = what, test
        self.state, self.taken_by = "raised", None
        self.rounds = [[]]  # of calls: (kind, who, second)
        self.since_s = now_s
        self.passed_s = -1
        self.centre = None  # True confirmed, False refused

    def people(self):
        return [second for kind, _, second in self.rounds[-1] if kind == "person"]

    def follow(self, now_s):
        """What is due in this second, and again until nothing is."""
        while self.state == "raised" and not self.test and self._one(now_s):
            pass

    def _one(self, now_s):
        begun = any(kind == "channel" for kind, _, _ in self.rounds[-1])
        waited = now_s >= self.since_s + 20 or self.centre is False
        if not begun and self.centre is not True and waited:
            self.rounds[-1].append(("channel", "sms", now_s))
            return True
        if self.what not in CALLED_FOR:
            return False
        before = self.people()
        waits = (60, 120)
        due_s = self.since_s
        if before:
            due_s = before[-1] + waits[min(len(before), 2) - 1]
            due_s = self.passed_s if self.passed_s > before[-1] else due_s
        if now_s < due_s:
            return False
        self.rounds[-1].append(("person", NAMES[len(before) % len(NAMES)], now_s))
        return True

    def act(self, step, who, now_s):
        if step in ("take", "on_the_way", "at_the_person"):
            self.taken_by = self.taken_by or who
        if step in ("pass_on", "reopen"):
            self.taken_by = None
        if step == "pass_on":
            self.passed_s = now_s
        if step == "reopen":
            self.since_s = now_s
            self.rounds.append([])
        self.state = BECOMES[step]


class Machine(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.rig = AlarmRig(Path(self.folder.name) / "journal.sqlite")
        self.model = {}
        self.an_alarm_comes(layouts.LEFT, 0)

    def now_s(self):
        return (self.rig.now_ms - NOW_MS) // 1000

    def follow(self):
        for plain in self.model.values():
            plain.follow(self.now_s())

    @precondition(lambda self: len(self.model) < 3)
    @rule(what=st.sampled_from([layouts.LEFT, layouts.SOS, layouts.BATTERY_LOW]),
          test=st.sampled_from([0, 0, 0, 1]))  # fmt: skip
    def an_alarm_comes(self, what, test):
        id_ = self.rig.raised(what=what, test=test)
        self.model[id_] = Plain(self.now_s(), what, bool(test))
        self.follow()

    @rule(seconds=st.sampled_from([1, 7, 20, 41, 60, 119, 120, 500]))
    def time_passes(self, seconds):
        # passing on twice in one millisecond of a call is not told apart, so a second passes first
        self.rig.go(seconds)
        self.follow()

    @rule()
    def it_is_killed_and_starts_again(self):
        self.rig.crash()
        self.rig.step()

    @rule(seconds=st.sampled_from([5, 60, 1000]))
    def it_is_down_for_a_while(self, seconds):
        self.rig.now_ms += seconds * 1000
        self.rig.crash()
        self.rig.step()
        self.follow()

    @rule(data=st.data(), event=st.sampled_from(["delivered", "refused"]))
    def the_centre_answers(self, data, event):
        id_ = data.draw(st.sampled_from(sorted(self.model)))
        plain = self.model[id_]
        if plain.centre is None:
            plain.centre = event == "delivered"
            self.rig.sink("centre", id_, event)
            self.follow()

    @rule(data=st.data(), who=st.sampled_from(["Kari", "Ola"]))
    def somebody_passes_it_on(self, data, who):
        self._acts(data, "pass_on", who)

    @rule(data=st.data(), step=st.sampled_from(sorted(FITS)), who=st.sampled_from(["Kari", "Ola"]))
    def a_person_acts(self, data, step, who):
        self._acts(data, step, who)

    def _acts(self, data, step, who):
        id_ = data.draw(st.sampled_from(sorted(self.model)))
        plain = self.model[id_]
        self.rig.go(1)
        self.follow()
        words = (id_, who, "a cause") if step in ("close", "reopen") else (id_, who)
        fits = plain.state in FITS[step]
        try:
            getattr(self.rig.views, step)(*words)
        except Refused:
            assert not fits
        else:
            assert fits
            plain.act(step, who, self.now_s())
        self.rig.step()
        self.follow()

    @invariant()
    def the_journal_says_what_the_model_says(self):
        for id_, plain in getattr(self, "model", {}).items():
            shown = self.rig.views.alarm(id_)
            assert (shown["state"], shown["taken_by"]) == (plain.state, plain.taken_by)
            told = [call for call in self.rig.calls(id_) if call[0] != "call_off"]
            assert sorted(told) == sorted(call for calls in plain.rounds for call in calls)
            self.called_off_once_a_round(id_, plain)

    def called_off_once_a_round(self, id_, plain):
        offs = [call for call in self.rig.calls(id_) if call[0] == "call_off"]
        most = sum(any(kind == "person" for kind, _, _ in calls) for calls in plain.rounds)
        assert len(offs) <= most
        if plain.state != "raised" and plain.people():
            assert offs

    def teardown(self):
        if hasattr(self, "rig"):
            self.rig.close()
            self.folder.cleanup()


Machine.TestCase.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
TestAlarmEngine = Machine.TestCase
