"""What is done when a modem does not get us to publishing: eight steps, each harder than the last.

An attempt runs from a silent modem to a service that takes publishes. When it fails, the next step
that can help is taken and the attempt made again; where it failed says which steps are of no use:
a modem that does not answer takes no command, and one that has coverage and a connection problem
need not be detached first. When all eight were taken there is a pause, 15, 30, then 60 minutes,
the wearer's side is told (`local`), and the climb begins again at the power key: so an outage of
any length ends within one pause of the network's return. While an alarm waits a pause is at most
PAUSE_ALARM_S.

What each step was worth is counted: `tried`, and `helped` when the next attempt came through. The
numbers are kept over sleeps and resets (`save`), so that the chip's own reset, step eight, does not
begin the climb anew. It is taken once in an outage: a chip that resets every hour has no one to
tell it by.
"""

import struct

# where an attempt failed: no answer at all; no network; no service (broker, TLS, socket)
NO_ANSWER, NO_NETWORK, NO_SERVICE = 1, 2, 3

# Of the steps, in NAMES by their number, those that help at each of these places, in their order
POWER_KEY, CHIP_RESET, PAUSE = 6, 8, 9
NAMES = (
    "|probe|end service|detach|radio off and on|reboot command|power key|power rail|chip reset|"
    "pause"
)
CLIMBS = "|1678|345678|2345678"
PAUSE_FIRST_S = 900
PAUSE_MOST_S = 3600
PAUSE_ALARM_S = 300
OFF_S = 10  # what a modem needs to go down
DEAF_S = 300  # after a search that could not begin
STEPS = 8
SAVED = "<BBI16H"
SAVED_BYTES = 38
_COUNT_MAX = 0xFFFF


class Ladder:
    """Where the climb stands. Times are the tracker's own count of seconds.

    step: the last step taken in this climb, 0 none. tried, helped: lists by step - 1, for ever.
    """

    def __init__(self):
        self.step = 0
        self.pauses = 0  # in a row
        self.until_s = 0  # no attempt before
        self.search_s = 0  # and in a pause no search of the modem's own receiver
        self.tried = [0] * STEPS
        self.helped = [0] * STEPS

    def failed(self, place, now_s, alarm_waits=False):
        """An attempt failed at `place`: the step to take now; PAUSE: nothing until `until_s`. In a
        pause that was a search, which alone is no reason to climb."""
        if self.rests(now_s):
            self.search_s = now_s + DEAF_S
            return PAUSE
        for digit in CLIMBS.split("|")[place]:
            step = int(digit)
            if step > self.step and not (step == CHIP_RESET and self.pauses):
                self.step = step
                self.tried[step - 1] = min(_COUNT_MAX, self.tried[step - 1] + 1)
                return step
        pause_s = min(PAUSE_FIRST_S << min(self.pauses, 2), PAUSE_MOST_S)
        self.search_s = now_s + OFF_S
        self.until_s = now_s + (min(pause_s, PAUSE_ALARM_S) if alarm_waits else pause_s)
        self.pauses = min(250, self.pauses + 1)
        self.step = 0
        return PAUSE

    def again(self):
        """The pause is over: the step to begin with."""
        self.until_s = 0
        self.step = POWER_KEY
        self.tried[POWER_KEY - 1] = min(_COUNT_MAX, self.tried[POWER_KEY - 1] + 1)
        return POWER_KEY

    def worked(self):
        """An attempt came through; the step before it is credited."""
        if self.step:
            self.helped[self.step - 1] = min(_COUNT_MAX, self.helped[self.step - 1] + 1)
        self.step = self.pauses = self.until_s = 0

    def hurry(self, now_s):
        """An alarm has come: a pause under way ends within PAUSE_ALARM_S."""
        self.until_s = min(self.until_s, now_s + PAUSE_ALARM_S)

    def rests(self, now_s):
        """True while no attempt is to be made."""
        return now_s < self.until_s

    def local(self):
        """True while the wearer's side should be told that nobody can be reached."""
        return self.pauses > 0

    def save(self):
        """SAVED_BYTES that outlive sleep and reset."""
        return struct.pack(SAVED, self.step, self.pauses, self.until_s, *self.tried, *self.helped)

    def load(self, data):
        """Go on from what `save` gave; False, and nothing changed, if it is nothing of that."""
        if len(data) != SAVED_BYTES:
            return False
        numbers = struct.unpack(SAVED, data)
        if numbers[0] > STEPS or numbers[2] >= 1 << 30:
            return False
        self.step, self.pauses, self.until_s = numbers[:3]
        self.tried = list(numbers[3 : 3 + STEPS])
        self.helped = list(numbers[3 + STEPS :])
        return True
