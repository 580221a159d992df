"""The modem's own receiver in the place of one on a UART: its fixes take the same way.

Search (tracker/search.py) sees a receiver, its port, its supply and its set-up; this is all four.
What a search wants is a wish here: the arbiter says when it may be. While it may, the modem is
asked once a second where it is, and each answer goes through the same doubts as a receiver's
(found.py), so that no-fix coordinates and claims of metres are no fixes.
"""

from tracker import ticks
from tracker.modem import arbiter, at, ladder, lines, modem
from tracker.modem.aid import Aid
from tracker.modem.steps import DONE

ASK_MS = 1000
OFF, STARTING, ON, ASKING, STOPPING = 0, 1, 2, 3, 4


class ModemGnss:
    """Over a Modem; `clock` ours, for assisted data. counters: as a Receiver's; as a set-up's
    `unanswered` counts the times that assisted data did not come."""

    overrun = bad = refused = 0

    def __init__(self, over, clock):
        self._modem = over
        self.aid = Aid(over, clock)
        self.on_s = -1  # since when it runs
        self.arbiter = arbiter.Arbiter(over.dialect.GNSS_SHARED)
        self._wished = False
        self._doing = OFF
        self._asked_at = 0
        self._refused = False  # it could not be started: not again at once
        self._fix = None
        self._looks = 0
        self.sentences = self.fixes = 0

    # -- a receiver, its port, its supply, its set-up --------------------------------------

    @property
    def counters(self):
        """As a Receiver's."""
        return self

    @property
    def unanswered(self):
        """As a set-up's."""
        return self.aid.failures

    def rail(self, name, on):
        """A search begins or ends, and its antenna's supply where that is switched; False while the
        radio is another's: ask again."""
        self._modem.power.rail(name, on)
        self._wished = on
        self._fix = None
        return not on or self._may()

    def read(self):
        """Nothing comes by itself."""
        return b""

    def write(self, data):
        """Nothing is told it."""
        return len(data)

    def feed(self, _data, _now):
        """As read."""

    def forget(self):
        """What was known before is not to be told."""
        self._fix = None
        self._looks = 0

    def take(self):
        """The newest Fix, once; None while there is none."""
        fix, self._fix = self._fix, None
        return fix

    def quality(self):
        """(satellites, HDOP in hundredths): modems say neither while there is no fix. So that no
        search is given up for it, it seems to get better with each look."""
        self._looks += 1
        return self._looks, 100

    def switch_on(self, _now):
        """Nothing to set up."""

    def poll(self, _now, _heard):
        """Nothing to write."""
        return b""

    def switch_off(self):
        """Nothing to write."""
        return b""

    # -- its work, by the Publisher's poll ---------------------------------------------------

    def wait_ms(self, now):
        """The ms until it is asked again, or the arbiter; NEVER_MS while nothing is wanted, or the
        line is busy: its end is heard."""
        over = self._modem
        if not over.fixing:
            return ASK_MS if self.aid.waits() else at.NEVER_MS
        if self._doing == ON and not over.busy():
            return max(1, ASK_MS - ticks.diff(now, self._asked_at))
        return ASK_MS

    def leaves(self):
        """True while it is on and nobody wants it: no time to sleep."""
        return self._doing != OFF and not self._wished

    def work(self, now, now_s, talk, ready, urgent, reach):
        """Take the next step; `talk` to `reach` as Arbiter.judge wants them."""
        over, doing, holder = self._modem, self._doing, self.arbiter.holder
        self._step(now, now_s, talk, ready, urgent, reach)
        if doing != self._doing or holder != self.arbiter.holder:
            over.stirred = True

    def _step(self, now, now_s, talk, ready, urgent, reach):
        over = self._modem
        self.arbiter.judge(now_s, self._wished, talk, ready, urgent, reach)
        wished = self._wished or self.aid.wants_receiver()
        over.fixing = wished or self._doing != OFF
        over.radio = self.arbiter.shared and (self._mine() or self._doing != OFF)
        lost = not over.gnss_on and self._doing in (ON, ASKING)
        if lost or over.state not in (modem.UP, modem.RECEIVING):
            self._doing = OFF  # a restart, a recovery: what was under way has no end
        if self._doing not in (ON, ASKING):
            self.on_s = -1
        elif self.on_s < 0:
            self.on_s = now_s
        ended = over.ended(self) if self._doing != OFF else 0
        if ended:
            self._after(ended == DONE, now)
        elif self._doing == OFF and wished and self._may():
            if ticks.diff(now, self._asked_at) >= ASK_MS or not self._refused:
                values = self.aid.values()
                timed = values and self._modem.aid_due_s  # what it was given wants a time
                self._begin(STARTING, "SET_TIME GNSS_ON" if timed else "GNSS_ON", now, values)
        elif self._doing == ON and not (wished and self._mine()):
            self._begin(STOPPING, "GNSS_OFF", now)
        elif self._doing == ON and ticks.diff(now, self._asked_at) >= ASK_MS:
            if self._begin(ASKING, "ASK_FIX", now):
                self._asked_at = now

    def _mine(self):
        return not self.arbiter.shared or self.arbiter.holder == arbiter.GNSS

    def _may(self):
        """Whether the receiver could be started now."""
        state = self._modem.state
        return self._mine() and (
            state == modem.RECEIVING or (state == modem.UP and not self.arbiter.shared)
        )

    def _begin(self, doing, names, now, values=None):
        if not self._modem.run(names, values or {}, now, doing == STOPPING, self):
            return False
        self._doing = doing
        return True

    def _after(self, well, now):
        doing, self._doing = self._doing, ON
        if not well and self._modem.steps.status == at.TIMEOUT:
            self._doing = OFF
            self._modem.failed(ladder.NO_ANSWER, now, self._modem.now_s)
            return
        if doing == STOPPING or (doing == STARTING and not well):
            self._doing = OFF
            self._modem.gnss_on = False
            self._refused, self._asked_at = doing == STARTING, now
        elif doing == STARTING:
            self._modem.gnss_on = True
            self._asked_at = now
        elif well:
            self._answered(now)

    def _answered(self, now):
        said = [line for heard in self._modem.steps.said.values() for line in heard]
        self.sentences += len(said)
        fix = self._modem.dialect.read_fix(lines.fields(said[0]), now) if said else None
        if fix is not None:
            self._fix = fix
            self.fixes += 1
            self.aid.fixed()
