"""Who has the radio of a modem that has only one, for LTE and for its receiver, and for how long.

Starting the receiver while data is active is refused, blocks or crashes such a modem (SIM7080,
SIM7000, BG95: tests/vectors/at/). So one has the radio at a time:
  - LTE keeps it until nothing is under way and it was quiet for QUIET_S. For a search that waits it
    says goodbye LTE_MOST_S after it was connected, or when it is not after CONNECT_S; but while an
    alarm is open it has ALARM_MOST_S, so that an attach that is slow is not begun again for ever;
  - a search keeps it until it is over. What is to be said waits so long, at most GNSS_MOST_S, and
    GNSS_REACH_S while an alarm is open: then "taken" has to be heard within 90 s;
  - an alarm takes it from a running search at once. The search goes on behind it.

What that can cost is stated: a search waits at most WAIT_S for the radio, and an alarm YIELD_S;
without cover, where an attempt has to end first, ATTEMPT_S, unless an alarm waits: then the
attempts go first. It is part of the bound of promise 5 (`Duty.radio_s`). Where the receiver has a
radio of its own both have what they want, but for such an attempt.
"""

LTE, GNSS = 0, 1
QUIET_S = 10
CONNECT_S = 60
LTE_MOST_S = 30
ALARM_MOST_S = 150
GNSS_MOST_S = 180
GNSS_REACH_S = 45
GOODBYE_S = 30  # to end a service and its context: SMDISC 15 s, and what the network is told
YIELD_S = 20  # an answer under way 5 s, CGNSPWR=0 5 s, CFUN=1 10 s
WAIT_S = CONNECT_S + LTE_MOST_S + GOODBYE_S
ATTEMPT_S = 160  # an attempt to attach without cover, which is not broken off; most seen: 155


class Arbiter:
    """`shared`: False where each has its own. holder: LTE or GNSS, who may use it or is using it.
    interrupted: searches that an alarm has cut in two. Times in the tracker's seconds."""

    def __init__(self, shared):
        self.shared = shared
        self.holder = LTE
        self.interrupted = 0
        self._since_s = 0
        self._quiet_s = 0
        self._ready_s = -1  # since when LTE is connected in this turn

    def worst_s(self):
        """What a search may have to wait for the modem, and then an alarm for the radio."""
        return max(ATTEMPT_S, WAIT_S + YIELD_S if self.shared else 0)

    def judge(self, now_s, searches, talk, ready, urgent, reach):
        """Decide. `searches`: a search wants it. `talk`: None while LTE wants nothing, else whether
        something is under way there; `ready`: it is connected. `urgent`: an alarm is to be told;
        `reach`: one is open."""
        if not self.shared:
            return
        held_s = now_s - self._since_s
        if talk is not False:
            self._quiet_s = now_s
        if self.holder == LTE:
            quiet = talk is None or (talk is False and now_s - self._quiet_s >= QUIET_S)
            if ready and self._ready_s < 0:
                self._ready_s = now_s
            if urgent or reach:
                over = held_s >= ALARM_MOST_S
            elif self._ready_s >= 0:
                over = now_s - self._ready_s >= LTE_MOST_S
            else:
                over = held_s >= CONNECT_S
            if searches and (over or (quiet and not urgent)):
                self._give(GNSS, now_s)
        elif not searches:
            self._give(LTE, now_s)
        elif talk is not None and (urgent or held_s >= (GNSS_REACH_S if reach else GNSS_MOST_S)):
            self.interrupted += 1
            self._give(LTE, now_s)

    def _give(self, holder, now_s):
        self.holder = holder
        self._since_s = self._quiet_s = now_s
        self._ready_s = -1
