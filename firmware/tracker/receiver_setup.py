"""A receiver that does not know our wishes is told them, one message after the other.

Every kind says GSV by itself, and GSV is what we switch off: so one that has been switched on and
says GSV has forgotten (or never heard) what we want, and one that has said two RMC without it has
kept it under its backup supply and is left in peace, for being told the constellations again can
cost it its fix.

Each message is said, and said again when no answer has come in ANSWER_MS; after TRIES it counts as
unanswered and the next is said. A receiver that has not answered the first one at all does not hear
us (a line not connected, another kind of receiver): the set-up is given up until it is switched on
again, and what it says by itself is used. A message that the receiver refuses is counted and the
next one is said: each stands for itself, and none is needed for a fix.

Nothing waits: `poll` is called with what the receiver said and gives the bytes to write. The same
bytes go to the NMEA parser, which passes by what is not for it.
"""

from tracker import ticks as tick

ANSWER_MS = 1500  # at 9600 baud an answer waits behind a burst of a second
TRIES = 3
TAKEN, REFUSED = 1, 2  # what a language's `answer` says
_UNKNOWING = b"GSV,"
_BURST = b"RMC,"


class Setup:
    """Sets up a receiver of `kind`, as receiver_rows.kind_of gives it.

    done        it has kept our wishes, or every message has had its turn since it was switched on
    failed      given up: no answer to the first one
    taken, refused, unanswered   messages, and
    given_up    switch-ons without any answer, since the start
    """

    def __init__(self, kind):
        self._kind = kind
        self.taken = self.refused = self.unanswered = self.given_up = 0
        self.done, self.failed = True, False

    def switch_on(self, now):
        """The receiver has got its supply at tick `now`: listen to what it says by itself."""
        self._tail = b""
        self._bursts = 0
        self._at = -1
        self._tries = 0
        self._due = now
        self.done, self.failed = not self._kind.rows, False

    def poll(self, now, data):
        """Take what the receiver said; the bytes to write to it now, mostly none."""
        if self.done or self.failed:
            return b""
        if self._at < 0:
            return self._listen(now, data)
        message = self._kind.rows[self._at][1]
        verdict, self._tail = self._kind.language.answer(message, self._tail + data)
        if verdict:
            if verdict == TAKEN:
                self.taken += 1
            else:
                self.refused += 1
            return self._go_on(now)
        if tick.diff(now, self._due) < 0:
            return b""
        if self._tries < TRIES:
            return self._say(now)
        self.unanswered += 1
        if self._at == 0:
            self.failed = True
            self.given_up += 1
            return b""
        return self._go_on(now)

    def switch_off(self):
        """The bytes to write before the supply goes; nothing more is said until switch_on."""
        self.done = True
        return self._kind.language.frame(self._kind.rest) if self._kind.rest else b""

    def _listen(self, now, data):
        data = self._tail + data
        if _UNKNOWING in data:
            self._tail = b""
            return self._go_on(now)
        self._bursts += data.count(_BURST)
        self.done = self._bursts > 1
        self._tail = data[-3:]
        return b""

    def _go_on(self, now):
        self._at += 1
        self._tries = 0
        if self._at == len(self._kind.rows):
            self.done = True
            return b""
        return self._say(now)

    def _say(self, now):
        self._tries += 1
        self._due = tick.add(now, ANSWER_MS)
        return self._kind.language.frame(self._kind.rows[self._at][1])
