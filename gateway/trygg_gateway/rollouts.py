"""One order for many trackers, in waves: what is next, and when to stop. Pure.

The first wave is few trackers. The next begins when every tracker of the wave before has applied
its order, or a stated share of them and a stated time has passed. When more trackers than allowed
have failed, it halts: no further wave, and what is still owed is withdrawn. Failed is who refused,
whose order expired, and who has not answered for `silence_s` since it was queued. Who is revoked
meanwhile, or was ordered something newer, is out of it and no failure.

    running → paused → running          by a person
    running → halted → running          too many failed; a person says go on
    running → done                      every tracker has applied, failed within bounds, or is out
    any of these → stopped              by a person, for good
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from math import ceil
from typing import Any, Final, NamedTuple

from trygg_gateway import orders
from trygg_gateway.values import Refused
from trygg_gateway.watched import long_words

RUNNING, PAUSED, HALTED, STOPPED, DONE = "running", "paused", "halted", "stopped", "done"
OPEN: Final = (RUNNING, PAUSED, HALTED)

# how a tracker of a roll-out stands; an order's own states beside these two
WAITING, SILENT, OUT = "waiting", "silent", "out"
_APPLIED: Final = (orders.APPLIED, orders.ARMED)
_FAILED: Final = (orders.REFUSED, orders.EXPIRED, SILENT)
_WAVE = re.compile(r"([1-9]\d{0,5})(%?)")
NAMED_MOST = 5


class Plan(NamedTuple):
    """How a roll-out goes on, and when it stops."""

    share: int = 100  # percent of a wave that must have applied
    after_s: int = 0  # and so long since it began
    silence_s: int = 86_400  # unanswered for longer is failed
    failures: int = 0  # more than so many, and it halts
    expires_s: int = 0  # for so long an order is owed; 0: for ever

    def checked(self) -> "Plan":
        """The plan, if it can be followed. Raises Refused."""
        if not 1 <= self.share <= 100:
            raise Refused(f"A share of {self.share} %: wanted 1 to 100.")
        if self.silence_s < 60:
            raise Refused(f"Silent after {self.silence_s} s: wanted a minute or more.")
        if min(self.after_s, self.failures, self.expires_s) < 0:
            raise Refused("A time or number of failures below 0 cannot be followed.")
        return self


class Member(NamedTuple):
    """One tracker of a roll-out: its wave, and its order's state ("" before its wave)."""

    device: str
    wave: int
    state: str
    queued_ms: int = 0
    speaks: bool = True  # registered and not revoked


class Step(NamedTuple):
    """What a roll-out does now: `begin` a wave (0: none), or go to another state, and why."""

    begin: int = 0
    state: str = RUNNING
    why: str = ""


def waves_of(text: str, devices: Sequence[str]) -> list[list[str]]:
    """The devices in waves, as in "1,10%,rest": trackers, percent of all, whoever is left.

    What the text leaves over is one more wave; one that nobody is left for is none. Raises Refused.
    """
    waves: list[list[str]] = []
    left = list(devices)
    for part in (one.strip() for one in text.split(",")):
        size = _size(part, len(devices), len(left))
        if left[:size]:
            waves.append(left[:size])
        left = left[size:]
    return [*waves, left] if left else waves


def _size(part: str, count: int, left: int) -> int:
    if part == "rest":
        return left
    found = _WAVE.fullmatch(part)
    if found is None or (found[2] and int(found[1]) > 100):
        raise Refused(f"A wave of {part!r}: wanted as in 1,10%,rest.")
    return ceil(count * int(found[1]) / 100) if found[2] else int(found[1])


def standing(member: Member, plan: Plan, now_ms: int) -> str:
    """How a tracker stands: its order's state, or waiting, silent, out."""
    if member.state in _APPLIED or member.state in _FAILED:
        return member.state
    if member.state == orders.SUPERSEDED or not member.speaks:
        return OUT
    if member.state in ("", orders.WITHDRAWN):
        return WAITING
    return SILENT if now_ms - member.queued_ms > plan.silence_s * 1000 else member.state


def next_step(plan: Plan, members: Sequence[Member], now_ms: int) -> Step:
    """What a running roll-out does now."""
    stands = {one: standing(one, plan, now_ms) for one in members}
    failed = [one for one in members if stands[one] in _FAILED]
    if len(failed) > plan.failures:
        return Step(state=HALTED, why=_why(failed, stands, plan))
    begun = [one for one in members if one.queued_ms]
    waiting = [one for one in members if stands[one] == WAITING]
    now_at = max((one.wave for one in begun), default=0)
    again = [one for one in waiting if one.wave <= now_at]  # after it was halted
    if again:
        return Step(begin=min(one.wave for one in again))
    wave = [one for one in begun if one.wave == now_at]
    if waiting and (not begun or _may_go_on(plan, wave, stands, now_ms)):
        return Step(begin=min(one.wave for one in waiting))
    if not waiting and not any(stands[one] in orders.OWED for one in members):
        return Step(state=DONE, why=_summary(stands.values()))
    return Step()


def _may_go_on(plan: Plan, wave: Sequence[Member], stands: dict[Member, str], now_ms: int) -> bool:
    """Whether the wave that was begun last has done enough."""
    counted = [one for one in wave if stands[one] != OUT]
    applied = sum(stands[one] in _APPLIED for one in counted)
    allowed = sum(stands[one] in _FAILED for one in counted) if plan.failures else 0
    enough = 100 * (applied + allowed) >= plan.share * len(counted)
    since_ms = max(one.queued_ms for one in wave)
    return enough and now_ms - since_ms >= plan.after_s * 1000


def _why(failed: Sequence[Member], stands: dict[Member, str], plan: Plan) -> str:
    words = {orders.REFUSED: "refused it", orders.EXPIRED: "let it expire",
             SILENT: f"has not answered for {long_words(plan.silence_s)}"}  # fmt: skip
    named = [f"{one.device} {words[stands[one]]}" for one in failed[:NAMED_MOST]]
    more = [f"{len(failed) - NAMED_MOST} more"] if len(failed) > NAMED_MOST else []
    return f"{len(failed)} failed, {plan.failures} allowed: {', '.join(named + more)}"


def _summary(stands: Iterable[str]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(Counter(stands).items()))


def shown_waves(members: Sequence[Member], plan: Plan, now_ms: int) -> list[dict[str, Any]]:
    """Each wave: how many trackers, and how many of them stand how."""
    counts: dict[int, Counter[str]] = {}
    for one in members:
        counts.setdefault(one.wave, Counter())[standing(one, plan, now_ms)] += 1
    return [
        {
            "wave": wave,
            "trackers": sum(count.values()),
            "waiting": count[WAITING],
            "owed": sum(count[state] for state in orders.OWED),
            "applied": count[orders.APPLIED] + count[orders.ARMED],
            "refused": count[orders.REFUSED],
            "expired": count[orders.EXPIRED],
            "silent": count[SILENT],
            "out": count[OUT],
        }
        for wave, count in sorted(counts.items())
    ]
