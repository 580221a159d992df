"""One modem from off to attached and back, and what is done when that does not come about.

What is to be done is a row of moves, worked off one after the other by `poll`:
    (RAIL, name, on)          a supply or a key of the Power port
    (WAIT, ms)
    (ALIVE, ms, otherwise)    the line answers a probe within `ms`; else the moves `otherwise`
    (STEPS, steps, place)     a procedure of the dialect; where it fails is the ladder's `place`
    (BAUD, rate)              the host's side of the line
So power-up, attaching and each step of the ladder are data, and nothing waits.

While the modem is UP a service (socket.py, service.py) runs its own procedures with `run` and
`ended`, and takes the events. When it cannot get through it says `failed`: the ladder chooses.
"""

from tracker import ticks
from tracker.modem import at, ladder, lines
from tracker.modem.steps import DONE, Steps, may

# what is wanted
OFF, ASLEEP, ONLINE = 0, 1, 2
# state
DOWN, COMING, UP, GOING, RESTING, SLEEPING = 0, 1, 2, 3, 4, 5
RAIL, WAIT, ALIVE, STEPS, BAUD = 1, 2, 3, 4, 5

ANSWER_MS = 2500  # a modem that is on answers a probe within this
KEY_PAUSE_MS = 3000  # between off and on
RAIL_PAUSE_MS = 2000


