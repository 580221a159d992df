"""One modem from off to attached and back, and what is done when that does not come about.

What is to be done is a row of words (words.py), worked off one after the other (work.py) by `poll`,
so that nothing waits.

While the modem is UP a service (socket.py, service.py) runs its own procedures with `run` and
`ended`, and takes the events. When it cannot get through it says `failed`: the ladder chooses.

Reachability. In ordinary times the modem is left in PSM (or, without PSM, off) when the last word
is said. While `reach` is set, the connection stays and the modem listens every CYCLE (eDRX), its
line asleep by DTR between two things to say. What was told last is `mode`, kept over sleeps: the
network has to be told 0 before it hears a 1.

Where the modem's receiver is the tracker's, gnss.py says `fixing` while it is wanted and `radio`
while the radio is its: then the modem is on, answers, and is not attached (RECEIVING).
"""

from tracker import ticks
from tracker.ledger import EDRX as EDRX_SPENT
from tracker.ledger import PSM as PSM_SPENT
from tracker.modem import at, ladder, lines, words
from tracker.modem.steps import DONE, FAILED, Steps
from tracker.modem.work import Work

# what is wanted
OFF, ASLEEP, ONLINE = 0, 1, 2
# state
DOWN, COMING, UP, GOING, RESTING, SLEEPING, RECEIVING = 0, 1, 2, 3, 4, 5, 6
# mode
UNTOLD, PSM, EDRX = 0, 1, 2

NEVER_MS = at.NEVER_MS
WAKE_MS = 100  # from DTR low to a line that hears
QUIET_MS = 5000  # nothing was said for so long: DTR may go high
SEARCH_MOST_S = 180  # of a search between two attempts
RESTARTS_MAX = 3  # without a publish in between
SAVED_BYTES = ladder.SAVED_BYTES + 5


