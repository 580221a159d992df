"""What is done when a modem does not get us to publishing: eight steps, each harder than the last.

An attempt runs from a silent modem to a service that takes publishes. When it fails, the next step
that can help is taken and the attempt made again; where it failed says which steps are of no use:
a modem that does not answer takes no command, and one that has coverage and a connection problem
need not be detached first. When all eight were taken there is a pause, 15, 30, then 60 minutes,
the wearer's side is told (`local`), and the climb begins again at the power key: so an outage of
any length ends within one pause of the network's return. While an alarm waits a pause is at most
PAUSE_ALARM_S.

What each step was worth is counted: `tried`, and `helped` when the next attempt came through. The
numbers are kept over resets (`save`), so that the chip's own reset, step eight, does not begin the
climb anew. It is taken once in an outage: a chip that resets every hour has no one to tell it by.
"""

# where an attempt failed: no answer at all; no network; no service (broker, TLS, socket)
NO_ANSWER, NO_NETWORK, NO_SERVICE = 1, 2, 3

PROBE, END_SERVICE, DETACH, RADIO, REBOOT, POWER_KEY, POWER_RAIL, CHIP_RESET = (
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
)
PAUSE = 9
NAMES = (
    "", "probe", "end service", "detach", "radio off and on", "reboot command", "power key",
    "power rail", "chip reset", "pause",
)  # fmt: skip
# for each place of failure the steps that can help, in their order
CLIMBS = (
    (NO_ANSWER, (PROBE, POWER_KEY, POWER_RAIL, CHIP_RESET)),
    (NO_NETWORK, (DETACH, RADIO, REBOOT, POWER_KEY, POWER_RAIL, CHIP_RESET)),
    (NO_SERVICE, (END_SERVICE, DETACH, RADIO, REBOOT, POWER_KEY, POWER_RAIL, CHIP_RESET)),
)
PAUSES_S = (900, 1800, 3600)
PAUSE_ALARM_S = 300
STEPS = 8


class Ladder:
    """Where the climb stands. Times are the tracker's own count of seconds.

    step: the last step taken in this climb, 0 none. tried, helped: lists by step - 1, for ever.
    """

    def __init__(self):
        self.step = 0
        self.pauses = 0  # in a row
        self.until_s = 0  # no attempt before
        self.tried = [0] * STEPS
        self.helped = [0] * STEPS

    def failed(self, place, now_s, alarm_waits=False):
        """An attempt failed at `place`: the step to take now; PAUSE: nothing until `until_s`."""
        step = self._next(place)
        if step == PAUSE:
            self._pause(now_s, alarm_waits)
        else:
            self.step = step
            self.tried[step - 1] += 1
        return step

    def worked(self):
        """An attempt came through; the step before it is credited."""
        if 0 < self.step <= STEPS:
            self.helped[self.step - 1] += 1
        self.step = 0
        self.pauses = 0
        self.until_s = 0

    def hurry(self, now_s):
        """An alarm has come: a pause under way ends within PAUSE_ALARM_S."""
        self.until_s = min(self.until_s, now_s + PAUSE_ALARM_S)

    def rests(self, now_s):
        """True while no attempt is to be made."""
        return now_s < self.until_s

    @property
    def local(self):
        """True while the wearer's side should be told that nobody can be reached."""
        return self.pauses > 0

    def _next(self, place):
        for its_place, steps in CLIMBS:
            if its_place == place:
                for step in steps:
                    if step > self.step and not (step == CHIP_RESET and self.pauses):
                        return step
        return PAUSE

    def _pause(self, now_s, alarm_waits):
        pause_s = PAUSES_S[min(self.pauses, len(PAUSES_S) - 1)]
        self.until_s = now_s + (min(pause_s, PAUSE_ALARM_S) if alarm_waits else pause_s)
        self.pauses += 1
        self.step = REBOOT  # the next climb begins at the power key

    def save(self):
        """(step, pauses, until_s, tried..., helped...): 19 numbers that outlive a reset."""
        return [self.step, self.pauses, self.until_s] + self.tried + self.helped

    def load(self, numbers):
        """Go on from what `save` gave; False, and nothing changed, if it is no such list."""
        if len(numbers) != 3 + 2 * STEPS or not 0 <= numbers[0] <= STEPS:
            return False
        self.step, self.pauses, self.until_s = numbers[:3]
        self.tried = list(numbers[3 : 3 + STEPS])
        self.helped = list(numbers[3 + STEPS :])
        return True
