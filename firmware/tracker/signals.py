"""What the wearer feels and sees: patterns as rows, played without waiting.

A pattern is milliseconds on, off, on ..., light and motor together (as text, which stays in ROM).
They differ in the number and the length of their pulses, which is what can be told through a
jacket: a short pulse is at most 200 ms, a long one at least 500 ms. While one is played the next
waits, so that each can be told; `poll` switches the board's outputs when a row is over. A step that
comes late makes a pulse longer, never lost.
"""

from tracker import ticks

PATTERNS = {
    # one tick of the countdown before a call for help goes out
    "countdown": "60",
    # a short pulse: your call has left the tracker
    "sent": "150",
    # two short: the gateway holds it
    "stored": "150 200 150",
    # long, pause, long: a human has taken it
    "taken": "800 300 800",
    # one long: the call was cancelled
    "cancel": "900",
    # three tiny
    "battery_low": "80 120 80 120 80",
    # three long: back onto the charger, it does not last the day
    "charge_me": "500 250 500 250 500",
    # short and long: on the charger
    "charger": "150 200 500",
    # long and short
    "test": "500 200 150",
    # long, short, short: the network is away, nobody can be reached from here
    "alone": "500 200 150 200 150",
    # short, short, long: the strap is closed
    "worn": "150 200 150 200 500",
}
PAUSE_MS = 800  # between two patterns: longer than any pause inside one
WAITING_MAX = 4  # nobody tells a fifth pattern from the fourth
NEVER_MS = 60000


class Signals:
    """Plays patterns on a BoardIo port; `playing` to the end of the last pause, `on` in a pulse."""

    def __init__(self, board):
        self._board = board
        self._waiting = []
        self._rows = ()
        self._at = 0  # the next of them; even: on, odd: off
        self._ends = 0  # tick at which the present row is over
        self._now = 0
        self.playing = False
        self.on = 0

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
        self._switch(1 - (self._at & 1), self._rows[self._at])
        self._at += 1

    def wait_ms(self):
        """Until the next switch, counted from the last poll."""
        if self.playing:
            return max(0, ticks.diff(self._ends, self._now))
        return 0 if self._waiting else NEVER_MS

    def busy(self):
        """True while something is played or waits for it: no time to sleep."""
        return self.playing or bool(self._waiting)

    def _take_next(self):
        """The rows of the next pattern, after a pause; False when there are none now."""
        if self._rows:
            self._rows, self._at = (), 0
            self._switch(0, PAUSE_MS)
            return False
        self.playing = bool(self._waiting)
        if self.playing:
            self._rows = [int(ms) for ms in PATTERNS[self._waiting[0]].split()]
            self._waiting = self._waiting[1:]
        return self.playing

    def _switch(self, on, ms):
        self.on = on
        self._board.signal(on, on)
        self._ends = ticks.add(self._now, ms)
