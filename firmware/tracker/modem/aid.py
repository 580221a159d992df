"""Assisted data for the modem's own receiver: orbits from the network, so that a search which would
know nothing of the sky finds it in some ten seconds instead of half a minute.

It is fetched at the end of a session, when all is said: `Publisher.close` waits while `holds`. The
modem fetches by itself and says in a line of its own what has come (`aided`, `unaided` in the
dialect's table), so that records go out meanwhile as ever. An alarm, or a search that is given the
radio, ends it at once, and it is tried again after the next session.

A dialect has AID_1, AID_2 ..., each ended by such a line, then AID_USE. AID_S says how long what
came is good for, less a good part; where AID_ON is set the receiver has to run for it (gnss.py
sees to that), and what came does not last: it is wanted only where no fix was found for so long.

When it is due is a time by our clock (`Modem.aid_due_s`), kept over sleeps: a clock that was set
anew makes it due.
"""

from tracker.modem import lines, modem
from tracker.modem.steps import DONE, find

MOST_S = 60  # from its beginning to the last answer
RETRY_S = 43200  # after a failure: a minute of the radio at most, twice a day
ON_S = 10  # a receiver that has run for so long takes what is fetched
MOVED_S = 600  # a clock, or a time that is due, that moves less is as it was
IDLE, ASKS, WAITS, USES = 0, 1, 2, 3


class Aid:
    """Over a Modem; `clock` ours. fetched, failures: how often it came, and did not."""

    def __init__(self, over, clock):
        self._modem = over
        self._clock = clock
        self._doing = IDLE
        self._number = 0  # of the AID_ under way
        self._begun_s = -1  # since when it is wanted in this session
        self.fetched = self.failures = 0

    def holds(self, now_s, on_s):
        """All is said: True while the session is to stay for it, and from now on if it is due.
        on_s: since when the receiver runs, -1 it does not; then it takes nothing but with AID_ON.
        """
        free = on_s < 0 or self._modem.dialect.AID_ON
        if self._begun_s < 0 and free and self._due():
            self._begun_s = now_s
            self._number = 1
        return self._begun_s >= 0

    def values(self):
        """Our time for the dialect's texts; {} while we have none."""
        utc = self._clock.utc()
        clock = lines.say_clock(utc)
        return {"clock": clock, "time": clock[:17]} if utc else {}

    def waits(self):
        """True while its time is to be watched."""
        return self._begun_s >= 0

    def wants_receiver(self):
        """True while the receiver has to run for it."""
        return self._begun_s >= 0 and self._modem.dialect.AID_ON

    def fixed(self):
        """The receiver has a fix: what would only last as long is not wanted before that is old."""
        if self._modem.dialect.AID_ON:
            self._again_in(self._modem.dialect.AID_S)

    def work(self, now, now_s, quiet, on_s):
        """Take the next step; `quiet`: the service is connected, and neither an alarm nor a search
        wants the modem. on_s: as `holds`."""
        over = self._modem
        ended = over.ended(self) if self._doing in (ASKS, USES) else 0
        if over.state != modem.UP:
            self._doing = IDLE  # a restart, a recovery: what was under way has no end
        if not quiet:
            self._begun_s = -1
        if self._begun_s < 0:
            if ended or self._doing == WAITS:
                self._doing = IDLE  # what is under way still has to end
        elif ended:
            self._done(ended == DONE)
        elif now_s - self._begun_s >= MOST_S:
            self._over(False)
        elif self._doing == WAITS:
            self._heard()
        elif self._doing == IDLE and (not over.dialect.AID_ON or 0 <= on_s <= now_s - ON_S):
            self._ask(now)

    def _due(self):
        """Whether what the receiver was given is too old, or of another time than ours."""
        utc = self._clock.utc()
        left_s = self._modem.aid_due_s - utc
        most_s = max(self._modem.dialect.AID_S, RETRY_S) + MOVED_S
        return utc > 0 and not 0 < left_s <= most_s

    def _ask(self, now):
        """The next of the dialect's procedures; all were done when there is none."""
        over = self._modem
        name, doing = "AID_%d" % self._number, ASKS
        if not find(over.dialect.TEXTS, name.encode())[0]:
            name, doing = "AID_USE", USES
            if not find(over.dialect.TEXTS, b"AID_USE")[0]:
                self._over(True)
                return
        over.aid_said = b""
        if over.time_s == 0 and self._number == 1:
            name = "SET_TIME " + name
        if over.run(name, self.values(), now, False, self):
            self._doing = doing

    def _done(self, well):
        """A procedure is over."""
        doing, self._doing = self._doing, WAITS
        if not well or doing == USES:
            self._over(well)

    def _heard(self):
        if self._modem.aid_said == b"aided":
            self._doing = IDLE
            self._number += 1
        elif self._modem.aid_said:
            self._over(False)

    def _over(self, well):
        if self._doing == WAITS:
            self._doing = IDLE
        self._begun_s = -1
        self._modem.stirred = True  # the session may end
        self.fetched += well
        self.failures += not well
        self._again_in(self._modem.dialect.AID_S if well else RETRY_S)

    def _again_in(self, seconds):
        due_s, utc = self._modem.aid_due_s, self._clock.utc()
        if utc and abs(utc + seconds - due_s) > MOVED_S:
            self._modem.aid_due_s = utc + seconds
            self._modem.changed = True
