"""Signals: what is felt can be told apart, comes in order, and never waits."""

from tracker.signals import PATTERNS, WAITING_MAX, Signals
from trygg_tools.rig.board_io import BoardIo
from trygg_tools.rig.felt import name_of

WRAP = 1 << 30


class Played:
    """Signals on a board, polled when they ask to be (or so many ms late)."""

    def __init__(self, start=0, late_ms=0):
        self.now = start
        self.late_ms = late_ms
        self.board = BoardIo(lambda: self.now - start)
        self.signals = Signals(self.board)

    def run(self, ms):
        end = self.now + ms
        while True:
            self.signals.poll(self.now % WRAP)
            wait_ms = max(1, self.signals.wait_ms() + self.late_ms)
            if self.now + wait_ms > end:
                break
            self.now += wait_ms
        self.now = end
        return self.board.signals


def rows(name):
    return [int(ms) for ms in PATTERNS[name].split()]


def pulses(name):
    return rows(name)[::2]


def test_each_pattern_is_felt_as_itself():
    for name in sorted(PATTERNS):
        played = Played()
        played.signals.play(name)
        assert played.run(5000) == [name]
        assert (played.board.light, played.signals.busy()) == (0, False)


def test_no_two_patterns_can_be_taken_for_each_other():
    """As many pulses: one of them at least twice as long."""
    names = sorted(PATTERNS)
    for name in names:
        for other in names:
            one, two = pulses(name), pulses(other)
            if name != other and len(one) == len(two):
                apart = [max(a, b) >= 2 * min(a, b) for a, b in zip(one, two)]
                assert any(apart), (name, other)


def test_a_pulse_is_short_or_long_and_a_pattern_lasts_at_most_two_seconds():
    for name in sorted(PATTERNS):
        assert len(rows(name)) % 2  # it ends with a pulse
        for ms in pulses(name):
            assert ms <= 200 or ms >= 500, name
        for ms in rows(name)[1::2]:
            assert 100 <= ms < 600, name
        assert sum(rows(name)) <= 2000


def test_what_comes_together_is_felt_one_after_the_other():
    played = Played()
    for name in ("sent", "stored", "taken"):
        played.signals.play(name)
    assert played.run(9000) == ["sent", "stored", "taken"]


def test_a_late_step_makes_pulses_longer_but_they_stay_themselves():
    played = Played(late_ms=40)
    played.signals.play("taken")
    played.signals.play("stored")
    assert played.run(9000) == ["taken", "stored"]


def test_ticks_that_wrap_in_a_pulse_change_nothing():
    played = Played(start=WRAP - 100)
    played.signals.play("taken")
    assert played.run(5000) == ["taken"]


def test_a_flood_is_cut_and_ends():
    played = Played()
    for _ in range(50):
        played.signals.play("sent")
    assert played.run(60000) == ["sent"] * WAITING_MAX


def test_pulses_of_nobody_have_no_name():
    assert name_of([100] * 9) == "unknown"
