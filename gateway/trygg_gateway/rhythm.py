"""How late a tracker tends to be although it is well, and so how much patience it has earned. Pure.

For each week the longest delay past a promise is kept, for WEEKS weeks. The patience is the longest
of them, a quarter more and half a minute, between the least and the most that the settings allow.
Past its own longest delay in two months a tracker that stays as it is comes about once in two
months (the next value is the largest of n + 1 with a chance of 1 in n + 1), and the quarter makes
it rarer: that is how one false silence a month is kept.

A new tracker has no history: it is treated as one that has been START_S late, for its first
TRIAL_WEEKS, so that its first ordinary delays are no alarms. What is longer than the most patience
is not learned: it was silence.
"""

from dataclasses import dataclass, field
from typing import Final

WEEK_S: Final = 7 * 86_400
WEEKS: Final = 9
TRIAL_WEEKS: Final = 4
START_S: Final = 480
MARGIN_S: Final = 30


@dataclass
class Rhythm:
    """One tracker's; `longest` is [week, seconds] of each week that had a delay, oldest first."""

    since_week: int = 0
    longest: list[list[int]] = field(default_factory=list)

    def heard(self, late_s: int, now_s: int, most_s: int) -> None:
        """A report came `late_s` after it was promised; negative or 0 is in time."""
        week = now_s // WEEK_S
        self.since_week = self.since_week or week
        if not 0 < late_s <= most_s:
            return
        if not self.longest or self.longest[-1][0] != week:
            self.longest = [one for one in self.longest if one[0] > week - WEEKS]
            self.longest.append([week, 0])
        self.longest[-1][1] = max(self.longest[-1][1], late_s)

    def patience_s(self, now_s: int, least_s: int, most_s: int) -> int:
        """Seconds past a promise for which this tracker is only late."""
        week = now_s // WEEK_S
        delays = [late_s for at, late_s in self.longest if at > week - WEEKS]
        if not self.since_week or week - self.since_week < TRIAL_WEEKS:
            delays.append(START_S)
        longest_s = max(delays, default=0)
        return min(most_s, max(least_s, longest_s + longest_s // 4 + MARGIN_S))
