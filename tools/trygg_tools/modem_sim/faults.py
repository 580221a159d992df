"""What goes wrong, where and when: rules over the table of fault_table.py, struck at stages.

A rule says a fault's name, the stage of the dialogue at which it strikes, and when: `on` a pattern
of the command (`+SMPUB*`), the `nth` time that this comes, `times` in all (0 for ever), with a
`chance` in percent, not before `after_s`; or at a time (`at_s`) and then every `every_s`, whatever
is being said. The same rules, seed and dialogue give the same faults. `happened` counts them.

Stages: `boot`; `heard` (the command is there, nothing done); `prompt` (between the prompt and its
payload); `line` (between an answer's lines and its last); `final` (in place of the last line);
`after`; `urc` (before an unsolicited line); `time`.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trygg_tools.modem_sim.fault_table import Kind
    from trygg_tools.modem_sim.modem import Modem

STAGES = ("boot", "heard", "prompt", "line", "final", "after", "urc", "time")
Value = int | str


@dataclass
class Rule:
    """One fault and when it strikes; `values` are the fault's own (seconds=60)."""

    kind: Kind
    values: dict[str, Value]
    stage: str
    on: str = "*"
    nth: int = 1
    times: int = 1
    chance: int = 100
    after_s: int = 0
    at_s: int = -1
    every_s: int = 0
    seen: int = field(default=0, compare=False)
    struck: int = field(default=0, compare=False)

    @property
    def over(self) -> bool:
        """True when it will not strike any more."""
        return bool(self.times) and self.struck >= self.times


class Faults:
    """The rules of one modem, and what faults leave behind for other parts to ask about."""

    def __init__(self, rules: list[Rule] | None = None, seed: int = 0) -> None:
        self.rules: list[Rule] = list(rules or ())
        self.rng = random.Random(seed)  # noqa: S311  (a simulation's chance)
        self.happened: Counter[str] = Counter()
        self.deaf_until_ms = 0
        self.hangs_until = ""  # "key" or "rail": what alone ends a hang
        self.dead_keys = 0  # presses of PWRKEY that do nothing
        self.boots_without_rdy = 0
        self.lie = ""  # what the receiver says in place of what it knows
        self.acks_to_lose = 0
        self.copies_to_make = 0
        self.sessions_to_lose = 0
        self.publish_code = 0  # the next publish ends in this code of its vendor
        self.sentences_left = 0  # NMEA's on the command port
        self._striking = False

    def begin(self, modem: Modem) -> None:
        """Plan what has a time."""
        for rule in self.rules:
            self._plan(modem, rule)

    def add(self, modem: Modem, rule: Rule) -> None:
        """One more rule, for a modem that runs."""
        self.rules.append(rule)
        self._plan(modem, rule)

    def clear(self) -> None:
        """No more faults; what has happened stays."""
        self.rules.clear()
        self.dead_keys = self.acks_to_lose = self.copies_to_make = self.sessions_to_lose = 0
        self.hangs_until = self.lie = ""
        self.deaf_until_ms = self.publish_code = self.boots_without_rdy = self.sentences_left = 0

    def _plan(self, modem: Modem, rule: Rule) -> None:
        if rule.at_s < 0:
            return

        def due() -> None:
            if rule in self.rules and not rule.over:
                self._happen(modem, rule)
                if rule.every_s:
                    modem.schedule.after(rule.every_s * 1000, due)

        modem.schedule.after(rule.at_s * 1000 - modem.schedule.now_ms, due)

    def strike(self, modem: Modem, stage: str, text: str) -> None:
        """The dialogue is at this stage: whose turn is it."""
        if self._striking:  # what a fault says is no place for another
            return
        self._striking = True
        try:
            for rule in list(self.rules):
                if rule.at_s < 0 and rule.stage == stage and fnmatchcase(text, rule.on):
                    self._meet(modem, rule)
        finally:
            self._striking = False
        if self.rules:
            self.rules = [rule for rule in self.rules if not rule.over]

    def _meet(self, modem: Modem, rule: Rule) -> None:
        if modem.schedule.now_ms < rule.after_s * 1000 or rule.over:
            return
        rule.seen += 1
        lucky = rule.chance < 100 and self.rng.randrange(100) >= rule.chance
        if rule.seen >= rule.nth and not lucky:
            self._happen(modem, rule)

    def _happen(self, modem: Modem, rule: Rule) -> None:
        rule.struck += 1
        self.happened[rule.kind.name] += 1
        modem.note(f"fault {rule.kind.name}")
        rule.kind.effect(modem, self, rule.values)

    # -- what other parts ask ----------------------------------------------------------------

    def deaf(self, modem: Modem) -> bool:
        """True while the modem hears nothing."""
        return bool(self.hangs_until) or modem.schedule.now_ms < self.deaf_until_ms

    def key_is_dead(self) -> bool:
        """True when this press of PWRKEY does nothing."""
        if self.hangs_until == "rail":
            return True
        if self.dead_keys:
            self.dead_keys -= 1
            return True
        return False

    def started(self, by_rail: bool) -> None:
        """A life has ended: a hang ends with it, unless only the supply ends it."""
        if by_rail or self.hangs_until == "key":
            self.hangs_until = ""
        self.deaf_until_ms = 0

    def boot_lines(self, modem: Modem, lines: tuple[str, ...]) -> None:
        """Say the first lines of a start, unless they are to be missing."""
        if self.boots_without_rdy:
            self.boots_without_rdy -= 1
            return
        for line in lines:
            modem.urc(line)

    def false_fix(self, modem: Modem) -> str:
        """What a lying receiver says; "" when it does not lie."""
        return self.lie if self.lie and modem.gnss.on else ""

    def publish_copies(self) -> int:
        """How often the next publish goes out."""
        copies, self.copies_to_make = 1 + self.copies_to_make, 0
        return copies

    def loses_ack(self) -> bool:
        """True when the acknowledgement of this publish does not come."""
        if self.acks_to_lose:
            self.acks_to_lose -= 1
            return True
        return False

    def loses_session(self) -> bool:
        """True when the broker has forgotten the session of this connect."""
        if self.sessions_to_lose:
            self.sessions_to_lose -= 1
            return True
        return False

    def take_publish_code(self) -> int:
        """The code the next publish is to end in; 0 none."""
        code, self.publish_code = self.publish_code, 0
        return code
