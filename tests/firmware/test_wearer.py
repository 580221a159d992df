"""Wearer: a held button calls for help, a second short press takes it back, doubt is a call."""

from tracker.settings import Settings
from tracker.wearer import AGAIN_S, CALLS, CANCELLED, COUNTING, Wearer
from trygg_tools.rig.board_io import BoardIo

WRAP = 1 << 30


class Hand:
    """A wearer with a hand on the button, polled each `every_ms`; what was said, and when."""

    def __init__(self, start=0, every_ms=20, wake=0):
        self.start = self.now = start
        self.every_ms = every_ms
        self.board = BoardIo(lambda: self.now - start)
        self.settings = Settings()
        self.wearer = Wearer(self.board, wake, 0, self.settings)
        self.said = []

    def wait(self, ms):
        """Let time pass with the button as it is."""
        end = self.now + ms
        while self.now < end:
            what = self.wearer.poll(self.now % WRAP, (self.now - self.start) // 1000)
            if what:
                self.said.append((what, self.now - self.start))
            self.now += self.every_ms

    def press(self, ms):
        self.board.pressed = True
        self.wait(ms)
        self.board.pressed = False

    def heard(self):
        return [what for what, _ in self.said]


def test_a_long_press_counts_down_and_calls_once():
    hand = Hand()
    hand.press(9000)
    hand.wait(20000)
    assert hand.said == [(COUNTING, 2000), (CALLS, 7000)]


def test_the_countdown_is_felt_each_second():
    hand = Hand()
    hand.press(2100)
    hand.wait(6000)
    assert hand.board.signals == ["countdown"] * 5


def test_a_short_press_in_the_countdown_cancels_and_is_felt():
    hand = Hand()
    hand.press(2500)
    hand.wait(1000)
    hand.press(200)
    hand.wait(10000)
    assert hand.heard() == [COUNTING, CANCELLED]
    assert hand.board.signals[-1] == "cancel"
    assert not hand.wearer.awake(100)


def test_holding_again_in_the_countdown_calls_at_once():
    hand = Hand()
    hand.press(2500)
    hand.wait(500)
    hand.press(5000)
    hand.wait(10000)
    assert hand.said == [(COUNTING, 2000), (CALLS, 5000)]


def test_a_button_that_is_down_when_the_countdown_ends_does_not_cancel():
    hand = Hand()
    hand.press(2500)
    hand.wait(4000)
    hand.press(1000)  # from 6.5 s to 7.5 s
    hand.wait(5000)
    assert hand.said == [(COUNTING, 2000), (CALLS, 7000)]


def test_who_calls_again_right_after_a_cancel_is_not_asked_again():
    hand = Hand()
    hand.press(2500)
    hand.wait(500)
    hand.press(100)
    hand.wait(10000)
    hand.press(2500)
    hand.wait(1000)
    assert hand.heard() == [COUNTING, CANCELLED, CALLS]
    hand.wait(1000 * AGAIN_S)
    hand.press(2500)
    assert hand.heard()[3:] == [COUNTING]


def test_after_a_call_the_next_long_press_is_a_new_one():
    hand = Hand()
    hand.press(2500)
    hand.wait(10000)
    hand.press(2500)
    hand.wait(10000)
    assert hand.heard() == [COUNTING, CALLS] * 2


def test_without_a_window_a_long_press_calls_at_once():
    hand = Hand()
    hand.settings.sos_cancel_s = 0
    hand.press(3000)
    hand.wait(3000)
    assert hand.said == [(CALLS, 2000)]


def test_short_presses_do_nothing_however_many():
    hand = Hand()
    for _ in range(20):
        hand.press(1500)
        hand.wait(300)
    assert hand.said == []


def test_a_shaking_hand_does_not_begin_the_press_anew():
    hand = Hand()
    for _ in range(30):
        hand.press(80)
        hand.wait(20)  # let go for less than RELEASE_MS
    assert hand.heard() == [COUNTING]


def test_a_hold_is_measured_across_the_wrap_of_the_ticks():
    hand = Hand(start=WRAP - 1000)
    hand.press(2500)
    hand.wait(6000)
    assert hand.said == [(COUNTING, 2000), (CALLS, 7000)]


def test_a_loop_that_looks_rarely_sees_it_too():
    hand = Hand(every_ms=200)
    hand.press(2500)
    hand.wait(6000)
    assert hand.heard() == [COUNTING, CALLS]
    asked = Hand()
    asked.press(100)
    assert asked.wearer.wait_ms() <= 50


def test_a_start_by_the_button_stays_awake_for_the_rest_of_the_press():
    assert Hand(wake=2).wearer.awake(3)
    assert not Hand(wake=2).wearer.awake(6)
    assert not Hand(wake=4).wearer.awake(3)


def test_a_start_by_motion_is_no_press():
    assert not Hand(wake=3).wearer.awake(0)


def test_nobody_sleeps_while_a_signal_is_played():
    hand = Hand()
    hand.wearer.feels("taken")
    assert hand.wearer.awake(0)
    hand.wait(3000)
    assert not hand.wearer.awake(3)
