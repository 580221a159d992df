"""The receiver's day: off until a fix is due, on until there is one or it has had its time.

Switching on and off costs a search; so a pause of KEEP_ON_S or less is not worth it and the
receiver stays on, giving a fix a second. What a receiver said before it was switched on is thrown
away. A receiver that stays silent for the whole of fix_timeout_s had its chance like one that
searched in vain: off, and on again later, is also what brings a hung one back.
"""

KEEP_ON_S = 12


class Search:
    """Between Uart, Receiver and the plan; the rail "gnss" of the Power port is its supply."""

    def __init__(self, receiver, uart, power, duty, settings):
        self._receiver = receiver
        self._uart = uart
        self._power = power
        self._duty = duty
        self._settings = settings
        self._since_s = 0  # switched on, or the last fix
        self.on = False
        self.found = False  # a fix since it was switched on
        self.next_s = 0

    def poll(self, now, now_s):
        """(fix or None, over): `over` when there is a fix to plan from, or none and time is up."""
        if not self.on:
            if now_s < self.next_s:
                return None, False
            self._switch_on(now, now_s)
        self._receiver.feed(self._uart.read(), now)
        fix = self._receiver.take()
        if fix is not None:
            if not self.found:
                self._duty.got_fix(now_s - self._since_s)
            self.found = True
            self._since_s = now_s
            return fix, True
        if now_s - self._since_s < self._settings.fix_timeout_s:
            return None, False
        self._duty.got_none()
        self.found = False
        return None, True

    def plan(self, now_s, wait_s):
        """The next fix is wanted in `wait_s`: stay on for it, or off until then."""
        if self.found and wait_s <= KEEP_ON_S:
            return
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

    def wait_s(self, now_s):
        """Seconds until something is due if the receiver says nothing."""
        if self.on:
            return max(0, self._since_s + self._settings.fix_timeout_s - now_s)
        return max(0, self.next_s - now_s)

    def _switch_on(self, now, now_s):
        self._power.rail("gnss", True)
        self._uart.read()
        self._receiver.forget()
        self.on = True
        self.found = False
        self._since_s = now_s