class Modem:
    """Over a Uart and a Power port; `dialect` a module of this folder, `values` {name: bytes} for
    its texts (apn, host, port, device, password, ca ...). Times: `now` ticks, `now_s` seconds.

    state: above. signal: as in a report. version, cell: bytes, b"" unknown. time_s: UTC by the
    network when last asked, 0 unknown. reset_wanted: step eight of the ladder is due.
    """

    def __init__(self, uart, power, dialect, values, climb):
        self.dialect = dialect
        self.values = values
        self.ladder = climb
        self._uart = uart
        self._power = power
        self._at = at.At(uart, dialect.TABLE)
        self._steps = Steps(self._at)
        self._moves = ()
        self._move_at = 0  # the place in _moves
        self._since = 0  # when the move began
        self._begun = False
        self._then = DOWN  # the state after the moves
        self._wanted = OFF
        self._ended = 0
        self._serving = False
        self._events = []
        self.state = DOWN
        self.signal = 0
        self.time_s = 0
        self.version = self.cell = b""
        self.reset_wanted = False
        self.why = ""
        self.now_s = 0  # when it was last polled

    # -- for the owner ---------------------------------------------------------------------

    def want(self, what):
        """OFF, ASLEEP (registered, hardly any current) or ONLINE; `poll` brings it about."""
        self._wanted = what

    def poll(self, now, now_s):
        """Do what can be done now."""
        self.now_s = now_s
        self._at.poll(now)
        for event in self._at.events():
            self._hear(event, now)
        if self._serving:
            self._ended = self._ended or self._steps.poll(now)
        elif self._moves:
            self._move(now, now_s)
        if not self._moves and not self._serving:
            self._choose(now, now_s)
        self._at.poll(now)

    def wait_ms(self, now, now_s):
        """The ms until something is due if nothing comes."""
        if self.state == RESTING:
            return max(0, self.ladder.until_s - now_s) * 1000
        wait = min(self._at.wait_ms(now), self._steps.wait_ms(now))
        if self._moves:
            move = self._moves[self._move_at]
            if move[0] in (WAIT, ALIVE):
                return min(wait, max(0, move[1] - ticks.diff(now, self._since)))
            if move[0] in (RAIL, BAUD) or not self._begun:
                return 0
        return wait

    def nmea(self):
        """NMEA that came on the modem's port since the last call."""
        return self._at.nmea()

    def counters(self):
        """(time-outs, restarts, garbage, cut frames, strange lines) of the line."""
        line = self._at
        return line.timeouts, line.restarts, line.garbage, line.cut, line.strange

    # -- for the service -------------------------------------------------------------------

    def run(self, steps, values, now):
        """Begin a procedure while UP and idle; False otherwise."""
        if self.state != UP or self._serving or self._moves:
            return False
        every = dict(self.values)
        every.update(values)
        self._steps.begin(steps, every, now)
        self._serving = True
        self._ended = 0
        return True

    def ended(self):
        """steps.DONE or steps.FAILED once when the procedure is over, else 0."""
        ended, self._ended = self._ended, 0
        if ended:
            self._serving = False
            if not ended == DONE:
                self.why = self._steps.failed
        return ended

    def answers(self):
        """[(command's name, Answer)] of the procedure that is over."""
        return self._steps.answers

    def status(self):
        """How the command ended that failed (at.ERROR, at.TIMEOUT, at.RESTARTED, at.OK)."""
        return self._steps.status

    def events(self):
        """[(name, line, bytes)] for the service since the last call."""
        events, self._events = self._events, []
        return events

    def worked(self):
        """The service takes publishes: the climb is over."""
        self.ladder.worked()

    def failed(self, place, now, now_s, alarm_waits=False):
        """An attempt ended at `place` (ladder.NO_...): take the ladder's next step, or rest."""
        self._serving = False
        self._steps.stop()
        step = self.ladder.failed(place, now_s, alarm_waits)
        if step == ladder.PAUSE:
            self._begin(self._power_off(), RESTING, now)
        else:
            self.reset_wanted = step == ladder.CHIP_RESET
            self._begin(self._recovery(step) + self._attach(), UP, now)

    # -- moves -----------------------------------------------------------------------------

    def _choose(self, now, now_s):
        """Nothing is under way: what is wanted and not so?"""
        if self.state == RESTING:
            if self._wanted == OFF:
                self.state = DOWN
            elif not self.ladder.rests(now_s):
                self._begin(self._recovery(ladder.POWER_KEY) + self._attach(), UP, now)
        elif self._wanted == ONLINE and self.state in (DOWN, SLEEPING):
            self._begin(self._start() + self._attach(), UP, now)
        elif self._wanted == ASLEEP and self.state == UP:
            self._begin(((STEPS, self.dialect.PSM_ON, 0),), SLEEPING, now)
        elif self._wanted == OFF and self.state in (UP, SLEEPING):
            self._begin(self._power_off(), DOWN, now)

    def _begin(self, moves, then, now):
        self._moves = moves
        self._move_at = 0
        self._since = now
        self._begun = False
        self._then = then
        self.state = COMING if then == UP else GOING

    def _move(self, now, now_s):
        """Take the move under way as far as it goes."""
        move = self._moves[self._move_at]
        if not self._begun:
            self._begun = True
            self._since = now
            self._enter(move, now)
        over = self._over(move, now)
        if over == DONE:
            self._begun = False
            self._move_at += 1
            if self._move_at == len(self._moves):
                self._moves = ()
                self.state = self._then
        elif over:
            self._fell(move, now, now_s)

    def _enter(self, move, now):
        kind = move[0]
        if kind == RAIL:
            self._power.rail(move[1], move[2])
        elif kind == BAUD:
            self._uart.baud(move[1])
        elif kind == ALIVE:
            self._at.revive(now)
            self._at.answer()
        elif kind == STEPS:
            self._steps.begin(move[1], self.values, now)

    def _over(self, move, now):
        """DONE, FAILED, or 0 while it goes on."""
        kind = move[0]
        if kind == WAIT:
            return DONE if ticks.diff(now, self._since) >= move[1] else 0
        if kind == ALIVE:
            if self._at.ready():
                return DONE
            return 0 if ticks.diff(now, self._since) < move[1] else 2
        if kind == STEPS:
            over = self._steps.poll(now)
            if over == DONE:
                self._learn()
            return over
        return DONE

    def _fell(self, move, now, now_s):
        """A move failed: its own way out, or the ladder."""
        if move[0] == ALIVE and move[2]:
            rest = self._moves[self._move_at + 1 :]
            self._begin(move[2] + rest, self._then, now)
            return
        self.why = self._steps.failed if move[0] == STEPS else "no answer"
        place = move[2] if move[0] == STEPS else ladder.NO_ANSWER
        if move[0] == STEPS and self._steps.status == at.TIMEOUT:
            place = ladder.NO_ANSWER
        self._moves = ()
        if self._then == UP:
            self.failed(place, now, now_s)
        else:
            self.state = self._then  # going anyway

    def _start(self):
        """On, whether it was on or not, and set up."""
        key = self._key() + ((ALIVE, self.dialect.START_MS, ()),)
        return ((RAIL, "modem", True), (ALIVE, ANSWER_MS, key))

    def _key(self):
        return (
            (RAIL, "modem_key", True),
            (WAIT, self.dialect.KEY_ON_MS),
            (RAIL, "modem_key", False),
        )

    def _attach(self):
        return (
            (STEPS, self.dialect.SETUP, ladder.NO_ANSWER),
            (STEPS, self.dialect.ATTACH, ladder.NO_NETWORK),
            (STEPS, self.dialect.ASK_SIGNAL + self.dialect.ASK_TIME, ladder.NO_NETWORK),
        )

    def _power_off(self):
        return ((STEPS, self.dialect.POWER_OFF, 0), (WAIT, KEY_PAUSE_MS), (RAIL, "modem", False))

    def _recovery(self, step):
        """The moves of a step of the ladder, up to a line that answers."""
        dialect, alive = self.dialect, (ALIVE, self.dialect.START_MS, ())
        if step == ladder.PROBE:
            return self._probe_bauds()
        if step == ladder.END_SERVICE:
            return ((STEPS, _forgiving(dialect.MQTT_END), ladder.NO_ANSWER),)
        if step == ladder.DETACH:
            return ((STEPS, _forgiving(dialect.DETACH), ladder.NO_ANSWER),)
        if step == ladder.RADIO:
            radio = _forgiving(dialect.RADIO_OFF) + dialect.RADIO_ON
            return ((STEPS, radio, ladder.NO_ANSWER),)
        if step == ladder.REBOOT:
            return (
                (STEPS, _forgiving(dialect.REBOOT), ladder.NO_ANSWER),
                (WAIT, KEY_PAUSE_MS),
                alive,
            )
        if step == ladder.POWER_KEY:
            off = ((RAIL, "modem", True), (RAIL, "modem_key", True), (WAIT, dialect.KEY_OFF_MS))
            return off + ((RAIL, "modem_key", False), (WAIT, KEY_PAUSE_MS)) + self._start()[1:]
        off = ((RAIL, "modem", False), (WAIT, RAIL_PAUSE_MS), (RAIL, "modem", True), (WAIT, 200))
        return off + self._key() + (alive,)

    def _probe_bauds(self):
        """Ask at every rate it may have, the usual one last; then set it."""
        usual = self.dialect.BAUDS[0]
        moves = ((BAUD, usual), (ALIVE, ANSWER_MS, ()))
        for rate in self.dialect.BAUDS[1:]:
            moves = ((BAUD, rate), (ALIVE, ANSWER_MS, moves))
        return moves

    def _learn(self):
        """Take signal, version and time from the answers of a procedure of ours."""
        for name, answer in self._steps.answers:
            if answer.status == at.OK:
                if name == "AT+CSQ":
                    self.signal = lines.read_signal(answer)
                elif name == "AT+CGMR" and answer.lines:
                    self.version = answer.lines[0]
                elif name == "AT+CCLK" and answer.lines:
                    self.time_s = lines.read_clock(answer.lines[0])

    def _hear(self, event, now):
        """Hand an event on; after a restart in the middle of things everything is set up anew."""
        self._events = self._events[-31:] + [event]
        if event[0] in ("restart", "off") and self.state == UP:
            self._serving = False
            self._steps.stop()
            alive = (ALIVE, self.dialect.START_MS, self._key() + ((ALIVE, ANSWER_MS, ()),))
            self._begin((alive,) + self._attach(), UP, now)


def _forgiving(steps):
    """The same steps, each of which may be refused."""
    return tuple([may(step.text, step.prefix, step.limit_ms, None, step.final) for step in steps])
