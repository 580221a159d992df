"""The wearer's side: a button that calls for help when it is held, and signals that are felt.

Holding it for sos_hold_s begins a countdown of sos_cancel_s that ticks once a second on the wrist.
A short second press in it cancels. What is in doubt becomes a call: the button held again in the
countdown calls at once, so does a countdown that ends while the button is down, and so does a hold
within AGAIN_S of a cancelled one, for who calls again right away was not mistaken. A countdown that
a reset ends is a call too (App keeps it in RTC memory). One hold calls once, however long it lasts.

A press is seen when a poll finds the button down; it is over when it has been up for RELEASE_MS,
so that a shaking hand does not begin it anew.
"""

from tracker import ticks
from tracker.signals import Signals

NOTHING, COUNTING, CANCELLED, CALLS = 0, 1, 2, 3

RELEASE_MS = 60
LOOK_MS = 30  # between two looks at a button that is down, or may cancel
TICK_MS = 1000
AGAIN_S = 60
AWAKE_S = 5  # awake after a start by the button, so that holding it is seen
_BUTTON_WAKE = 2  # EXT0; EXT1 is the motion sensor, which must not keep the chip awake


class Wearer:
    """Over a BoardIo port; `wake` is why the chip woke (Power.start_reason)."""

    def __init__(self, board, wake, now_s, settings):
        self._board = board
        self._settings = settings
        self.signals = Signals(board)
        self.mute = False  # True: nothing is polled, so nothing is to be felt
        self._down = -1  # tick of the press; -1 while the button is up
        self._up = -1  # tick since which it may be up again
        self._said = False  # the press has done its work
        self._ends = -1  # tick at which the countdown calls; -1 outside of one
        self._tick = 0  # of the countdown's next pulse
        self._again_s = -1  # until then a hold calls without a countdown
        self._awake_until_s = now_s + AWAKE_S if wake == _BUTTON_WAKE else 0

    def poll(self, now, now_s):
        """Look at the button, play what is to be felt; NOTHING, COUNTING, CANCELLED or CALLS.

        COUNTING, CANCELLED and CALLS are said once each time.
        """
        let_go = self._look(now)
        what = self._count(now, now_s, let_go) if self._ends >= 0 else self._held(now, now_s)
        if let_go:
            self._down, self._said = -1, False
        self.signals.poll(now)
        return what

    def feels(self, pattern):
        """Let the wearer feel a pattern of signals.PATTERNS."""
        if not self.mute:
            self.signals.play(pattern)

    def wait_ms(self):
        """Until the next poll, when nothing else is due."""
        wait_ms = self.signals.wait_ms()
        return min(wait_ms, LOOK_MS) if self._down >= 0 or self._ends >= 0 else wait_ms

    def counting(self):
        """True while a countdown runs."""
        return self._ends >= 0

    def awake(self, now_s):
        """True while the chip must not sleep because of button or signals."""
        held = self._down >= 0 or self._ends >= 0
        return held or self.signals.busy() or now_s < self._awake_until_s

    def _look(self, now):
        """Keep the tick of a press; True once when it is over."""
        if self._board.button():
            self._up = -1
            if self._down < 0:
                self._down = now
            return False
        if self._down < 0:
            return False
        if self._up < 0:
            self._up = now
        return ticks.diff(now, self._up) >= RELEASE_MS

    def _held(self, now, now_s):
        """Outside of a countdown: a long press begins one, or calls."""
        if not self._long(now):
            return NOTHING
        self._said = True
        cancel_ms = 1000 * self._settings.sos_cancel_s
        if not cancel_ms or now_s < self._again_s:
            return CALLS
        self._ends = ticks.add(now, cancel_ms)
        self._tick = now
        self._pulse(now)
        return COUNTING

    def _count(self, now, now_s, let_go):
        """Inside of one: it ends as a call, or is cancelled by a short press."""
        if ticks.diff(now, self._ends) >= 0 or self._long(now):
            self._said = self._down >= 0
            self._ends = -1
            return CALLS
        if let_go and not self._said:
            self._ends = -1
            self._again_s = now_s + AGAIN_S
            self.feels("cancel")
            return CANCELLED
        self._pulse(now)
        return NOTHING

    def _long(self, now):
        """True while a press that has not done its work has lasted long enough."""
        if self._down < 0 or self._said or self._up >= 0:
            return False
        return ticks.diff(now, self._down) >= 1000 * self._settings.sos_hold_s

    def _pulse(self, now):
        """A tick of the countdown each second, unless something is being felt."""
        if ticks.diff(now, self._tick) >= 0:
            self._tick = ticks.add(self._tick, TICK_MS)
            if not self.signals.busy():
                self.feels("countdown")
