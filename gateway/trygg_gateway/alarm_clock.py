"""How long an alarm has waited, whatever the wall's clock does meanwhile.

The journal holds moments by the wall's clock: alarms, calls and what people do are stamped with it.
Within one run of the gateway none of them is measured by it again: the first time that a moment is
seen, its age by the wall's clock is taken, and from then on it ages as the machine's own counter
goes (CLOCK_BOOTTIME: it is never set, and counts a suspended machine's sleep). A moment in the
future is now. What the wall's clock jumped forward between two looks is no age of what came in
between. Over a restart only the wall's clock is left.
"""

import time
from collections.abc import Callable
from typing import Final

from trygg_gateway.escalation import Call, Facts

SLACK_MS: Final = 2000  # between the two clocks from one look to the next, that is no jump
NEVER: Final = 0

Moment = tuple[str, int, int]  # what, which, stamped ms


def counted_ms() -> int:
    """Milliseconds since the machine started, its sleep included."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


class AlarmClock:
    """Moments as milliseconds that run evenly, from the wall's time at the first look on."""

    def __init__(self, wall_ms: Callable[[], int], counter_ms: Callable[[], int]) -> None:
        self._wall_ms = wall_ms
        self._counter_ms = counter_ms
        self._ahead_ms = wall_ms() - counter_ms()  # of the counter, for good
        self._last_ms = (wall_ms(), self.now_ms())  # at the last look, by either clock
        self._jumped_ms = 0  # forward, before this look
        self._seen: dict[int, dict[Moment, int]] = {}  # alarm → its moments, on the even scale

    def now_ms(self) -> int:
        """The moment, on the even scale."""
        return self._counter_ms() + self._ahead_ms

    def look(self) -> int:
        """A look begins, at this moment on the even scale."""
        wall_ms, now_ms = self._wall_ms(), self.now_ms()
        jumped_ms = (wall_ms - self._last_ms[0]) - (now_ms - self._last_ms[1])
        self._jumped_ms = jumped_ms if jumped_ms > SLACK_MS else 0
        self._last_ms = wall_ms, now_ms
        return now_ms

    def even(self, facts: Facts) -> Facts:
        """The same with every moment on the even scale."""
        known = self._seen.setdefault(facts.alarm_id, {})
        passed_ms = facts.passed_on_ms
        return facts._replace(
            since_ms=self._of(known, ("since", 0, facts.since_ms)),
            calls=[
                Call(call.kind, call.step, self._of(known, (call.kind, call.step, call.at_ms)))
                for call in facts.calls
            ],
            passed_on_ms=self._of(known, ("passed", 0, passed_ms)) if passed_ms else NEVER,
        )

    def forget(self, alarm_id: int) -> None:
        """It is closed, or no more."""
        self._seen.pop(alarm_id, None)

    def _of(self, known: dict[Moment, int], moment: Moment) -> int:
        if moment not in known:
            wall_ms, now_ms = self._last_ms
            known[moment] = now_ms - max(0, wall_ms - self._jumped_ms - moment[2])
        return known[moment]
