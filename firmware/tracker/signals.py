"""What the wearer feels and sees: patterns as rows, played without waiting.

A pattern is a row of (light, motor, milliseconds). They differ in the number and the length of
their pulses, which is what can be told through a jacket: a short pulse is at most 200 ms, a long
one at least 500 ms. While one is played the next waits, so that each can be told; `poll` switches
the board's outputs when a row is over. A step that comes late makes a pulse longer, never lost.
"""

from tracker import ticks

PATTERNS = {
    # one tick of the countdown before a call for help goes out
    "countdown": ((1, 1, 60),),
    # a short pulse: your call has left the tracker
    "sent": ((1, 1, 150),),
    # two short: the gateway holds it
    "stored": ((1, 1, 150), (0, 0, 200), (1, 1, 150)),
    # long, pause, long: a human has taken it
    "taken": ((1, 1, 800), (0, 0, 300), (1, 1, 800)),
    # one long: the call was cancelled
    "cancel": ((1, 1, 900),),
    # three tiny
    "battery_low": ((1, 1, 80), (0, 0, 120), (1, 1, 80), (0, 0, 120), (1, 1, 80)),
    # three long: back onto the charger, it does not last the day
    "charge_me": ((1, 1, 500), (0, 0, 250), (1, 1, 500), (0, 0, 250), (1, 1, 500)),
    # short and long: on the charger
    "charger": ((1, 1, 150), (0, 0, 200), (1, 1, 500)),
    # long and short
    "test": ((1, 1, 500), (0, 0, 200), (1, 1, 150)),
    # short, short, long: the strap is closed
    "worn": ((1, 1, 150), (0, 0, 200), (1, 1, 150), (0, 0, 200), (1, 1, 500)),
}
PAUSE = ((0, 0, 800),)  # between two patterns: longer than any pause inside one
WAITING_MAX = 4  # nobody tells a fifth pattern from the fourth
NEVER_MS = 60000


class Signals:
    """Plays patterns on a BoardIo port; `playing` until the last pulse is over."""

    def __init__(self, board):
        self._board = board
        self._waiting = []
        self._rows = ()
        self._at = 0
        self._ends = 0  # tick at which the present row is over
        self._now = 0
        self.playing = False

    def play(self, name):
        """Play a pattern of PATTERNS after those that wait; a fifth in waiting is left out."""
        if len(self._waiting) < WAITING_MAX:
            self._waiting.append(name)

    def poll(self, now):
        """Switch light and motor if it is time."""
        self._now = now
        if self.playing and ticks.diff(now, self._ends) < 0:
            return
        if self._at >= len(self._rows) and not self._take_next():
            return
        light, motor, ms = self._rows[self._at]
        self._at += 1
        self._board.signal(light, motor)
        self._ends = ticks.add(now, ms)

    def wait_ms(self):
        """Until the next switch, counted from the last poll."""
        if self.playing:
            return max(0, ticks.diff(self._ends, self._now))
        return 0 if self._waiting else NEVER_MS

    def busy(self):
        """True while something is played or waits for it: no time to sleep."""
        return self.playing or bool(self._waiting)

    def _take_next(self):
        """The next rows: a pause after a pattern when another waits; False when all is said."""
        after_pattern = self.playing and self._rows is not PAUSE
        self._at = 0
        if not self._waiting:
            if self.playing:
                self._board.signal(0, 0)
            self._rows, self.playing = (), False
            return False
        if after_pattern:
            self._rows = PAUSE
        else:
            self._rows = PATTERNS[self._waiting[0]]
            self._waiting = self._waiting[1:]
        self.playing = True
        return True