class Modem:
    """Over a Uart and a Power port; `dialect` a module of this folder, `values` {name: bytes} for
    its texts (apn, host, port, device, password, ca ...). Times: `now` ticks, `now_s` seconds.

    state: above. version: bytes, b"" unknown. time_s: UTC by the network when last asked,
    0 unknown. stirred: something has become otherwise, whoever looks at it is due.
    reset_wanted: step eight of the ladder is due. reach: see above; urgent: an alarm waits;
    both are the owner's to set. changed: `save` gives something new.
    """

    def __init__(self, uart, power, dialect, values, climb):
        self.dialect = dialect
        self.values = values
        self.ladder = climb
        self.line = at.At(uart, dialect.TABLE)
        self.steps = Steps(self.line, dialect.TEXTS)
        self.work = Work(uart, power, self.line, self.steps, dialect, values)
        self.power = power
        self._then = DOWN  # the state after the last word
        self._wanted = OFF
        self._ended = 0
        self._serving = False
        self._restarts = 0
        self._due = self._due_s = 0  # the ladder's step that waits for a search, and since when
        self._dozes = self._wakes = False
        self._said_at = 0  # when a procedure, or DTR's change, was last seen
        self._signal = 0
        self.events = []
        self.state = DOWN
        self.mode = UNTOLD
        self.pin_told = False
        self.left = 0  # publisher.py's: the half hour in which its first way was left
        self.time_s = 0
        self.version = b""
        self.stirred = False
        self.reset_wanted = self.reach = self.urgent = self.changed = False
        self.receiver = None  # a ModemGnss
        self.aid_due_s = 0  # aid.py's: UTC, and the last line that said what became of it
        self.aid_said = b""
        self.fixing = self.radio = self.gnss_on = False
        self._owner = None
        self.why = ""
        self.now_s = 0  # when it was last polled

    # -- for the owner ---------------------------------------------------------------------

    def want(self, what):
        """OFF, ASLEEP (in PSM, or off) or ONLINE; `poll` brings it about."""
        self.stirred = self.stirred or what != self._wanted
        self._wanted = what

    def poll(self, now, now_s):
        """Do what can be done now."""
        self.now_s = now_s
        self.stirred = False
        state, ended = self.state, self._ended
        self.line.poll(now)
        if self.line.events:
            self._hear(now)
        if self._serving:
            self._said_at = now
            self._ended = self._ended or self.steps.poll(now)
        elif self.work.words:
            self._worked(self.work.poll(now), now, now_s)
        if not self.busy():
            self._choose(now, now_s)
        self.line.poll(now)
        if state != self.state or ended != self._ended:
            self.stirred = True

    def wait_ms(self, now, now_s):
        """The ms until something is due if nothing comes."""
        if self.stirred:
            return 0
        if self.state == RESTING:
            return max(0, self.ladder.until_s - now_s) * 1000
        wait = min(self.line.wait_ms(now), self.steps.wait_ms(now))
        return min(wait, self.work.wait_ms(now))

    def busy(self):
        """True while something is under way on the line, so that `run` would not begin."""
        return self._serving or bool(self.work.words)

    def signal(self):
        """As in a report: 0 unknown, else 1 to 31."""
        return self._signal

    def quirk(self, name):
        """Whether the firmware's version is known for this."""
        return words.is_known_for(self.dialect.QUIRKS, self.version, name)

    def save(self):
        """SAVED_BYTES that outlive sleep and reset: mode, whether the PIN was said, when the first
        way was left, ladder, when assisted data is due."""
        self.changed = False
        head = bytes([self.mode | self.pin_told << 2 | self.left << 3])
        return head + self.ladder.save() + self.aid_due_s.to_bytes(4, "little")

    def load(self, data):
        """Go on from what `save` gave; b"" or anything else is nothing."""
        if len(data) == SAVED_BYTES and self.ladder.load(data[1:-4]):
            self.aid_due_s = int.from_bytes(data[-4:], "little")
            self.mode, self.pin_told = data[0] & 3, bool(data[0] & 4)
            self.left = data[0] >> 3

    # -- for the service -------------------------------------------------------------------

    def run(self, names, values, now, forgiving=False, owner=None):
        """Begin procedures while UP (or RECEIVING) and idle; False otherwise, and while DTR wakes
        the line. `ended` is told to the same `owner`."""
        if self.state not in (UP, RECEIVING) or self.busy():
            return False
        if owner is None and self.state == RECEIVING:
            return False
        if self._dozes:
            self._doze(False, now)
        if self._wakes and ticks.diff(now, self._said_at) < WAKE_MS:
            return False
        self._wakes = False
        every = dict(self.values)
        every.update(values)
        self.steps.begin(names, every, now, forgiving)
        self._serving = True
        self._owner = owner
        self._ended = 0
        return True

    def ended(self, owner=None):
        """steps.DONE or steps.FAILED once when the procedure is over, else 0."""
        if owner is not self._owner:
            return 0
        ended, self._ended = self._ended, 0
        if ended:
            self._serving = False
            if ended == FAILED:
                self.why = self.steps.failed
        return ended

    def mode_due(self):
        """The procedures that tell the network what is wanted of it now; "" when it knows."""
        if self.mode == (EDRX if self.reach else PSM):
            return ""
        if self.reach:
            return "EDRX_ON SLEEP"
        return "EDRX_OFF PSM_ON" if self.dialect.HAS_PSM else "EDRX_OFF"

    def told(self):
        """They are over."""
        self.mode = EDRX if self.reach else PSM
        self.changed = True

    def idle(self, now):
        """The service has nothing to say. While an alarm is open the network is told at once what
        is due of that, by the procedures that this gives, before PSM makes the modem deaf; after a
        while the line sleeps."""
        if self.reach and self.mode != EDRX:
            return self.mode_due()
        quiet = ticks.diff(now, self._said_at) >= QUIET_MS
        if self.mode == EDRX and not self._dozes and quiet and not self.busy():
            self._doze(True, now)
        return ""

    def dozed(self):
        """True while its line sleeps, until something was said after that."""
        return self._dozes or self._wakes

    def pause_ms(self):
        """The ms until `run` may work again: while DTR wakes the line it needs a moment; NEVER_MS
        while something is under way, for its end is heard."""
        if self.busy():
            return NEVER_MS
        return WAKE_MS if self._wakes else 0

    def activity(self):
        """The ledger's EDRX or PSM while it draws no more than that, else 0."""
        if self._dozes:
            return EDRX_SPENT
        return PSM_SPENT if self.state == SLEEPING else 0

    def worked(self):
        """The service takes publishes: the climb is over."""
        self.changed = self.changed or self.ladder.step or self.ladder.pauses
        self.ladder.worked()
        self._restarts = 0

    def failed(self, place, now, now_s):
        """An attempt ended at `place` (ladder.NO_...): take the ladder's next step, or rest."""
        self._serving = self.gnss_on = False
        self.steps.stop()
        self.changed = True
        due = self._due
        step = due or self.ladder.failed(place, now_s, self.urgent or self.reach)
        if step == ladder.PAUSE:
            self._begin(self._power_off(), RESTING, now)
        elif not due and (self.radio or self._apart()):
            self._due, self._due_s = step, now_s  # a search waited for this attempt, goes first
            self._begin(words.SEARCH, RECEIVING, now)
        else:
            self._take(step, now)

    # -- what is done ----------------------------------------------------------------------

    def _choose(self, now, now_s):
        """Nothing is under way: what is wanted and not so?"""
        wanted, state = self._wanted, self.state
        first = self._due and self._apart() and now_s - self._due_s < SEARCH_MOST_S
        searches = self.fixing and (self.radio or wanted != ONLINE or first)
        if self.ladder.rests(now_s):
            if self.urgent or self.reach:
                self.ladder.hurry(now_s)
            searches = self.fixing and now_s >= self.ladder.search_s
        if searches and state in (DOWN, SLEEPING, RESTING):
            self._begin(words.SEARCH, RECEIVING, now)
        elif searches and state in (UP, RECEIVING):
            self.state = state if wanted == ONLINE else RECEIVING
        elif state == RECEIVING:
            if wanted != ONLINE:
                self._due = 0
                self.state = UP
            elif self._due:
                self._take(self._due, now)
            elif self.ladder.pauses and not self.ladder.step:
                self._begin(self._power_off(), RESTING, now)
            else:
                self._begin("?RADIO_ON ATTACH/2 ASK/2", UP, now)
        elif state == RESTING:
            if wanted != ONLINE:
                self.state = DOWN
            elif not self.ladder.rests(now_s):
                self.changed = True
                self._recover(self.ladder.again(), now)
        elif wanted == ONLINE and state in (DOWN, SLEEPING):
            if self.ladder.rests(now_s):
                self.state = RESTING  # as before the sleep
            elif self.ladder.pauses and not self.ladder.step:
                self._recover(self.ladder.again(), now)
            else:
                self._begin(words.START, UP, now)
        elif wanted == ASLEEP and state == UP:
            if self.dialect.HAS_PSM:
                self._begin("", SLEEPING, now)
            else:
                self._begin(self._power_off(), DOWN, now)
        elif wanted == OFF and state in (UP, SLEEPING):
            self._begin(self._power_off(), DOWN, now)

    def _power_off(self):
        """Switched off, and without its supply unless its receiver would forget the sky with it."""
        return words.POWER_OFF if self.receiver is None else words.SWITCHED_OFF

    def _apart(self):
        """A search with a radio of its own, in ordinary times: no arbiter cuts it short."""
        return self.fixing and not (self.urgent or self.reach or self.dialect.GNSS_SHARED)

    def _take(self, step, now):
        """A step of the ladder."""
        self._due = 0
        self.reset_wanted = step == ladder.CHIP_RESET
        self._recover(step, now)

    def _recover(self, step, now):
        """The ladder's step, and the way up anew; what the network was told is told again."""
        if step > 3:
            self.mode = UNTOLD
        radio = " ?RADIO_ON" if self.receiver is not None else ""
        self._begin(words.RECOVERIES.split("|")[step] + radio + words.ATTACH, UP, now)

    def _begin(self, row, then, now):
        if then in (UP, RECEIVING):
            # a modem whose line was left asleep, before a reset of ours or a fault, hears nothing
            self._dozes = self._wakes = False
            self.power.rail("modem_dtr", False)
        self._then = then
        if self.work.begin(row, now):
            self.state = COMING if then == UP else GOING
        else:
            self.state = then

    def _worked(self, over, now, now_s):
        """What has come of the words so far."""
        if self.work.told:
            self.work.told = False
            self._learn()
        if over == DONE:
            self.state = self._then
            self._said_at = now
        elif over == FAILED:
            self._fell(self.work.words[0], now, now_s)

    def _instead(self, row):
        """These words in the place of the one that failed."""
        if not self.work.instead(row):
            self.state = self._then

    def _fell(self, word, now, now_s):
        """A word failed: its own way out, or the ladder."""
        if word in ("start", "restarted"):
            self._instead("on found")
        elif word == "found":
            self._instead("bauds")
        elif word[0] == "!":
            self._instead("")
        elif word != "alive" and self.steps.status == at.RESTARTED:
            if self._then in (UP, RECEIVING):
                self._restarted(now)
            else:
                self._instead("")  # it goes down, as it was told
        elif self._then in (UP, RECEIVING):
            place = ladder.NO_ANSWER
            self.why = "no answer"
            if word != "alive":
                self.why = self.steps.failed
                if self._pin_wanted():
                    self._instead("PIN/2 " + word)
                    return
                if self.steps.status != at.TIMEOUT:
                    place = int("0" + word.partition("/")[2]) or place
            self.failed(place, now, now_s)
        else:
            self.power.rail("modem", False)
            self.work.words = []
            self.state = self._then  # going anyway

    def _pin_wanted(self):
        """Whether the SIM asks for its PIN, and was not told it yet: a wrong one is not said twice,
        the third would block it."""
        asks = b"SIM PIN" in self.steps.said.get("AT+CPIN", [b""])[0]
        if not asks or self.pin_told or not self.values.get("pin"):
            return False
        self.pin_told = self.changed = True
        return True

    def _learn(self):
        """Take signal, version and time from the answers of a procedure of ours."""
        said = self.steps.said
        if "AT+CSQ" in said:
            self._signal = lines.signal_of(said["AT+CSQ"][0])
        if "AT+CGMR" in said:
            self.version = said["AT+CGMR"][0]
        if "AT+CCLK" in said:
            self.time_s = lines.read_clock(said["AT+CCLK"][0])

    def _doze(self, sleeps, now):
        self._dozes = sleeps
        self._wakes = not sleeps
        self._said_at = now
        self.power.rail("modem_dtr", sleeps)

    def _hear(self, now):
        """Hand events on; a restart in the middle of things is seen at once."""
        events, self.line.events = self.line.events, []
        self.events = (self.events + events)[-32:]
        for name, _line, _data in events:
            if name in (b"aided", b"unaided"):
                self.aid_said = name
            elif name == b"gone" and self.state == UP:
                self._serving = False
                self.steps.stop()
                self.why = "no context"
                self._begin("ATTACH/2 ASK/2", UP, now)
            elif name == b"psm" and self.state in (UP, RECEIVING) and self._wanted == ONLINE:
                self._serving = self.gnss_on = False
                self.steps.stop()
                self.why = "asleep"
                self._begin(words.START, UP, now)
            elif name in (b"restart", b"off") and self.state in (UP, RECEIVING):
                self._serving = self.gnss_on = False
                self.steps.stop()
                self.why = "restarted"
                self._restarted(now)

    def _restarted(self, now):
        """Everything is set up anew; one that restarts again and again is the ladder's."""
        self.mode = UNTOLD
        self._restarts += 1
        if self._restarts > RESTARTS_MAX:
            self._restarts = 0
            self.failed(ladder.NO_SERVICE, now, self.now_s)
        elif self.state == RECEIVING:
            self._begin("restarted SETUP/1", RECEIVING, now)
        else:
            self._begin("restarted" + words.ATTACH, UP, now)
