"""The receiver's day: off until a fix is due, on until there is one or it has had its time.

Switching on and off costs a search; so a pause of KEEP_ON_S or less is not worth it and the
receiver stays on, giving a fix a second. What a receiver said before it was switched on is thrown
away. A receiver that stays silent for the whole of fix_timeout_s had its chance like one that
searched in vain: off, and on again later, is also what brings a hung one back.

Upkeep: a receiver that knows the satellites' ephemerides finds itself in a second or two, one
that does not needs half a minute of undisturbed reception. They are good for four hours, and a
whole set is sent every 30 s: so every upkeep_s the receiver stays on for UPKEEP_ON_S after a fix,
or for UPKEEP_WEAK_S where it hears badly. Lost before that, it is done again with the next fix.

Giving up early: indoors, where searches fail in a row and a report has said that nothing can be
stated, a search ends after give_up_s without any sign of a satellite, or without getting better.
Every FULL_EVERY-th search has LONG times the time-out all the same: a receiver that has to begin
from nothing shows nothing at first, and under a roof needs more than a minute. So has `patient`,
set while the wearer walks, its full time: they may just have come to where there is reception.
"""

from tracker.duty import FULL_EVERY, LONG, NOTHING_S

KEEP_ON_S = 12
UPKEEP_ON_S = 32  # one frame of 30 s from any moment in it, and two to be sure
UPKEEP_WEAK_S = 75  # our estimate: a word in two is lost and comes with the next frame
WEAK_HDOP_E2 = 150  # few satellites, or badly placed
NO_FIGURE = -10000


def _never(_now_s):
    return 0


class Search:
    """Between Uart, Receiver and the plan; the rail "gnss" of the Power port is its supply.

    setup: tells the receiver our wishes when it is switched on (receiver_setup.py).
    rest: asked when a fix is due, gives the seconds for which it may be left out; set it.
    upkept_s: when the ephemerides were last made fresh; may be set. given_up: searches that were
    ended early since the start.
    """

    def __init__(self, receiver, uart, power, duty, settings, setup):
        self._receiver = receiver
        self._uart = uart
        self._power = power
        self._duty = duty
        self._settings = settings
        self._since_s = 0  # switched on, or the last fix
        self._found_s = 0  # the first fix since it was switched on
        self._better_s = 0  # when the receiver's figures last improved
        self._best = NO_FIGURE
        self.on = False
        self.found = False  # a fix since it was switched on
        self.next_s = 0
        self.upkept_s = 0
        self.given_up = 0
        self.patient = False  # nothing is given up early in this search
        self.rest = _never
        self.setup = setup

    def poll(self, now, now_s):
        """(fix or None, over): `over` when there is a fix to plan from, or none and time is up."""
        if not self.on and not self._begins(now, now_s):
            return None, False
        heard = self._uart.read()
        wish = self.setup.poll(now, heard)
        if wish:
            self._uart.write(wish)
        self._receiver.feed(heard, now)
        fix = self._receiver.take()
        if fix is not None:
            self._note(now_s)
            return fix, True
        if now_s - self._since_s < self._time_s() and not self._hopeless(now_s):
            return None, False
        self._duty.got_none()
        self.found = False
        return None, True

    def plan(self, now_s, wait_s):
        """The next fix is wanted in `wait_s`: stay on for it, or off until then."""
        if self.found and wait_s <= KEEP_ON_S:
            return
        self._uart.write(self.setup.switch_off())
        self.switch_off()
        self.next_s = now_s + wait_s

    def switch_off(self):
        """Take the supply away."""
        self.on = False
        self.found = False
        self._power.rail("gnss", False)

    def searching(self):
        """True while the receiver is on and has not found anything yet."""
        return self.on and not self.found

    def keeps_up(self, now_s):
        """True while the receiver is to stay on for the sake of its ephemerides."""
        upkeep_s = self._settings.upkeep_s
        return bool(upkeep_s) and self.found and now_s - self.upkept_s >= upkeep_s

    def wait_s(self, now_s):
        """Seconds until something is due if the receiver says nothing."""
        if self.on:
            return max(0, self._since_s + self._time_s() - now_s)
        return max(0, self.next_s - now_s)

    def _begins(self, now, now_s):
        """Switch the receiver on if that is due and may not be left out."""
        if now_s < self.next_s:
            return False
        rest_s = self.rest(now_s)
        if rest_s:
            self.next_s = now_s + rest_s
            return False
        if self._power.rail("gnss", True) is False:
            self.next_s = now_s + 1  # the radio is another's, and not for long (modem/arbiter.py)
            return False
        self._uart.read()
        self._receiver.forget()
        self.setup.switch_on(now)
        self.on = True
        self.found = self.patient = False
        self._since_s = self._better_s = now_s
        self._best = NO_FIGURE
        return True

    def _note(self, now_s):
        if not self.found:
            self._duty.got_fix(now_s - self._since_s)
            self._found_s = now_s
        self.found = True
        self._since_s = now_s
        weak = self._receiver.quality()[1] > WEAK_HDOP_E2
        if now_s - self._found_s >= (UPKEEP_WEAK_S if weak else UPKEEP_ON_S):
            self.upkept_s = now_s

    def _time_s(self):
        """How long a search may last: longer only once nothing is stated."""
        duty, timeout_s = self._duty, self._settings.fix_timeout_s
        if duty.stated_s == NOTHING_S and duty.failures and not duty.failures % FULL_EVERY:
            return LONG * timeout_s
        return timeout_s

    def _hopeless(self, now_s):
        """Whether to give this search up before its time."""
        duty = self._duty
        if self.found or self.patient or duty.stated_s != NOTHING_S:
            return False
        if not duty.failures % FULL_EVERY:
            return False
        satellites, hdop_e2 = self._receiver.quality()
        figure = satellites * 10000 - hdop_e2
        if figure > self._best and satellites:
            self._best, self._better_s = figure, now_s
        hopeless = now_s - self._better_s >= self._settings.give_up_s
        self.given_up += hopeless
        return hopeless
