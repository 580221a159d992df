"""One run: a fault somewhere in the dialogue, and whether the tracker is back afterwards."""

import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from trygg_tools.modem_faults.journey import ALARM_S, OVER_S, Journey
from trygg_tools.modem_faults.overheard import Identity
from trygg_tools.modem_sim.fault_file import from_words
from trygg_tools.modem_sim.faults import Faults

CAP_S = 4 * 3600  # after the fault's end; the longest pause of the ladder is one hour
LOOK_S = 10
STEPS_MOST, STEPS_A_SECOND = 300_000, 40  # five minutes of 1,000 a second; usual are 15
OPEN_S = "seconds=21600"  # of an outage while an alarm is open
PUBLISHING, SAFE, STUCK, FELL = "publishing", "safe", "stuck", "fell"
LASTS = {
    "silence", "slow_answer", "late_answer", "brown_out", "coverage", "attach_fails", "clock_unset",
    "nmea", "false_fix",
}  # fmt: skip


class Case(NamedTuple):
    """What is to be tried: the fault in the words of `trygg modem do`, "" none."""

    dialect: str
    way: str
    words: str
    seed: int
    alarm_s: int = ALARM_S


@dataclass
class Outcome:
    """What came of it; times in ms."""

    case: Case
    struck_ms: int = -1
    ended_ms: int = -1
    back_ms: int = -1  # from the fault's end, or the next record, to a record at the gateway
    alarm_ms: int = -1  # from the call to the gateway
    longest_ms: int = 0  # that any record waited after the fault's end
    state: str = ""  # PUBLISHING, SAFE (tells the wearer, keeps what it has), STUCK, FELL
    lost: list[Identity] = field(default_factory=list)
    coarser: int = 0  # records that a full outbox has given up, and counted
    conflicts: int = 0
    repeats: int = 0
    doubled: list[Identity] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)  # of the ladder, how often
    helped: list[int] = field(default_factory=list)
    switched: int = 0  # from one way to publish to another
    why: str = ""
    seconds: int = 0

    @property
    def outage(self) -> bool:
        """Whether this was one of plan.py's outages of days."""
        return self.case.alarm_s != ALARM_S or OPEN_S in self.case.words

    @property
    def alarm_open(self) -> bool:
        """Whether the call for help came while the fault was there."""
        return self.case.alarm_s * 1000 < self.ended_ms

    @property
    def bad(self) -> bool:
        """Whether a promise was broken."""
        return bool(self.state in (STUCK, FELL) or self.lost or self.conflicts or self.doubled)


class Trial:
    """`run()` gives the Outcome."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.rules = [from_words(case.words)] if case.words else []
        faults = Faults(list(self.rules), case.seed)
        self.journey = Journey(case.dialect, case.way, case.seed, faults, alarm_s=case.alarm_s)
        self._over_s = case.alarm_s - ALARM_S + OVER_S
        self.outcome = Outcome(case)
        self.journey.tracker.side.scene.modem.traces.append(self._trace)

    def run(self) -> Outcome:
        """Let the tracker live until all is said, or should long have been."""
        try:
            self._live()
            self._judge()
        except Exception as error:  # noqa: BLE001 (what it raises is what we look for)
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.outcome.state = FELL
            self.outcome.why = f"{error!r} in {Path(where.filename).name}:{where.lineno}"
        return self.outcome

    def _live(self) -> None:
        tracker = self.journey.tracker
        while tracker.seconds() < self._over_s or not self._settled():
            tracker.run(LOOK_S)
            over_s = max(self.outcome.ended_ms // 1000, self._over_s)
            if tracker.seconds() > over_s + CAP_S or self._busy():
                return

    def _busy(self) -> bool:
        """A tracker that asks to be called again at once, and does nothing: an empty battery."""
        tracker = self.journey.tracker
        return tracker.steps > STEPS_MOST + STEPS_A_SECOND * tracker.seconds()

    def _trace(self, now_ms: int, direction: str, data: bytes) -> None:
        if direction == "*" and data.startswith(b"fault ") and self.outcome.struck_ms < 0:
            self.outcome.struck_ms = now_ms
            lasts_s = 0
            for rule in self.rules:
                if rule.kind.name in LASTS:
                    lasts_s = int(rule.values["seconds"])
            self.outcome.ended_ms = now_ms + lasts_s * 1000

    def _settled(self) -> bool:
        """All that was made has arrived, something of it after the fault's end."""
        journey = self.journey
        arrived = journey.arrived
        if any(one not in arrived for one in journey.made) or journey.alarm not in arrived:
            return False
        if journey.tracker.gateway.owed:
            return False
        ended_ms = self.outcome.ended_ms
        return journey.tracker.clock.now_ms > ended_ms and max(arrived.values()) >= ended_ms

    def _judge(self) -> None:
        journey, outcome = self.journey, self.outcome
        gateway = journey.tracker.gateway
        outcome.seconds = journey.tracker.seconds()
        settled = self._settled()
        while journey.tracker.app is None:
            journey.tracker.run(1)
        arrived, waiting = journey.arrived, journey.waiting()
        gone = [one for one in journey.made if one not in arrived and one not in waiting]
        coarser = len(gone) <= journey.thinned() and journey.alarm not in gone
        outcome.lost, outcome.coarser = ([], len(gone)) if coarser else (gone, 0)
        outcome.conflicts, outcome.repeats = gateway.conflicts, gateway.repeats
        outcome.doubled = list(journey.overheard.doubled) if journey.overheard else []
        app = journey.tracker.app
        outcome.steps = list(app._modem.ladder.tried)
        outcome.helped = list(app._modem.ladder.helped)
        outcome.why, outcome.switched = app._modem.why, app._uplink._client.switched
        outcome.state = PUBLISHING if settled and not self._busy() else self._unsettled()
        self._times(arrived)

    def _unsettled(self) -> str:
        told = "alone" in self.journey.tracker.board.signals
        rests = told and self.journey.modem.ladder.local()
        return SAFE if rests and not self._busy() else STUCK

    def _times(self, arrived: dict[Identity, int]) -> None:
        made, outcome = self.journey.made, self.outcome
        ended_ms = max(0, outcome.ended_ms)
        alarm = self.journey.alarm
        if alarm in arrived:
            outcome.alarm_ms = arrived[alarm] - made[alarm]
        waits = {one: ms for one, ms in arrived.items() if one in made and ms >= ended_ms}
        if not waits:
            return
        since_ms = max(ended_ms, min(made[one] for one in waits))
        outcome.back_ms = min(waits.values()) - since_ms
        outcome.longest_ms = max(ms - max(ended_ms, made[one]) for one, ms in waits.items())


def outcome_of(case: Case) -> Outcome:
    """Run the trial of this case."""
    return Trial(case).run()
